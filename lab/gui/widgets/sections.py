"""What panels are made of: a column that scrolls, and sections with quiet headings."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from lab.gui.widgets.forms import GAP, LABEL_WIDTH, VariantForm

MARGIN = 14


class Column(QScrollArea):
    """Widgets one under the other, scrolled when there is no room, never sideways."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._body = QWidget()
        self.column = QVBoxLayout(self._body)
        self.column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        self.column.setSpacing(MARGIN + 8)
        self.setWidget(self._body)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(self._body.minimumSizeHint().width() + 12, 300), 120)

    def sizeHint(self) -> QSize:
        return QSize(self.minimumSizeHint().width(), 600)


class Section(QWidget):
    """A heading and rows under it: label left, field right, as in the generated forms."""

    def __init__(self, title: str, tooltip: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setHorizontalSpacing(GAP)
        self.grid.setVerticalSpacing(GAP)
        self.grid.setColumnMinimumWidth(0, LABEL_WIDTH)
        self.grid.setColumnStretch(1, 1)
        self.heading = QLabel(title)
        self.heading.setProperty("heading", True)
        self.heading.setToolTip(tooltip)
        self.grid.addWidget(self.heading, 0, 0, 1, 2)

    def add_row(self, title: str, widget: QWidget, tooltip: str = "") -> QLabel:
        row = self.grid.rowCount()
        label = QLabel(title)
        label.setProperty("caption", True)
        label.setBuddy(widget)
        if title and not widget.accessibleName():
            widget.setAccessibleName(title)
        if tooltip:
            label.setToolTip(tooltip)
            widget.setToolTip(tooltip)
        self.grid.addWidget(label, row, 0)
        self.grid.addWidget(widget, row, 1)
        return label

    def add_wide(self, widget: QWidget) -> None:
        self.grid.addWidget(widget, self.grid.rowCount(), 0, 1, 2)

    def add_variant(self, title: str, form: VariantForm) -> None:
        """A choice of classes in the right column, the fields of the chosen one below."""
        self.add_row(title, form.combo)
        self.add_wide(form)


class Formula(QLabel):
    """A formula in words of the keyboard, set in italics on a quiet ground; it can be selected and copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setProperty("formula", True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        font = self.font()
        font.setFamilies(["STIX Two Text", "Libertinus Serif", "Noto Serif", "DejaVu Serif", "serif"])
        font.setItalic(True)
        self.setFont(font)

    def show_formula(self, formula: str) -> None:
        """Clauses apart by semicolons or two spaces get a line each."""
        lines = [part.strip() for part in formula.replace(",  ", ";").split(";")]
        self.setText("\n".join(line for line in lines if line))
        self.setVisible(bool(formula))


class ProblemLabel(QLabel):
    """What is wrong and how to mend it, in the danger colour with a sign before it; hidden while all is well."""

    look, sign = "problem", "⚠ "

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty(self.look, True)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.hide()

    def show_sentences(self, sentences: list[str]) -> None:
        self.setText("\n".join(f"{self.sign}{one[:1].upper()}{one[1:]}." for one in sentences))
        self.setVisible(bool(sentences))


class NoticeLabel(ProblemLabel):
    """What is worth knowing, though it keeps nothing from running: in the quiet colour of captions."""

    look, sign = "caption", "Note: "
