"""Real handwritten digits under noise and clutter: which pixels are the digit's ink?"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec
import numpy as np

from lab.data import chance
from lab.data.dataset import Dataset
from lab.data.datasets.digits import Digits
from lab.data.source import DataSource

RESERVE = 97
"""So many digits at the end are no examples: clutter is cut from them, and no part sees another's strokes."""
PIECE = 8
"""Side of a piece of clutter in pixels."""
INKED = 0.5
"""A pixel is ink where the clean digit is at least so dark, 0 being paper and 1 full ink."""


class InkMask(DataSource, frozen=True, tag="ink_mask"):
    """1,700 digits, each pixel paper or ink: segmentation. Values before the noise are 0 (paper) to 1 (full ink).

    Clutter are small squares cut from other digits and laid anywhere, the darker pixel winning, as in the cluttered
    MNIST of V. Mnih et al., Recurrent Models of Visual Attention, 2014. It is made of the same strokes as the
    digit: what tells them apart is what they belong to, which takes more than a few pixels to see. The digits are
    those of `digits.py`.
    """

    title: ClassVar[str] = "Ink of a digit"
    summary: ClassVar[str] = (
        "Real digits under noise and pieces of others: which pixels are ink? Segmentation"
    )

    size: Annotated[
        Literal[28, 32], msgspec.Meta(title="Size", description="Height and width of a picture in pixels")
    ] = 32
    noise: Annotated[
        float,
        msgspec.Meta(
            ge=0.0, le=1.0, title="Noise", description="The standard deviation of the noise on every pixel"
        ),
    ] = 0.2
    clutter: Annotated[
        int,
        msgspec.Meta(
            ge=0, le=20, title="Clutter", description="How many pieces of other digits lie about in a picture"
        ),
    ] = 4

    def load(self, seed: int) -> Dataset:
        digits = Digits(size=self.size).load(seed).inputs[:, 0].astype(np.float64) / 16.0
        clean, others = digits[:-RESERVE], digits[-RESERVE:]
        N, side = len(clean), self.size
        ink = clean >= INKED
        pictures = clean.copy()
        drawn = chance.uniform(seed, "clutter", 5 * N * self.clutter).reshape(N, self.clutter, 5)
        # which digit, where in it, where in the picture
        ends = np.array([len(others), *(side - PIECE + 1,) * 4])
        for picture, pieces in zip(pictures, (drawn * ends).astype(np.int64).tolist(), strict=True):
            for other, from_top, from_left, top, left in pieces:
                piece = others[other, from_top : from_top + PIECE, from_left : from_left + PIECE]
                at = picture[top : top + PIECE, left : left + PIECE]
                np.maximum(at, piece, out=at)
        pictures += self.noise * chance.normal(seed, "noise", pictures.size).reshape(pictures.shape)
        return Dataset(
            name=self.title,
            inputs=pictures[:, None].astype(np.float32),
            labels=None,
            targets=np.stack((~ink, ink), axis=1).astype(np.float32).reshape(N, -1),
            classes=self.classes(),
            features=(),
            target_shape=self.target_shape(),
        )

    def shape(self) -> tuple[int, int, int]:
        return 1, self.size, self.size

    def target_shape(self) -> tuple[int, int, int]:
        return 2, self.size, self.size

    def classes(self) -> tuple[str, ...]:
        return "paper", "ink"
