"""Line plots as SVG without a window system: what training without a screen leaves behind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.files import write_atomically

WIDTH, HEIGHT = 760, 320
LEFT, RIGHT, TOP, BOTTOM = 78, 24, 40, 52
_BINS = WIDTH - LEFT - RIGHT

# attributes, not a style sheet: not every program that shows SVG knows much CSS
_FONT = 'font-family="system-ui, \'Segoe UI\', \'DejaVu Sans\', sans-serif" font-size="12" fill="#30363d"'
_TICKS = 'font-size="11" fill="#57606a" style="font-variant-numeric: tabular-nums"'
_GRID = 'stroke="#e3e7eb" fill="none"'
_AXIS = 'stroke="#8c959f" fill="none"'


@dataclass(frozen=True)
class Line:
    """A curve through finite points; a gap where one is not. A line without a name is not in the legend."""

    name: str
    x: NDArray[np.generic]
    y: NDArray[np.generic]
    colour: str
    dashed: bool = False
    faint: bool = False


@dataclass(frozen=True)
class Plot:
    """Curves over common axes, each named with its unit. A log axis shows positive numbers alone."""

    x_label: str
    y_label: str
    lines: tuple[Line, ...]
    log_x: bool = False
    log_y: bool = False


def save_plots(plots: Sequence[Plot], path: Path) -> None:
    """Writes the plots one below the other."""
    text = drawn(plots).encode()
    write_atomically(path, lambda stream: stream.write(text))


def drawn(plots: Sequence[Plot]) -> str:
    """The plots one below the other, as the text of an SVG file."""
    height = HEIGHT * len(plots)
    parts = [_draw(plot, index * HEIGHT) for index, plot in enumerate(plots)]
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" {size}>\n'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n<g {_FONT}>\n'
        + "".join(parts)
        + "</g>\n</svg>\n"
    )


@dataclass(frozen=True)
class Axis:
    """Numbers on a stretch of the page, from `start` to `end` in pixels."""

    low: float
    high: float
    log: bool
    start: float
    end: float

    def place(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        low, high = (math.log10(self.low), math.log10(self.high)) if self.log else (self.low, self.high)
        scaled = np.log10(values) if self.log else values
        return self.start + (scaled - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        found = _log_ticks(self.low, self.high) if self.log else []
        return found if len(found) > 1 else linear_ticks(self.low, self.high)


def linear_ticks(low: float, high: float, about: int = 6) -> list[float]:
    """Round numbers from low to high: multiples of 1, 2 or 5 times a power of ten."""
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = max(1, (last - first) // 6)
    among = (1, 2, 5) if last - first <= 3 else (1,)
    ticks = [m * 10.0**k for k in range(first, last + 1, every) for m in among]
    return [tick for tick in ticks if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]


def _axis(columns: Sequence[NDArray[np.float64]], log: bool, start: float, end: float) -> Axis:
    """Spans all finite numbers of the columns, with a little room unless the axis is that of the steps."""
    together = np.concatenate([*columns, np.empty(0)])
    together = together[np.isfinite(together) & ((together > 0) | (not log))]
    if not len(together):
        together = np.array([1.0, 10.0])
    low, high = float(together.min()), float(together.max())
    if log:
        high = high if high > low * 1.01 else low * 10
        room = (high / low) ** 0.04
        return Axis(max(low / room, 1e-300), min(high * room, 1e300), True, start, end)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        spread = abs(low) / 2 or 1.0
        return Axis(low - spread, high + spread, False, start, end)
    room = 0.04 * (high - low)
    return Axis(low - (room if start > end else 0), high + (room if start > end else 0), False, start, end)


def _draw(plot: Plot, top: float) -> str:
    columns = [(np.asarray(line.x, np.float64), np.asarray(line.y, np.float64)) for line in plot.lines]
    x = _axis([x for x, _ in columns], plot.log_x, LEFT, WIDTH - RIGHT)
    y = _axis([y for _, y in columns], plot.log_y, HEIGHT - BOTTOM, TOP)
    parts = [f'<g transform="translate(0 {top})">\n', _frame(plot, x, y)]
    for line, (xs, ys) in zip(plot.lines, columns, strict=True):
        parts.append(f'<path {_pen(line)} d="{_path(xs, ys, x, y)}"/>\n')
    parts += [_legend(plot.lines), "</g>\n"]
    return "".join(parts)


def _frame(plot: Plot, x: Axis, y: Axis) -> str:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = [f"<g {_TICKS}>\n"]
    for tick, at in zip(y.ticks(), y.place(np.array(y.ticks())), strict=True):
        parts.append(f'<path {_GRID} d="M{LEFT} {at:.1f}H{right}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{number(tick)}</text>\n')
    for tick, at in zip(x.ticks(), x.place(np.array(x.ticks())), strict=True):
        parts.append(f'<path {_AXIS} d="M{at:.1f} {bottom}v5"/>')
        parts.append(f'<text x="{at:.1f}" y="{bottom + 18}" text-anchor="middle">{number(tick)}</text>\n')
    centre, middle = (LEFT + right) / 2, (TOP + bottom) / 2
    x_label, y_label = escape(plot.x_label), escape(plot.y_label)
    parts += [
        f'</g>\n<path {_AXIS} d="M{LEFT} {TOP}V{bottom}H{right}"/>\n',
        f'<text x="{centre}" y="{bottom + 40}" text-anchor="middle">{x_label}</text>\n',
        f'<text transform="translate(20 {middle}) rotate(-90)" text-anchor="middle">{y_label}</text>\n',
    ]
    return "".join(parts)


def _legend(lines: Sequence[Line]) -> str:
    parts, at = [], float(LEFT)
    for line in lines:
        if line.name:
            parts.append(f'<path {_pen(line)} d="M{at} {TOP - 20}h26"/>')
            parts.append(f'<text x="{at + 33}" y="{TOP - 16}">{escape(line.name)}</text>\n')
            at += 33 + 6.5 * len(line.name) + 24
    return "".join(parts)


def _pen(line: Line) -> str:
    width = 'stroke-width="1" stroke-opacity="0.3"' if line.faint else 'stroke-width="1.75"'
    dashes = ' stroke-dasharray="6 4"' if line.dashed else ""
    return f'fill="none" stroke="{escape(line.colour)}" stroke-linejoin="round" {width}{dashes}'


def _path(xs: NDArray[np.float64], ys: NDArray[np.float64], x: Axis, y: Axis) -> str:
    """The curve's path data, thinned to what a page can show; each gap starts a new stroke."""
    shown = np.isfinite(xs) & np.isfinite(ys)
    shown &= ((xs > 0) | (not x.log)) & ((ys > 0) | (not y.log))
    strokes = np.split(np.arange(len(xs)), np.flatnonzero(np.diff(shown.astype(np.int8))) + 1)
    parts = []
    for rows in strokes:
        if len(rows) and shown[rows[0]]:
            kept = rows[thinned(ys[rows])]
            points = zip(x.place(xs[kept]), y.place(ys[kept]), strict=True)
            parts.append("M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points))
    return "".join(parts)


def thinned(ys: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which points to keep: of each pixel's worth the lowest and the highest, so that no peak is lost."""
    if len(ys) <= 4 * _BINS:
        return np.arange(len(ys))
    bins = np.array_split(np.arange(len(ys)), _BINS)
    kept = {index for rows in bins for index in (rows[np.argmin(ys[rows])], rows[np.argmax(ys[rows])])}
    return np.array(sorted(kept | {0, len(ys) - 1}))


def number(value: float) -> str:
    """A tick's number: 0.05, 2,000, 10⁻⁷."""
    if abs(value) < 1e-12:
        return "0"
    if 1e-4 <= abs(value) < 1e6:
        return f"{value:,.10g}".replace("-", "−")
    mantissa, exponent = f"{value:.3e}".split("e")
    power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    digits = mantissa.rstrip("0").rstrip(".").replace("-", "−")
    return f"10{power}" if digits == "1" else f"{digits}·10{power}"
