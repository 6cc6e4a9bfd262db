"""A pen on paper, and how what it drew becomes an example like those of a dataset.

Ink lies on a canvas, float32 [H, W] from 0 (paper) to 1 (ink), several times finer than the pictures of the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.data.dataset import Dataset
from lab.data.datasets.digits import BOX, Digits, enlarge
from lab.data.source import DataSource

Canvas = NDArray[np.float32]
Place = tuple[float, float]
"""x to the right and y downwards, in pixels of the canvas."""
FINE = 280
"""Pixels, about, of the longer side of a canvas."""
SOFT = 1.2
"""Pixels over which the edge of a stroke fades."""
FAINT = 0.1
"""Ink below which a pixel counts as paper."""
MEASURED = 500
"""Examples from which the style of a dataset is measured."""


@dataclass(frozen=True)
class Style:
    """How the pictures of a dataset are drawn.

    `shape` is (C, H, W); `paper` and `ink` are the raw numbers of both. `box` is (height, width), in pixels, of the
    room in the middle that a drawing fills. Where drawings are `stretched` they fill its height, and are squeezed
    until they fit its width; else they are as large as fits into it. `grain` is how many cells across the middle square
    has that examples were counted in before they were enlarged, 0 where they were not.
    """

    shape: tuple[int, int, int]
    paper: float
    ink: float
    box: tuple[float, float]
    stretched: bool = False
    grain: int = 0

    @property
    def canvas(self) -> tuple[int, int]:
        """Rows and columns of a canvas: a whole number of its pixels to one of the picture."""
        _, height, width = self.shape
        finer = max(round(FINE / max(height, width)), 1)
        return height * finer, width * finer


def takes_drawings(shape: tuple[int, int, int]) -> bool:
    """Whether examples of this shape are pictures in grey or in red, green and blue."""
    channels, height, width = shape
    return channels in (1, 3) and min(height, width) > 1


def style_of(source: DataSource, dataset: Dataset) -> Style:
    """As the dataset says it was made, or else measured on its first examples."""
    if isinstance(source, Digits):
        # each bitmap of 32x32 has the digit in its middle, 32 high and at most about 20 wide
        side = source.size if source.size == 8 else BOX
        return Style(source.shape(), 0.0, 16.0, (side, side * 22 / 32), stretched=True, grain=8)
    pictures = dataset.inputs[:MEASURED].mean(axis=1)
    low, high = float(pictures.min()), float(pictures.max())
    border = np.concatenate([pictures[:, [0, -1]].ravel(), pictures[:, :, [0, -1]].ravel()])
    paper = float(np.median(border))
    ink = high if high - paper >= paper - low else low
    if ink == paper:
        ink = paper + 1.0
    inked = (pictures - paper) / (ink - paper) > FAINT
    heights, widths = (_extents(inked.any(axis=axis)) for axis in (2, 1))
    box = (float(np.median(heights)), float(np.quantile(widths, 0.9)))
    return Style(dataset.shape, paper, ink, (max(box[0], 1.0), max(box[1], 1.0)))


def _extents(there: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many places [n] lie from the first that is there to the last, for each row of [n, places]."""
    many = there.shape[1]
    first, last = there.argmax(axis=1), many - 1 - there[:, ::-1].argmax(axis=1)
    extents: NDArray[np.int64] = np.where(there.any(axis=1), last - first + 1, many)
    return extents


def draw(canvas: Canvas, start: Place, end: Place, radius: float, erase: bool = False) -> None:
    """Draw a stroke with round ends from one place to another, or rub out what lies under it. Edges are soft."""
    (x0, y0), (x1, y1) = start, end
    reach = radius + SOFT
    rows, columns = canvas.shape
    top, bottom = (int(v) for v in (max(min(y0, y1) - reach, 0), min(max(y0, y1) + reach + 1, rows)))
    left, right = (int(v) for v in (max(min(x0, x1) - reach, 0), min(max(x0, x1) + reach + 1, columns)))
    if top >= bottom or left >= right:
        return
    y = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5)
    x = np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5)
    dx, dy = x1 - x0, y1 - y0
    length = dx * dx + dy * dy
    along = np.clip(((x - x0) * dx + (y - y0) * dy) / length, 0, 1) if length else np.float32(0)
    away = np.hypot(x - (x0 + along * dx), y - (y0 + along * dy))
    stroke = np.clip((radius - away) / SOFT + 0.5, 0, 1).astype(np.float32)
    part = canvas[top:bottom, left:right]
    if erase:
        np.minimum(part, 1 - stroke, out=part)
    else:
        np.maximum(part, stroke, out=part)


