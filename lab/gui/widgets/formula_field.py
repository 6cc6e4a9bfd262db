"""A field for a formula in x and y: as one types, it says how it is read, or marks the character that is wrong."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QPalette,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import (
    QLabel,
    QMenu,
    QPlainTextEdit,
    QSizePolicy,
    QTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lab.gui.theme import number_font
from lab.network.formula.errors import FormulaError
from lab.network.formula.known import KNOWN
from lab.network.formula.reading import read
from lab.network.formula.words import words

MOST_LINES = 6
DIGITS = 6
"""Of the numbers in what is read."""


class FormulaField(QWidget):
    """The text, and under it how it is read or what is wrong with it. `surfaces`, a menu of known ones, may be placed
    elsewhere.

    `edited` comes on Enter and on leaving; what makes no sense stays to be mended.
    """

    edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = ""
        self.text = FormulaText()
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setProperty("caption", True)
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.surfaces = QToolButton()
        self.surfaces.setText("Known surfaces")
        self.surfaces.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.surfaces.setToolTip("Write the formula of a surface that optimizers are tried on")
        menu = QMenu(self.surfaces)
        menu.setToolTipsVisible(True)
        for one in KNOWN.values():
            action = menu.addAction(one.title)
            action.setToolTip(one.summary)
            action.triggered.connect(lambda _=False, text=one.formula: self._take(text))
        self.surfaces.setMenu(menu)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.text)
        column.addWidget(self.said)
        self.setFocusProxy(self.text)
        self.text.textChanged.connect(self._judge)
        self.text.finished.connect(self._report)

    def describe(self, title: str, tip: str) -> None:
        self.text.setAccessibleName(title)
        self.text.setToolTip(tip)

    def show_value(self, value: str) -> None:
        if value != self._shown:  # an echo leaves alone what is being typed
            self._shown = value
            self.text.setPlainText(value)

    @property
    def complaint(self) -> str:
        """What is wrong with what is typed; "" where nothing is."""
        return self.said.text() if self.text.property("problem") else ""

    def _take(self, text: str) -> None:
        """Write another formula in its place, so that it can be undone there."""
        cursor = self.text.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        self._report()

    @Slot()
    def _judge(self) -> None:
        text = self.text.toPlainText()
        try:
            said, error = f"read as {words(read(text), DIGITS)}", None
        except FormulaError as found:
            problem, error = found.problem, found
            said = f"{problem.what[0].upper()}{problem.what[1:]}. {problem.mend}."
        for widget, name, on in (
            (self.said, "problem", error is not None),
            (self.said, "caption", error is None),
            (self.text, "problem", error is not None),
        ):
            if bool(widget.property(name)) != on:
                widget.setProperty(name, on)
                widget.style().polish(widget)
        self.said.setText(said)
        colour = self.said.palette().color(QPalette.ColorRole.WindowText)
        self.text.mark(None if error is None else (error.start, error.length), colour)

    @Slot()
    def _report(self) -> None:
        text = self.text.toPlainText().strip()
        if not self.complaint and text != self._shown:
            self._shown = text
            self.edited.emit(text)


class FormulaText(QPlainTextEdit):
    """One line of text, broken where there is no room and as high as it takes. `finished` on Enter and on leaving."""

    finished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(number_font())
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(1)
        self.document().documentLayout().documentSizeChanged.connect(lambda _: self.updateGeometry())

    def sizeHint(self) -> QSize:
        # of a plain text the document's height is counted in lines
        lines = min(max(int(self.document().size().height()), 1), MOST_LINES)
        return QSize(super().sizeHint().width(), lines * self.fontMetrics().lineSpacing() + 12)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.sizeHint().height())

    def mark(self, wrong: tuple[int, int] | None, colour: QColor) -> None:
        """Underline so many characters from one on, counted from 0; of the end the last one there is."""
        found = []
        if wrong is not None and self.toPlainText():
            start = min(wrong[0], len(self.toPlainText()) - 1)
            selection = QTextEdit.ExtraSelection()
            selection.cursor = self.textCursor()
            selection.cursor.setPosition(start)
            end = min(start + wrong[1], len(self.toPlainText()))
            selection.cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            wash = QColor(colour)
            wash.setAlphaF(0.16)
            style = QTextCharFormat()
            style.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            style.setUnderlineColor(colour)
            style.setBackground(wash)
            selection.format = style
            found.append(selection)
        self.setExtraSelections(found)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.finished.emit()
            return
        super().keyPressEvent(event)

    def insertFromMimeData(self, source: QMimeData) -> None:
        self.insertPlainText(" ".join(source.text().split()))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.finished.emit()
