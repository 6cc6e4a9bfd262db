"""Layers as values: the tables, their words, their limits."""

import msgspec
import pytest

from lab.network.layers import LAYERS, AnyLayer, AveragePool2D, Conv2D, Dense, Flatten, Layer, MaxPool2D
from lab.network.shape import Shape
from lab.problem import Problem, ProblemError
from lab.value import changed, from_json, to_json, validated


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_has_its_words_and_a_round_trip(layer):
    assert layer.title
    assert layer.summary
    assert layer.stem.isidentifier()
    assert layer.__doc__
    assert from_json(to_json(layer()), layer, "file") == layer()
    assert validated(layer()) == layer()
    hash(layer())


def test_tags_tell_the_layers_apart():
    tags = [layer.__struct_config__.tag for layer in LAYERS]
    assert len(set(tags)) == len(LAYERS)
    for layer in LAYERS:
        assert type(from_json(to_json(layer()), AnyLayer, "file")) is layer


@pytest.mark.parametrize(
    ("layer", "x", "y"),
    [
        (Conv2D(7, 5), Shape(3, 32, 28), Shape(7, 28, 24)),
        (Conv2D(7, 5, 2), Shape(3, 32, 28), Shape(7, 14, 12)),
        (Conv2D(7, 3, 1, 1), Shape(3, 32, 28), Shape(7, 32, 28)),
        (Conv2D(2, 1), Shape(1, 1, 1), Shape(2, 1, 1)),
        (Conv2D(2, 2, 5), Shape(1, 3, 3), Shape(2, 1, 1)),
        (Conv2D(96, 11, 4), Shape(3, 227, 227), Shape(96, 55, 55)),
        (MaxPool2D(3, 2), Shape(96, 55, 55), Shape(96, 27, 27)),
        (MaxPool2D(2, 2), Shape(4, 5, 5), Shape(4, 2, 2)),
        (AveragePool2D(3, 2, 1), Shape(4, 5, 6), Shape(4, 3, 3)),
        (Flatten(), Shape(3, 4, 5), Shape(60)),
        (Dense(9), Shape(60), Shape(9)),
    ],
)
def test_output_shapes(layer, x, y):
    assert layer.output_shape(x) == y


@pytest.mark.parametrize(
    ("layer", "bad"),
    [
        (Dense(), {"units": 0}),
        (Conv2D(), {"filters": 0}),
        (Conv2D(), {"kernel": 0}),
        (Conv2D(), {"stride": 0}),
        (Conv2D(), {"padding": -1}),
        (MaxPool2D(), {"kernel": 2.5}),
    ],
)
def test_limits_name_the_field(layer, bad):
    with pytest.raises(ProblemError, match=next(iter(bad))):
        changed(layer, **bad)


def test_unknown_fields_are_refused():
    with pytest.raises(ProblemError, match="unitz"):
        from_json(b'{"layer": "dense", "unitz": 3}', Dense, "file")


def test_an_abstract_layer_says_so():
    with pytest.raises(NotImplementedError):
        Layer().output_shape(Shape(1))
    with pytest.raises(NotImplementedError):
        Layer().lower(None, None)
    assert Layer().parameters(Shape(1)) == ()
    assert Layer().multiply_adds(Shape(1)) == 0


def test_a_problem_leaves_the_place_to_the_network():
    answer = Conv2D(kernel=9).output_shape(Shape(1, 3, 3))
    assert isinstance(answer, Problem)
    assert answer.where == ""
    assert Conv2D(kernel=9).multiply_adds(Shape(1, 3, 3)) == 0


def test_layers_are_frozen():
    with pytest.raises(AttributeError):
        Dense().units = 3
    assert msgspec.structs.replace(Dense(), units=3).units == 3
