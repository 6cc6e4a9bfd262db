"""Examples as they came: raw arrays with names, before any preprocessing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Dataset:
    """All examples of one source. Exactly one of `labels` and `targets` is given.

    A target may be an image: `target_shape` is then its (C, H, W), and a row of `targets` is that image channel by
    channel, each row by row. With `classes` it says what each pixel is: a channel a class, 1 where the pixel is of
    that class and 0 elsewhere; or, of two classes, one channel that is 1 where the pixel is of the second.

    `groups` numbers what belongs together: examples of one group all go to the same part, as two patches of one
    corner of a photograph must, lest a network is judged on what it has learned by heart. `parts` says itself where
    each example belongs: 0 training, 1 validation, 2 test; then nothing else is asked.

    The arrays become read-only: runs side by side share them.
    """

    name: str
    inputs: NDArray[np.float32]  # [N, C, H, W]; plain features are [N, C, 1, 1]
    labels: NDArray[np.int64] | None  # [N], 0..K-1, classification
    targets: NDArray[np.float32] | None  # [N, T], regression; for images T = C * H * W
    classes: tuple[str, ...]  # K names, () for regression
    features: tuple[str, ...]  # C names, () for images
    target_shape: tuple[int, int, int] | None = None  # (C, H, W), None where a target is a plain vector
    groups: NDArray[np.int64] | None = None  # [N], None where each example stands alone
    parts: NDArray[np.int64] | None = None  # [N], None where the experiment shares them out

    def __post_init__(self) -> None:
        if (self.labels is None) == (self.targets is None):
            raise ValueError("a dataset has either labels or targets")
        if self.inputs.ndim != 4 or self.inputs.dtype != np.float32:
            raise ValueError("inputs are float32 [N, C, H, W]")
        if self.target_shape is not None and (
            self.targets is None or self.targets.shape[1] != math.prod(self.target_shape)
        ):
            raise ValueError("targets that are images are float32 [N, C * H * W]")
        for array in (self.inputs, self.labels, self.targets, self.groups, self.parts):
            if array is not None:
                if len(array) != len(self.inputs):
                    raise ValueError("inputs and their labels or targets differ in number")
                array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one example."""
        _, channels, height, width = self.inputs.shape
        return channels, height, width

    @property
    def is_image(self) -> bool:
        """Whether an example has more than one pixel to a channel."""
        return self.shape[1:] != (1, 1)


def pixel_labels(targets: NDArray[np.float32]) -> NDArray[np.int64]:
    """The class of each pixel [n, H, W] that targets [n, C, H, W] say: see `Dataset`."""
    if targets.shape[1] == 1:
        return (targets[:, 0] > 0.5).astype(np.int64)
    labels: NDArray[np.int64] = targets.argmax(axis=1)
    return labels
