"""Where the values of contour lines stand: on the line and along it, where it is straight and nothing else is.

All in pixels: x to the right, y down.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

MARGIN = 10.0
"""Pixels that a label keeps from the border."""
APART = 1.3
"""Two labels are at least so many of their widths apart."""
STRAIGHT = 0.955
"""The shortest way between a label's ends is at least this share of the way along the line."""


@dataclass(frozen=True, eq=False)
class Label:
    """The middle of a label on line number `line`, its angle in degrees (clockwise, at most upright), and which points
    of the line, from and to in pixels along piece `piece`, it stands on.
    """

    line: int
    x: float
    y: float
    angle: float


def pieces(x: Values, y: Values) -> Iterator[Values]:
    """The unbroken pieces [n, 2] of a line with gaps that are NaN."""
    gaps = np.flatnonzero(np.isnan(x))
    for part in np.split(np.stack([x, y], axis=1), gaps):
        kept = part[~np.isnan(part[:, 0])]
        if len(kept) > 1:
            yield kept


def lengths(piece: Values) -> Values:
    """How far along a piece each of its points lies."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(piece, axis=0).T))])


def place_labels(
    lines: Sequence[tuple[Values, Values]],
    widths: Sequence[float],
    size: tuple[float, float],
    avoid: Values,
    height: float = 12.0,
) -> list[Label]:
    """At most one label a line, of the given widths, within a picture of `size` and off the points `avoid` [n, 2]."""
    placed: list[Label] = []
    taken = avoid[np.isfinite(avoid).all(axis=1)] if len(avoid) else np.empty((0, 2))
    for number, ((x, y), width) in enumerate(zip(lines, widths, strict=True)):
        best: tuple[float, Label] | None = None
        for piece in pieces(x, y):
            for worth, label in _candidates(piece, number, width, size):
                free = all(
                    math.hypot(label.x - other.x, label.y - other.y) > APART * max(width, 2 * height)
                    for other in placed
                )
                off = np.abs(taken - (label.x, label.y)) if len(taken) else np.empty((0, 2))
                covered = bool(((off[:, 0] < width / 2 + 6) & (off[:, 1] < height / 2 + 8)).any())
                if free and not covered and (best is None or worth > best[0]):
                    best = worth, label
        if best is not None:
            placed.append(best[1])
    return placed


def _candidates(
    piece: Values, number: int, width: float, size: tuple[float, float]
) -> Iterator[tuple[float, Label]]:
    """Places along a piece, and what each is worth: straight, and not steep."""
    along = lengths(piece)
    if along[-1] < 2.2 * width:
        return
    for middle in np.linspace(0.7 * width, along[-1] - 0.7 * width, min(max(int(along[-1] / 18), 1), 40)):
        ends = [
            np.array([np.interp(middle + side * width / 2, along, piece[:, k]) for k in (0, 1)])
            for side in (-1, 1)
        ]
        at = [float(np.interp(middle, along, piece[:, k])) for k in (0, 1)]
        chord = ends[1] - ends[0]
        straight = float(np.hypot(*chord)) / width
        wide, tall = size
        inside = all(
            MARGIN < p[0] < wide - MARGIN and MARGIN < p[1] < tall - MARGIN for p in (*ends, np.array(at))
        )
        if straight < STRAIGHT or not inside:
            continue
        angle = math.degrees(math.atan2(chord[1], chord[0]))
        angle = (angle + 90) % 180 - 90  # never upside down
        yield straight - 0.05 * abs(angle) / 90, Label(number, at[0], at[1], angle)


def with_gaps(
    line: tuple[Values, Values], labels: Sequence[tuple[float, float]], half: float
) -> tuple[Values, Values]:
    """The line without what lies within `half` a label's width of these points: a gap for each."""
    found: list[Values] = []
    for piece in pieces(*line):
        along = lengths(piece)
        cuts = []
        for label in labels:
            # the nearest point of the piece, between its corners
            start, way = piece[:-1], np.diff(piece, axis=0)
            long = np.maximum((way**2).sum(axis=1), 1e-12)
            t = np.clip(((np.array(label) - start) * way).sum(axis=1) / long, 0, 1)
            off = np.hypot(*(start + t[:, None] * way - label).T)
            k = int(off.argmin())
            if off[k] < 2.0:
                at = along[k] + t[k] * (along[k + 1] - along[k])
                cuts.append((at - half, at + half))
        found += _without(piece, along, sorted(cuts))
    if not found:
        return np.empty(0), np.empty(0)
    joined = np.concatenate([part for piece in found for part in (piece, np.full((1, 2), np.nan))])
    return joined[:, 0], joined[:, 1]


def _without(piece: Values, along: Values, cuts: Sequence[tuple[float, float]]) -> list[Values]:
    """A piece in several, without these stretches of its length."""
    left, start = [], 0.0
    for low, high in (*cuts, (along[-1], along[-1])):
        if low > start:
            inner = piece[(along > start) & (along < low)]
            ends = [
                np.array([[np.interp(at, along, piece[:, 0]), np.interp(at, along, piece[:, 1])]])
                for at in (start, low)
            ]
            left.append(np.concatenate([ends[0], inner, ends[1]]))
        start = max(start, high)
    return left
