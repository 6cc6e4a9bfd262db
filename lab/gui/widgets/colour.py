"""From values to the pixels of an image, by one of the theme's colour maps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from lab.gui.theme import ColourMap

Pixels = NDArray[np.uint32]
"""0xAARRGGBB."""

NOT_A_NUMBER = 256
"""The row of a table of colours that NaN takes."""


def pixel_table(colours: ColourMap, not_a_number: str) -> Pixels:
    """The colours of a map as pixels [257]; the last is for what is not a number. Read-only."""
    return _pixel_table(colours.tobytes(), not_a_number)


@lru_cache(maxsize=32)
def _pixel_table(colours: bytes, not_a_number: str) -> Pixels:
    red, green, blue = np.frombuffer(colours, np.uint8).reshape(-1, 3).T.astype(np.uint32)
    table = np.uint32(0xFF000000) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue
    pixels: Pixels = np.append(table, np.uint32(QColor(not_a_number).rgba()))
    pixels.setflags(write=False)
    return pixels


def rows_of_map(
    values: NDArray[np.floating], low: float | NDArray[np.floating], high: float | NDArray[np.floating]
) -> NDArray[np.intp]:
    """Which row 0..255 of a colour map each value takes between `low` and `high`; NaN takes row 256."""
    span = np.maximum(np.asarray(high, np.float64) - low, 1e-30)
    scaled = np.asarray((values - low) * (255.0 / span), np.float32)
    unknown = np.isnan(scaled)
    np.clip(scaled, 0, 255, out=scaled)
    scaled += 0.5
    if unknown.any():
        scaled[unknown] = NOT_A_NUMBER
    return scaled.astype(np.intp)


GREYS: ColourMap = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
"""From black to white: the scale of each of red, green and blue."""


def pixels_of(
    values: NDArray[np.floating],
    low: float | NDArray[np.floating],
    high: float | NDArray[np.floating],
    not_a_number: str,
) -> Pixels:
    """Pixels [...] of red, green and blue [..., 3], each none of it at `low` and all of it at `high`."""
    rows = rows_of_map(values, low, high).astype(np.uint32)
    unknown = (rows == NOT_A_NUMBER).any(-1)
    red, green, blue = (rows[..., k] for k in range(3))
    pixels: Pixels = np.uint32(0xFF000000) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue
    return np.where(unknown, np.uint32(QColor(not_a_number).rgba()), pixels)


def image_of(pixels: Pixels, veiled: bool = False) -> QImage:
    """A picture of its own from [rows, columns] pixels.

    Unless it is `veiled`, each of them is opaque or 0, nothing: such a picture is painted several times as fast.
    """
    height, width = pixels.shape
    pixels = np.ascontiguousarray(pixels)
    kind = QImage.Format.Format_ARGB32 if veiled else QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.data, width, height, 4 * width, kind).copy()


@dataclass(frozen=True, eq=False)
class Scale:
    """What a colour bar draws: a map between two values, the logarithm's where `logarithmic`."""

    colours: ColourMap
    low: float
    high: float
    logarithmic: bool = False


def with_alpha(colour: str, share: float) -> QColor:
    """A colour that is so far opaque."""
    result = QColor(colour)
    result.setAlphaF(share)
    return result
