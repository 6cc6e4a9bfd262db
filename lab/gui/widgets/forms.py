"""Forms made from values: one field, one editor, its range and its words taken from the field's own limits."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lab.gui.widgets.connections import ConnectionsLine
from lab.gui.widgets.formula_field import FormulaField
from lab.gui.widgets.number_list import NumbersLine
from lab.gui.widgets.numbers import Number, OptionalNumber, Steps, WholeNumber, has_manners, words
from lab.gui.widgets.pairs import PaddingField, PairField
from lab.problem import ProblemError
from lab.value import Field, changed, fields, told

LABEL_WIDTH = 104
GAP = 8


class Choice(QComboBox):
    """One of a few words or numbers."""

    edited = Signal(object)

    def __init__(self, choices: tuple[Any, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        for choice in choices:
            self.addItem(str(choice), choice)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        has_manners(self)
        self.activated.connect(self._report)

    def show_value(self, value: Any) -> None:
        self.setCurrentIndex(self.findData(value))

    @Slot(int)
    def _report(self, index: int) -> None:
        self.edited.emit(self.itemData(index))


class Switch(QCheckBox):
    """Yes or no."""

    edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.clicked.connect(self._report)

    @Slot(bool)
    def _report(self, on: bool) -> None:
        self.edited.emit(on)

    def show_value(self, value: bool) -> None:
        self.setChecked(value)


class TextLine(QLineEdit):
    """Words. `edited` comes on Enter and on leaving."""

    edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = ""
        self.editingFinished.connect(self._report)

    def show_value(self, value: str) -> None:
        self._shown = value
        if value != self.text():
            self.setText(value)

    @Slot()
    def _report(self) -> None:
        if self.text() != self._shown:
            self._shown = self.text()
            self.edited.emit(self.text())


class PathLine(QWidget):
    """A file's name, typed or chosen."""

    edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.line = TextLine()
        self.line.setPlaceholderText("No file chosen")
        self.line.edited.connect(self.edited)
        button = QPushButton("Choose…")
        button.clicked.connect(self._choose)
        row.addWidget(self.line, 1)
        row.addWidget(button)

    def show_value(self, value: str) -> None:
        self.line.show_value(value)

    @Slot()
    def _choose(self) -> None:
        start = str(Path(self.line.text()).parent) if self.line.text() else ""
        path, _ = QFileDialog.getOpenFileName(self, "Choose a file", start)
        if path:
            self.edited.emit(path)


Editor = (
    WholeNumber
    | Number
    | Choice
    | Switch
    | TextLine
    | PathLine
    | PairField
    | PaddingField
    | ConnectionsLine
    | NumbersLine
    | FormulaField
)


def editor(field: Field) -> Editor | None:
    """The widget for a plain field; None where a person is not meant to edit it. Of fields that may be empty only
    numbers have one."""
    if field.optional and field.kind != "float":
        return None
    if field.kind == "int":
        return WholeNumber(*_bounds(field))
    if field.kind == "pair":
        return PairField(*_bounds(field))
    if field.kind == "padding":
        return PaddingField(tuple(map(str, field.choices)), *_bounds(field))
    if field.kind == "table":
        return ConnectionsLine(None if field.most is None else int(field.most))
    if field.kind == "formula":
        return FormulaField()
    if field.kind == "numbers":
        return NumbersLine()
    if field.kind == "float":
        least = float("-inf") if field.least is None else field.least
        most = float("inf") if field.most is None else field.most
        cls = OptionalNumber if field.optional else Number
        return cls(least, most, steps_of(field), field.above, field.below)
    if field.kind == "choice":
        return Choice(field.choices)
    if field.kind == "bool":
        return Switch()
    if field.kind == "text":
        return PathLine() if field.name == "path" else TextLine()
    return None


def _bounds(field: Field) -> tuple[int, int]:
    """From where to where whole numbers go, as far as a spin box counts."""
    least = field.least if field.least is not None else -(2**31)
    most = field.most if field.most is not None else 2**31 - 1
    return int(least), min(int(most), 2**31 - 1)


def steps_of(field: Field) -> Steps:
    """How the arrows of a float's field go: momentum 0.9, 0.95, 0.98; a share by hundredths; else 1, 2, 5."""
    default = field.default or 0.0
    if field.below == 1 and default >= 0.8:
        return "to one"
    most = field.most if field.most is not None else field.below
    return "linear" if most is not None and most <= 10 and default >= 0.05 else "log"


