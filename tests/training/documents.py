"""Documents for tests: of real runs, and drawn at random; and whether two are the same, bit for bit."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any
from unittest.mock import patch

import msgspec
import numpy as np

from lab.data.datasets import LinearCloud, Rings
from lab.experiment.experiment import Experiment
from lab.kernels.schedule import PROGRESS
from lab.learning.losses import SquaredError
from lab.learning.optimizers import SGD, Adam
from lab.network.activations import Tanh
from lab.network.layers import BatchNorm, Dense
from lab.network.network import Network, Node
from lab.training import machine
from lab.training.archive import Archive
from lab.training.history import TRAINING, VALIDATION, Curves
from lab.training.path import Era
from lab.training.quantities import DeadShare, GradientSpread, Seen, WeightValue
from lab.training.record import Record
from lab.training.recording import recorded
from lab.training.run import Run
from lab.training.snapshot import Series
from lab.training.timeline import Edit, State

RINGS = Experiment(
    name="Rings",
    data=Rings(),
    network=Network((Node("hidden", Dense(4, Tanh())), Node("norm", BatchNorm()), Node("out", Dense(2)))),
    optimizer=Adam(),
    batch_size=32,
)
WIDER = msgspec.structs.replace(
    RINGS, network=Network((Node("hidden", Dense(7, Tanh())), Node("out", Dense(2)))), optimizer=SGD()
)
LINEAR = Experiment(
    name="Ein Neuron — “ε”",
    data=LinearCloud(),
    loss=SquaredError(),
    network=Network((Node("neuron", Dense(1)),)),
)
EXPERIMENTS = (RINGS, WIDER, LINEAR)
SEEN: tuple[Seen, ...] = (DeadShare("hidden"), WeightValue("out.bias", (1,)), GradientSpread("nowhere"))


@patch.object(machine, "REPLAY", 8.5e-6)
def trained() -> Archive:
    """Two real runs, of which the first was edited on the way, with a checkpoint every few steps."""
    first, second = Run(RINGS), Run(LINEAR)
    first.watched.follow((DeadShare("hidden"), WeightValue("hidden.weight", (0, 1))))
    first.advance(60)
    first.edit(WIDER)
    first.advance(25)
    second.advance(40)
    runs = (recorded(first), replace(recorded(second), run=2, name="B", colour=1, origin=(1, 30)))
    return Archive(
        draft=WIDER,
        records=runs,
        active=2,
        layout={"window/state": "AAAA/w==", "note": "“”"},
        breakpoints=({"breakpoint": "loss", "above": 1.5, "on": True},),
        quantities=({"quantity": "norm", "of": ["hidden", None]},),
    )


def drawn(seed: int) -> Archive:
    """Anything that could be in a document: numbers of every bit pattern, runs of every shape."""
    draw = np.random.default_rng(seed)
    records = tuple(_record(draw, run) for run in range(1, int(draw.integers(0, 4)) + 1))
    return Archive(
        draft=EXPERIMENTS[draw.integers(3)],
        records=records,
        active=int(draw.integers(1, len(records) + 1)) if records else 0,
        layout={f"view/{k}": chr(int(draw.integers(32, 0x2000))) * k for k in range(draw.integers(0, 4))},
        breakpoints=tuple(
            {"k": float(draw.normal()), "t": [None, True, "x"]} for _ in range(draw.integers(3))
        ),
        quantities=tuple(int(k) for k in draw.integers(0, 100, draw.integers(3))),
    )


def _record(draw: np.random.Generator, run: int) -> Record:
    edits = [0, *_steps(draw, int(draw.integers(0, 3)))]
    experiments = [EXPERIMENTS[i] for i in draw.integers(0, 3, len(edits))]
    checkpoints = tuple(
        _state(draw, experiments[draw.integers(len(edits))], step)
        for step in _steps(draw, int(draw.integers(0, 5)))
    )
    curves = _curves(draw)
    eras = tuple(_era(draw, first, experiments[draw.integers(len(edits))]) for first in edits)
    reached = [edits[-1], *(s.step for s in checkpoints), *curves.step[-1:], *curves.validation_step[-1:]]
    furthest = int(max(reached + [step for era in eras for step in era.steps]))
    return Record(
        step=int(draw.integers(0, furthest + 1)),
        furthest=furthest,
        edits=tuple(
            Edit(step, e, _weights(draw, e) if draw.integers(2) else None)
            for step, e in zip(edits, experiments, strict=True)
        ),
        checkpoints=checkpoints,
        curves=curves,
        path=eras,
        run=run,
        name="ABC"[run - 1],
        colour=int(draw.integers(8)),
        origin=None if draw.integers(2) else (int(draw.integers(1, 9)), int(draw.integers(0, 99))),
        watched={quantity: _series(draw, furthest) for quantity in SEEN[: draw.integers(4)]},
    )


def _series(draw: np.random.Generator, furthest: int) -> Series:
    steps = np.unique(draw.integers(0, furthest + 1, draw.integers(0, 9)))
    return Series(steps, _floats(draw, len(steps), np.float64))


def _era(draw: np.random.Generator, first: int, experiment: Experiment) -> Era:
    steps = tuple(first + step for step in _steps(draw, int(draw.integers(0, 4))))
    size = sum(p.size for p in experiment.analysis.parameters)
    return Era(first, steps, tuple(_floats(draw, size, np.float32) for _ in steps))


def _steps(draw: np.random.Generator, count: int) -> list[int]:
    return np.cumsum(draw.integers(1, 1000, count)).tolist()


def _floats(draw: np.random.Generator, count: int, kind: Any) -> np.ndarray:
    return np.frombuffer(draw.bytes(count * np.dtype(kind).itemsize), kind).copy()


def _weights(draw: np.random.Generator, experiment: Experiment) -> dict[str, np.ndarray]:
    return {
        p.name: _floats(draw, p.size, np.float32).reshape(p.shape)
        for p in experiment.analysis.parameters
        if draw.integers(2)
    }


def _state(draw: np.random.Generator, experiment: Experiment, step: int) -> State:
    parameters = experiment.analysis.parameters
    size = sum(p.size for p in parameters)
    return State(
        experiment=experiment,
        parameters=parameters,
        step=step,
        examples=int(draw.integers(0, 2**40)),
        age=int(draw.integers(0, 2**40)),
        params=_floats(draw, size, np.float32),
        slots=_floats(draw, max(len(experiment.optimizer.slots), 1) * size, np.float32),
        progress=_floats(draw, PROGRESS, np.float64),
    )


def _curves(draw: np.random.Generator) -> Curves:
    columns = {}
    for names in (TRAINING, VALIDATION):
        rows = int(draw.integers(0, 30))
        columns |= {name: _floats(draw, rows, np.float64) for name in names}
        columns[names[0]] = np.array(_steps(draw, rows), np.int64)
    columns["examples"] = np.arange(len(columns["step"]))
    return Curves(**columns)


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal, arrays of them bit for bit, whatever is not a number included."""
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(same, a, b))
    if is_dataclass(a):
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    return bool(a == b)
