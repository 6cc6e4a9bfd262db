"""Batch, layer and local response normalization."""

from __future__ import annotations

import math
from typing import cast

import numpy as np

from lab.network.layers import BatchNorm, LayerNorm, LocalResponseNorm
from lab.network.network import Facts
from lab.training.microscope.arithmetic import (
    Arithmetic,
    alone,
    bias_line,
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
    Step,
    Sum,
    Token,
    Whole,
    bracketed,
    said,
    step,
)
from lab.training.microscope.slide import Slide, spots_of


def standardized(slide: Slide, facts: Facts, spot: Spot, mean: float, variance: float, words: str) -> Step:
    """x̂ = (x − mean) / √(variance + ε)"""
    epsilon = cast(BatchNorm | LayerNorm, facts.layer).epsilon
    name = facts.inputs[0]
    x = float(slide.y(name)[spot.at])
    root = math.sqrt(max(variance, 0.0) + epsilon)
    numbers = (
        Token("("), slide.token(Spot(name, *spot.at)),
        Token(f" − {bracketed(mean)}) / √({said(variance)} + {said(epsilon)})"),
    )  # fmt: skip
    symbols = "x̂ = (x − mean) / √(variance + ε)"
    return step(f"{symbols},  {words}", numbers, (x - mean) / root, size=(abs(x) + abs(mean)) / root)


def scaled(slide: Slide, facts: Facts, spot: Spot, x: Step, place: tuple[int, ...]) -> Step:
    """y = scale · x̂ + shift"""
    scale, shift = (float(slide.weights[f"{facts.name}.{p}"][place]) for p in ("scale", "shift"))
    numbers = (
        slide.weight_token(facts.name, "scale", place), Token(f" × {bracketed(x.value)} + "),
        Token(bracketed(shift), weight=slide.index(facts.name, "shift", place)),
    )  # fmt: skip
    engine, size = float(slide.y(facts.name)[spot.at]), abs(scale) * x.scale + abs(shift)
    return step("y = scale · x̂ + shift", numbers, scale * x.value + shift, engine, "y", size=size)


