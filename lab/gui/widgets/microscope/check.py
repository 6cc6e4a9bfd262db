"""What came of checking a derivative: both numbers, and how far they are apart."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.wording import number
from lab.training.probes import AGREES, GradientCheck

DIGITS = 8


def verdict(check: GradientCheck) -> str:
    """In one sentence."""
    if check.kinks:
        layers = ", ".join(f"“{name}”" if name != "the loss" else name for name in check.kinks)
        return f"A number in {layers} goes over a kink in between: there the difference is no derivative"
    if not check.agrees:
        return "The two do not agree"
    if check.relative > AGREES:
        off = max(check.uncertain, check.rounding)
        return f"The two agree as far as rounding lets one see: it may move them by ±{number(off, 2)}"
    return "The two agree"


class CheckLabel(QLabel):
    """Hidden until a check is asked for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._shown: tuple[GradientCheck | None, str, bool] = (None, "", False)
        self._plain = ""
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self.setFont(number_font())
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setAccessibleName("Check by differences")
        self.hide()

    def show_check(self, check: GradientCheck | None, of: str, asked: bool) -> None:
        """`of` says of what; while it is asked for and not there, it is being computed."""
        if (check, of, asked) == self._shown:
            return
        self._shown = check, of, asked
        self._write()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._write()

    def text(self) -> str:
        """As plain text."""
        return self._plain

    def _write(self) -> None:
        check, of, asked = self._shown
        self.setVisible(check is not None or asked)
        if check is None:
            self._plain = f"Checking {of} by differences …" if asked else ""
            super().setText(escape(self._plain))
            return
        lines = [
            f"Check of {of}, as in use",
            f"(E(w + h) − E(w − h)) / 2h = ({number(check.above, 10)} − {number(check.below, 10)}) / "
            f"{number(2 * check.step, 2)} = {number(check.difference, DIGITS)}",
            f"by backpropagation {number(check.backpropagated, DIGITS)},  relative error {number(check.relative, 2)}",
        ]
        good = check.agrees and not check.kinks
        sign, colour = ("✓", self._theme.good) if good else ("⚠", self._theme.warning)
        last = f"{sign} {verdict(check)}"
        self._plain = "\n".join([*lines, last])
        html = f"<b>{escape(lines[0])}</b><br>{escape(lines[1])}<br>{escape(lines[2])}<br>"
        super().setText(f'{html}<span style="color:{colour}">{escape(last)}</span>')
        self.setAccessibleDescription(self._plain)
