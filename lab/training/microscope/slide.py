"""What lies under the microscope: one example's numbers, forwards and backwards, and the weights, at one moment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lab.experiment.experiment import Experiment
from lab.network.layers.layer import Layer
from lab.network.network import INPUT, Facts
from lab.network.shape import Shape
from lab.training.microscope.lines import Addend, Factors, Real, Spot, Token, Whole, said
from lab.training.probes import Activations, Array, Gradients


@dataclass(frozen=True, eq=False)
class Slide:
    """The three readings are of the same moment. `batch` says that they are as training will make them."""

    experiment: Experiment
    activations: Activations
    gradients: Gradients
    weights: Mapping[str, Array]
    batch: bool = False

    @cached_property
    def _facts(self) -> dict[str, Facts]:
        return {facts.name: facts for facts in self.experiment.analysis.nodes}

    @cached_property
    def _offsets(self) -> dict[str, int]:
        """Where each parameter starts in the flat vector."""
        found, start = {}, 0
        for parameter in self.experiment.analysis.parameters:
            found[parameter.name] = start
            start += parameter.size
        return found

    def facts(self, layer: str) -> Facts:
        return self._facts[layer]

    def layer(self, name: str) -> Layer:
        return self._facts[name].layer

    def shape(self, name: str) -> Shape:
        """Of a layer's output, or of the input."""
        return Shape(*self.y(name).shape)

    def inputs(self, layer: str) -> tuple[Shape, ...]:
        """The shapes of what flows into a layer."""
        return tuple(self.shape(name) for name in self._facts[layer].inputs)

    @property
    def last(self) -> str:
        """The layer whose output is the network's."""
        return self.experiment.network.nodes[-1].name

    def readers(self, name: str) -> tuple[tuple[Facts, int], ...]:
        """The layers that read what flows out of `name`, each with the number of that input among its own."""
        return tuple(
            (facts, k)
            for facts in self._facts.values()
            for k, source in enumerate(facts.inputs)
            if source == name
        )

    @property
    def knows_answer(self) -> bool:
        """Whether there is an answer to compare the network's with, and so an error: of a drawing there may be none."""
        return bool(np.isfinite(self.activations.target).all())

    # numbers that flow, [C, H, W]

    def y(self, name: str) -> Array:
        return self.activations.input if name == INPUT else self.activations.outputs[name]

    def z(self, name: str) -> Array | None:
        """Before the activation function; None of a layer that has none."""
        return self.activations.preactivations.get(name)

    def dy(self, name: str) -> Array:
        """dE/dy"""
        return self.gradients.input if name == INPUT else self.gradients.outputs[name]

    def dz(self, name: str) -> Array:
        """dE/dz; of a layer without z dE/dy."""
        return self.gradients.preactivations.get(name, self.gradients.outputs[name])

    # parameters

    def has(self, layer: str, parameter: str) -> bool:
        return f"{layer}.{parameter}" in self.weights

    def parameter(self, layer: str, parameter: str) -> Real:
        return self.weights[f"{layer}.{parameter}"].astype(np.float64)

    def indices(self, layer: str, parameter: str, *places: Whole | int) -> Whole:
        """The flat indices of the numbers at these places of a parameter, one for each of its axes."""
        name = f"{layer}.{parameter}"
        at = np.broadcast_arrays(*(np.asarray(place, np.int64) for place in places))
        return self._offsets[name] + np.ravel_multi_index(tuple(at), self.weights[name].shape).astype(
            np.int64
        )

    def index(self, layer: str, parameter: str, place: tuple[int, ...]) -> int:
        name = f"{layer}.{parameter}"
        return self._offsets[name] + int(np.ravel_multi_index(place, self.weights[name].shape))

    def place_of(self, flat: int) -> tuple[str, tuple[int, ...]] | None:
        """The full name of the parameter that a flat index lies in, and where in it."""
        for name, start in self._offsets.items():
            size = self.weights[name].size
            if start <= flat < start + size:
                return name, tuple(int(k) for k in np.unravel_index(flat - start, self.weights[name].shape))
        return None

    def derivative(self, flat: int) -> float:
        """The engine's dE/dw of a weight; NaN of a running statistic."""
        found = self.place_of(flat)
        if found is None or found[0] not in self.gradients.parameters:
            return math.nan
        return float(self.gradients.parameters[found[0]][found[1]])

    def addend(self, layer: str, parameter: str, unit: int) -> tuple[Addend, ...]:
        """The bias of a unit, where there is one."""
        if not self.has(layer, parameter):
            return ()
        value = float(self.weights[f"{layer}.{parameter}"][unit])
        return (Addend(parameter, value, self.index(layer, parameter, (unit,))),)

    # as factors and tokens

    def flowing(self, name: str, spots: Whole) -> Factors:
        """Outputs of a layer, or inputs, at `spots` [n, 3]."""
        return Factors(at(self.y(name), spots), name, spots)

    def flowing_back(self, name: str, spots: Whole) -> Factors:
        """dE/dz, or dE/dy of a layer without z."""
        return Factors(at(self.dz(name), spots), name, spots)

    def token(self, spot: Spot, text: str = "") -> Token:
        """A number that flows, as it is written."""
        return Token(text or said(float(self.y(spot.layer)[spot.at])), spot)

    def weight_token(self, layer: str, parameter: str, place: tuple[int, ...]) -> Token:
        value = float(self.weights[f"{layer}.{parameter}"][place])
        return Token(said(value), weight=self.index(layer, parameter, place))


def at(values: Array, spots: Whole) -> Real:
    """values [C, H, W] at spots [n, 3]"""
    return values[spots[:, 0], spots[:, 1], spots[:, 2]].astype(np.float64)


def spots_of(units: Whole, rows: Whole, columns: Whole) -> Whole:
    """All combinations, [n, 3], the last changing fastest."""
    grid = np.meshgrid(units, rows, columns, indexing="ij")
    return np.stack([axis.ravel() for axis in grid], 1).astype(np.int64)


SMALL = 8
"""Rows and columns up to which a map is looked at from its corner on, where a window begins its way."""


def start_of(slide: Slide, layer: str, unit: int) -> Spot:
    """Where to look at a unit first: in its corner, or in a larger map where it is strongest."""
    values = slide.y(layer)[unit]
    if max(values.shape) <= SMALL:
        return Spot(layer, unit)
    strongest = int(np.nan_to_num(np.abs(values)).argmax())
    return Spot(layer, unit, *(int(k) for k in np.unravel_index(strongest, values.shape)))
