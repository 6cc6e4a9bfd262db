"""Layers as values: the tables, their words, their limits."""

import msgspec
import numpy as np
import pytest

from lab.network.initializers import FanIn, He, Orthogonal, stream
from lab.network.layers import (
    LAYERS,
    ActivationLayer,
    AnyLayer,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Crop,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    GlobalMaxPool2D,
    Layer,
    LayerNorm,
    LocalResponseNorm,
    MaxPool2D,
    PReLU,
    Softmax,
    Subsample,
    TransposedConv2D,
    Upsample,
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


@pytest.mark.parametrize(
    "layer",
    [
        Conv2D(2, (3, 1), (1, 2), (0, 4), dilation=(5, 1), bias=False),
        Conv2D(2, (3, 1), padding="same", connections=((0, 2), (1,))),
        MaxPool2D((3, 1), (1, 2), (1, 0)),
        TransposedConv2D(2, (3, 2), (1, 3), (1, 0), output_padding=(0, 2)),
        Upsample((1, 3), "bilinear"),
        Crop((0, 3)),
    ],
)
def test_pairs_survive_a_file(layer):
    assert from_json(to_json(layer), AnyLayer, "file") == layer
    assert validated(layer) is layer
    hash(layer)


MAPS = Shape(6, 9, 7)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (Conv2D(8, groups=4), "6 maps and 8 filters cannot be divided into 4 groups. Use 1 or 2 groups"),
        (Conv2D(7, groups=7), "Use 1 group"),
        (Conv2D(8, groups=2, connections=((0,),) * 8), "both groups and a table"),
        (Conv2D(8, connections=((0,),) * 7), "has 7 rows, and there are 8 filters"),
        (Conv2D(2, connections=((0,), ())), "filter 1 is connected to no map"),
        (Conv2D(2, connections=((0,), (0, 6))), "filter 1 is connected to map 6, and 6 maps come in"),
        (Conv2D(2, connections=((0,), (3, 3))), "filter 1 is connected to one map twice"),
        (Conv2D(1, (3, 8)), "a 3×8 window does not fit into the 9×7 input with padding 0. Use a kernel of at most 9×7"),
        (Conv2D(1, (3, 8)), "or a padding of at least 0×1"),
        (Conv2D(1, 5, dilation=3), "a 5×5 window that spans 13×13 pixels does not fit"),
        (Conv2D(1, 5, dilation=3), "Use a kernel of at most 3 or a padding of at least 3"),
        (TransposedConv2D(output_padding=2), "not smaller than the stride. Use at most 1"),
        (TransposedConv2D(stride=(1, 2), output_padding=(0, 2)), "Use at most 0×1"),
        (TransposedConv2D(padding=9), "a padding of 9 leaves nothing. Use at most 6"),
        (MaxPool2D((2, 4), 2, (2, 1)), "whole 2×4 windows into the padding. Use a padding of at most 1×2"),
        (Crop((1, 4)), "nothing of the 9×7 input is left. Cut at most 4×3 a side"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_said(layer, said):
    answer = layer.output_shape(MAPS)
    assert isinstance(answer, Problem)
    assert said in str(answer)
    assert layer.multiply_adds(Shape(1, 1, 1)) >= 0


def test_weights_of_groups_and_connections():
    x = Shape(6, 14, 14)
    for layer, shape, fans in [
        (Conv2D(16, (5, 3)), (16, 6, 5, 3), (90, 240)),
        (Conv2D(16, 5, groups=2), (16, 3, 5, 5), (75, 200)),
        (Conv2D(3, 5, connections=((0, 1), (5,), (2, 3, 4))), (6, 5, 5), (50, 25)),
    ]:
        weight, bias = layer.parameters(x)
        assert weight.shape == shape
        assert (weight.fan_in, weight.fan_out) == (bias.fan_in, bias.fan_out) == fans
        places = layer.output_shape(x).size // layer.filters
        assert layer.multiply_adds(x) == weight.size * places
    assert [p.name for p in Conv2D(bias=False).parameters(x)] == ["weight"]
    assert [p.name for p in TransposedConv2D(bias=False).parameters(x)] == ["weight"]


@pytest.mark.parametrize(
    ("layer", "unit", "into"),
    [
        (Conv2D(4, 3), 2, np.s_[2]),
        (Conv2D(4, 3, groups=2), 2, np.s_[2]),
        (Conv2D(4, 3, connections=((0,), (1, 2), (3, 4, 5), (0,))), 2, np.s_[3:6]),
        (TransposedConv2D(4, 3), 2, np.s_[:, 2]),
        (Dense(4), 2, np.s_[2]),
    ],
)
def test_weights_know_their_unit(layer, unit, into):
    (weight, *_) = layer.parameters(Shape(54) if isinstance(layer, Dense) else Shape(6, 3, 3))
    units = np.empty(weight.shape, np.int64)
    for spot in np.ndindex(weight.shape):
        units[spot] = layer.unit_of(spot)
    mask = np.zeros(weight.shape, bool)
    mask[into] = True
    np.testing.assert_array_equal(units == unit, mask)
    assert layer.weights_into(unit) == into


@pytest.mark.parametrize("start", [FanIn(), He("uniform"), Orthogonal()])
def test_each_filter_of_a_table_starts_by_its_own_fan_in(start):
    few, many = (0,), tuple(range(100))
    weight, _ = Conv2D(40, 5, connections=(few, many) * 20, start=start).parameters(Shape(100, 5, 5))
    values = weight.start.draw(weight.shape, weight.fan_in, weight.fan_out, stream(1, "conv.weight"))
    assert values.shape == weight.shape == (20 * 101, 5, 5)
    each = values.reshape(20, 101, 25)
    for part, fan_in in [(each[:, 0], 25), (each[:, 1:], 2500)]:
        wanted = start.gain / fan_in**0.5 if isinstance(start, Orthogonal) else start.deviation(fan_in, 1)
        assert part.std() == pytest.approx(wanted, rel=0.1)


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
        (Conv2D(2, (3, 5), (1, 2), (1, 0)), Shape(1, 9, 9), Shape(2, 9, 3)),
        (Conv2D(2, 3, dilation=(1, 4)), Shape(1, 9, 9), Shape(2, 7, 1)),
        (Conv2D(2, 4, padding="same"), Shape(1, 9, 6), Shape(2, 9, 6)),
        (Conv2D(2, 3, (2, 4), "same"), Shape(1, 9, 6), Shape(2, 5, 2)),
        (Conv2D(2, 3, padding="valid"), Shape(1, 9, 6), Shape(2, 7, 4)),
        (MaxPool2D((3, 1), (2, 1), (1, 0)), Shape(4, 5, 6), Shape(4, 3, 6)),
        (GlobalMaxPool2D(), Shape(4, 5, 6), Shape(4)),
        (GlobalAveragePool2D(), Shape(4, 1, 1), Shape(4)),
        (Crop((0, 2)), Shape(3, 4, 5), Shape(3, 4, 1)),
        (Upsample((1, 3), "bilinear"), Shape(3, 4, 5), Shape(3, 4, 15)),
        (TransposedConv2D(2, 3, 2, 1), Shape(3, 4, 5), Shape(2, 7, 9)),
        (TransposedConv2D(2, 3, 2, 1, output_padding=(1, 0)), Shape(3, 4, 5), Shape(2, 8, 9)),
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
        (Subsample(), {"stride": (1, 0)}),
        (Dropout(), {"rate": 1.0}),
        (Dropout(), {"rate": -0.1}),
        (BatchNorm(), {"momentum": 0.0}),
        (BatchNorm(), {"epsilon": 0.0}),
        (LocalResponseNorm(), {"k": 0.0}),
        (LocalResponseNorm(), {"alpha_over": "max"}),
        (PReLU(), {"slopes": "pixel"}),
        (Conv2D(), {"kernel": (3, 0)}),
        (Conv2D(), {"kernel": (3,)}),
        (Conv2D(), {"padding": (1, -1)}),
        (Conv2D(), {"padding": "full"}),
        (Conv2D(), {"dilation": 0}),
        (Conv2D(), {"groups": 0}),
        (Conv2D(), {"connections": ((-1,),)}),
        (MaxPool2D(), {"padding": "same"}),
        (TransposedConv2D(), {"output_padding": -1}),
        (Upsample(), {"factor": (1, 65)}),
        (Crop(), {"border": (0, 5000)}),
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
