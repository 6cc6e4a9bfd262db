"""What every view is: setters in, intentions out. A view computes nothing and reaches into no other view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from lab.gui.selection import Selection
from lab.gui.theme import Theme
from lab.training.probes import Probe
from lab.training.snapshot import Snapshot


@dataclass(frozen=True)
class Table:
    """A view's data, for CSV and the clipboard: equally long columns under their names, units in the name."""

    columns: Mapping[str, NDArray[Any]]


class View(QWidget):
    """A picture of a run. The window gives it snapshots, the selection and the theme; it asks by `probes`.

    `picked` carries a new Selection when a person points at something; `watching_changed` says that `probes`
    would now answer differently (a setting of the view's own was changed); `run_picked` that a person pointed at a
    run, by its number.
    """

    name: ClassVar[str]
    """What `descent picture --view` calls it."""
    title: ClassVar[str]
    tab: ClassVar[str] = ""
    """What its tab says, where that has to be shorter than its title."""
    summary: ClassVar[str]

    rest: float = 0.0
    """Seconds that the window lets it stand between two snapshots of one run, where more would not be seen."""

    @property
    def is_awaited(self) -> bool:
        """Whether a hand waits for what it shows: then its turn comes before the others'."""
        return False

    can_be_doubled: ClassVar[bool] = True
    """Whether there may be a second one beside it."""

    picked = Signal(object)
    run_picked = Signal(int)
    watching_changed = Signal()

    def suits(self, snapshot: Snapshot) -> bool:
        """Whether the view has something to show of this experiment; the window greys its tab out otherwise."""
        return True

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        """What the view wants answered, given what is running and selected."""
        return frozenset()

    def probes_of_runs(self, snapshot: Snapshot) -> Mapping[int, frozenset[Probe]]:
        """What it wants answered of single runs, by their numbers, besides what it asks of the active one."""
        return {}

    def show_snapshot(self, snapshot: Snapshot) -> None:
        raise NotImplementedError

    def show_selection(self, selection: Selection) -> None:
        """Turn to what is selected now. Called before the first snapshot too."""

    def show_theme(self, theme: Theme) -> None:
        raise NotImplementedError

    def furniture(self) -> tuple[QWidget, ...]:
        """Controls within the view that a figure leaves out."""
        return ()

    @contextmanager
    def posed(self) -> Iterator[tuple[int, int] | None]:
        """As a figure shows it, for a while. Gives the (width, height) that a figure has unless another is wanted."""
        yield None

    def table(self) -> Table:
        """The data now shown."""
        return Table({})
