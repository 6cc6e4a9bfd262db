"""Activation layers, parametric ReLUs, dropout and softmax: number by number, or across the channels of a place."""

from __future__ import annotations

from typing import cast

import numpy as np

from lab.network.layers import Dropout
from lab.network.network import Facts
from lab.training.microscope.arithmetic import (
    Arithmetic,
    activated,
    alone,
    chosen_weight,
    learned,
    others_too,
)
from lab.training.microscope.lines import (
    Choice,
    Factors,
    Forward,
    Line,
    Real,
    Spot,
    Sum,
    Token,
    Whole,
    bracketed,
    said,
    step,
)
from lab.training.microscope.moving import Mover
from lab.training.microscope.slide import Slide, spots_of


class InPlace(Mover):
    """Every number stays where it is."""

    def origin(self, slide: Slide, facts: Facts, spot: Spot) -> Spot:
        return Spot(facts.inputs[0], *spot.at)

    def goal(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Spot:
        return Spot(facts.name, *pixel.at)

    def x(self, slide: Slide, facts: Facts, spot: Spot) -> float:
        """What comes in there."""
        return float(slide.y(facts.inputs[0])[spot.at])


class ActivationArithmetic(InPlace):
    backwards = "dE/dx = dE/dz"

    def forward(self, slide: Slide, facts: Facts, spot: Spot) -> Forward:
        came, before = self.origin(slide, facts, spot), slide.z(facts.name)
        z = float(slide.y(facts.name)[spot.at] if before is None else before[spot.at])
        line = step("zⱼ = xⱼ", (slide.token(came),), self.x(slide, facts, spot), z, "z")
        return Forward(spot, (line, *activated(slide, facts, spot)))


class PReLUArithmetic(InPlace):
    weight = "slope"

    def _unit(self, slide: Slide, facts: Facts, spot: Spot) -> int:
        """Which slope is the place's: its channel's, or the one that all share."""
        return spot.unit if len(slide.weights[f"{facts.name}.slope"]) > 1 else 0

    def forward(self, slide: Slide, facts: Facts, spot: Spot) -> Forward:
        came, x = self.origin(slide, facts, spot), self.x(slide, facts, spot)
        unit, engine = self._unit(slide, facts, spot), float(slide.y(facts.name)[spot.at])
        numbers: tuple[Token, ...] = (slide.token(came),)
        y = x
        if x <= 0:
            slope = float(slide.weights[f"{facts.name}.slope"][unit])
            factor = slide.weight_token(facts.name, "slope", (unit,))
            numbers = (factor, Token(" × "), slide.token(came, bracketed(x)))
            y = slope * x
        symbols = "y = x for x > 0, else slope · x"
        return Forward(spot, (step(symbols, numbers, y, engine, "y"),))

    def share(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> tuple[Line, ...]:
        dy, x = float(slide.dy(facts.name)[pixel.at]), self.x(slide, facts, pixel)
        symbols = "dE/dx = dE/dy for x > 0, else slope · dE/dy"
        here = Token(said(dy), Spot(facts.name, *pixel.at))
        if x > 0:
            return (step(symbols, (here,), dy, alone(slide, pixel), "dx"),)
        unit = self._unit(slide, facts, pixel)
        slope = slide.weight_token(facts.name, "slope", (unit,))
        value = dy * float(slide.weights[f"{facts.name}.slope"][unit])
        numbers = (slope, Token(" × "), Token(bracketed(dy), here.spot))
        return (step(symbols, numbers, value, alone(slide, pixel), "dx"),)

    def learning(
        self, slide: Slide, facts: Facts, parameter: str, place: tuple[int, ...]
    ) -> tuple[Line, ...]:
        used, made = self.pairs(slide, facts, parameter, place)
        symbols = "dE/dslope = Σ dE/dy · x,  over the places where x ≤ 0"
        engine = learned(slide, facts.name, parameter, place)
        back = Factors(slide.dy(facts.name)[tuple(made.T)].astype(np.float64), facts.name, made)
        return (
            Sum(symbols, back, slide.flowing(facts.inputs[0], used), (), engine, "dw", others_too(slide)),
        )

    def pairs(
        self, slide: Slide, facts: Facts, parameter: str, place: tuple[int, ...]
    ) -> tuple[Whole, Whole]:
        x = slide.y(facts.inputs[0])
        own = len(slide.weights[f"{facts.name}.slope"]) > 1
        low = x <= 0
        if own:
            low = low & (np.arange(len(x)) == place[0])[:, None, None]
        spots = np.argwhere(low)
        return spots, spots

    def default(self, slide: Slide, facts: Facts, spot: Spot) -> Choice:
        index = slide.index(facts.name, "slope", (self._unit(slide, facts, spot),))
        return chosen_weight(slide, index, self.origin(slide, facts, spot))


class DropoutArithmetic(InPlace):
    """In use nothing happens; in training a number is dropped, or made larger for those that are."""

    def _factor(self, slide: Slide, facts: Facts, at: tuple[int, int, int]) -> float:
        """What the number is multiplied by. Of an x of 0 the derivative tells; where that is 0, too, it is all one."""
        rate = cast(Dropout, facts.layer).rate
        if not slide.batch or rate == 0:
            return 1.0
        x, y = float(slide.y(facts.inputs[0])[at]), float(slide.y(facts.name)[at])
        if x != 0:
            return 1 / (1 - rate) if y != 0 else 0.0
        return 1 / (1 - rate) if slide.dy(facts.inputs[0])[at] != 0 else 0.0

    def forward(self, slide: Slide, facts: Facts, spot: Spot) -> Forward:
        came, x = self.origin(slide, facts, spot), self.x(slide, facts, spot)
        rate, factor = cast(Dropout, facts.layer).rate, self._factor(slide, facts, spot.at)
        engine = float(slide.y(facts.name)[spot.at])
        if not slide.batch:
            symbols = "y = x,  in use nothing is dropped"
            return Forward(spot, (step(symbols, (slide.token(came),), x, engine, "y"),))
        if factor == 0:
            symbols = "y = 0,  it is dropped for this example"
            return Forward(spot, (step(symbols, "0", 0.0, engine, "y"),))
        numbers = (slide.token(came), Token(f" / {said(1 - rate)}"))
        symbols = "y = x / (1 − rate),  it is kept for this example"
        return Forward(spot, (step(symbols, numbers, x * factor, engine, "y"),))

    def share(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> tuple[Line, ...]:
        dy, rate = float(slide.dy(facts.name)[pixel.at]), cast(Dropout, facts.layer).rate
        factor, engine = self._factor(slide, facts, pixel.at), alone(slide, pixel)
        here = Token(said(dy), Spot(facts.name, *pixel.at))
        if not slide.batch:
            symbols = "dE/dx = dE/dy,  in use nothing is dropped"
            return (step(symbols, (here,), dy, engine, "dx"),)
        if factor == 0:
            return (step("dE/dx = 0,  it is dropped", "0", 0.0, engine, "dx"),)
        symbols = "dE/dx = dE/dy / (1 − rate)"
        return (step(symbols, (here, Token(f" / {said(1 - rate)}")), dy * factor, engine, "dx"),)


class SoftmaxArithmetic(Arithmetic):
    """Shares of 1 across the channels of a place: every output depends on every input there."""

    def _column(self, slide: Slide, facts: Facts, spot: Spot) -> tuple[Real, Real, Whole]:
        """exp(x − the largest x) of all channels at a place, their shares, and where they are."""
        s = slide.shape(facts.name)
        spots = spots_of(np.arange(s.channels), np.array([spot.row]), np.array([spot.column]))
        x = slide.flowing(facts.inputs[0], spots).values
        powers = np.exp(x - x.max())
        return powers, powers / powers.sum(), spots

    def forward(self, slide: Slide, facts: Facts, spot: Spot) -> Forward:
        powers, shares, spots = self._column(slide, facts, spot)
        name = facts.inputs[0]
        m = float(slide.flowing(name, spots).values.max())
        total = Sum(
            f"s = Σₖ exp(xₖ − m),  m = {said(m)}, the largest",
            Factors(powers, name, spots),
        )
        x = slide.token(Spot(name, *spot.at))
        numbers = (Token("exp("), x, Token(f" − {bracketed(m)}) / {said(total.value)}"))
        engine, symbols = float(slide.y(facts.name)[spot.at]), "y = exp(x − m) / s"
        return Forward(spot, (total, step(symbols, numbers, float(shares[spot.unit]), engine, "y")))

    def share(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> tuple[Line, ...]:
        _, shares, spots = self._column(slide, facts, pixel)
        back = slide.flowing_back(facts.name, spots)
        outputs = Factors(shares, facts.name, spots)
        mean = Sum("m = Σⱼ yⱼ · dE/dyⱼ", outputs, back)
        y, dy = float(shares[pixel.unit]), float(back.values[pixel.unit])
        here = Spot(facts.name, *pixel.at)
        numbers = (
            Token(said(y), here), Token(" × ("), Token(said(dy), here), Token(f" − {bracketed(mean.value)})"),
        )  # fmt: skip
        symbols = "dE/dx = y · (dE/dy − m)"
        value = y * (dy - mean.value)
        size = abs(y) * (abs(dy) + mean.scale)
        return (mean, step(symbols, numbers, value, alone(slide, pixel), "dx", size=size))

    def fed(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Whole:
        return self._column(slide, facts, pixel)[2]
