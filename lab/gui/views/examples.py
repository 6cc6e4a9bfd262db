"""What views know of the examples: how many there are, what their classes are called."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from lab.data.prepare import Part, Prepared, prepare
from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.problem import ProblemError
from lab.training.drawing import Drawing
from lab.training.probes import PartName, PartOf

PARTS: tuple[tuple[PartName, str], ...] = (
    ("training", "training"),
    ("validation", "validation"),
    ("test", "test"),
)
DRAWN = "what you drew"
"""What a list of the parts says where the example is of none of them."""


@lru_cache(maxsize=8)
def data_of(experiment: Experiment) -> Prepared | None:
    """The prepared data of an experiment, shared with the trainer; None where it cannot be had."""
    try:
        return prepare(experiment.data, experiment.preprocessing, experiment.split, experiment.seed)
    except ProblemError:
        return None


def count(experiment: Experiment, part: PartOf) -> int:
    if isinstance(part, Drawing):
        return int(fits(experiment, part))
    data = data_of(experiment)
    return 0 if data is None else len(getattr(data, part))


def examples_of(experiment: Experiment, part: PartOf) -> Part | None:
    """The examples of a part, as they came and as the network sees them; of what was drawn, that one."""
    data = data_of(experiment)
    if data is None:
        return None
    if isinstance(part, Drawing):
        return part.part(data)
    found: Part = getattr(data, part)
    return found


def fits(experiment: Experiment, drawing: Drawing) -> bool:
    """Whether the network can be shown what was drawn."""
    return drawing.fits(experiment.data.shape(), len(class_names(experiment)))


def within(experiment: Experiment, selection: Selection) -> tuple[PartOf, int]:
    """The selected part and example, or the nearest there is: small sets have a training part only, and a drawing
    stays behind where inputs take another shape.
    """
    part = selection.part
    if isinstance(part, Drawing):
        return (part, 0) if fits(experiment, part) else (part_of(experiment, "validation"), 0)
    part = part_of(experiment, part)
    return part, min(max(selection.example, 0), max(count(experiment, part) - 1, 0))


def of_data(experiment: Experiment, selection: Selection) -> tuple[PartName, int]:
    """The same among the data's own examples, whatever was drawn."""
    part, example = within(experiment, selection)
    return (part_of(experiment, "validation"), 0) if isinstance(part, Drawing) else (part, example)


def turned(experiment: Experiment, selection: Selection, by: int) -> Selection:
    """To an example further on in its part, round the end; from a drawing back to the data."""
    part, example = within(experiment, selection)
    if isinstance(part, Drawing):
        return replace(selection, part=part_of(experiment, "validation"), example=0)
    return replace(selection, part=part, example=(example + by) % max(count(experiment, part), 1))


def part_of(experiment: Experiment, part: PartName) -> PartName:
    """The part of the data, or the training part where it is empty."""
    return part if count(experiment, part) else "training"


def class_names(experiment: Experiment) -> tuple[str, ...]:
    return experiment.data.classes()
