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
from lab.learning.optimizers import Momentum
from lab.learning.told import Before
from lab.network.activations import Activation, LeakyReLU, Linear, ReLU, Sigmoid, Tanh
from lab.network.layers import Conv2D, Dense, Flatten, MaxPool2D
from lab.network.network import Network, Node
from lab.training.bending import BentGrid, BentGridProbe
from lab.training.comparing import Changes, ChangesProbe
from lab.training.conditions import Condition, ConditionProbe, Health, LayerHealth
from lab.training.drawing import Drawing
from lab.training.filter_numbers import first_of, norms_of, spectra_of
from lab.training.filters import Filters, FiltersProbe
from lab.training.history import Curves
from lab.training.mistaken import Mistakes, MistakesProbe
from lab.training.one_unit import (
    Exciting,
    ExcitingProbe,
    Strongest,
    StrongestProbe,
    UnitMaps,
    UnitMapsProbe,
)
from lab.training.operations import spread_of
from lab.training.probes import (
    Activations,
    ActivationsProbe,
    Decision,
    DecisionProbe,
    Distances,
    DistancesProbe,
    Gradients,
    GradientsProbe,
    Outputs,
    OutputsProbe,
    Probe,
    Reading,
    Told,
    ToldProbe,
    ToldUpdate,
    Weights,
    WeightsProbe,
)
from lab.training.snapshot import Series, Snapshot, Walk
from lab.training.surfaces import Arrow, Compass, Footprints, Surface, SurfaceProbe
from lab.training.sweep import Contestant, Row, Sweep, Trial
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


def part_of(experiment: Experiment, name: str | Drawing) -> Part:
    if isinstance(name, Drawing):
        return name.part(prepared(experiment))
    return getattr(prepared(experiment), name)


def activations(name: str, probe: ActivationsProbe) -> Activations:
    experiment = EXPERIMENTS[name]
    part = part_of(experiment, probe.part)
    x = part.inputs[probe.example : probe.example + 1]
    y, z = forward(experiment.network, weights(name), x)
    last = y[experiment.network.nodes[-1].name][0, :, 0, 0]
    classes = len(experiment.data.classes())
    label = None if part.labels is None else int(part.labels[probe.example])
    if label is not None:
        target = np.eye(classes, dtype=np.float32)[label]
    elif part.targets is not None:
        target = part.targets[probe.example]
    else:  # nobody knows what a drawing is
        target = np.full(classes, np.nan, np.float32)
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


def valley(a: Any, b: Any) -> Any:
    """A narrow bent one."""
    return 0.02 + 0.6 * (b - 0.35 * a**2) ** 2 + 0.12 * (a - 1.6) ** 2 + 0.05 * np.sin(3 * a) ** 2


def surface(resolution: int = 41, known: int = 1) -> Surface:
    """The valley; only every `known`-th row and column is known."""
    x, y = np.linspace(-2.0, 3.0, resolution), np.linspace(-1.5, 2.5, resolution)
    X, Y = np.meshgrid(x, y)
    error = valley
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


def slope(error: Callable[[Any, Any], Any], at: Any, h: float = 1e-5) -> np.ndarray:
    """The gradient by central differences."""
    a, b = at
    return np.array([error(a + h, b) - error(a - h, b), error(a, b + h) - error(a, b - h)]) / (2 * h)


def angle(a: np.ndarray, b: np.ndarray) -> float:
    """In degrees."""
    return float(np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))))