def caption(title: str) -> str:
    """A field's title at the start of a line. A Greek letter stays small, β₁ is not Β₁, and so does a letter alone."""
    return title[0].upper() + title[1:] if title[0].isascii() and len(title) > 1 else title


def hint(field: Field) -> str:
    """The field's sentence, its range and its default, for the tooltip."""
    parts = [field.description.rstrip(".") + "." if field.description else ""]
    low = field.least if field.least is not None else field.above
    high = field.most if field.most is not None else field.below
    if low is not None and high is not None and field.kind in ("int", "float", "pair", "padding"):
        parts.append(f"From {words(low)} to {words(high)}.")
    if field.kind in ("pair", "padding") and isinstance(field.default, tuple):
        parts.append(f"Default: {told(field.default)}.")
    if isinstance(field.default, int | float) and not isinstance(field.default, bool):
        parts.append(f"Default: {words(field.default)}.")
    return " ".join(part for part in parts if part)


def about(cls: type) -> str:
    """A value class's formula and first sentence, for tooltips of a choice."""
    lines = [getattr(cls, "formula", ""), getattr(cls, "derivative", ""), getattr(cls, "summary", "")]
    doc = (cls.__doc__ or "").strip()
    if doc and not lines[2]:
        lines.append(" ".join(doc.split("\n\n")[0].split()))
    return "\n".join(line for line in lines if line)


def taken_over(old: msgspec.Struct, cls: type[msgspec.Struct]) -> msgspec.Struct:
    """A `cls` with its defaults, except for fields of the same name that the person has set in `old`."""
    defaults = {f.name: f.default for f in fields(type(old))}
    mine = {f.name for f in fields(cls)}
    value = cls()
    for name, default in defaults.items():
        if name in mine and (now := getattr(old, name)) != default:
            try:
                value = changed(value, **{name: now})
            except ProblemError:
                continue
    return value


def _is_cell(field: Field) -> bool:
    """Whether the field is so small that it can stand beside others."""
    return field.kind in ("int", "float") and not field.optional


class VariantForm(QWidget):
    """A choice among classes, and under it the fields of the chosen one. The combo may be placed elsewhere."""

    edited = Signal(object)

    def __init__(
        self, variants: tuple[type, ...], skip: frozenset[str] = frozenset(), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._variants, self._skip = variants, skip
        self._value: msgspec.Struct | None = None
        self._form: ValueForm | None = None
        self.combo = QComboBox()
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.combo.setMinimumContentsLength(10)
        for index, cls in enumerate(variants):
            self.combo.addItem(getattr(cls, "title", cls.__name__))
            self.combo.setItemData(index, about(cls), Qt.ItemDataRole.ToolTipRole)
        has_manners(self.combo)
        self.combo.activated.connect(self._choose)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)

    @property
    def is_bare(self) -> bool:
        """Whether the chosen class has no field to show."""
        return self._form is None or self._form.is_empty

    def show_value(self, value: msgspec.Struct) -> None:
        if self._form is None or type(value) is not type(self._value):
            if self._form is not None:
                self._column.removeWidget(self._form)
                self._form.hide()
                self._form.deleteLater()
            self._form = ValueForm(type(value), self._skip)
            self._form.edited.connect(self._report)
            self._column.addWidget(self._form)
        self._value = value
        self._form.show_value(value)
        self.combo.setCurrentIndex(self._variants.index(type(value)))
        self.combo.setToolTip(about(type(value)))
        self.setVisible(not self.is_bare)

    @Slot(int)
    def _choose(self, index: int) -> None:
        cls = self._variants[index]
        if self._value is not None and cls is not type(self._value):
            self.edited.emit(taken_over(self._value, cls))

    @Slot(object, str)
    def _report(self, value: object, _field: str) -> None:
        self.edited.emit(value)


