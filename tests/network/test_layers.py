"""Layers as values: the tables, their words, their limits."""

import msgspec
import pytest

from lab.network.layers import (
    LAYERS,
    ActivationLayer,
    AnyLayer,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LayerNorm,
    LocalResponseNorm,
    MaxPool2D,
    PReLU,
    Softmax,
    Subsample,
)
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
        (Subsample(), Shape(6, 28, 28), Shape(6, 14, 14)),
        (Subsample(3, 2), Shape(6, 8, 9), Shape(6, 3, 4)),
        *(
            (layer, Shape(3, 4, 5), Shape(3, 4, 5))
            for layer in (
                ActivationLayer(),
                PReLU(),
                Softmax(),
                Dropout(),
                BatchNorm(),
                LayerNorm(),
                LocalResponseNorm(),
            )
        ),
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
        (Subsample(), {"stride": 0}),
        (Dropout(), {"rate": 1.0}),
        (Dropout(), {"rate": -0.1}),
        (BatchNorm(), {"momentum": 0.0}),
        (BatchNorm(), {"epsilon": 0.0}),
        (LocalResponseNorm(), {"k": 0.0}),
        (LocalResponseNorm(), {"alpha_over": "max"}),
        (PReLU(), {"slopes": "pixel"}),
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


@pytest.mark.parametrize(
    ("layer", "x", "parameters"),
    [
        (Subsample(), Shape(6, 28, 28), {"coefficient": (6,), "bias": (6,)}),  # S2 of LeNet-5: 12
        (PReLU(), Shape(4, 5, 5), {"slope": (4,)}),
        (PReLU("layer"), Shape(4, 5, 5), {"slope": (1,)}),
        (BatchNorm(), Shape(4, 5, 5), {"scale": (4,), "shift": (4,), "mean": (4,), "variance": (4,)}),
        (LayerNorm(), Shape(4, 5, 6), {"scale": (4, 5, 6), "shift": (4, 5, 6)}),
        (LayerNorm(), Shape(4), {"scale": (4,), "shift": (4,)}),
        (Dropout(), Shape(4), {}),
        (LocalResponseNorm(), Shape(4), {}),
    ],
)
def test_parameters(layer, x, parameters):
    found = layer.parameters(x)
    assert {p.name: p.shape for p in found} == parameters
    assert not any(p.penalised for p in found)
    assert {p.name for p in found if not p.learned} == parameters.keys() & {"mean", "variance"}
