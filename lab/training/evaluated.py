"""What a network says to every example of a part at one moment: worked out once, for all who ask about it."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from lab.data.dataset import pixel_labels
from lab.data.prepare import Part
from lab.kernels import interpreter
from lab.kernels.interpreter import PARTS, TALLY
from lab.kernels.memory import aligned
from lab.network.program import lower
from lab.training.looking import answer_shape, as_scores
from lab.training.moment import Moment
from lab.training.probes import Array, PartName

Stop = NDArray[np.int64]
"""[1], not 0 once nobody waits for the answer any more."""
PIECE = 20e9
"""Multiply-adds between two looks at that."""
Classes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Evaluated:
    """`raw` are the outputs, `scores` what a person reads them as, and `targets`: [n, outputs], or [n, C, H, W].

    `predicted` and `labels` are class numbers [n], of pixels [n, H, W], None in regression; -1 where an output is not
    finite. `error` and `right` are sums over all. `ends` are the scores of one output that say the first class and the
    second.
    """

    raw: Array
    scores: Array
    targets: Array
    predicted: Classes | None
    labels: Classes | None
    error: float
    right: float
    ends: tuple[float, float]


_known: WeakKeyDictionary[Moment, dict[PartName, Evaluated]] = WeakKeyDictionary()


def evaluated(name: PartName, moment: Moment, stop: Stop) -> Evaluated | None:
    """None where nobody waits for it any more."""
    known = _known.setdefault(moment, {})
    if name not in known:
        found = _evaluate(moment.part(name), moment, stop)
        if found is None:
            return None
        known[name] = found
    return known[name]


def _evaluate(part: Part, moment: Moment, stop: Stop) -> Evaluated | None:
    e = moment.experiment
    program = lower(e.network, moment.shape, e.loss, gradients=False)
    targets = moment.targets(part)
    raw = np.empty((len(part), targets.shape[1]), np.float32)
    arenas, tally = aligned(program.arena_size)[None], np.zeros((PARTS, TALLY))
    cases = interpreter.cases(part.inputs, targets)
    error = right = 0.0
    each = max(1, int(PIECE // max(e.analysis.multiply_adds or 1, 1)))
    for first in range(0, len(part), each):
        if stop[0]:
            return None
        some = np.arange(first, min(first + each, len(part)))
        interpreter.evaluate(
            program.code, cases, some, arenas, moment.params, raw[first : first + each], tally
        )
        error, right = error + float(tally[:, 0].sum()), right + float(tally[:, 1].sum())
    shape = answer_shape(moment)
    raw, targets = raw.reshape(-1, *shape), targets.reshape(-1, *shape)
    predicted = labels = None
    if e.data.classes():
        predicted = raw.argmax(1) if raw.shape[1] > 1 else (raw[:, 0] > e.loss.constants[0]).astype(np.int64)
        predicted = np.where(np.isfinite(raw).all(1), predicted, -1)  # what is not finite says nothing
        labels = _labels(moment, part)
    low, high = e.loss.encode(np.array([0, 1]), 2, 1)[:, 0].tolist() if e.data.classes() else (0.0, 1.0)
    return Evaluated(raw, as_scores(moment, raw), targets, predicted, labels, error, right, (low, high))


def _labels(moment: Moment, part: Part) -> Classes:
    """The true class of each example [n], or of each pixel [n, H, W]."""
    if part.labels is not None:
        return part.labels
    assert part.targets is not None
    s = moment.experiment.target
    labels = pixel_labels(part.targets.reshape(-1, s.channels, s.height, s.width))
    return labels.reshape(len(part)) if s.is_vector else labels
