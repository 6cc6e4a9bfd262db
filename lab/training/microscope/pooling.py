"""Pooling and LeNet's subsampling: the largest, the mean, or the sum of each window."""

from __future__ import annotations

import numpy as np

from lab.network.layers import Window
from lab.network.network import Facts
from lab.training.microscope.arithmetic import (
    Arithmetic,
    LinearArithmetic,
    Taps,
    activated,
    alone,
    bias_line,
    chosen_weight,
    inside,
    learned,
    others_too,
    result,
)
from lab.training.microscope.axes import places, seen, seen_by
from lab.training.microscope.lines import (
    Choice,
    Factors,
    Forward,
    Line,
    Pane,
    Real,
    Spot,
    Step,
    Sum,
    Token,
    Whole,
    said,
    step,
)
from lab.training.microscope.slide import Slide, spots_of
from lab.training.microscope.weighted import sizes

SHOWN = 9
"""Numbers of a window that are written out."""


def window_of(slide: Slide, facts: Facts) -> Window:
    """The window that slides; a global pooling's holds the whole map and stands still."""
    found = facts.layer.window(slide.inputs(facts.name)[0])
    assert found is not None
    return found


def seen_spots(slide: Slide, facts: Facts, spot: Spot) -> Whole:
    """The numbers of the window of an output, without padding."""
    x, window = slide.inputs(facts.name)[0], window_of(slide, facts)
    down, across = seen(spot.row, x.height, window, 0), seen(spot.column, x.width, window, 1)
    return spots_of(np.array([spot.unit]), down.at, across.at)


def seeing_spots(slide: Slide, facts: Facts, pixel: Spot) -> Whole:
    """The outputs in whose windows a number lies."""
    y, window = slide.shape(facts.name), window_of(slide, facts)
    down, across = seen_by(pixel.row, y.height, window, 0), seen_by(pixel.column, y.width, window, 1)
    return spots_of(np.array([pixel.unit]), down.at, across.at)


def first_largest(values: Real) -> int:
    """Where the largest is, the first of equal ones; the first NaN, if there is one."""
    unknown = np.flatnonzero(np.isnan(values))
    return int(unknown[0]) if len(unknown) else int(values.argmax())


