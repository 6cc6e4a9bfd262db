"""A list of what can be shown that may end with the change since a marked step."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QComboBox

MARK = "mark"
"""The key of the change since the marked step."""


class MarkedStep:
    """The entry of `box` that names the step; there is none before one is marked."""

    def __init__(self, box: QComboBox, arrange: Callable[[], None]) -> None:
        """`arrange` is called when the box may need another width."""
        self._box, self._arrange = box, arrange
        self.step = 0

    @property
    def is_there(self) -> bool:
        return self._box.findData(MARK) >= 0

    def offer(self, step: int) -> None:
        """Another step is the marked one."""
        self.step, words = step, f"Δ since {step:,}"
        if self.is_there:
            self._box.setItemText(self._box.findData(MARK), words)
        else:
            self._box.addItem(words, MARK)
        self._arrange()

    def choose(self, step: int) -> None:
        """Show what has changed since a step."""
        self.offer(step)
        self._box.setCurrentIndex(self._box.findData(MARK))

    def copy_from(self, other: MarkedStep) -> None:
        """Offer what the other one does, and choose what is chosen there."""
        if other.is_there:
            self.offer(other.step)
            self._box.setCurrentIndex(self._box.findData(other._box.currentData()))
