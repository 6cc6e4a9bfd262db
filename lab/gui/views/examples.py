"""What views know of the examples: how many there are, what their classes are called."""

from __future__ import annotations

from functools import lru_cache

from lab.data.prepare import Prepared, prepare
from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.problem import ProblemError
from lab.training.probes import PartName

PARTS: tuple[tuple[PartName, str], ...] = (
    ("training", "training"),
    ("validation", "validation"),
    ("test", "test"),
)


@lru_cache(maxsize=8)
def data_of(experiment: Experiment) -> Prepared | None:
    """The prepared data of an experiment, shared with the trainer; None where it cannot be had."""
    try:
        return prepare(experiment.data, experiment.preprocessing, experiment.split, experiment.seed)
    except ProblemError:
        return None


def count(experiment: Experiment, part: PartName) -> int:
    data = data_of(experiment)
    return 0 if data is None else len(getattr(data, part))


def within(experiment: Experiment, selection: Selection) -> tuple[PartName, int]:
    """The selected part and example, or the nearest there is: small sets have a training part only."""
    part: PartName = selection.part if count(experiment, selection.part) else "training"
    return part, min(max(selection.example, 0), max(count(experiment, part) - 1, 0))


def class_names(experiment: Experiment) -> tuple[str, ...]:
    return experiment.data.classes()
