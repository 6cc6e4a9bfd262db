"""The way out of a divergence: to which step to go back, and with which learning rate to go on."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from lab.experiment.experiment import Experiment
from lab.gui.document import Document
from lab.gui.widgets.numbers import words
from lab.training.history import Curves
from lab.training.mailbox import Diverged

CALM = 10.0
"""An error of no more than so many times the lowest one had not begun to run away."""
SOON = 50
"""Updates within which a divergence means that the rate is far too high, not just a little."""


@dataclass(frozen=True)
class Rescue:
    """Go back to `step` and go on at `rate`; `returns` where that is the rate the run had there."""

    step: int
    rate: float
    returns: bool = False

    @property
    def offer(self) -> str:
        way = "return to" if self.returns else "lower"
        return f"Go back to step {self.step:,} and {way} the rate{'' if self.returns else ' to'} {words(self.rate)}"

    def take(self, document: Document) -> None:
        document.playback.go_back(self.step)
        draft = document.draft
        optimizer = msgspec.structs.replace(draft.optimizer, rate=self.rate)
        document.edit(msgspec.structs.replace(draft, optimizer=optimizer), "Lower the learning rate")


def rescue(curves: Curves | None, event: Diverged, draft: Experiment) -> Rescue:
    """Before the error began to run away; at the rate of that time where it was lower, else a half or a tenth."""
    now = draft.optimizer.rate
    step, before = event.step_back, now
    if curves is not None and len(curves.step):
        loss = np.where(np.isfinite(curves.loss), curves.loss, np.inf)
        calm = np.flatnonzero(loss <= CALM * loss.min())
        last = int(calm[-1])
        # the error of a step is taken before its update: what it says is owed to the updates before
        good = max(last - 1, 0)
        step = min(step, int(curves.step[good]) if last else 0)
        factor = float(draft.schedule.factors(int(curves.step[good]) - 1, 1)[0])
        before = float(f"{curves.rate[good] / factor:.6g}") if factor > 0 else now
    if 0 < before <= now / 2:
        return Rescue(step, before, returns=True)
    lower = now / 10 if event.step - step < SOON else now / 2
    return Rescue(step, float(f"{lower:.3g}"))


Way = tuple[str, Rescue | int]
"""Words on a button, and what it does: a rescue, or going back to a step."""


def where_first(event: Diverged) -> str:
    """Where the first number came up that is not finite, in words."""
    found = event.postmortem
    layer = f"{event.layer} ({event.operation})"
    said = {
        "loss": "all numbers before it were",
        "gradient": f"its gradient in layer {layer} was the first whose numbers were not",
        "update": f"the update of layer {event.layer} was the first whose numbers were not",
        "data": "the data has a number that is not",
        "weights": f"weights of layer {event.layer} were set to numbers that are not",
    }
    first = f"layer {layer} was the first whose numbers were not"
    return first if found is None else said.get(found.direction, first)


def offers(document: Document, event: Diverged) -> tuple[Way, ...]:
    """The best way out of a divergence of the active run, and the plain ones; where no rate is to blame, just back.

    Half of a rate that was set lately is nothing to go on with where it was another: then the best way returns to that.
    """
    found = event.postmortem
    back = f"Go back {event.step - event.step_back} steps" if event.step_back else "Go back to the start"
    if found is not None and found.direction in ("data", "weights"):
        return ((back, event.step_back),)
    seen = next((one for one in document.runs.seen if one.run == event.run), document.snapshot)
    best = rescue(None if seen is None else seen.curves, event, document.draft)
    halved = Rescue(event.step_back, float(f"{document.draft.optimizer.rate / 2:.3g}"))
    ways: list[Way] = [(best.offer, best)]
    if not best.returns and (best.step, best.rate) != (halved.step, halved.rate):
        ways.append((f"{back} and halve the rate to {words(halved.rate)}", halved))
    return (*ways, (back, event.step_back))
