"""Plausible snapshots without a trainer: real data, random weights, a slow plain forward pass in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import msgspec
import numpy as np

from lab.data.datasets import LinearCloud, Rings, Waves
from lab.data.prepare import Part, Prepared, prepare
from lab.experiment.experiment import Experiment
from lab.learning.losses import SquaredError
from lab.network.activations import Activation, LeakyReLU, Linear, ReLU, Sigmoid, Tanh
from lab.network.layers import Conv2D, Dense, Flatten, MaxPool2D
from lab.network.network import Network, Node
from lab.training.history import Curves
from lab.training.probes import (
    Activations,
    ActivationsProbe,
    Decision,
    DecisionProbe,
    Gradients,
    GradientsProbe,
    Outputs,
    OutputsProbe,
    Probe,
    Reading,
    Weights,
    WeightsProbe,
)
from lab.training.snapshot import Series, Snapshot
from lab.training.surfaces import Footprints, Surface, SurfaceProbe
from lab.training.timeline import Edit


def chain(*layers: tuple[str, Any]) -> Network:
    return Network(tuple(Node(name, layer) for name, layer in layers))


LENET = Experiment(
    name="LeNet on handwritten digits",
    network=chain(
        ("conv1", Conv2D(6, 5, activation=ReLU())),
        ("pool1", MaxPool2D()),
        ("conv2", Conv2D(16, 5, activation=ReLU())),
        ("pool2", MaxPool2D()),
        ("flatten1", Flatten()),
        ("dense1", Dense(120, activation=ReLU())),
        ("dense2", Dense(84, activation=ReLU())),
        ("dense3", Dense(10)),
    ),
)
RINGS = Experiment(
    name="Rings",
    data=Rings(),
    network=chain(("dense1", Dense(8, Tanh())), ("dense2", Dense(8, Tanh())), ("dense3", Dense(2))),
)
WAVES = Experiment(
    name="Waves",
    data=Waves(),
    loss=SquaredError(),
    network=chain(("dense1", Dense(8, Tanh())), ("dense2", Dense(1))),
)
LINEAR = Experiment(
    name="Linear neuron", data=LinearCloud(), loss=SquaredError(), network=chain(("neuron", Dense(1)))
)
EXPERIMENTS = {"lenet": LENET, "rings": RINGS, "waves": WAVES, "linear": LINEAR}


def prepared(experiment: Experiment) -> Prepared:
    return prepare(experiment.data, experiment.preprocessing, experiment.split, experiment.seed)


def activated(function: Activation, z: np.ndarray) -> np.ndarray:
    table: dict[type, Callable[[np.ndarray], np.ndarray]] = {
        Linear: lambda v: v,
        ReLU: lambda v: np.maximum(v, 0),
        LeakyReLU: lambda v: np.where(v > 0, v, 0.01 * v),
        Tanh: np.tanh,
        Sigmoid: lambda v: 1 / (1 + np.exp(-v)),
    }
    return table[type(function)](z).astype(np.float32)


@cache
def weights(name: str) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(7)
    return {
        p.name: (
            generator.normal(size=p.shape) * (0.1 if p.name.endswith("bias") else (2 / p.fan_in) ** 0.5)
        ).astype(np.float32)
        for p in EXPERIMENTS[name].analysis.parameters
    }


def forward(network: Network, parameters: dict[str, np.ndarray], x: np.ndarray) -> tuple[dict, dict]:
    """Outputs and preactivations of every layer for inputs [n, C, H, W]."""
    y, z = {}, {}
    for node in network.nodes:
        layer = node.layer
        if isinstance(layer, Dense):
            W, b = parameters[f"{node.name}.weight"], parameters[f"{node.name}.bias"]
            z[node.name] = (x[:, :, 0, 0] @ W.T + b)[:, :, None, None]
            x = activated(layer.activation, z[node.name])
        elif isinstance(layer, Conv2D):
            W, b = parameters[f"{node.name}.weight"], parameters[f"{node.name}.bias"]
            p = layer.padding
            windows = np.lib.stride_tricks.sliding_window_view(
                np.pad(x, ((0, 0), (0, 0), (p, p), (p, p))), (layer.kernel,) * 2, axis=(2, 3)
            )[:, :, :: layer.stride, :: layer.stride]
            z[node.name] = np.einsum("nchwij,fcij->nfhw", windows, W) + b[:, None, None]
            x = activated(layer.activation, z[node.name])
        elif isinstance(layer, MaxPool2D):
            k = layer.kernel
            windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))
            x = windows[:, :, :: layer.stride, :: layer.stride].max(axis=(4, 5))
        else:
            x = x.reshape(len(x), -1, 1, 1)
        y[node.name] = x
    return y, z


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def part_of(experiment: Experiment, name: str) -> Part:
    return getattr(prepared(experiment), name)


def activations(name: str, probe: ActivationsProbe) -> Activations:
    experiment = EXPERIMENTS[name]
    part = part_of(experiment, probe.part)
    x = part.inputs[probe.example : probe.example + 1]
    y, z = forward(experiment.network, weights(name), x)
    last = y[experiment.network.nodes[-1].name][0, :, 0, 0]
    classes = len(experiment.data.classes())
    label = None if part.labels is None else int(part.labels[probe.example])
    target = np.eye(classes, dtype=np.float32)[label] if label is not None else part.targets[probe.example]
    return Activations(
        input=x[0],
        raw=part.raw[probe.example],
        outputs={k: v[0] for k, v in y.items()},
        preactivations={k: v[0] for k, v in z.items()},
        scores=softmax(last) if classes else last,
        target=target,
        label=label,
    )


def gradients(name: str, probe: GradientsProbe) -> Gradients:
    """Made up: of the right shapes."""
    generator = np.random.default_rng(5)
    seen = activations(name, ActivationsProbe(probe.part, probe.example))

    def like(values: np.ndarray) -> np.ndarray:
        return generator.normal(0, 0.1, values.shape).astype(np.float32)

    return Gradients(
        error=0.25,
        input=like(seen.input),
        outputs={key: like(values) for key, values in seen.outputs.items()},
        preactivations={key: like(values) for key, values in seen.preactivations.items()},
        parameters={key: like(values) for key, values in weights(name).items()},
    )


def outputs(name: str, part_name: str, skill: float = 0.93) -> Outputs:
    """Made up: right in a share `skill` of the cases."""
    experiment = EXPERIMENTS[name]
    part = part_of(experiment, part_name)
    generator = np.random.default_rng(3)
    classes = len(experiment.data.classes())
    if not classes:
        scores = (part.targets + generator.normal(0, 0.15, part.targets.shape)).astype(np.float32)
        return Outputs(scores, part.targets, None, None, None, 0.011, float("nan"))
    wrong = generator.random(len(part)) > skill
    predicted = np.where(wrong, generator.integers(0, classes, len(part)), part.labels)
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (part.labels, predicted), 1)
    scores = softmax(4 * np.eye(classes)[predicted] + generator.normal(size=(len(part), classes)))
    targets = np.eye(classes, dtype=np.float32)[part.labels]
    accuracy = float((predicted == part.labels).mean())
    return Outputs(scores.astype(np.float32), targets, predicted, part.labels, confusion, 0.21, accuracy)


def decision(name: str, resolution: int) -> Decision:
    experiment = EXPERIMENTS[name]
    bounds = experiment.data.bounds() or ((-1.0, 1.0), (-1.0, 1.0))
    x, y = (np.linspace(*b, resolution) for b in bounds)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)
    inputs = prepared(experiment).preprocess(grid[:, :, None, None])
    layers, _ = forward(experiment.network, weights(name), inputs)
    maps = {
        k: np.moveaxis(v[:, :, 0, 0].reshape(resolution, resolution, -1), 2, 0) for k, v in layers.items()
    }
    last = maps[experiment.network.nodes[-1].name]
    score = np.tanh((last[1] - last[0]) / 2) if len(last) == 2 else last[0]
    return Decision(maps, bounds, score.astype(np.float32), None)


def surface(resolution: int = 41, known: int = 1) -> Surface:
    """A narrow bent valley; only every `known`-th row and column is known."""
    x, y = np.linspace(-2.0, 3.0, resolution), np.linspace(-1.5, 2.5, resolution)
    X, Y = np.meshgrid(x, y)

    def error(a: Any, b: Any) -> Any:
        return 0.02 + 0.6 * (b - 0.35 * a**2) ** 2 + 0.12 * (a - 1.6) ** 2 + 0.05 * np.sin(3 * a) ** 2

    errors = np.full_like(X, np.nan)
    errors[::known, ::known] = error(X, Y)[::known, ::known]
    path = [(-1.4, 2.1)]
    for _ in range(150):
        a, b = path[-1]
        h = 1e-5
        da = (error(a + h, b) - error(a - h, b)) / (2 * h)
        db = (error(a, b + h) - error(a, b - h)) / (2 * h)
        path.append((a - 0.25 * da, b - 0.25 * db))
    walked = np.array(path)
    return Surface(
        x=x,
        y=y,
        errors=errors,
        path=walked,
        path_errors=error(walked[:, 0], walked[:, 1]) * 1.02,
        path_steps=np.arange(151, dtype=np.int64) * 4,
        path_distances=np.linspace(0.8, 0.0, 151),
        axes=("1st main direction (83 %)", "2nd main direction (11 %)"),
        cosine=0.0,
        examples=256,
        minimum=None,
        complete=known == 1,
    )


def with_other_paths(of: Surface, count: int) -> Surface:
    """The same surface with the paths of runs B, C, ... on it, each somewhere else."""
    others = []
    for k in range(1, count):
        turn, shift = 0.25 * k, of.path[0]
        rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        others.append(
            Footprints(
                run=k + 1,
                name="ABCDEFGH"[k],
                colour=k,
                path=(of.path - shift) @ rotation * (1 - 0.08 * k) + shift,
                path_errors=of.path_errors * (1 + 0.5 * k),
                path_steps=of.path_steps,
                path_distances=of.path_distances,
            )
        )
    return replace(of, others=tuple(others))


def curves(steps: int, batch: int = 64, classes: bool = True) -> Curves:
    generator = np.random.default_rng(5)
    step = np.arange(1, steps + 1)
    true = 0.06 + 2.2 * np.exp(-step / (0.12 * max(steps, 10)))
    loss = true * np.exp(generator.normal(0, 0.25, steps))
    marks = np.unique(np.concatenate([[0], step[19::20]])).astype(np.int64)
    validation = 0.09 + 2.2 * np.exp(-marks / (0.12 * max(steps, 10)))
    nothing = np.full(steps, np.nan)
    return Curves(
        step=step,
        examples=step * batch,
        loss=loss,
        accuracy=np.clip(1 - true / 2.5 + generator.normal(0, 0.03, steps), 0, 1) if classes else nothing,
        rate=np.full(steps, 0.05),
        gradient_norm=true * 3,
        seconds=step * 0.004,
        validation_step=marks,
        validation_loss=validation,
        validation_accuracy=1 - validation / 2.5 if classes else np.full(len(marks), np.nan),
    )


def answer(name: str, probe: Probe) -> Reading:
    match probe:
        case ActivationsProbe():
            return activations(name, probe)
        case GradientsProbe():
            return gradients(name, probe)
        case WeightsProbe():
            return Weights(weights(name))
        case OutputsProbe():
            return outputs(name, probe.part)
        case DecisionProbe():
            return decision(name, probe.resolution)
        case SurfaceProbe():
            return surface(probe.resolution)


def snapshot(name: str = "lenet", steps: int = 600, probes: frozenset[Probe] = frozenset()) -> Snapshot:
    """A run of one of EXPERIMENTS after `steps` updates, with these probes answered."""
    experiment = EXPERIMENTS[name]
    count = len(prepared(experiment).training)
    return Snapshot(
        experiment=experiment,
        step=steps,
        examples=steps * 64,
        epoch=steps * 64 / count,
        rate=0.05,
        steps_per_second=250.0,
        curves=curves(steps, classes=bool(experiment.data.classes())),
        readings={probe: answer(name, probe) for probe in probes},
        watched=watched(steps),
    )


def watched(steps: int) -> dict[str, Series]:
    """Two quantities that rise and fall."""
    at = np.arange(0, steps + 1, 5)
    return {
        "dead units of dense1 (%)": Series(at, 12 * at / max(steps, 1)),
        "‖gradient‖ of dense1": Series(at, np.exp(-at / 200)),
    }


def with_rate(experiment: Experiment, rate: float) -> Experiment:
    return msgspec.structs.replace(
        experiment, optimizer=msgspec.structs.replace(experiment.optimizer, rate=rate)
    )


def slower(of: Curves, factor: float) -> Curves:
    """Curves whose errors fall less."""
    return replace(of, loss=of.loss * factor, validation_loss=of.validation_loss * factor)


def race(
    name: str = "lenet",
    count: int = 2,
    steps: int = 600,
    active: int = 1,
    probes: frozenset[Probe] = frozenset(),
    **changes: dict[str, Any],
) -> Snapshot:
    """Runs A, B, ... with learning rates 0.1, 0.05, ... in lockstep, seen from the `active` one.

    `changes` are fields of single runs by their names: `B={"stopped": "..."}`.
    """
    one = snapshot(name, steps, probes)
    runs = []
    for k in range(count):
        letter = "ABCDEFGH"[k]
        experiment = one.experiment if k == 0 else with_rate(one.experiment, 0.1 / 2**k)
        run = replace(
            one,
            experiment=experiment,
            curves=slower(one.curves, 1 + 0.35 * k),
            furthest=steps,
            seconds=steps * 0.004,
            edits=(Edit(0, experiment),),
            run=k + 1,
            name=letter,
            colour=k,
            origin=None if k == 0 else (1, 0),
        )
        runs.append(replace(run, **changes.get(letter, {})))
    turned = replace(runs[0], runs=tuple(runs)).turned_to(active)
    assert turned is not None
    return turned
