"""Learning rates that differ from layer to layer."""

from __future__ import annotations

import pytest

from lab.learning.rates import LayerRate, LayerRates
from lab.network.layers import Conv2D, Dense
from lab.network.network import Network, Node, analyse
from lab.network.shape import Shape

NETWORK = Network((Node("conv", Conv2D(4, 3)), Node("flat.1", Conv2D(2, 2))))
PARAMETERS = {p.name: p for p in analyse(NETWORK, Shape(3, 8, 8)).parameters}


def test_all_rates_are_alike_unless_said_otherwise():
    assert set(LayerRates().factors(PARAMETERS.values())) == {1.0}


def test_a_layer_is_named():
    """Layers' names may hold a point: the last one ends them."""
    rates = LayerRates(layers=(LayerRate("flat.1", 0.5), LayerRate("conv", 0.0), LayerRate("flat", 7.0)))
    assert rates.factor(PARAMETERS["conv.weight"]) == rates.factor(PARAMETERS["conv.bias"]) == 0
    assert rates.factor(PARAMETERS["flat.1.weight"]) == rates.factor(PARAMETERS["flat.1.bias"]) == 0.5


@pytest.mark.parametrize(("scaling", "wanted"), [("1/√fan-in", 27**-0.5), ("1/fan-in", 1 / 27)])
def test_rates_fall_with_the_fan_in(scaling, wanted):
    """Of a 3x3 window on 3 channels; weights and bias of a unit alike, and times the layer's own factor."""
    rates = LayerRates(scaling, (LayerRate("conv", 2.0),))
    assert rates.factor(PARAMETERS["conv.weight"]) == pytest.approx(2 * wanted)
    assert rates.factor(PARAMETERS["conv.bias"]) == pytest.approx(2 * wanted)


def test_dense_layers_have_their_inputs_as_fan_in():
    (weight, _) = analyse(Network((Node("d", Dense(3)),)), Shape(100)).parameters
    assert LayerRates("1/√fan-in").factor(weight) == pytest.approx(0.1)
