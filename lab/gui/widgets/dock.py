"""A dock that has a title while it stands alone; among tabs its tab is title enough."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QMainWindow, QWidget


class TitledDock(QDockWidget):
    def __init__(
        self, title: str, name: str, content: QWidget, parent: QWidget | None = None, tab: str = ""
    ) -> None:
        """`tab` is what its tab says, where that has to be shorter than its title."""
        super().__init__(tab or title, parent)
        self.toggleViewAction().setText(title)
        self.setObjectName(name)
        self.setWidget(content)
        if not content.accessibleName():
            content.setAccessibleName(title)
        self._title = QWidget()
        self._title.setToolTip(content.toolTip())
        row = QHBoxLayout(self._title)
        row.setContentsMargins(12, 7, 8, 6)
        label = QLabel(title)
        label.setProperty("heading", True)
        row.addWidget(label, 1)
        self._none = QWidget()
        self._none.setFixedHeight(0)
        self._is_bare = False
        self.setTitleBarWidget(self._title)

    def set_bare(self, bare: bool) -> None:
        if bare != self._is_bare:
            self._is_bare = bare
            self.setTitleBarWidget(self._none if bare else self._title)

    @property
    def is_covered(self) -> bool:
        """Whether it lies behind another tab. Qt calls it visible all the same, and would give it the focus."""
        return self.isVisible() and self.visibleRegion().isEmpty()


def tidy_titles(window: QMainWindow, docks: Iterable[TitledDock]) -> None:
    for dock in docks:
        dock.set_bare(not dock.isFloating() and bool(window.tabifiedDockWidgets(dock)))
