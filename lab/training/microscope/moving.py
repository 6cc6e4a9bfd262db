"""Layers that only move numbers, or add them up: flatten, crop, upsampling, concat, add."""

from __future__ import annotations

from typing import cast

import numpy as np

from lab.network.layers import Crop, Upsample
from lab.network.layers.join import Join
from lab.network.network import Facts
from lab.training.microscope.arithmetic import Arithmetic, LinearArithmetic, Taps, alone
from lab.training.microscope.axes import Along, stretched, stretched_to
from lab.training.microscope.lines import (
    Choice,
    Factors,
    Forward,
    Line,
    Spot,
    Step,
    Sum,
    Token,
    Whole,
    said,
    step,
)
from lab.training.microscope.slide import Slide, spots_of
from lab.value import both


class Mover(Arithmetic):
    """Each number goes to one place, unchanged: the derivative goes the same way back."""

    backwards = "dE/dx = dE/dy"

    def origin(self, slide: Slide, facts: Facts, spot: Spot) -> Spot:
        """Where the output at `spot` comes from."""
        raise NotImplementedError

    def goal(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Spot | None:
        """Where the number `pixel` of an input goes to; None where it is cut away."""
        raise NotImplementedError

    def words(self, slide: Slide, facts: Facts, spot: Spot) -> str:
        """The arithmetic of places."""
        return ""

    def forward(self, slide: Slide, facts: Facts, spot: Spot) -> Forward:
        came = self.origin(slide, facts, spot)
        x, y = float(slide.y(came.layer)[came.at]), float(slide.y(facts.name)[spot.at])
        symbols = "y = x"
        if words := self.words(slide, facts, spot):
            symbols += f",  {words}"
        return Forward(spot, (step(symbols, (slide.token(came),), x, y, "y"),))

    def share(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> tuple[Line, ...]:
        to, engine = self.goal(slide, facts, source, pixel), alone(slide, pixel)
        if to is None:
            return (step("dE/dx = 0,  it is cut away", "0", 0.0, engine, "dx"),)
        dy = float(slide.dz(facts.name)[to.at])
        return (step(self.backwards, (Token(said(dy), to),), dy, engine, "dx"),)

    def fed(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Whole:
        to = self.goal(slide, facts, source, pixel)
        return np.zeros((0, 3), np.int64) if to is None else np.array([to.at])

    def default(self, slide: Slide, facts: Facts, spot: Spot) -> Choice:
        return Choice(pixel=self.origin(slide, facts, spot))


class FlattenArithmetic(Mover):
    def origin(self, slide: Slide, facts: Facts, spot: Spot) -> Spot:
        x = slide.inputs(facts.name)[0]
        unit, rest = divmod(spot.unit, x.height * x.width)
        return Spot(facts.inputs[0], unit, *divmod(rest, x.width))

    def goal(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Spot:
        x = slide.inputs(facts.name)[0]
        return Spot(facts.name, (pixel.unit * x.height + pixel.row) * x.width + pixel.column)

    def words(self, slide: Slide, facts: Facts, spot: Spot) -> str:
        x, came = slide.inputs(facts.name)[0], self.origin(slide, facts, spot)
        return (
            f"unit {spot.unit} = (channel {came.unit} × {x.height} + row {came.row}) × {x.width} "
            f"+ column {came.column}"
        )


class CropArithmetic(Mover):
    def origin(self, slide: Slide, facts: Facts, spot: Spot) -> Spot:
        down, across = both(cast(Crop, facts.layer).border)
        return Spot(facts.inputs[0], spot.unit, spot.row + down, spot.column + across)

    def goal(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Spot | None:
        down, across = both(cast(Crop, facts.layer).border)
        return held(slide, Spot(facts.name, pixel.unit, pixel.row - down, pixel.column - across))

    def words(self, slide: Slide, facts: Facts, spot: Spot) -> str:
        down, across = both(cast(Crop, facts.layer).border)
        came = self.origin(slide, facts, spot)
        return f"row {spot.row} + {down} = {came.row}, column {spot.column} + {across} = {came.column}"


class ConcatArithmetic(Mover):
    """Channels of all inputs, one after the other."""

    def _from(self, slide: Slide, facts: Facts, spot: Spot) -> tuple[int, int]:
        """Of which input the channel is, and how many channels come before that input."""
        before = 0
        for source, x in enumerate(slide.inputs(facts.name)):
            if spot.unit < before + x.channels:
                return source, before
            before += x.channels
        raise IndexError(spot.unit)

    def origin(self, slide: Slide, facts: Facts, spot: Spot) -> Spot:
        source, before = self._from(slide, facts, spot)
        top, left = cuts(slide, facts)[source]
        return Spot(facts.inputs[source], spot.unit - before, spot.row + top, spot.column + left)

    def goal(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Spot | None:
        before = sum(x.channels for x in slide.inputs(facts.name)[:source])
        top, left = cuts(slide, facts)[source]
        return held(slide, Spot(facts.name, before + pixel.unit, pixel.row - top, pixel.column - left))

    def words(self, slide: Slide, facts: Facts, spot: Spot) -> str:
        source, before = self._from(slide, facts, spot)
        own, name = spot.unit - before, facts.inputs[source]
        return f"channel {spot.unit} is {before} + {own}: channel {own} of “{name}”"


class AddArithmetic(LinearArithmetic):
    """y = the sum of all inputs; the derivative goes to each of them whole."""

    def _terms(self, slide: Slide, facts: Facts, spot: Spot) -> Factors:
        spots = np.array(
            [(spot.unit, spot.row + top, spot.column + left) for top, left in cuts(slide, facts)]
        )
        values = [float(slide.y(name)[tuple(s)]) for name, s in zip(facts.inputs, spots, strict=True)]
        return Factors(np.array(values), spots=spots, layers=facts.inputs)

    def forward(self, slide: Slide, facts: Facts, spot: Spot) -> Forward:
        names = " + ".join(f"“{name}”" for name in facts.inputs)
        engine = float(slide.y(facts.name)[spot.at])
        line = Sum(f"y = {names}", self._terms(slide, facts, spot), None, (), engine, "y")
        return Forward(spot, (line,))

    def out_of(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Taps:
        top, left = cuts(slide, facts)[source]
        to = held(slide, Spot(facts.name, pixel.unit, pixel.row - top, pixel.column - left))
        spots = np.zeros((0, 3), np.int64) if to is None else np.array([to.at])
        return Taps(spots, np.ones(len(spots)))

    def share(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> tuple[Line, ...]:
        taps = self.out_of(slide, facts, source, pixel)
        symbols = "dE/dx = dE/dy: the sum passes it on whole"
        back = slide.flowing_back(facts.name, taps.spots)
        return (Sum(symbols, back, None, (), alone(slide, pixel), "dx"),)

    def default(self, slide: Slide, facts: Facts, spot: Spot) -> Choice:
        terms = self._terms(slide, facts, spot)
        return Choice(pixel=terms.spot(int(np.nan_to_num(np.abs(terms.values)).argmax())))


class UpsampleArithmetic(LinearArithmetic):
    """Each old pixel several times, or new ones on the straight line between the nearest old ones."""

    forwards = "y = Σ x · share,  the old pixels that lie nearest"
    backwards = "dE/dx = Σ dE/dy · share,  over the new pixels that it is part of"

    def _axes(self, slide: Slide, facts: Facts, spot: Spot, back: bool) -> tuple[Along, Along]:
        layer, x = cast(Upsample, facts.layer), slide.inputs(facts.name)[0]
        factors, along = both(layer.factor), stretched_to if back else stretched
        smooth = layer.method == "bilinear"
        return (
            along(spot.row, x.height, factors[0], smooth),
            along(spot.column, x.width, factors[1], smooth),
        )

    def _taps(self, unit: int, down: Along, across: Along) -> Taps:
        shares = np.outer(down.shares, across.shares).ravel()
        return Taps(spots_of(np.array([unit]), down.at, across.at), shares)

    def into(self, slide: Slide, facts: Facts, spot: Spot) -> tuple[int, Taps]:
        return 0, self._taps(spot.unit, *self._axes(slide, facts, spot, back=False))

    def out_of(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Taps:
        return self._taps(pixel.unit, *self._axes(slide, facts, pixel, back=True))

    def forward(self, slide: Slide, facts: Facts, spot: Spot) -> Forward:
        x, y = slide.inputs(facts.name)[0], slide.shape(facts.name)
        factors = both(cast(Upsample, facts.layer).factor)
        axes = (("height", x.height, factors[0], y.height), ("width", x.width, factors[1], y.width))
        size: tuple[Step, ...] = tuple(
            step(
                f"{name} of the output = {name} of the input · factor",
                f"{extent} × {factor}",
                float(extent * factor),
                float(out),
            )
            for name, extent, factor, out in axes
        )
        return Forward(spot, (self.line(slide, facts, spot),), size=size)


def held(slide: Slide, spot: Spot) -> Spot | None:
    """The spot, if the layer has it."""
    s = slide.shape(spot.layer)
    within = all(0 <= k < n for k, n in zip(spot.at, (s.channels, s.height, s.width), strict=True))
    return spot if within else None


def cuts(slide: Slide, facts: Facts) -> list[tuple[int, int]]:
    """What a join cuts from each of its inputs above and on the left."""
    return cast(Join, facts.layer).cuts(slide.inputs(facts.name))
