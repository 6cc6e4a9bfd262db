"""What the eye sees change, said to those who hear: the value at the selected place, not too often."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAccessible, QAccessibleValueChangeEvent
from PySide6.QtWidgets import QApplication, QWidget

EVERY = 700
"""Milliseconds between two words at least: while training goes on, values change with every frame."""


class Voice(QObject):
    """Of one view. What was said last is the accessible description of the picture that has the focus."""

    def __init__(self, view: QWidget, silent: str) -> None:
        """`silent` describes the picture while there is no value to be told."""
        super().__init__(view)
        self._view, self._silent = view, silent
        self._said = self._next = silent
        self.picture: QWidget = view
        """Which is described while something else, or nothing, has the focus."""
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(EVERY)
        self._pause.timeout.connect(self._speak)

    def say(self, words: str) -> None:
        self._next = words or self._silent
        if not self._pause.isActive():
            self._speak()

    def _speak(self) -> None:
        if self._next == self._said:
            return
        self._said = self._next
        focus = QApplication.focusWidget()
        target = (
            focus
            if focus is not None and self._view.isAncestorOf(focus) and is_drawn(focus)
            else self.picture
        )
        target.setAccessibleDescription(self._said)
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleValueChangeEvent(target, self._said))
        self._pause.start()


def is_drawn(widget: QWidget) -> bool:
    """Whether it is a picture of this house, and none of Qt's controls, which say their values themselves."""
    return type(widget).__module__.startswith("lab.gui") and not hasattr(widget, "model")