def compass(of: Surface, error: Callable[[Any, Any], Any] = valley, at: int = -1) -> Compass:
    """What is to be known at point `at` of the path, the batch's gradient turned by 12 degrees."""
    here = of.path[at]
    g = slope(error, here)
    H = np.stack([slope(lambda a, b, k=k: slope(error, (a, b))[k], here, 1e-4) for k in (0, 1)])
    values, vectors = np.linalg.eigh((H + H.T) / 2)
    turn = np.radians(12)
    batch = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ g
    step = of.path[at] - of.path[at - 1]
    ways = {"descent": -g, "batch descent": -1.1 * batch, "step": step, "velocity": 6 * step}
    if of.minimum is not None:
        ways["minimum"] = np.array(of.minimum) - here
    shares = {"descent": 0.93, "batch descent": 0.81, "step": 0.88, "velocity": 0.7, "minimum": 1.0}
    return Compass(
        arrows={
            key: Arrow((float(way[0]), float(way[1])), float(np.linalg.norm(way)) / shares[key], shares[key])
            for key, way in ways.items()
        },
        step_to_contour=90 - abs(90 - angle(step, np.array([-g[1], g[0]]))) if step.any() else float("nan"),
        descent_to_minimum=angle(-g, ways["minimum"]) if "minimum" in ways else float("nan"),
        batch_cosine=float(np.cos(turn)),
        eigenvalues=(float(values[1]), float(values[0])),
        eigenvectors=vectors.T[::-1],
        condition=float(values[1] / values[0]),
        largest_rate=float(2 / values[1]),
    )


def with_compass(of: Surface) -> Surface:
    """The run a few steps under way, and what is to be known there."""
    shorter = replace(
        of,
        path=of.path[:9],
        path_errors=of.path_errors[:9] * np.linspace(1.3, 1, 9),
        path_steps=of.path_steps[:9],
        path_distances=of.path_distances[:9],
    )
    return replace(shorter, compass=compass(shorter))


def bowl(a: Any, b: Any) -> Any:
    """Aslant, condition number about 16, its minimum at (1, 0.5)."""
    u, v = (a - 1) * 0.8 + (b - 0.5) * 0.6, -(a - 1) * 0.6 + (b - 0.5) * 0.8
    return 0.01 + 2.0 * u**2 + 0.125 * v**2


def bowl_surface(count: int = 1, resolution: int = 41, steps: int = 9) -> tuple[Surface, tuple[Walk, ...]]:
    """All of a space of two weights, and how so many optimizers go down it: plain, with momentum, slower, out of it."""
    x, y = np.linspace(-3.0, 3.5, resolution), np.linspace(-2.4, 3.0, resolution)
    walks = []
    for rate, memory in ((0.42, 0.0), (0.1, 0.8), (0.08, 0.0), (0.55, 0.0))[:count]:
        path, v = [np.array([-2.2, 2.1])], np.zeros(2)
        for _ in range(steps):
            v = memory * v - rate * slope(bowl, path[-1])
            path.append(path[-1] + v)
        walks.append(Walk(np.arange(steps + 1), np.array(path)))
    errors = [bowl(w.points[:, 0], w.points[:, 1]) for w in walks]
    first = Surface(
        x=x,
        y=y,
        errors=bowl(*np.meshgrid(x, y)),
        path=walks[0].points,
        path_errors=errors[0],
        path_steps=walks[0].steps,
        path_distances=np.zeros(steps + 1),
        axes=("neuron.weight [0, 0]", "neuron.weight [0, 1]"),
        cosine=0.0,
        examples=70,
        minimum=(1.0, 0.5),
        others=tuple(
            Footprints(
                k + 1, "ABCD"[k], k, walks[k].points, errors[k], walks[k].steps, np.zeros(steps + 1),
                {"step": Arrow((0.1, -0.02), 0.1, 1.0)},
            )
            for k in range(1, count)
        ),
    )  # fmt: skip
    return replace(first, compass=compass(first, bowl)), tuple(walks)


def line_surface() -> Surface:
    """The error along the valley's first direction, through where the run stands."""
    plane = surface()
    along = valley(plane.x, plane.path[-1, 1])
    return replace(plane, errors=along[None, :], y=np.zeros(1), axes=(plane.axes[0], ""))


