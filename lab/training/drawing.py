"""An example that a person made by hand: a part of its own, beside those of the data, that holds nothing else.

Whoever asks about an example names a part and a number in it. With a drawing in the place of the part, every probe,
and every view that shows the selected example, is about what was drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.data.prepare import Part, Prepared


@dataclass(frozen=True)
class Drawing:
    """`pixels` are the raw numbers, float32 [C, H, W] as bytes, before any preprocessing.

    `label` is the class that it is meant to be, None where nobody said so: then it has no error and no derivatives.
    """

    shape: tuple[int, int, int]
    pixels: bytes
    label: int | None = None

    @classmethod
    def of(cls, raw: NDArray[np.float32], label: int | None = None) -> Drawing:
        channels, height, width = raw.shape
        return cls((channels, height, width), np.ascontiguousarray(raw, np.float32).tobytes(), label)

    @property
    def raw(self) -> NDArray[np.float32]:
        """float32 [C, H, W], read-only."""
        return np.frombuffer(self.pixels, np.float32).reshape(self.shape)

    def fits(self, shape: tuple[int, int, int], classes: int) -> bool:
        """Whether a network with inputs of this shape and so many classes can be asked about it."""
        whole = len(self.pixels) == 4 * math.prod(shape)  # a file may say anything
        return self.shape == shape and whole and (self.label is None or 0 <= self.label < classes)

    def part(self, prepared: Prepared) -> Part:
        """As the data's parts are: preprocessed as they were, read-only, of one example."""
        raw = self.raw[None]
        inputs = np.ascontiguousarray(prepared.preprocess(raw))
        inputs.setflags(write=False)
        labels = None if self.label is None else np.array([self.label], np.int64)
        return Part(inputs, raw, labels, None, np.zeros(1, np.int64))
