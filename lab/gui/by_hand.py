"""A single weight set by hand, from wherever in the window."""

from __future__ import annotations

from lab.gui.commands import Named
from lab.gui.document import Document
from lab.gui.views.weights import place_of
from lab.gui.widgets.numbers import words


def set_weight(document: Document, flat: int, value: float) -> None:
    """Give the weight with this flat index another value, from the run's step on; undo takes it back."""
    snapshot = document.snapshot
    place = snapshot and place_of(snapshot.experiment.analysis, flat)
    if not place:
        return
    name, spot = place

    def read(now: Named) -> Named:
        values = now[name]
        values[spot] = value
        return {name: values}

    document.set_weights(read, f"Set {name}[{', '.join(map(str, spot))}] to {words(value)}")