def over_batch(of: Surface) -> Surface:
    """The same frame over a few examples: tilted and lifted."""
    return replace(
        of, errors=of.errors * 1.15 + 0.05 * (of.x[None, :] - of.y[:, None]) ** 2 + 0.1, examples=32
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


def grid_of(name: str, probe: BentGridProbe, width: int = 8) -> BentGrid:
    """A made-up layer: the plane turned upside down and halved."""
    x = np.linspace(-6, 6, 121)
    lattice = np.stack(np.meshgrid(x, x), -1)
    lines = np.concatenate([lattice[:, ::6].swapaxes(0, 1), lattice[::6]])
    part = prepared(EXPERIMENTS[name]).training
    places = part.raw[:, :, 0, 0].astype(np.float64)
    border = np.array([[-6.0, 0.0], [6.0, 0.0], [np.nan, np.nan]])
    return BentGrid(
        probe.layer, width, probe.units, 0.75, (lines, -lines / 2), (places, -places / 2), (border, -border / 2),
        part.labels, part.targets,
    )  # fmt: skip


def mistakes(name: str, probe: MistakesProbe) -> Mistakes:
    """Every third example of the part, taken for the class after its own, less and less surely."""
    part = getattr(prepared(EXPERIMENTS[name]), probe.part)
    chosen, many = np.arange(0, 30, 3), len(EXPERIMENTS[name].data.classes())
    labels = None if part.labels is None else part.labels[chosen]
    return Mistakes(
        indices=chosen,
        inputs=part.inputs[chosen],
        raw=part.raw[chosen],
        errors=np.linspace(5, 1, 10),
        scores=np.zeros((10, max(many, 1)), np.float32),
        targets=np.ones((10, max(many, 1)), np.float32),
        labels=labels,
        predicted=None if labels is None else (labels + 1) % many,
        score=None if labels is None else np.linspace(0.99, 0.5, 10).astype(np.float32),
        score_of_true=None if labels is None else np.full(10, 0.01, np.float32),
        among=len(part),
        wrong=10,
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
        case BentGridProbe():
            return grid_of(name, probe)
        case MistakesProbe():
            return mistakes(name, probe)
        case DecisionProbe():
            return decision(name, probe.resolution)
        case SurfaceProbe():
            return surface(probe.resolution)
        case ToldProbe():
            return Told(tuple(told(index) for index in probe.weights))
        case DistancesProbe():
            return Distances(1.5, 0.25)
        case ChangesProbe():
            return changes(name, probe)
        case ConditionProbe():
            return condition(name)
        case UnitMapsProbe():
            indices = np.arange(probe.first, probe.first + probe.count)
            return unit_maps(name, probe, indices)
        case StrongestProbe():
            return strongest(name, probe)
        case ExcitingProbe():
            return exciting(name, probe)
        case FiltersProbe():
            return filters(EXPERIMENTS[name], weights(name), probe)


def condition(name: str) -> Condition:
    """A fifth of all units dead now, none at the start."""
    random = np.random.default_rng(3)

    def health(step: int, share: float) -> Health:
        layers = (
            LayerHealth(
                layer=facts.name,
                units=facts.output.channels,
                dead=random.random(facts.output.channels) < share,
                saturated=None,
                mean=0.1,
                spread=1.0 + share,
                gradient_spread=0.01,
                weights=3.0,
                update=0.004,
                preactivation_spread=1.5,
            )
            for facts in EXPERIMENTS[name].analysis.nodes
            if facts.output is not None
        )
        return Health(step, 64, tuple(layers))

    return Condition(health(600, 0.2), (health(0, 0.0), health(256, 0.1)))


def changes(name: str, probe: ChangesProbe) -> Changes:
    """As if all outputs had been those of the example before."""
    now, then = (
        activations(name, ActivationsProbe(probe.part, example)).outputs
        for example in (probe.example, max(probe.example - 1, 0))
    )
    return Changes(probe.since, {key: now[key] - then[key] for key in now}, then)


def unit_maps(name: str, probe: UnitMapsProbe | StrongestProbe, indices: np.ndarray) -> UnitMaps:
    part = part_of(EXPERIMENTS[name], probe.part)
    indices = indices[indices < len(part)]
    y, z = forward(EXPERIMENTS[name].network, weights(name), part.inputs[indices])
    maps = (z if probe.before and probe.layer in z else y)[probe.layer][:, probe.unit]
    labels = None if part.labels is None else part.labels[indices]
    return UnitMaps(part.inputs[indices], part.raw[indices], maps, indices, labels)


def strongest(name: str, probe: StrongestProbe) -> Strongest:
    """Of the first forty."""
    seen = unit_maps(name, probe, np.arange(40))
    peaks = seen.maps.max((1, 2))
    best = np.argsort(-peaks, kind="stable")[: probe.many]
    found = UnitMaps(
        *(a[best] for a in (seen.inputs, seen.raw, seen.maps, seen.indices)),
        None if seen.labels is None else seen.labels[best],
    )
    rows, columns = np.divmod(found.maps.reshape(len(best), -1).argmax(1), found.maps.shape[2])
    there = len(part_of(EXPERIMENTS[name], probe.part))
    return Strongest(found, peaks[best], rows, columns, 40, there)


def exciting(name: str, probe: ExcitingProbe, made: int = 60) -> Exciting:
    """Under way: a climb that slows down."""
    shape = EXPERIMENTS[name].data.shape()
    x = np.random.default_rng(probe.seed).normal(size=shape).astype(np.float32)
    passes = np.arange(1, made + 1)
    answers = 5 * (1 - np.exp(-passes / 20))
    return Exciting(
        x, x, answers / 2 - 0.1, answers, passes, 600, made >= probe.steps, False, 0.01, probe.step, 2.0
    )


def filters(experiment: Experiment, parameters: dict[str, np.ndarray], probe: FiltersProbe) -> Filters:
    """Gradients and what has moved are tenths of the weights."""
    facts = next(f for f in experiment.analysis.nodes if f.name == probe.layer)
    factor = np.float32(1 if probe.what == "weights" else 0.1)
    own = {f"{facts.name}.{p.name}": parameters[f"{facts.name}.{p.name}"] * factor for p in facts.parameters}
    weight = own.get(f"{facts.name}.weight")
    norms = None if weight is None else norms_of(weight, facts)
    return Filters(
        parameters={key: first_of(values) for key, values in own.items()},
        whole={key: len(values) for key, values in own.items()},
        peaks={key: float(np.abs(values).max()) for key, values in own.items()},
        network_peak=max(float(np.abs(values).max()) for values in parameters.values()) * float(factor),
        spread=None if weight is None else spread_of(weight),
        norms=norms,
        norm_spread=None if norms is None else spread_of(norms),
        spectra=spectra_of(weight) if probe.spectra and weight is not None else None,
    )


def told(index: int) -> ToldUpdate:
    """A weight's update by momentum."""
    terms = Momentum(rate=0.01).told(Before(w=1.0, g=0.25, slots=(-0.5,), rate=0.01, age=2))
    numbers = {"weight": 0.5475, "gradient": 0.25, "velocity": -0.4525, "step size": 0.01}
    return ToldUpdate(index, f"conv1.weight[0, 0, 0, {index}]", 0.5475, numbers, terms)


def swept() -> Sweep:
    """A sweep of two optimizers that is over; the largest rate of one diverges."""
    seen = np.arange(1.0, 101) * 64
    rows = []
    for name, errors in (("SGD", (2.0, 1.0, 0.4, np.nan)), ("Adam", (0.3, 0.2, 0.9, 2.0))):
        trials = tuple(
            Trial(
                rate, 100, 12 if np.isnan(error) else -1, error, error * 1.1, seen, np.linspace(2.3, 1, 100)
            )
            for rate, error in zip((0.001, 0.01, 0.1, 1.0), errors, strict=True)
        )
        rows.append(Row(Contestant(name, LENET, (0.001, 0.01, 0.1, 1.0)), trials))
    return Sweep(tuple(rows), 6400, 8.0, going=False)


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
