"""Puts views up offscreen as the window would."""

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.gui.selection import Selection
from lab.gui.theme import LIGHT
from lab.gui.views.view import View
from tests.gui.fake_snapshots import snapshot


class Stage:
    """Puts a view up as the window would: theme, selection, snapshot."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot

    def show(
        self,
        cls: type[View],
        name: str = "lenet",
        selection: Selection = Selection(),  # noqa: B008
        size: tuple[int, int] = (900, 640),
    ) -> View:
        view = cls()
        self.qtbot.addWidget(view)
        view.show_theme(LIGHT)
        view.resize(*size)
        view.show_selection(selection)
        view.show()
        self.feed(view, name, selection)
        return view

    def feed(self, view: View, name: str = "lenet", selection: Selection = Selection()) -> None:  # noqa: B008
        bare = snapshot(name)
        view.show_snapshot(snapshot(name, probes=view.probes(bare, selection)))
        QApplication.processEvents()
