"""Examples as they came: raw arrays with names, before any preprocessing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Dataset:
    """All examples of one source. Exactly one of `labels` and `targets` is given.

    The arrays become read-only: runs side by side share them.
    """

    name: str
    inputs: NDArray[np.float32]  # [N, C, H, W]; plain features are [N, C, 1, 1]
    labels: NDArray[np.int64] | None  # [N], 0..K-1, classification
    targets: NDArray[np.float32] | None  # [N, T], regression
    classes: tuple[str, ...]  # K names, () for regression
    features: tuple[str, ...]  # C names, () for images

    def __post_init__(self) -> None:
        if (self.labels is None) == (self.targets is None):
            raise ValueError("a dataset has either labels or targets")
        if self.inputs.ndim != 4 or self.inputs.dtype != np.float32:
            raise ValueError("inputs are float32 [N, C, H, W]")
        for array in (self.inputs, self.labels, self.targets):
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
