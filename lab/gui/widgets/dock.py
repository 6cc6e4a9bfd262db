"""A dock that has a title while it stands alone; among tabs its tab is title enough."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QMainWindow, QSizePolicy, QWidget

from lab.gui.widgets.readout import shortened


class TitledDock(QDockWidget):
    def __init__(
        self, title: str, name: str, content: QWidget, parent: QWidget | None = None, tab: str = ""
    ) -> None:
        """`tab` is what its tab says, where that has to be shorter than its title."""
        super().__init__(tab or title, parent)
        self.setObjectName(name)
        self.setWidget(content)
        if not content.accessibleName():
            content.setAccessibleName(title)
        self._title = QWidget()
        self._title.setToolTip(content.toolTip())
        row = QHBoxLayout(self._title)
        row.setContentsMargins(12, 7, 8, 6)
        self._label = Heading()
        row.addWidget(self._label, 1)
        self._none = QWidget()
        self._none.setFixedHeight(0)
        self._is_bare = False
        self.setTitleBarWidget(self._title)
        self.set_title(title, tab or title)

    def set_title(self, title: str, tab: str) -> None:
        self.setWindowTitle(tab)
        self.toggleViewAction().setText(title)  # Qt gives it the window's title
        self._label.setText(title)

    @property
    def heading(self) -> str:
        """Its title in full."""
        return self._label.text()

    def add_tool(self, widget: QWidget) -> None:
        """A small thing at the right of the title."""
        row = self._title.layout()
        assert isinstance(row, QHBoxLayout)
        row.setContentsMargins(12, 3, 4, 2)
        row.addWidget(widget)

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
        beside = (other for other in window.tabifiedDockWidgets(dock) if not other.isHidden())
        dock.set_bare(not dock.isFloating() and any(beside))


class Heading(QLabel):
    """It never makes its dock wider: what has no room is left out, and told by its tool tip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("heading", True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setToolTip("" if self.sizeHint().width() <= self.width() else self.text())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        text = shortened(self.text(), self.fontMetrics(), self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