class ValueForm(QWidget):
    """A form for one class of values. `edited` carries the new value and the name of the field that changed.

    Showing a value never takes the focus or the caret from a field, and never says `edited`.
    """

    edited = Signal(object, str)

    def __init__(
        self, cls: type[msgspec.Struct], skip: frozenset[str] = frozenset(), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._value: msgspec.Struct | None = None
        self._editors: dict[str, Editor | VariantForm] = {}
        self._complaint = QLabel()
        self._complaint.setProperty("problem", True)
        self._complaint.setWordWrap(True)
        self._complaint.hide()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GAP)
        self._grid.setVerticalSpacing(GAP)
        self._grid.setColumnMinimumWidth(0, LABEL_WIDTH)
        self._grid.setColumnStretch(1, 1)
        shown = [f for f in fields(cls) if f.name not in skip]
        for is_number, run in groupby(shown, key=_is_cell):
            group = list(run)
            if is_number and len(group) > 1:
                self._add_cells(group)
            else:
                for field in group:
                    self._add_row(field)
        self._grid.addWidget(self._complaint, self._grid.rowCount(), 0, 1, 2)

    @property
    def is_empty(self) -> bool:
        return not self._editors

    def editor(self, name: str) -> Editor | VariantForm:
        """The widget of the field called `name`."""
        return self._editors[name]

    def show_value(self, value: msgspec.Struct) -> None:
        self._value = value
        for name, widget in self._editors.items():
            widget.show_value(getattr(value, name))

    def _add_row(self, field: Field) -> None:
        row = self._grid.rowCount()
        label = QLabel(caption(field.title))
        label.setProperty("caption", True)
        label.setToolTip(hint(field))
        if field.kind == "variant":
            variant = VariantForm(field.variants)
            label.setBuddy(variant.combo)
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(variant.combo, row, 1)
            self._grid.addWidget(variant, row + 1, 0, 1, 2)
            self._take(field, variant)
        elif widget := editor(field):
            widget.setToolTip(hint(field))
            label.setBuddy(widget)
            self._grid.addWidget(label, row, 0)
            if isinstance(widget, PaddingField):
                self._grid.addWidget(widget.combo, row, 1)
                self._grid.addWidget(widget, row + 1, 1)
            elif isinstance(widget, ConnectionsLine):  # a line of many groups
                self._grid.addWidget(widget, row + 1, 0, 1, 2)
                self._grid.addWidget(widget.picture, row + 2, 0, 1, 2)
            elif isinstance(widget, FormulaField):
                self._grid.addWidget(widget.surfaces, row, 1, Qt.AlignmentFlag.AlignRight)
                self._grid.addWidget(widget, row + 1, 0, 1, 2)
            else:
                self._grid.addWidget(widget, row, 1)
            self._take(field, widget)

    def _add_cells(self, group: list[Field]) -> None:
        """Numbers side by side, each under its name."""
        longest = max(len(f.title) for f in group)
        columns = 4 if longest <= 8 else 3 if longest <= 12 else 2
        columns = -(-len(group) // -(-len(group) // columns))  # 5 in 4 columns are better 3 + 2
        cells = QGridLayout()
        cells.setHorizontalSpacing(GAP)
        cells.setVerticalSpacing(3)
        for index, field in enumerate(group):
            widget = editor(field)
            assert widget is not None
            row, column = divmod(index, columns)
            label = QLabel(caption(field.title))
            label.setProperty("caption", True)
            label.setBuddy(widget)
            label.setToolTip(hint(field))
            widget.setToolTip(hint(field))
            widget.setMinimumWidth(40)
            cells.addWidget(label, 2 * row, column)
            cells.addWidget(widget, 2 * row + 1, column)
            cells.setColumnStretch(column, 1)
            self._take(field, widget)
        self._grid.addLayout(cells, self._grid.rowCount(), 0, 1, 2)

    def _take(self, field: Field, widget: Editor | VariantForm) -> None:
        self._editors[field.name] = widget
        widget.setObjectName(field.name)
        widget.setAccessibleName(caption(field.title))
        widget.edited.connect(lambda new, name=field.name: self._edit(name, new))
        if isinstance(widget, PairField | PaddingField | ConnectionsLine | NumbersLine | FormulaField):
            widget.describe(caption(field.title), hint(field))
        if isinstance(widget, Number | ConnectionsLine | NumbersLine):
            widget.complained.connect(self._complain)

    def _edit(self, name: str, new: Any) -> None:
        if self._value is None or getattr(self._value, name) == new:
            return
        try:
            value = changed(self._value, **{name: new})
        except ProblemError as error:
            self._complain("; ".join(f"{p.what}. {p.mend}" for p in error.problems))
            return
        self._complain("")
        self.edited.emit(value, name)

    @Slot(str)
    def _complain(self, complaint: str) -> None:
        self._complaint.setText(complaint)
        self._complaint.setVisible(bool(complaint))
