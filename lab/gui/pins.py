"""What a view is pinned to: a selection, a run, or both; it follows in the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec

from lab.gui.selection import Selection
from lab.gui.views.examples import DRAWN
from lab.gui.widgets.runs.split import real_in
from lab.training.drawing import Drawing
from lab.training.snapshot import Snapshot


@dataclass(frozen=True)
class Pin:
    """None: follows what is selected, follows the active run."""

    selection: Selection | None = None
    run: int | None = None

    def words(self, snapshot: Snapshot | None) -> str:
        """Short enough for a tab: validation 12; conv2, unit 3 · validation 12; run B."""
        parts = []
        if self.run is not None:
            seen = None if snapshot is None else snapshot.turned_to(self.run)
            parts.append(f"run {self.run if seen is None else seen.name}")
        if (chosen := self.selection) is not None:
            if chosen.layer is not None:
                parts.append(chosen.layer if chosen.unit < 0 else f"{chosen.layer}, unit {chosen.unit}")
            parts.append(DRAWN if isinstance(chosen.part, Drawing) else f"{chosen.part} {chosen.example}")
        return " · ".join(parts)

    def kept_real(self, snapshot: Snapshot) -> Pin | None:
        """Without what is not there any more; None where nothing is left."""
        run = self.run if not snapshot.runs or self.run in {one.run for one in snapshot.runs} else None
        if run is None and self.selection is None:
            return None
        seen = (snapshot.turned_to(run) if run is not None else None) or snapshot
        selection = None if self.selection is None else real_in(self.selection, seen.experiment)
        return replace(self, run=run, selection=selection)


def pins_to_text(pins: Mapping[str, Pin]) -> str:
    """For a document, by the keys of the views."""
    return msgspec.json.encode(dict(pins)).decode()


def pins_from_text(text: str) -> dict[str, Pin]:
    """Empty where the text says nothing to this version."""
    try:
        return msgspec.json.decode(text, type=dict[str, Pin]) if text else {}
    except msgspec.MsgspecError:
        return {}