def pane_of(slide: Slide, facts: Facts, spot: Spot, wins: bool) -> Pane:
    """The window of an output as it lies on its channel."""
    x, window = slide.y(facts.inputs[0])[spot.unit], window_of(slide, facts)
    rows, columns = places(spot.row, window, 0), places(spot.column, window, 1)
    within = np.outer((rows >= 0) & (rows < x.shape[0]), (columns >= 0) & (columns < x.shape[1]))
    held = np.ix_(rows.clip(0, x.shape[0] - 1), columns.clip(0, x.shape[1] - 1))
    values = np.where(within, x[held].astype(np.float64), 0.0)
    winner = None
    if wins and within.any():
        at = first_largest(np.where(within, values, -np.inf))
        winner = (at // len(columns), at % len(columns))
    return Pane(facts.inputs[0], spot.unit, values, rows, columns, within, winner)


class MaxArithmetic(Arithmetic):
    """The largest number of a window goes on; on the way back the whole derivative goes to it. Padding never wins."""

    def forward(self, slide: Slide, facts: Facts, spot: Spot) -> Forward:
        pane = pane_of(slide, facts, spot, wins=True)
        values = pane.values[pane.inside]
        order = values.argsort()[::-1][:SHOWN] if len(values) > SHOWN else np.arange(len(values))
        spots = seen_spots(slide, facts, spot)
        name, tokens = facts.inputs[0], [Token("max(")]
        for n, k in enumerate(order.tolist()):
            tokens += [Token(", ")] if n else []
            tokens.append(Token(said(float(values[k])), Spot(name, *map(int, spots[k]))))
        more = len(values) - len(order)
        tokens.append(Token(f", and {more:,} smaller)" if more else ")"))
        y = float(values[first_largest(values)]) if len(values) else -np.inf
        symbols = "y = max x over the window"
        line = step(symbols, tuple(tokens), y, float(slide.y(facts.name)[spot.at]), "y")
        return Forward(spot, (line,), pane=pane, size=pooled_sizes(slide, facts))

    def _winner(self, slide: Slide, facts: Facts, spot: Spot) -> tuple[int, ...] | None:
        spots = seen_spots(slide, facts, spot)
        if not len(spots):
            return None
        values = slide.flowing(facts.inputs[0], spots).values
        return tuple(map(int, spots[first_largest(values)]))

    def share(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> tuple[Line, ...]:
        spots = seeing_spots(slide, facts, pixel)
        won = [float(self._winner(slide, facts, Spot(facts.name, *map(int, s))) == pixel.at) for s in spots]
        symbols = "dE/dx = Σ dE/dy over its windows · 1 where x was the largest, else 0"
        back = slide.flowing_back(facts.name, spots)
        return (Sum(symbols, back, Factors(np.array(won, np.float64)), (), alone(slide, pixel), "dx"),)

    def fed(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Whole:
        return seeing_spots(slide, facts, pixel)

    def default(self, slide: Slide, facts: Facts, spot: Spot) -> Choice:
        winner = self._winner(slide, facts, spot)
        place = winner if winner is not None else inside(spot, slide, facts.inputs[0])
        return Choice(pixel=Spot(facts.inputs[0], *place))


def pooled_sizes(slide: Slide, facts: Facts) -> tuple[Step, ...]:
    """Of a pooling whose window slides; a global one has no formula."""
    return sizes(slide, facts, window_of(slide, facts)) if hasattr(facts.layer, "kernel") else ()


class MeanArithmetic(LinearArithmetic):
    """The mean of a window, zeros of the padding counted: every number has the same share."""

    forwards = "y = Σ x / n,  n numbers in the window, padding counted"
    backwards = "dE/dx = Σ dE/dy / n,  over the windows that it lies in"

    def _area(self, slide: Slide, facts: Facts) -> int:
        window = window_of(slide, facts)
        return window.taps[0] * window.taps[1]

    def into(self, slide: Slide, facts: Facts, spot: Spot) -> tuple[int, Taps]:
        spots = seen_spots(slide, facts, spot)
        return 0, Taps(spots, np.full(len(spots), 1 / self._area(slide, facts)))

    def out_of(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Taps:
        spots = seeing_spots(slide, facts, pixel)
        return Taps(spots, np.full(len(spots), 1 / self._area(slide, facts)))

    def line(self, slide: Slide, facts: Facts, spot: Spot) -> Sum:
        name = facts.inputs[0]
        numbers = slide.flowing(name, seen_spots(slide, facts, spot))
        symbols, share = self.forwards, 1 / self._area(slide, facts)
        return Sum(symbols, numbers, None, (), result(slide, facts, spot), "y", factor=share)

    def share(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> tuple[Line, ...]:
        back = slide.flowing_back(facts.name, seeing_spots(slide, facts, pixel))
        symbols, share = self.backwards, 1 / self._area(slide, facts)
        return (Sum(symbols, back, None, (), alone(slide, pixel), "dx", factor=share),)

    def forward(self, slide: Slide, facts: Facts, spot: Spot) -> Forward:
        pane = pane_of(slide, facts, spot, wins=False)
        return Forward(spot, (self.line(slide, facts, spot),), pane=pane, size=pooled_sizes(slide, facts))


class SubsampleArithmetic(LinearArithmetic):
    """LeNet-5's: the sum of a window, times a coefficient, plus a bias, both learned, one a map."""

    weight = "coefficient"
    backwards = "dE/dx = Σ dE/dz · coefficient,  over the windows that it lies in"

    def into(self, slide: Slide, facts: Facts, spot: Spot) -> tuple[int, Taps]:
        spots = seen_spots(slide, facts, spot)
        return 0, self._taps(slide, facts, spot.unit, spots)

    def out_of(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Taps:
        return self._taps(slide, facts, pixel.unit, seeing_spots(slide, facts, pixel))

    def _taps(self, slide: Slide, facts: Facts, unit: int, spots: Whole) -> Taps:
        coefficient = slide.parameter(facts.name, "coefficient")[unit]
        index = slide.index(facts.name, "coefficient", (unit,))
        return Taps(spots, np.full(len(spots), coefficient), np.full(len(spots), index))

    def forward(self, slide: Slide, facts: Facts, spot: Spot) -> Forward:
        name, unit = facts.inputs[0], spot.unit
        whole = Sum("s = Σ x over the window", slide.flowing(name, seen_spots(slide, facts, spot)))
        bias = slide.addend(facts.name, "bias", unit)[0]
        coefficient = slide.parameter(facts.name, "coefficient")[unit]
        index = slide.index(facts.name, "coefficient", (unit,))
        product = Factors(np.array([coefficient]), indices=np.array([index]))
        sums, engine = Factors(np.array([whole.value])), result(slide, facts, spot)
        z = Sum("z = coefficient · s + b", product, sums, (bias,), engine, "z")
        pane = pane_of(slide, facts, spot, wins=False)
        lines: tuple[Line, ...] = (whole, z, *activated(slide, facts, spot))
        return Forward(spot, lines, pane=pane, size=pooled_sizes(slide, facts))

    def learning(
        self, slide: Slide, facts: Facts, parameter: str, place: tuple[int, ...]
    ) -> tuple[Line, ...]:
        engine, unit = learned(slide, facts.name, parameter, place), place[0]
        if parameter == "bias":
            return (bias_line(slide, facts, unit, engine),)
        y = slide.shape(facts.name)
        spots = spots_of(np.array([unit]), np.arange(y.height), np.arange(y.width))
        name = facts.inputs[0]
        sums = [
            slide.flowing(name, seen_spots(slide, facts, Spot(facts.name, *map(int, s)))).values.sum()
            for s in spots
        ]
        left = slide.flowing_back(facts.name, spots)
        symbols = "dE/dcoefficient = Σ dE/dz · s,  over all places"
        return (Sum(symbols, left, Factors(np.array(sums)), (), engine, "dw", others_too(slide)),)

    def default(self, slide: Slide, facts: Facts, spot: Spot) -> Choice:
        spots = seen_spots(slide, facts, spot)
        pixel = Spot(facts.inputs[0], *map(int, spots[0]))
        return chosen_weight(slide, slide.index(facts.name, "coefficient", (spot.unit,)), pixel)