class BatchNormArithmetic(Arithmetic):
    """In use by running statistics; in training by those of the batch, of which the example is one."""

    weight = "scale"

    def _moments(self, slide: Slide, facts: Facts, unit: int) -> tuple[float, float, str]:
        if slide.batch:
            mean, variance = slide.activations.statistics[facts.name][:, unit]
            return float(mean), float(variance), "mean and variance of the batch"
        mean, variance = (slide.weights[f"{facts.name}.{p}"][unit] for p in ("mean", "variance"))
        return float(mean), float(variance), "running mean and variance"

    def _root(self, slide: Slide, facts: Facts, unit: int) -> float:
        _, variance, _ = self._moments(slide, facts, unit)
        return math.sqrt(max(variance, 0.0) + cast(BatchNorm, facts.layer).epsilon)

    def forward(self, slide: Slide, facts: Facts, spot: Spot) -> Forward:
        x = standardized(slide, facts, spot, *self._moments(slide, facts, spot.unit))
        return Forward(spot, (x, scaled(slide, facts, spot, x, (spot.unit,))))

    def share(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> tuple[Line, ...]:
        dy, engine = float(slide.dy(facts.name)[pixel.at]), alone(slide, pixel)
        scale, root = (
            float(slide.weights[f"{facts.name}.scale"][pixel.unit]),
            self._root(slide, facts, pixel.unit),
        )
        if slide.batch:
            symbols = "dE/dx = (g − mean g − x̂ · mean g x̂) / √(variance + ε)"
            words = "g = scale · dE/dy; the means are over the whole batch"
            value = engine  # NaN where another layer reads it, too: the engine keeps the sum alone
            return (step(f"{symbols},  {words}", "over all examples of the batch", value, engine, "dx"),)
        here = Token(bracketed(dy), Spot(facts.name, *pixel.at))
        factor = slide.weight_token(facts.name, "scale", (pixel.unit,))
        numbers = (factor, Token(" × "), here, Token(f" / {said(root)}"))
        symbols = "dE/dx = scale · dE/dy / √(variance + ε)"
        return (step(symbols, numbers, scale * dy / root, engine, "dx"),)

    def fed(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Whole:
        return np.array([pixel.at])

    def learning(
        self, slide: Slide, facts: Facts, parameter: str, place: tuple[int, ...]
    ) -> tuple[Line, ...]:
        if parameter not in ("scale", "shift"):
            return ()
        unit, engine = place[0], learned(slide, facts.name, parameter, place)
        if parameter == "shift":
            return (bias_line(slide, facts, unit, engine, "dE/dshift = Σ dE/dy,  over all places"),)
        mean, _, _ = self._moments(slide, facts, unit)
        spots, _ = self.pairs(slide, facts, parameter, place)
        x = slide.flowing(facts.inputs[0], spots)
        hat = Factors((x.values - mean) / self._root(slide, facts, unit), facts.inputs[0], spots)
        back = slide.flowing_back(facts.name, spots)
        symbols = "dE/dscale = Σ dE/dy · x̂,  over all places"
        return (Sum(symbols, back, hat, (), engine, "dw", others_too(slide)),)

    def pairs(
        self, slide: Slide, facts: Facts, parameter: str, place: tuple[int, ...]
    ) -> tuple[Whole, Whole]:
        s = slide.shape(facts.name)
        spots = spots_of(np.array([place[0]]), np.arange(s.height), np.arange(s.width))
        return spots, spots

    def default(self, slide: Slide, facts: Facts, spot: Spot) -> Choice:
        index = slide.index(facts.name, "scale", (spot.unit,))
        return chosen_weight(slide, index, Spot(facts.inputs[0], *spot.at))

    def others(self, slide: Slide, facts: Facts, spot: Spot) -> tuple[tuple[str, tuple[int, ...]], ...]:
        return (("shift", (spot.unit,)),)


class LayerNormArithmetic(Arithmetic):
    """Over all numbers of the example; each has a scale and a shift of its own."""

    weight = "scale"

    def _all(self, slide: Slide, facts: Facts) -> tuple[Real, float, float]:
        """x̂ of all numbers, their mean and their variance."""
        x = slide.y(facts.inputs[0]).astype(np.float64)
        mean, variance = float(x.mean()), float(x.var())
        return (x - mean) / self._root(facts, variance), mean, variance

    def _root(self, facts: Facts, variance: float) -> float:
        return math.sqrt(variance + cast(LayerNorm, facts.layer).epsilon)

    def place(self, slide: Slide, facts: Facts, spot: Spot) -> tuple[int, ...]:
        """Where in the scale and the shift the spot's own are."""
        return spot.at if slide.weights[f"{facts.name}.scale"].ndim == 3 else (spot.unit,)

    def forward(self, slide: Slide, facts: Facts, spot: Spot) -> Forward:
        name = facts.inputs[0]
        spots = np.argwhere(np.ones(slide.y(name).shape, bool))
        x, n = slide.flowing(name, spots), len(spots)
        mean = Sum("mean = Σ x / n", x, factor=1 / n)
        away = Factors((x.values - mean.value) ** 2, name, spots)
        variance = Sum("variance = Σ (x − mean)² / n", away, factor=1 / n)
        hat = standardized(slide, facts, spot, mean.value, variance.value, "over all numbers of the example")
        place = self.place(slide, facts, spot)
        return Forward(spot, (mean, variance, hat, scaled(slide, facts, spot, hat, place)))

    def share(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> tuple[Line, ...]:
        hat, _, variance = self._all(slide, facts)
        scale = slide.parameter(facts.name, "scale").reshape(hat.shape)
        g = slide.dy(facts.name).astype(np.float64) * scale
        spots, n = np.argwhere(np.ones(hat.shape, bool)), hat.size
        flowing, hats = (
            Factors(g.ravel(), facts.name, spots),
            Factors(hat.ravel(), facts.inputs[source], spots),
        )
        first = Sum("m₁ = Σ g / n,  g = scale · dE/dy", flowing, factor=1 / n)
        second = Sum("m₂ = Σ g · x̂ / n", flowing, hats, factor=1 / n)
        root, here, x = self._root(facts, variance), float(g[pixel.at]), float(hat[pixel.at])
        value = (here - first.value - x * second.value) / root
        means = f"{bracketed(first.value)} − {bracketed(x)} × {bracketed(second.value)}"
        numbers = f"({said(here)} − {means}) / {said(root)}"
        symbols = "dE/dx = (g − m₁ − x̂ · m₂) / √(variance + ε)"
        size = (abs(here) + first.scale + abs(x) * second.scale) / root
        return (first, second, step(symbols, numbers, value, alone(slide, pixel), "dx", size=size))

    def fed(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Whole:
        """All: each number has a say in the mean."""
        return np.argwhere(np.ones(slide.y(facts.name).shape, bool))

    def learning(
        self, slide: Slide, facts: Facts, parameter: str, place: tuple[int, ...]
    ) -> tuple[Line, ...]:
        hat, _, _ = self._all(slide, facts)
        at = (*place, 0, 0)[:3]
        dy, engine = float(slide.dy(facts.name)[at]), learned(slide, facts.name, parameter, place)
        here = Token(said(dy), Spot(facts.name, *at))
        if parameter == "shift":
            return (step("dE/dshift = dE/dy", (here,), dy, engine, "db"),)
        x = float(hat[at])
        numbers = (here, Token(f" × {bracketed(x)}"))
        return (step("dE/dscale = dE/dy · x̂", numbers, dy * x, engine, "dw", size=abs(dy)),)

    def pairs(
        self, slide: Slide, facts: Facts, parameter: str, place: tuple[int, ...]
    ) -> tuple[Whole, Whole]:
        spot = np.array([(*place, 0, 0)[:3]])
        return spot, spot

    def default(self, slide: Slide, facts: Facts, spot: Spot) -> Choice:
        index = slide.index(facts.name, "scale", self.place(slide, facts, spot))
        return chosen_weight(slide, index, Spot(facts.inputs[0], *spot.at))

    def others(self, slide: Slide, facts: Facts, spot: Spot) -> tuple[tuple[str, tuple[int, ...]], ...]:
        return (("shift", self.place(slide, facts, spot)),)


class ResponseArithmetic(Arithmetic):
    """A number divided by the strength of its neighbours in other channels."""

    def _layer(self, facts: Facts) -> tuple[LocalResponseNorm, float]:
        """The layer, and its α as it multiplies the sum of the squares."""
        layer = cast(LocalResponseNorm, facts.layer)
        return layer, layer.alpha if layer.alpha_over == "sum" else layer.alpha / layer.size

    def _near(self, slide: Slide, facts: Facts, spot: Spot, back: bool = False) -> Whole:
        """The channels around one at its place; `back`: those around which it lies itself."""
        size, C = self._layer(facts)[0].size, slide.shape(facts.name).channels
        before, after = size // 2, (size - 1) // 2
        before, after = (after, before) if back else (before, after)
        channels = np.arange(max(0, spot.unit - before), min(C, spot.unit + after + 1))
        return spots_of(channels, np.array([spot.row]), np.array([spot.column]))

    def _strength(self, slide: Slide, facts: Facts, spot: Spot) -> tuple[Sum, float]:
        """The sum of the squares around a place, and s."""
        layer, alpha = self._layer(facts)
        near = slide.flowing(facts.inputs[0], self._near(slide, facts, spot))
        squares = Sum("q = Σⱼ xⱼ²,  over the channels around it", near, near)
        return squares, layer.k + alpha * squares.value

    def forward(self, slide: Slide, facts: Facts, spot: Spot) -> Forward:
        layer, alpha = self._layer(facts)
        squares, s = self._strength(slide, facts, spot)
        strength = step("s = k + α q", f"{said(layer.k)} + {said(alpha)} × {bracketed(squares.value)}", s)
        name = facts.inputs[0]
        x, engine = float(slide.y(name)[spot.at]), float(slide.y(facts.name)[spot.at])
        numbers = (slide.token(Spot(name, *spot.at)), Token(f" / {bracketed(s)}^{said(layer.beta)}"))
        y = step("y = x / sᵝ", numbers, x * s**-layer.beta, engine, "y")
        return Forward(spot, (squares, strength, y))

    def share(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> tuple[Line, ...]:
        layer, alpha = self._layer(facts)
        spots = self._near(slide, facts, pixel, back=True)
        back = slide.flowing_back(facts.name, spots)
        strengths = [self._strength(slide, facts, Spot(facts.name, *map(int, s)))[1] for s in spots]
        through = Factors(slide.flowing(facts.name, spots).values / np.array(strengths), facts.name, spots)
        others = Sum("q = Σⱼ dE/dyⱼ · yⱼ / sⱼ,  over the channels that it damps", back, through)
        own = self._strength(slide, facts, pixel)[1]
        dy, x = float(slide.dy(facts.name)[pixel.at]), float(slide.y(facts.inputs[source])[pixel.at])
        power, factor = own**-layer.beta, 2 * alpha * layer.beta
        value = dy * power - factor * x * others.value
        numbers = (
            f"{said(dy)} / {bracketed(own)}^{said(layer.beta)} − {said(factor)} × {bracketed(x)} × "
            f"{bracketed(others.value)}"
        )
        symbols = "dE/dx = dE/dy / sᵝ − 2αβ · x · q"
        size = abs(dy * power) + abs(factor * x) * others.scale
        return (others, step(symbols, numbers, value, alone(slide, pixel), "dx", size=size))

    def fed(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Whole:
        return self._near(slide, facts, pixel, back=True)

    def default(self, slide: Slide, facts: Facts, spot: Spot) -> Choice:
        return Choice(pixel=Spot(facts.inputs[0], *spot.at))
