"""Views on real runs: what the engine answers, without its threads."""

from __future__ import annotations

from functools import cache

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.experiment.experiment import Experiment
from lab.experiment.presets import preset
from lab.gui.selection import Selection
from lab.gui.still import Still
from lab.gui.theme import LIGHT
from lab.gui.views.view import View
from lab.training.run import Run


@cache
def still_of(name: str, steps: int = 0) -> Still:
    """The preset of that name after so many updates."""
    run = Run(preset(name))
    run.advance(steps)
    return Still(run)


def still_on(experiment: Experiment, steps: int = 0) -> Still:
    run = Run(experiment)
    run.advance(steps)
    return Still(run)


def put_up(
    qtbot: QtBot,
    view: View,
    still: Still,
    selection: Selection = Selection(),  # noqa: B008
    size: tuple[int, int] = (1000, 680),
) -> None:
    """Show a view as the window would, and turn to whatever it picks."""
    qtbot.addWidget(view)
    view.show_theme(LIGHT)
    view.resize(*size)
    view.show()
    seen = selection

    def turn(selection: Selection) -> None:
        nonlocal seen
        seen = selection
        view.show_selection(seen)
        show()

    def show() -> None:
        bare = still.snapshot(frozenset())
        view.show_snapshot(still.snapshot(view.probes(bare, seen)))
        QApplication.processEvents()

    view.picked.connect(turn)
    view.watching_changed.connect(show)
    turn(selection)