def picture(canvas: Canvas, style: Style, fitted: bool = True) -> NDArray[np.float32]:
    """The raw example, float32 [C, H, W], that the ink makes.

    `fitted`: as large as the drawings of the dataset, with its centre of mass in the middle, as MNIST's digits are
    (Y. LeCun et al., Gradient-Based Learning Applied to Document Recognition, 1998, section III A), and with the
    dataset's grain. Else the canvas as it is. Each pixel is the mean of the ink that lies on it.
    """
    channels, height, width = style.shape
    cover: NDArray[np.floating[Any]]
    box = _inked(canvas) if fitted else None
    if box is None:
        cover = _averages(
            canvas, (height, width), (height / canvas.shape[0], width / canvas.shape[1]), (0.0, 0.0)
        )
    elif style.grain:
        # the middle square, cell by cell, counts from 0 to 16 as in the bitmaps; then enlarged as the data was
        side = height if height == style.grain else BOX
        cells = _fit(
            canvas, box, (style.grain, style.grain), tuple(v * style.grain / side for v in style.box), True
        )
        counts = np.rint(16 * cells.astype(np.float64))
        cover = (counts if height == style.grain else enlarge(counts, height)) / 16
    else:
        cover = _fit(canvas, box, (height, width), style.box, style.stretched)
    values = np.asarray(style.paper + (style.ink - style.paper) * cover, np.float32)
    return np.repeat(values[None], channels, axis=0)


def canvas_of(raw: NDArray[np.float32], style: Style) -> Canvas:
    """The ink of an example [C, H, W]: not fitted, its picture is the example again, as far as it is grey."""
    rows, columns = style.canvas
    grey = (raw.mean(axis=0, dtype=np.float64) - style.paper) / (style.ink - style.paper)
    ink = np.clip(grey, 0, 1).astype(np.float32)
    canvas: Canvas = ink.repeat(rows // ink.shape[0], axis=0).repeat(columns // ink.shape[1], axis=1)
    return canvas


def _inked(canvas: Canvas) -> tuple[int, int, int, int] | None:
    """Top, bottom, left and right of all ink, ends outside of it; None where there is none."""
    there = canvas > FAINT
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    if not len(rows):
        return None
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _fit(
    canvas: Canvas,
    inked: tuple[int, int, int, int],
    shape: tuple[int, int],
    box: tuple[float, ...],
    stretched: bool,
) -> Canvas:
    """The ink in a picture of this shape: as large as `box` allows, its centre of mass in the middle.

    It is moved no further than it can be without leaving the picture.
    """
    top, bottom, left, right = inked
    extent = bottom - top, right - left
    down, across = box[0] / extent[0], box[1] / extent[1]
    scale = (down, min(down, across)) if stretched else (min(down, across),) * 2
    shift: list[float] = []
    for axis, (first, last) in enumerate(((top, bottom), (left, right))):
        mass: NDArray[np.float64] = canvas.sum(axis=1 - axis, dtype=np.float64)
        centre = float((mass * (np.arange(len(mass)) + 0.5)).sum() / mass.sum())
        wanted = shape[axis] / 2 - centre * scale[axis]
        least, most = -first * scale[axis], shape[axis] - last * scale[axis]
        shift.append(min(max(wanted, least), most) if least <= most else (least + most) / 2)
    return _averages(canvas, shape, scale, (shift[0], shift[1]))


def _averages(canvas: Canvas, shape: tuple[int, int], scale: tuple[float, float], shift: Place) -> Canvas:
    """The mean ink on each pixel of a picture, where row r of the canvas lies at scale * r + shift, columns too."""
    down, across = (_overlaps(canvas.shape[axis], shape[axis], scale[axis], shift[axis]) for axis in range(2))
    return np.asarray(down @ canvas @ across.T, np.float32)


def _overlaps(fine: int, coarse: int, scale: float, shift: float) -> NDArray[np.float32]:
    """[coarse, fine]: the share of each coarse pixel that each fine one covers."""
    edges = np.arange(fine + 1) * scale + shift
    pixels = np.arange(coarse)[:, None]
    share = np.minimum(edges[1:], pixels + 1) - np.maximum(edges[:-1], pixels)
    return np.asarray(np.maximum(share, 0), np.float32)
