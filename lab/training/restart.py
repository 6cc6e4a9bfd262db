"""Another start of a run that has been under way already: its weights are set at step 0, and it goes its way again.

The way is the one that a fresh run under the same edits would go, to the last bit. While a start is being dragged it is
gone in a hurry, as far as a frame's time allows: only where it leads is wanted then.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lab.training.run import Run
from lab.training.timeline import Edit

Start = Mapping[str, NDArray[np.float32]] | None
"""Parameters set by hand at the start, by name; None: all as they are drawn."""

AT_ONCE = 256
"""Updates between two looks at the clock."""


@dataclass(frozen=True)
class Past:
    """What a run has been through: its edits, where it stands and how far it has come."""

    edits: tuple[Edit, ...]
    step: int
    furthest: int

    @classmethod
    def of(cls, run: Run) -> Past:
        return cls(tuple(run.timeline.edits), run.step, run.furthest)

    def from_start(self, start: Start) -> Past:
        """The same past from another start; parameters that the network does not have are left out."""
        shapes = {p.name: p.shape for p in self.edits[0].experiment.analysis.parameters}
        weights = {name: w for name, w in (start or {}).items() if shapes.get(name) == w.shape}
        return replace(self, edits=(replace(self.edits[0], weights=weights or None), *self.edits[1:]))

    def takes(self, start: Start) -> bool:
        """Whether there is a parameter that this start sets."""
        return start is None or self.from_start(start).edits[0].weights is not None


def start_as(run: Run, start: Start) -> None:
    """Let a run that has gone nowhere yet take over a start, as far as its parameters fit here."""
    if weights := Past.of(run).from_start(start).edits[0].weights:
        run.set_parameters(weights)


def go_again(run: Run, past: Past) -> bool:
    """Through all of a past, and stand where it stood; False where the loss stops being finite before."""
    run.begin_again(past.edits[0])
    for edit in past.edits[1:]:
        if run.advance(edit.step - run.step).diverged:
            return False
        run.apply(edit)
    if run.advance(past.furthest - run.step).diverged:
        return run.step > past.step and run.go_to(past.step) == past.step
    run.go_to(past.step)
    return True


def hurry_again(run: Run, past: Past, seconds: float) -> bool:
    """To where it stood, or as far as some seconds go, without what is only of use later; False as above."""
    until = time.perf_counter() + seconds
    run.begin_again(past.edits[0])
    edits = [edit for edit in past.edits[1:] if edit.step <= past.step]
    for edit in (*edits, None):
        there = past.step if edit is None else edit.step
        while run.step < there:
            steps = min(there - run.step, AT_ONCE)
            if run.walk(steps) < steps:
                return False
            if time.perf_counter() > until:
                return True
        if edit is not None:
            run.apply(edit)
    return True
