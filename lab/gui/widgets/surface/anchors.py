"""The moments that a plane goes through: where runs stand, began or were changed, chosen from a menu."""

from __future__ import annotations

import re

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from lab.training.snapshot import Snapshot

Anchor = tuple[int, int]
"""A run's number and a step."""
MOST = 3
MOMENTS = re.compile(r"([0-9]{1,9}:[0-9]{1,15}( [0-9]{1,9}:[0-9]{1,15}){0,2})?")
WORDS = 3
"""Moments that are named on the button."""


class AnchorButton(QToolButton):
    """`chosen` when other moments are wanted: two, or three. The one chosen longest ago makes room for a fourth."""

    chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.anchors: tuple[Anchor, ...] = ()
        self._snapshot: Snapshot | None = None
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setAccessibleName("Moments that the plane goes through")
        self.setToolTip(
            "The plane goes through these moments: w(first) + x·(w(second) − w(first)) + y·(…third). Choose two or "
            "three: where a run stands now, began, or was changed"
        )
        menu = QMenu(self)
        menu.aboutToShow.connect(self._fill)
        self.setMenu(menu)
        self._say()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        named = [(run.run, run.name) for run in snapshot.runs or (snapshot,)]
        before = (
            []
            if self._snapshot is None
            else [(r.run, r.name) for r in self._snapshot.runs or (self._snapshot,)]
        )
        self._snapshot = snapshot
        if named != before:
            self._say()

    def suggest(self) -> None:
        """From its start to where the run stands, where nothing has been chosen."""
        seen = self._snapshot
        if not self.anchors and seen is not None and seen.step:
            self.anchors = (seen.run, 0), (seen.run, seen.step)
            self._say()

    def set_anchors(self, anchors: tuple[Anchor, ...]) -> None:
        if anchors != self.anchors:
            self.anchors = anchors
            self._say()
            self.chosen.emit()

    def written(self) -> str:
        """The moments as "run:step" in their order; "" where there are none."""
        return " ".join(f"{run}:{step}" for run, step in self.anchors)

    def read(self, text: str) -> None:
        """Choose the moments that `written` has said; another text says nothing."""
        if MOMENTS.fullmatch(text):
            pairs = (moment.split(":") for moment in text.split())
            self.set_anchors(tuple((int(run), int(step)) for run, step in pairs))

    def choose(self, anchor: Anchor) -> None:
        kept = tuple(one for one in self.anchors if one != anchor)
        self.set_anchors(kept if len(kept) < len(self.anchors) else (*kept, anchor)[-MOST:])

    def _fill(self) -> None:
        menu, seen = self.menu(), self._snapshot
        menu.clear()
        if seen is None:
            return
        offered: set[Anchor] = set()
        for run in seen.runs or (seen,):
            menu.addSection(f"Run {run.name}")
            places = {0: "start", **{edit.step: "change" for edit in run.edits[1:]}, run.step: "here"}
            for step, what in sorted(places.items()):
                self._offer(menu, (run.run, step), f"{what}, step {step:,}")
                offered.add((run.run, step))
        others = [anchor for anchor in self.anchors if anchor not in offered]
        if others:
            menu.addSection("Chosen before")
        for anchor in others:
            self._offer(menu, anchor, self.words(anchor))

    def _offer(self, menu: QMenu, anchor: Anchor, words: str) -> None:
        action = menu.addAction(words)
        action.setCheckable(True)
        action.setChecked(anchor in self.anchors)
        action.triggered.connect(lambda: self.choose(anchor))

    def words(self, anchor: Anchor) -> str:
        seen = self._snapshot
        runs = () if seen is None else seen.runs or (seen,)
        name = next((run.name for run in runs if run.run == anchor[0]), f"run {anchor[0]}")
        return f"{name} {anchor[1]:,}"

    def _say(self) -> None:
        said = " · ".join(map(self.words, self.anchors[:WORDS]))
        self.setText(said if len(self.anchors) > 1 else f"{said} · …" if said else "choose moments")
        self.updateGeometry()
