"""Where views stand at first, by the kind of problem at hand."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Literal

from lab.data.datasets.worked_example import WorkedExample
from lab.experiment.experiment import Experiment
from lab.problem import ProblemError

Kind = Literal["worked", "image", "branched", "plane", "heights", "neuron", "formula", "table", "numbers"]
Cell = tuple[str, ...]
"""Views by name, as tabs of one place, the first in front."""


@dataclass(frozen=True)
class Line:
    """Cells beside one another, each with its share of the line; and the line's own share."""

    share: float
    cells: tuple[tuple[float, Cell], ...]


@dataclass(frozen=True)
class Arrangement:
    """Lines from the top, or, where they stand `upright`, from the left."""

    lines: tuple[Line, ...]
    upright: bool = False

    def of(self, there: Container[str]) -> Arrangement:
        """Without the views that are not `there`."""
        lines = []
        for line in self.lines:
            cells = [(share, tuple(name for name in cell if name in there)) for share, cell in line.cells]
            if kept := tuple((share, cell) for share, cell in cells if cell):
                lines.append(Line(line.share, kept))
        return Arrangement(tuple(lines), self.upright)

    @property
    def cells(self) -> tuple[Cell, ...]:
        return tuple(cell for line in self.lines for _share, cell in line.cells)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for cell in self.cells for name in cell)

    @property
    def spare(self) -> str:
        """The view beside which those have their tabs, once they are opened, that have no place here."""
        return max(self.cells, key=lambda cell: ("program" in cell, len(cell)))[0]


COURSE: Cell = ("curves", "runs", "watches", "health")
"""How training goes."""
STEPS: Cell = ("surface", "program", "architecture")
"""What it goes over, and how."""

ARRANGEMENTS: dict[Kind, Arrangement] = {
    # the whole of the window, for all of the numbers to be seen at once
    "worked": Arrangement(
        (Line(1.0, ((1.0, ("microscope", "diagram", "maps", "filters", "fields", *STEPS, "curves")),)),)
    ),
    "image": Arrangement(
        (
            Line(
                0.5,
                ((0.44, (*COURSE[:3], "pad")), (0.56, ("maps", "diagram", "unit", "microscope", "fields"))),
            ),
            Line(0.5, ((0.40, STEPS), (0.30, ("filters", "health")), (0.30, ("confusion", "mistakes")))),
        )
    ),
    # a graph wants to be high
    "branched": Arrangement(
        (
            Line(0.38, ((0.5, COURSE), (0.5, ("surface", "program")))),
            Line(
                0.62, ((1.0, ("architecture", "diagram", "maps", "unit", "microscope", "fields", "filters")),)
            ),
        ),
        upright=True,
    ),
    "plane": Arrangement(
        (
            Line(0.5, ((0.5, ("decision", "confusion")), (0.5, ("diagram", "units", "unit", "microscope")))),
            Line(0.5, ((0.5, COURSE), (0.5, ("surface", "bent_grid", "program", "architecture")))),
        )
    ),
    "heights": Arrangement(
        (
            Line(
                0.5, ((0.5, ("decision", "predictions")), (0.5, ("diagram", "units", "unit", "microscope")))
            ),
            Line(0.5, ((0.5, COURSE), (0.5, ("surface", "bent_grid", "program", "architecture")))),
        )
    ),
    "neuron": Arrangement(
        (
            Line(0.58, ((1.0, ("surface", "sweep", "optimizers")),)),
            Line(
                0.42,
                ((0.55, COURSE), (0.45, ("predictions", "diagram", "microscope", "program", "architecture"))),
            ),
        ),
        upright=True,
    ),
    "formula": Arrangement(
        (
            Line(0.58, ((1.0, ("surface", "sweep", "optimizers")),)),
            Line(0.42, ((0.5, COURSE[:3]), (0.5, ("program", "microscope", "architecture")))),
        ),
        upright=True,
    ),
    "table": Arrangement(
        (
            Line(0.5, ((0.55, COURSE), (0.45, ("confusion", "mistakes")))),
            Line(0.5, ((0.55, STEPS), (0.45, ("diagram", "maps", "unit", "microscope", "filters")))),
        )
    ),
    "numbers": Arrangement(
        (
            Line(0.5, ((0.55, COURSE), (0.45, ("predictions",)))),
            Line(0.5, ((0.55, STEPS), (0.45, ("diagram", "maps", "unit", "microscope", "filters")))),
        )
    ),
}


def kind_of(experiment: Experiment, so_far: Kind | None = None) -> Kind:
    """Which arrangement suits the experiment. An edit that adds a skip moves no views: `so_far` is what it was."""
    try:
        if isinstance(experiment.data, WorkedExample):
            return "worked"
        _channels, height, width = experiment.data.shape()
        if height > 1 or width > 1:
            if so_far in ("image", "branched"):
                return so_far
            return "branched" if has_branches(experiment) else "image"
        if not experiment.data.answers:
            return "formula"
        count = experiment.analysis.parameter_count
        if count is not None and count <= 3:
            return "neuron"
        has_classes = bool(experiment.data.classes())
        if experiment.data.bounds() is not None:
            return "plane" if has_classes else "heights"
        return "table" if has_classes else "numbers"
    except ProblemError:
        return "table"


def has_branches(experiment: Experiment) -> bool:
    """Whether the list of layers does not tell the whole architecture: then its graph comes in front."""
    network = experiment.network
    return any(len(network.sources(place)) > 1 for place in range(len(network.nodes)))


SHOWN_BY_HEALTH: dict[str, str] = {
    "all-equal-start": "units",
    "dying-relus": "units",
    "vanishing-gradients": "spreads",
    "exploding-gradients": "spreads",
}
"""Which face of the view of health shows what is the matter with a preset that fails on purpose."""


def face_of_fault(experiment: Experiment) -> str | None:
    """The face of the view of health that comes in front when this experiment is opened; None leaves all as it is."""
    from lab.experiment.fault_presets import FAULTS

    name = next((name for name, fault in FAULTS.items() if fault == experiment), None)
    return None if name is None else SHOWN_BY_HEALTH[name]
