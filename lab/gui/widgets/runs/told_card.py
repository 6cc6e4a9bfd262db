"""One update told term by term: what each term is, its formula, the same with its numbers, and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QVBoxLayout, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.learning.told import Term, said
from lab.training.probes import ToldUpdate

WIDE = 250
"""Pixels that a card wants at least."""


def in_html(terms: Sequence[Term], theme: Theme) -> str:
    """The terms one below the other, each with its formula and its numbers on lines of their own."""
    parts = []
    for term in terms:
        numbers = f"= {escape(term.numbers)} " if term.numbers else ""
        parts.append(
            f'<p style="margin: 0 0 7px 0"><span style="color: {theme.muted}">{escape(term.words)}</span><br>'
            f"<i>{escape(term.symbols)}</i><br>{numbers}= <b>{escape(said(term.value))}</b></p>"
        )
    return "".join(parts)


class ToldCard(QFrame):
    """The update of one or two weights of a run, under a line in the run's colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._colour = LIGHT, 0
        self._shown: tuple[object, ...] = ()
        self.title = QLabel()
        self.title.setProperty("heading", True)
        self.formula = QLabel()
        self.formula.setProperty("caption", True)
        self.formula.setWordWrap(True)
        self.text = QLabel()
        self.text.setProperty("body", True)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setWordWrap(True)
        self.text.setFont(number_font())
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 4)
        column.setSpacing(4)
        for widget in (self.title, self.formula, self.text):
            column.addWidget(widget)
        column.addStretch(1)
        self.setMinimumWidth(WIDE)

    def show_updates(
        self, name: str, colour: int, formula: str, updates: Sequence[tuple[str, ToldUpdate]]
    ) -> None:
        """`updates` are by the short names of their weights, "" where there is one."""
        shown = (
            self._theme.name,
            name,
            colour,
            formula,
            tuple((short, u.terms, u.why) for short, u in updates),
        )
        if shown == self._shown:
            return
        self._shown, self._colour = shown, colour
        self.title.setText(name)
        self.formula.setText(formula)
        parts = []
        for short, update in updates:
            if short:
                parts.append(f'<p style="margin: 4px 0 5px 0"><b>{escape(short)}</b></p>')
            parts.append(
                in_html(update.terms, self._theme) if update.terms else f"<p>{escape(update.why)}.</p>"
            )
        self.text.setText("".join(parts))
        self.setAccessibleName(f"The last update of run {name}")
        self.update()

    def tall(self, width: int) -> int:
        """Pixels of height that it wants in so much width."""
        laid_out = self.layout()
        return laid_out.totalHeightForWidth(width) if laid_out is not None else self.sizeHint().height()

    def show_theme(self, theme: Theme) -> None:
        self._theme, self._shown = theme, ()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(0, 0, self.width(), 2, QColor(self._theme.run(self._colour)))
