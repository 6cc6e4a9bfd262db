"""What the microscope must know of a kind of layer, and what it does for those that are sums of products."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.network.activations import Activation, Linear
from lab.network.network import Facts
from lab.training.microscope.functions import slope_of, value_of, written_value
from lab.training.microscope.lines import (
    Choice,
    Factors,
    Forward,
    Line,
    Real,
    Spot,
    Step,
    Sum,
    Token,
    Whole,
    bracketed,
    said,
    step,
)
from lab.training.microscope.slide import Slide, at

NOWHERE = np.zeros((0, 3), np.int64)


@dataclass(frozen=True, eq=False)
class Taps:
    """Numbers at `spots` [n, 3], each with the weight [n] that it is multiplied by, and where these have them
    the weights' flat `indices`."""

    spots: Whole
    weights: Real
    indices: Whole | None = None

    @property
    def factors(self) -> Factors:
        return Factors(self.weights, indices=self.indices)


class Arithmetic:
    """How one kind of layer computes, number by number, on a slide."""

    weight = ""
    """The parameter that is multiplied by what comes in; the others are one a unit."""

    def forward(self, slide: Slide, facts: Facts, spot: Spot) -> Forward:
        """How the output at `spot` is made."""
        raise NotImplementedError

    def share(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> tuple[Line, ...]:
        """dE/dx through this layer alone, by the number `pixel` of input number `source`; the last line is it."""
        raise NotImplementedError

    def fed(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Whole:
        """The outputs [n, 3] in which that number has a say."""
        return NOWHERE

    def learning(
        self, slide: Slide, facts: Facts, parameter: str, place: tuple[int, ...]
    ) -> tuple[Line, ...]:
        """dE/dw of one number of a parameter; the last line is it."""
        return ()

    def pairs(
        self, slide: Slide, facts: Facts, parameter: str, place: tuple[int, ...]
    ) -> tuple[Whole, Whole]:
        """The places of the input [n, 3] that a weight multiplies, and the outputs [n, 3] that it does so for."""
        return NOWHERE, NOWHERE

    def default(self, slide: Slide, facts: Facts, spot: Spot) -> Choice:
        """The weight and the number that comes in that most is to be seen of."""
        return Choice(pixel=Spot(facts.inputs[0], *inside(spot, slide, facts.inputs[0])))

    def others(self, slide: Slide, facts: Facts, spot: Spot) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """The numbers of which the output at `spot` has one besides its weights, by parameter and place: its bias."""
        return ()


class LinearArithmetic(Arithmetic):
    """Sums of products: y = Σ w x + b."""

    forwards, backwards, learns = "", "", ""
    """In symbols, with x for what comes in."""
    weight = "weight"

    def say(self, symbols: str, source: str) -> str:
        """The symbols where what comes in is of `source`."""
        return symbols

    def into(self, slide: Slide, facts: Facts, spot: Spot) -> tuple[int, Taps]:
        """From which input the output at `spot` is made, and of what."""
        raise NotImplementedError

    def out_of(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Taps:
        """The outputs that a number of an input has a say in, and by which weights."""
        raise NotImplementedError

    def line(self, slide: Slide, facts: Facts, spot: Spot) -> Sum:
        source, taps = self.into(slide, facts, spot)
        name = facts.inputs[source]
        return Sum(
            self.say(self.forwards, name),
            taps.factors,
            slide.flowing(name, taps.spots),
            slide.addend(facts.name, "bias", spot.unit),
            result(slide, facts, spot),
            "y" if slide.z(facts.name) is None else "z",
        )

    def forward(self, slide: Slide, facts: Facts, spot: Spot) -> Forward:
        return Forward(spot, (self.line(slide, facts, spot), *activated(slide, facts, spot)))

    def share(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> tuple[Line, ...]:
        taps = self.out_of(slide, facts, source, pixel)
        back = slide.flowing_back(facts.name, taps.spots)
        symbols = self.say(self.backwards, facts.inputs[source])
        return (Sum(symbols, back, taps.factors, (), alone(slide, pixel), "dx"),)

    def fed(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Whole:
        return self.out_of(slide, facts, source, pixel).spots

    def learning(
        self, slide: Slide, facts: Facts, parameter: str, place: tuple[int, ...]
    ) -> tuple[Line, ...]:
        engine = learned(slide, facts.name, parameter, place)
        if parameter == "bias":
            return (bias_line(slide, facts, place[0], engine),)
        used, made = self.pairs(slide, facts, parameter, place)
        name = facts.inputs[0]
        symbols = self.say(self.learns, name)
        left, right = slide.flowing_back(facts.name, made), slide.flowing(name, used)
        return (Sum(symbols, left, right, (), engine, "dw", others_too(slide)),)

    def default(self, slide: Slide, facts: Facts, spot: Spot) -> Choice:
        source, taps = self.into(slide, facts, spot)
        if not len(taps.weights):
            return super().default(slide, facts, spot)
        name = facts.inputs[source]
        products = np.nan_to_num(np.abs(taps.weights * at(slide.y(name), taps.spots)))
        k = int(products.argmax())
        pixel = Spot(name, *map(int, taps.spots[k]))
        if taps.indices is None:
            return Choice(pixel=pixel)
        return chosen_weight(slide, int(taps.indices[k]), pixel)

    def others(self, slide: Slide, facts: Facts, spot: Spot) -> tuple[tuple[str, tuple[int, ...]], ...]:
        return (("bias", (spot.unit,)),) if slide.has(facts.name, "bias") else ()


def chosen_weight(slide: Slide, weight: int, pixel: Spot | None) -> Choice:
    found = slide.place_of(weight)
    return Choice(pixel=pixel) if found is None else Choice(weight, found[0], found[1], pixel)


def bias_line(slide: Slide, facts: Facts, unit: int, engine: float, symbols: str = "") -> Line:
    """dE/db = the sum of dE/dz over all places of the unit."""
    back = slide.dz(facts.name)[unit]
    shape = slide.shape(facts.name)
    if shape.is_vector:
        spot = Spot(facts.name, unit)
        numbers = (Token(said(float(back[0, 0])), spot),)
        return Step(symbols or "dE/dbⱼ = dE/dzⱼ", numbers, float(back[0, 0]), engine, "db", others_too(slide))
    rows, columns = np.indices(back.shape)
    spots = np.stack([np.full(back.size, unit), rows.ravel(), columns.ravel()], 1)
    symbols = symbols or "dE/db = Σ dE/dz,  over all places"
    return Sum(symbols, slide.flowing_back(facts.name, spots), None, (), engine, "db", others_too(slide))


def inside(spot: Spot, slide: Slide, name: str) -> tuple[int, int, int]:
    """The spot's place, held within the output of `name`."""
    s = slide.shape(name)
    unit, row, column = (min(k, n - 1) for k, n in zip(spot.at, (s.channels, s.height, s.width), strict=True))
    return unit, row, column


def result(slide: Slide, facts: Facts, spot: Spot) -> float:
    """The engine's z of a layer that has one, else its y."""
    z = slide.z(facts.name)
    return float((slide.y(facts.name) if z is None else z)[spot.at])


def alone(slide: Slide, pixel: Spot) -> float:
    """The engine's dE/dx where one layer alone reads the number; NaN where there are more, or none."""
    if len(slide.readers(pixel.layer)) != 1:
        return math.nan
    return float(slide.dy(pixel.layer)[pixel.at])


def learned(slide: Slide, layer: str, parameter: str, place: tuple[int, ...]) -> float:
    """The engine's dE/dw of this example; NaN where it has only that of a whole batch."""
    if of_whole_batch(slide):
        return math.nan
    return slide.derivative(slide.index(layer, parameter, place))


def of_whole_batch(slide: Slide) -> bool:
    return slide.batch and slide.experiment.network.whole_batch


def others_too(slide: Slide) -> str:
    return "The share of this example: the batch is normalized as a whole" if of_whole_batch(slide) else ""


def activation_of(facts: Facts) -> Activation | None:
    found: Any = getattr(facts.layer, "activation", None)
    return found if isinstance(found, Activation) else None


def activated(slide: Slide, facts: Facts, spot: Spot) -> tuple[Step, ...]:
    """y = f(z), with the engine's z in its place."""
    f, before = activation_of(facts), slide.z(facts.name)
    if f is None or before is None:
        return ()
    z, y = float(before[spot.at]), float(slide.y(facts.name)[spot.at])
    if isinstance(f, Linear):
        return (step("yⱼ = zⱼ,  the activation is linear", said(z), z, y, "y"),)
    symbols = f"yⱼ = f(zⱼ),  {f.formula}"
    return (step(symbols, written_value(f, z), float(value_of(f, z)), y, "y", size=abs(z)),)


def deactivated(slide: Slide, facts: Facts, spot: Spot) -> tuple[Step, ...]:
    """dE/dz = dE/dy f′(z)"""
    f, before = activation_of(facts), slide.z(facts.name)
    if f is None or before is None:
        return ()
    dy, dz = float(slide.dy(facts.name)[spot.at]), float(slide.dz(facts.name)[spot.at])
    if isinstance(f, Linear):
        return (step("dE/dzⱼ = dE/dyⱼ,  the activation is linear: f′(zⱼ) = 1", said(dy), dy, dz, "dz"),)
    slope = float(slope_of(f, float(before[spot.at])))
    numbers = f"{said(dy)} × {bracketed(slope)}"
    symbols = f"dE/dzⱼ = dE/dyⱼ · f′(zⱼ),  {f.derivative}"
    return (step(symbols, numbers, dy * slope, dz, "dz", size=abs(dy)),)
