"""The examples that the network does worst, found among all of a part."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from lab.learning.losses import Hinge, Loss, SoftmaxCrossEntropy
from lab.training.evaluated import Evaluated, Stop, evaluated
from lab.training.microscope.losses import ERRORS, answer
from lab.training.mistaken import Mistakes, MistakesProbe
from lab.training.moment import Moment
from lab.training.probes import Array

AT_ONCE = 1 << 18
"""Outputs whose errors are worked out at once, in float64."""
Errors = NDArray[np.float64]
_known: WeakKeyDictionary[Evaluated, Errors] = WeakKeyDictionary()


def mistakes(probe: MistakesProbe, moment: Moment, stop: Stop) -> Mistakes | None:
    seen = evaluated(probe.part, moment, stop)
    if seen is None or type(moment.experiment.loss) not in ERRORS:
        return None
    part, errors = moment.part(probe.part), _errors(seen, moment.experiment.loss)
    scores, labels, predicted = seen.scores, seen.labels, seen.predicted
    vectors = scores.ndim == 2 and labels is not None and predicted is not None
    wrong = np.zeros(len(part), bool)
    if labels is not None and predicted is not None:
        wrong = (labels != predicted).reshape(len(part), -1).any(1)
    taken = np.arange(len(part))
    if probe.cell is not None and labels is not None and predicted is not None:
        such = (labels == probe.cell[0]) & (predicted == probe.cell[1])
        taken = np.flatnonzero(such.reshape(len(part), -1).any(1))
    best, true = _two_scores(seen) if vectors else (None, None)
    if probe.order == "sure" and best is not None:
        taken = taken[wrong[taken] | (probe.cell is not None)]
        key = -best[taken].astype(np.float64)
    elif probe.order == "unsure" and vectors:
        key = _lead(scores, seen.ends)[taken]
    else:
        key = -np.nan_to_num(errors[taken], nan=np.inf)
    first = taken[np.argsort(key, kind="stable")][: probe.many]
    return Mistakes(
        indices=first,
        inputs=part.inputs[first],
        raw=part.raw[first],
        errors=errors[first],
        scores=scores[first],
        targets=seen.targets[first],
        labels=None if labels is None else labels[first],
        predicted=None if predicted is None else predicted[first],
        score=None if best is None else best[first],
        score_of_true=None if true is None else true[first],
        among=len(taken),
        wrong=int(wrong.sum()),
    )


def _errors(seen: Evaluated, loss: Loss) -> Errors:
    if seen not in _known:
        _known[seen] = errors_of(loss, seen.raw, seen.targets)
    return _known[seen]


def errors_of(loss: Loss, raw: Array, targets: Array) -> Errors:
    """Each example's own error E [n], of outputs and targets [n, outputs] or [n, C, H, W]."""
    if raw.ndim == 4 or isinstance(loss, Hinge):
        shape = raw.shape[1:] if raw.ndim == 4 else (raw.shape[1], 1, 1)
        found = []
        for y, t in zip(raw, targets, strict=True):
            said = answer(loss, "", y.reshape(shape).astype(np.float64), t.astype(np.float64))
            found.append(float((ERRORS[type(loss)](said) * said.part).sum()))
        return np.array(found)
    many, pieces = raw.shape[1], []
    each = max(AT_ONCE // max(many, 1), 1)
    for first in range(0, len(raw), each):
        # to the formulas examples are what pixels of an image are: the outputs lie along the first axis
        y, t = (values[first : first + each].T[:, None].astype(np.float64) for values in (raw, targets))
        said = answer(loss, "", y, t)
        terms = ERRORS[type(loss)](said).reshape(many, -1).sum(0)
        over = 0.0 if isinstance(loss, SoftmaxCrossEntropy) else loss.constants[2]
        pieces.append(terms * over / many if over else terms)
    return np.concatenate(pieces) if pieces else np.zeros(0)


def _two_scores(seen: Evaluated) -> tuple[Array, Array]:
    """The score of the class that an example is taken for, and that of its own; of one output what speaks for each."""
    assert seen.labels is not None
    assert seen.predicted is not None
    scores = seen.scores
    if scores.shape[1] == 1:
        low, high = seen.ends
        second = (scores[:, 0] - low) / (high - low)
        scores = np.stack([1 - second, second], 1)
    rows = np.arange(len(scores))
    return scores[rows, seen.predicted], scores[rows, seen.labels]


def _lead(scores: Array, ends: tuple[float, float]) -> Errors:
    """By how much the highest score is ahead of the next one; of a single output how far it is from the middle."""
    if scores.shape[1] == 1:
        return np.asarray(np.abs(scores[:, 0] - sum(ends) / 2), np.float64)
    two = np.sort(scores, axis=1)[:, -2:]
    return np.asarray(two[:, 1] - two[:, 0], np.float64)
