"""Setting up a race: in what the runs differ, which there are, from where they begin, and whether that is fair."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from lab.experiment.variants import ASPECTS, Aspect, Variant, variants
from lab.gui.document import Document
from lab.gui.icons import run_dot
from lab.gui.theme import Theme
from lab.gui.widgets.words import Words
from lab.training.comparison import apart, verdict
from lab.training.race import MOST_RUNS
from lab.wording import counted

WIDE, HIGH = 780, 540
ASPECTS_WIDE = 176
DOT_ROOM = 22
INTRODUCTION = (
    "Runs side by side, each with one thing otherwise. They take the place of the runs that are open; undo brings "
    "those back as they stand."
)

Chosen = tuple[Variant, ...]


class RaceDialog(QDialog):
    """Nothing happens until a person says so. The window behind can be used meanwhile; what is offered is made of the
    experiment as it was when this opened.

    `sweep` is called with the aspect and the variants whose rates are to be found first.
    """

    def __init__(
        self,
        document: Document,
        theme: Theme,
        sweep: Callable[[Aspect, Chosen], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Race")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._document, self._theme, self._sweep = document, theme, sweep
        prepared = document.prepared
        examples = 1 if prepared is None else len(prepared.training)
        self.offers = {aspect: variants(document.running, aspect, examples) for aspect in ASPECTS}
        self.boxes: list[tuple[QCheckBox, Variant]] = []
        self._lay_out()
        first = next((row for row, aspect in enumerate(ASPECTS) if self.offers[aspect]), 0)
        self.aspects.setCurrentRow(first)
        self.resize(WIDE, HIGH)

    # --- how it looks

    def _lay_out(self) -> None:
        introduction = QLabel(INTRODUCTION)
        introduction.setWordWrap(True)
        introduction.setProperty("caption", True)
        self.aspects = QListWidget()
        self.aspects.setFixedWidth(ASPECTS_WIDE)
        self.aspects.setAccessibleName("What differs")
        for aspect in ASPECTS:
            item = QListWidgetItem(aspect.title)
            item.setToolTip(
                aspect.summary if self.offers[aspect] else "There is nothing of this to vary here"
            )
            item.setSizeHint(QSize(0, self.fontMetrics().height() + 12))
            if not self.offers[aspect]:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.aspects.addItem(item)
        self.aspects.currentRowChanged.connect(self._show_aspect)
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self._list = QScrollArea()
        self._list.setWidgetResizable(True)
        self._list.setProperty("card", True)
        self._list.setAccessibleName("Variants")
        self.count = QLabel()
        self.count.setProperty("caption", True)
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self.summary)
        right.addWidget(self._list, 1)
        right.addWidget(self.count)
        middle = QHBoxLayout()
        middle.setSpacing(14)
        middle.addWidget(self.aspects)
        middle.addLayout(right, 1)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setAccessibleName("Is it a fair comparison?")
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.note.setMinimumHeight(2 * self.fontMetrics().height() + 4)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addWidget(introduction)
        column.addLayout(middle, 1)
        column.addLayout(self._begin())
        column.addWidget(self.note)
        column.addLayout(self._buttons())

    def _begin(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(16)
        caption = QLabel("All begin")
        step = self._document.playback.step_number
        self.from_start = QRadioButton("at the start")
        self.from_start.setToolTip(
            "At step 0, from weights that are drawn by the seed, or were set there by hand"
        )
        self.from_here = QRadioButton(f"from here, step {step:,}" if step else "from here")
        self.from_here.setToolTip("Each goes on from where the active run stands, with what it has learned")
        self.from_here.setEnabled(step > 0)
        self.from_start.setChecked(True)
        self._where = QButtonGroup(self)
        row.addWidget(caption)
        for button in (self.from_start, self.from_here):
            self._where.addButton(button)
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.sweep_button = QPushButton("Find their best rates…")
        self.sweep_button.setToolTip(
            "Sweep the learning rates of these first: a race of each at its best is a fair one"
        )
        self.sweep_button.setAutoDefault(False)
        self.sweep_button.clicked.connect(self._ask_for_sweep)
        cancel = QPushButton("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        self.race_button = QPushButton("Race")
        self.race_button.setProperty("primary", True)
        self.race_button.setDefault(True)
        self.race_button.clicked.connect(self._race)
        row.addWidget(self.sweep_button)
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(self.race_button)
        return row

    # --- what is chosen

    @property
    def aspect(self) -> Aspect:
        return ASPECTS[max(self.aspects.currentRow(), 0)]

    @property
    def chosen(self) -> Chosen:
        return tuple(variant for box, variant in self.boxes if box.isChecked())

    def _show_aspect(self, _row: int) -> None:
        self.summary.setText(f"{self.aspect.summary}.")
        body = QWidget()
        grid = QGridLayout(body)
        grid.setContentsMargins(12, 10, 12, 10)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        self.boxes = []
        for row, variant in enumerate(self.offers[self.aspect]):
            box = QCheckBox(variant.name)
            box.setIconSize(QSize(10, 10))
            box.setChecked(variant.suggested)
            box.setAccessibleDescription(variant.words)
            box.toggled.connect(self._show_choice)
            words = Words()
            words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            words.setText(variant.words)
            words.setToolTip(variant.words)
            grid.addWidget(box, row, 0)
            grid.addWidget(words, row, 1)
            self.boxes.append((box, variant))
        grid.setRowStretch(len(self.boxes), 1)
        self._list.setWidget(body)
        self._list.viewport().setAutoFillBackground(False)
        body.setAutoFillBackground(False)
        self._show_choice()

    def _show_choice(self) -> None:
        chosen = self.chosen
        full = len(chosen) >= MOST_RUNS
        colour = 0
        for box, _ in self.boxes:
            box.setEnabled(box.isChecked() or not full)
            box.setToolTip(
                "" if box.isEnabled() else f"{MOST_RUNS} are as many as go side by side: leave one out first"
            )
            box.setIcon(run_dot(self._theme, colour if box.isChecked() else 0, hollow=not box.isChecked()))
            colour += box.isChecked()
        self.count.setText(f"{len(chosen)} of at most {MOST_RUNS}")
        self.note.setText(in_words(chosen, self.aspect))
        self.race_button.setText(f"Race {counted(len(chosen), 'run')}" if chosen else "Race")
        self.race_button.setEnabled(bool(chosen))
        self.sweep_button.setEnabled(bool(chosen) and self.aspect.key not in ("rates",))

    # --- what comes of it

    def _race(self) -> None:
        chosen, here = self.chosen, self.from_here.isChecked()
        self.accept()
        self._document.runs.race(chosen, from_here=here, own_start=self.aspect.other_start)

    def _ask_for_sweep(self) -> None:
        aspect, chosen = self.aspect, self.chosen
        self.accept()
        self._sweep(aspect, chosen)


def in_words(chosen: Sequence[Variant], aspect: Aspect) -> str:
    """What is alike, and what sets them apart besides what is meant to."""
    if len(chosen) < 2:
        return "Choose two or more to compare them." if chosen else "Choose those that are to run."
    notes, broken = apart([(one.name, one.experiment) for one in chosen])
    said = verdict(notes, broken)
    is_meant = all(aspect.breaks and f": {aspect.breaks}" in note for note in notes)
    return f"{'✓' if is_meant else '⚠'} {' '.join(said)}"
