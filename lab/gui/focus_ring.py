"""Where the keyboard is, seen at a glance: a ring around the picture that has the focus."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QRectF, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFocusFrame,
    QLineEdit,
    QMenu,
    QMenuBar,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
    QWidget,
)

from lab.gui.theme import LIGHT, Theme
from lab.gui.view_dock import ViewDock

STYLED = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QMenu,
    QMenuBar,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
)
"""These show by the style sheet that they have it."""


class FocusRing(QFocusFrame):
    """Follows the focus from picture to picture, in all windows of the application."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._follow)

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    @Slot(QWidget, QWidget)
    def _follow(self, _before: QWidget | None, now: QWidget | None) -> None:
        target = now if now is not None and not isinstance(now, STYLED) and self._in_view(now) else None
        self.setWidget(target)  # type: ignore[arg-type]  # its stubs do not know that there may be none

    @staticmethod
    def _in_view(widget: QWidget | None) -> bool:
        while widget is not None and not isinstance(widget, ViewDock):
            widget = widget.parentWidget()
        return widget is not None

    def paintEvent(self, event: QPaintEvent) -> None:
        framed = cast(QWidget | None, self.widget())
        if framed is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._theme.accent), 1.5))
        # the frame is a little larger than what it stands around
        margin_x, margin_y = (self.width() - framed.width()) / 2, (self.height() - framed.height()) / 2
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(
                margin_x + 0.75, margin_y + 0.75, -margin_x - 0.75, -margin_y - 0.75
            ),
            2,
            2,
        )
