"""The last update of the selected weight: the numbers that the optimizer had in hand, and the update told in words."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from lab.gui.theme import number_font
from lab.gui.widgets.fact_table import Row
from lab.gui.widgets.sections import Section
from lab.gui.widgets.wording import number
from lab.training.probes import ToldProbe, ToldUpdate
from lab.training.snapshot import Snapshot

INTERNALS = {
    "gradient": "Slope of the last batch's error along the weight, as the optimizer saw it: clipped, with penalties",
    "step size": "By what the last update multiplied the gradient, or the direction made of it",
    "last update": "How far the last update moved the weight",
}


class LastUpdate(Section):
    """Term by term, for the selected weight; not there while none is selected."""

    def __init__(self, parent: QWidget | None = None) -> None:
        tip = "Term by term: what it is, its formula, the same with its numbers, and what comes out"
        super().__init__("Its last update", tip, parent)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setFont(number_font())
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.add_wide(self.text)

    def show_weight(self, snapshot: Snapshot | None, index: int) -> None:
        said = told_text(told_of(snapshot, index))
        if said != self.text.text():
            self.text.setText(said)
        self.setVisible(bool(said))


def told_of(snapshot: Snapshot | None, index: int) -> ToldUpdate | None:
    """The last update of one weight, as far as it is known."""
    seen = snapshot.reading(ToldProbe((index,))) if snapshot is not None and index >= 0 else None
    return seen.updates[0] if seen is not None and seen.updates else None


def told_text(told: ToldUpdate | None) -> str:
    """The terms one below the other; where there are none, why."""
    if told is None:
        return ""
    if not told.terms:
        return f"{told.why}."
    return "\n\n".join(f"{term.words}\n{term.sentence}" for term in told.terms)


def update_rows(snapshot: Snapshot, index: int) -> list[Row]:
    """What the optimizer had in hand for one weight when it made the last update."""
    told = told_of(snapshot, index)
    optimizer = snapshot.experiment.optimizer
    remembers = f"What {optimizer.title} remembers: {optimizer.formula}"
    return [
        (what.capitalize(), signed(value), INTERNALS.get(what, remembers))
        for what, value in (told.numbers.items() if told is not None else ())
        if what != "weight"
    ]


def signed(value: float) -> str:
    """With room for a minus where there is none: figures do not jump."""
    text = number(value, 4)
    return text if text.startswith("−") else f"\u2007{text}"
