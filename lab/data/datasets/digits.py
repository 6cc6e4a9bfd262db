"""Real handwritten digits, small or enlarged."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, ClassVar, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.data.dataset import Dataset
from lab.data.datasets.wheel import read_table
from lab.data.source import DataSource

BOX = 20
"""Side, in pixels, of the box in the middle of the picture that the enlarged 8x8 image fills, as in MNIST."""


class Digits(DataSource, frozen=True, tag="digits"):
    """1,797 digits written by 43 people, ink 0 (paper) to 16 (full).

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository, 1998 (CC BY 4.0): the test part, as it ships with scikit-learn. Each of the 8x8 pixels
    counts the inked points in a 4x4 block of a 32x32 bitmap.
    """

    title: ClassVar[str] = "Handwritten digits"
    summary: ClassVar[str] = "1,797 real digits of 43 writers, as 8×8 pixels or enlarged like MNIST's"

    size: Annotated[
        Literal[8, 28, 32],
        msgspec.Meta(title="Size", description="Height and width of a digit in pixels; 8 is as collected"),
    ] = 32

    def load(self, seed: int) -> Dataset:
        inputs, labels = _digits(self.size)
        return Dataset(self.title, inputs, labels, None, self.classes(), features=())

    def shape(self) -> tuple[int, int, int]:
        return 1, self.size, self.size

    def classes(self) -> tuple[str, ...]:
        return tuple("0123456789")


@lru_cache(maxsize=3)
def _digits(size: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(inputs [1797, 1, size, size], labels [1797]), made once in a process."""
    table = read_table("digits.csv.gz")
    small = table[:, :64].reshape(-1, 1, 8, 8)
    inputs = small if size == 8 else enlarge(small, size)
    return inputs.astype(np.float32), table[:, 64].astype(np.int64)


def enlarge(small: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Images [..., 8, 8] in 0..16 drawn into the middle BOX x BOX of [..., size, size], the rest paper.

    Bicubic interpolation, the cubic convolution of R. Keys (1981, a = -1/2) along rows and columns, with
    paper beyond the edges, so that strokes fade into the margin. Then what overshoots is cut
    to 0..16 and the ink rounded to 256 levels, as in an 8-bit picture: no machine's rounding shows.
    """
    across = _interpolation(small.shape[-1], size)
    large = across @ small @ across.T
    return np.rint(np.clip(large, 0.0, 16.0) * 15.9375) / 15.9375


def _interpolation(short: int, long: int) -> NDArray[np.float64]:
    """The weights [long, short] of the old pixels in each new one, along one axis."""
    step = short / BOX
    centres = (np.arange(long) + 0.5 - (long - BOX) / 2) * step - 0.5  # of new pixels, in old ones
    distance = np.abs(centres[:, None] - np.arange(short))
    near = (1.5 * distance - 2.5) * distance**2 + 1.0
    far = ((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0
    return np.where(distance < 1.0, near, np.where(distance < 2.0, far, 0.0))
