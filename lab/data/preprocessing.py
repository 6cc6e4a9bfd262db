"""How raw inputs are shifted and scaled, and how examples are shared out: two values of the experiment."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.problem import Problem


class Preprocessing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """inputs = (raw - shift) / scale, with shift and scale measured on the training part alone.

    In this order:
    1. `shift` is 0 ("none") or the mean ("mean").
    2. `scale` is 1 ("none"); the root mean square distance from `shift` ("deviation"): about the mean that is
       the standard deviation, without a shift it is taken about zero, so that the lecture's (0.1, 10) and
       (0.1, -10) become (1, 1) and (1, -1); or the largest minus the smallest value ("range").
    3. "range" without a shift means 0 to 1: then, and only then, the smallest value is subtracted.

    Nothing is divided by 0: where the scale would be 0 (or too small for a float32) it is 1.
    Validation and test examples may therefore leave the range that the training part has.
    """

    shift: Annotated[
        Literal["none", "mean"],
        msgspec.Meta(title="Shift", description="What is subtracted from every input before it is scaled"),
    ] = "none"
    scale: Annotated[
        Literal["none", "deviation", "range"],
        msgspec.Meta(title="Scale", description="What every shifted input is divided by"),
    ] = "none"
    per: Annotated[
        Literal["feature", "all"],
        msgspec.Meta(
            title="Measured",
            description="Whether each feature or pixel has a shift and scale of its own, or all share one",
        ),
    ] = "feature"

    def fit(self, training: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(shift, scale), float32 [C, H, W] each, measured on training inputs [n, C, H, W] with n > 0."""
        axes = 0 if self.per == "feature" else None
        low = np.asarray(training.min(axis=axes), np.float64)
        high = np.asarray(training.max(axis=axes), np.float64)

        shift: NDArray[np.float64] = np.zeros_like(low)
        if self.shift == "mean":
            # The mean of equal numbers is that number; summing them would leave a rounding error behind,
            # which the network would then see as a signal.
            shift = np.where(low == high, low, training.mean(axis=axes, dtype=np.float64))
        elif self.scale == "range":
            shift = low

        scale: NDArray[np.float64] = np.ones_like(low)
        if self.scale == "deviation":
            scale = np.asarray(np.sqrt(np.square(training - shift).mean(axis=axes)))
        elif self.scale == "range":
            scale = high - low
        scale = np.where(scale < np.finfo(np.float32).tiny, 1.0, scale)

        shape = training.shape[1:]
        return (
            np.broadcast_to(shift, shape).astype(np.float32),
            np.broadcast_to(scale, shape).astype(np.float32),
        )


class Split(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fractions of the examples that training, validation and test get. Their sum is 1."""

    training: Annotated[
        float,
        msgspec.Meta(
            ge=0.01,
            le=1.0,
            title="Training",
            description="The fraction of the examples that is learned from",
        ),
    ] = 0.7
    validation: Annotated[
        float,
        msgspec.Meta(
            ge=0.0,
            le=0.99,
            title="Validation",
            description="The fraction that is never learned from and judges every choice made on the way",
        ),
    ] = 0.15
    test: Annotated[
        float,
        msgspec.Meta(
            ge=0.0, le=0.99, title="Test", description="The fraction kept aside for the last judgement"
        ),
    ] = 0.15

    def problems(self) -> tuple[Problem, ...]:
        """What no single field's range can say: the three must add up to 1 (within a millionth)."""
        total = self.training + self.validation + self.test
        if abs(total - 1.0) <= 1e-6:
            return ()
        return (
            Problem(
                "split",
                f"training, validation and test fractions add up to {total:.6g} instead of 1",
                f"Change one of them by {1.0 - total:+.6g}",
            ),
        )
