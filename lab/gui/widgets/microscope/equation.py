"""Lines of arithmetic: what is computed in symbols, under it the same in numbers, each of which can be pointed at."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.sections import Formula
from lab.training.microscope import Line, Token, said, written

FIRST = 4
"""Terms of a sum that are written out at first."""
MORE = 4
"""Times so many, each time a person asks for more."""
APART = 1e-3
"""From which share of what went in a result is told beside the engine's."""


def are_apart(line: Line) -> bool:
    """Whether the engine has another number, by more than rounding."""
    return bool(abs(line.value - line.engine) > APART * max(line.scale, abs(line.engine)))


class EquationLine(QWidget):
    """One line. A click on a number says what it is of; one on what is folded writes more of the sum out."""

    pointed = Signal(object)
    """A Token."""
    hovered = Signal(object)
    """A Token, or None."""
    checked = Signal()
    """A person wants the derivative checked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._line: Line | None = None
        self._most = FIRST
        self._tokens: tuple[Token, ...] = ()
        self._html = ""
        self._coming = False
        self.symbols = Formula()
        self.symbols.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.numbers = QLabel()
        self.numbers.setWordWrap(True)
        self.numbers.setTextFormat(Qt.TextFormat.RichText)
        self.numbers.setFont(number_font())
        self.numbers.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.numbers.linkActivated.connect(self._activate)
        self.numbers.linkHovered.connect(self._hover)
        self.check = QToolButton()
        self.check.setText("check")
        self.check.setToolTip("Compare this derivative with a central difference: (E(w + h) − E(w − h)) / 2h")
        self.check.setAccessibleName("Check this derivative by differences")
        self.check.clicked.connect(lambda: self.checked.emit())
        self.check.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.check.hide()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.numbers, 1)
        row.addWidget(self.check, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addWidget(self.symbols)
        column.addLayout(row)

    def show_line(self, line: Line, coming: bool = False) -> None:
        """`coming`: the machine has not made it yet, so its numbers are not there."""
        if self._line is None or self._line.symbols != line.symbols:
            self._most = FIRST
            self.symbols.setText(line.symbols)
            self.symbols.setToolTip(line.tip)
        self._line, self._coming = line, coming
        self._write()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._write()

    def offer_check(self, offered: bool) -> None:
        self.check.setVisible(offered)

    @property
    def line(self) -> Line | None:
        return self._line

    def text(self) -> str:
        """The numbers as plain text."""
        if self._line is None:
            return ""
        return "to come" if self._coming else written(self._line, self._most)

    def _write(self) -> None:
        line, theme = self._line, self._theme
        if line is None:
            return
        self._tokens = line.tokens(self._most)
        if self._coming:
            html = f'<span style="color:{theme.muted}">to come</span>'
        else:
            html = "".join(self._piece(k, token) for k, token in enumerate(self._tokens))
            result = said(line.value)
            if "".join(token.text for token in self._tokens) != result:
                html += f" = <b>{escape(result)}</b>"
            else:
                html = f"<b>{html}</b>"
            if are_apart(line):
                html += f' <span style="color:{theme.warning}">(the engine has {escape(said(line.engine))})</span>'
        if html != self._html:
            self._html = html
            self.numbers.setText(html)
            self.setAccessibleName(f"{line.symbols}: {self.text()}")
            self.numbers.setAccessibleName(self.text())

    def _piece(self, k: int, token: Token) -> str:
        text = escape(token.text).replace("  ", "&nbsp; ")
        if token.spot is None and token.weight < 0 and not token.folded:
            return text
        colour = self._theme.muted if token.folded else self._theme.accent
        return f'<a href="{k}" style="color:{colour}; text-decoration:none">{text}</a>'

    def _token(self, link: str) -> Token | None:
        return self._tokens[int(link)] if link and int(link) < len(self._tokens) else None

    def _activate(self, link: str) -> None:
        token = self._token(link)
        if token is None:
            return
        if token.folded:
            self._most *= MORE
            self._write()
        else:
            self.pointed.emit(token)

    def _hover(self, link: str) -> None:
        self.hovered.emit(self._token(link))


class Equations(QWidget):
    """Lines one under the other; the widgets are used again, so that live numbers rebuild nothing."""

    pointed = Signal(object)
    hovered = Signal(object)
    checked = Signal(str)
    """The role of the line that is to be checked: "dw", "db", "dx"."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._rows: list[EquationLine] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(9)

    def show_lines(
        self,
        lines: tuple[Line, ...],
        coming: frozenset[str] = frozenset(),
        checks: frozenset[str] = frozenset(),
    ) -> None:
        """`coming` are the roles of lines whose numbers are not there yet, `checks` of those that can be checked."""
        while len(self._rows) < len(lines):
            row = EquationLine()
            row.show_theme(self._theme)
            row.pointed.connect(self.pointed)
            row.hovered.connect(self.hovered)
            row.checked.connect(lambda row=row: self.checked.emit(row.line.role if row.line else ""))
            self._column.addWidget(row)
            self._rows.append(row)
        for k, row in enumerate(self._rows):
            row.setVisible(k < len(lines))
            if k < len(lines):
                row.show_line(lines[k], lines[k].role in coming)
                row.offer_check(lines[k].role in checks - coming)

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        for row in self._rows:
            row.show_theme(theme)

    @property
    def rows(self) -> list[EquationLine]:
        """Those in use."""
        return [row for row in self._rows if not row.isHidden()]

    def text(self) -> str:
        return "\n".join(f"{row.line.symbols}\n    {row.text()}" for row in self.rows if row.line)
