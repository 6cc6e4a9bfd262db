"""The experiments that come with Descent: plain experiment files in resources/presets, in this order."""

from __future__ import annotations

import difflib
from functools import lru_cache

import msgspec

from lab.experiment.experiment import Experiment
from lab.experiment.files import load_experiment
from lab.files import resource
from lab.problem import Problem, ProblemError

DEFAULT = "lenet"

GROUPS: dict[str, tuple[str, ...]] = {
    "Handwritten digits": ("lenet", "lenet-28", "lenet-5-1998", "mlp-digits", "mlp-300", "mlp-500-150"),
    "Photographs": ("convnetjs-cifar-10", "small-u-net", "small-encoder-decoder"),
    "Published networks, to look at": ("alexnet", "alexnet-one-tower", "vgg-16", "u-net"),
    "Measurements": ("iris",),
    "Two classes in the plane": ("gaussians", "xor", "rings", "spiral"),
    "A surface to fit": ("plane", "waves"),
    "The linear neuron": ("linear-neuron", "shift-the-inputs", "scale-the-inputs", "case-by-case"),
    "Surfaces by formula": (
        "ravine",
        "noisy-ravine",
        "rosenbrock",
        "beale",
        "himmelblau",
        "saddle",
        "plateau",
        "many-minima",
        "nine-and-one",
        "your-own-formula",
    ),
    "To be reckoned by hand": ("rgb-convolution",),
    "Faults on purpose": ("all-equal-start", "dying-relus", "vanishing-gradients", "exploding-gradients"),
}


class Preset(msgspec.Struct, frozen=True):
    """An experiment under the name that `descent train` takes; `title` is what the window's list shows."""

    name: str
    title: str
    group: str
    experiment: Experiment


@lru_cache(maxsize=1)
def presets() -> tuple[Preset, ...]:
    """All presets, group by group."""
    return tuple(_load(name, group) for group, names in GROUPS.items() for name in names)


def preset(name: str) -> Experiment:
    """The experiment of the preset called `name`; ProblemError lists the names that come near."""
    for known in presets():
        if known.name == name:
            return known.experiment
    names = [known.name for known in presets()]
    near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
    mend = f"Near it are: {', '.join(near)}" if near else f"There are: {', '.join(names)}"
    raise ProblemError(Problem(name, "there is no such preset", mend))


def _load(name: str, group: str) -> Preset:
    experiment = load_experiment(resource("presets", f"{name}.json"))
    return Preset(name, experiment.name, group, experiment)
