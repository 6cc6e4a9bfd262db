"""The image of the lecture's worked convolution: five by five pixels in red, green and blue, for reckoning by hand."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lab.data.dataset import Dataset
from lab.data.source import DataSource

RED = (
    (156, 155, 156, 158, 158),
    (153, 154, 157, 159, 159),
    (149, 151, 155, 158, 159),
    (146, 146, 149, 153, 158),
    (145, 143, 143, 148, 158),
)
GREEN = (
    (167, 166, 167, 169, 169),
    (164, 165, 168, 170, 170),
    (160, 162, 166, 169, 170),
    (156, 156, 159, 163, 168),
    (155, 153, 153, 158, 168),
)
BLUE = (
    (163, 162, 163, 165, 165),
    (160, 161, 164, 166, 166),
    (156, 158, 162, 165, 166),
    (155, 155, 158, 162, 167),
    (154, 152, 152, 157, 167),
)


class WorkedExample(DataSource, frozen=True, tag="worked_example"):
    """One image, of whole numbers from 0 to 255. The answer is its grey: of each pixel the mean of its three colours.

    A convolution of one filter can learn that exactly. As it is one example, it is all for training.
    """

    title: ClassVar[str] = "The lecture's image"
    summary: ClassVar[str] = "One image of 5×5 pixels in colour, for convolutions that are reckoned by hand"

    def load(self, seed: int) -> Dataset:
        image = np.array([RED, GREEN, BLUE], np.float32)
        grey = image.mean(0, dtype=np.float64).astype(np.float32)
        return Dataset(
            name=self.title,
            inputs=image[None],
            labels=None,
            targets=grey.reshape(1, -1),
            classes=(),
            features=(),
            target_shape=self.target_shape(),
        )

    def shape(self) -> tuple[int, int, int]:
        return 3, 5, 5

    def target_shape(self) -> tuple[int, int, int]:
        return 1, 5, 5
