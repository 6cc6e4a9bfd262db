"""Which examples the network does worst: what can be asked, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lab.training.question import Question

Array = NDArray[np.float32]
Order = Literal["error", "sure", "unsure"]


@dataclass(frozen=True)
class MistakesProbe(Question["Mistakes"]):
    """So `many` examples of a part, in an `order`: "error", those with the largest error first; "sure", of those that
    are taken for a wrong class the ones whose class has the largest score; "unsure", those whose two highest scores are
    nearest to each other.

    With a `cell` of the confusion matrix, only examples of that true and predicted class.
    """

    asks = "reader"

    part: Literal["training", "validation", "test"] = "validation"
    order: Order = "error"
    cell: tuple[int, int] | None = None
    many: int = 60


@dataclass(frozen=True, eq=False)
class Mistakes:
    """Of each example found its number in the part, its input as the network sees it and as it came, its error E, and
    in classification its classes [n], the score of the one that it is taken for, and that of the true one. `scores` and
    `targets` are [n, outputs], or [n, C, H, W] where the answer is an image.

    So many examples were looked `among`, of which `wrong` were taken for a wrong class.
    """

    indices: NDArray[np.int64]
    inputs: Array
    raw: Array
    errors: NDArray[np.float64]
    scores: Array
    targets: Array
    labels: NDArray[np.int64] | None
    predicted: NDArray[np.int64] | None
    score: Array | None
    score_of_true: Array | None
    among: int
    wrong: int


@dataclass(frozen=True, eq=False)
class PerClass:
    """Figures of each class, [classes]; NaN where there is nothing to divide by.

    `precision`: the share of those taken for it that are of it. `recall`: the share of those of it that are taken for
    it. `f1` is their harmonic mean, 2 p r / (p + r). `count`: how many are of it, `taken`: how many are taken for it.
    C. J. van Rijsbergen, Information Retrieval, 1979.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    count: NDArray[np.int64]
    taken: NDArray[np.int64]


def per_class(confusion: NDArray[np.int64]) -> PerClass:
    """Of counts [true, predicted]."""
    right = np.diag(confusion).astype(np.float64)
    count, taken = confusion.sum(1), confusion.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall, f1 = right / taken, right / count, 2 * right / (count + taken)
    return PerClass(precision, recall, f1, count, taken)
