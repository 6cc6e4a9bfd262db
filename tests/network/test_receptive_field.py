"""Receptive fields against published tables, and against perturbing the input."""

import msgspec
import numpy as np
import pytest
from drawn import networks
from hypothesis import given
from machine import quick, run_rows

from lab.kernels import interpreter
from lab.kernels import opcodes as op
from lab.kernels.interpreter import TALLY
from lab.learning.losses import SquaredError
from lab.network.activations import Linear, ReLU
from lab.network.layers import (
    ActivationLayer,
    Add,
    AveragePool2D,
    BatchNorm,
    Concat,
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
from lab.network.network import Network, Node, analyse
from lab.network.program import Place, Program, lower
from lab.network.receptive_field import ReceptiveField, Region, field_of, receptive_fields
from lab.network.shape import Shape


def chain(*layers: tuple[str, object]) -> Network:
    return Network(tuple(Node(name, layer) for name, layer in layers))


LENET = chain(
    ("C1", Conv2D(6, 5)),
    ("S2", AveragePool2D()),
    ("C3", Conv2D(16, 5)),
    ("S4", AveragePool2D()),
    ("C5", Conv2D(120, 5)),
)
ALEXNET = chain(
    ("conv1", Conv2D(64, 11, stride=4)),
    ("pool1", MaxPool2D(3, 2)),
    ("conv2", Conv2D(192, 5, padding=2)),
    ("pool2", MaxPool2D(3, 2)),
    ("conv3", Conv2D(384, 3, padding=1)),
    ("conv4", Conv2D(384, 3, padding=1)),
    ("conv5", Conv2D(256, 3, padding=1)),
    ("pool5", MaxPool2D(3, 2)),
)
VGG = chain(
    *[
        item
        for block, (count, filters) in enumerate([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)], 1)
        for item in [
            *[(f"conv{block}_{k + 1}", Conv2D(filters, 3, padding=1)) for k in range(count)],
            (f"pool{block}", MaxPool2D()),
        ]
    ]
)


@pytest.mark.parametrize(
    ("network", "x", "published"),
    [
        (LENET, Shape(1, 32, 32), "C1 5,1 · S2 6,2 · C3 14,2 · S4 16,4 · C5 32,4"),
        (
            ALEXNET,
            Shape(3, 231, 231),
            "conv1 11,4,0 · pool1 19,8,0 · conv2 51,8,16 · pool2 67,16,16 · conv3 99,16,32 · "
            "conv4 131,16,48 · conv5 163,16,64 · pool5 195,32,64",
        ),
        (
            VGG,
            Shape(3, 224, 224),
            "conv1_1 3,1,1 · conv1_2 5,1,2 · pool1 6,2,2 · conv2_1 10,2,4 · conv2_2 14,2,6 · pool2 16,4,6 · "
            "conv3_1 24,4,10 · conv3_2 32,4,14 · conv3_3 40,4,18 · pool3 44,8,18 · conv4_1 60,8,26 · "
            "conv4_2 76,8,34 · conv4_3 92,8,42 · pool4 100,16,42 · conv5_1 132,16,58 · conv5_2 164,16,74 · "
            "conv5_3 196,16,90 · pool5 212,32,90",
        ),
    ],
    ids=["LeNet-5", "AlexNet", "VGG-16"],
)
def test_published_columns(network: Network, x: Shape, published: str) -> None:
    fields = receptive_fields(network, x)
    rows = [line.split() for line in published.split(" · ")]
    assert list(fields) == [name for name, _ in rows]
    for name, numbers in rows:
        wanted = [int(number) for number in numbers.split(",")]
        field = fields[name]
        for axis in (0, 1):
            found = [field.size[axis], field.stride[axis], field.padding[axis]]
            assert found[: len(wanted)] == wanted


def test_a_unit_sees_exactly_the_inputs_that_change_it() -> None:
    """The oracle: a network of ones, in NumPy; a pixel is in the field if and only if it moves the unit."""
    kernel, stride, padding = (3, 2), (2, 3), (1, 0)
    network = chain(
        ("a", Conv2D(1, kernel[0], stride=stride[0], padding=padding[0])),
        ("b", Conv2D(1, kernel[1], stride=stride[1], padding=padding[1])),
    )
    size = 17
    for row, column in [(0, 0), (1, 2), (2, 1)]:
        region = field_of(network, Shape(1, size, size), "b", row, column).clipped(Shape(1, size, size))
        seen = np.zeros((size, size), bool)
        for y in range(size):
            for x in range(size):
                values = np.zeros((size, size))
                values[y, x] = 1
                for k, s, p in zip(kernel, stride, padding, strict=True):
                    windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, p), (k, k))[::s, ::s]
                    values = windows.sum(axis=(2, 3))
                seen[y, x] = values[row, column] != 0
        wanted = np.zeros_like(seen)
        wanted[region.top : region.top + region.height, region.left : region.left + region.width] = True
        np.testing.assert_array_equal(seen, wanted)


def test_dense_layers_see_the_whole_input() -> None:
    network = chain(("pool", MaxPool2D()), ("flat", Flatten()), ("fc", Dense(3)))
    x = Shape(1, 9, 6)
    assert field_of(network, x, "fc", 0, 0) == Region(0, 0, 8, 6)  # the last row falls off at the pooling


def test_padding_is_outside() -> None:
    network = chain(("c", Conv2D(1, 5, padding=2)))
    x = Shape(1, 28, 28)
    region = field_of(network, x, "c", 0, 27)
    assert region == Region(-2, 25, 5, 5)
    assert region.clipped(x) == Region(0, 25, 3, 3)


def test_layers_with_a_problem_are_left_out() -> None:
    network = chain(("c", Conv2D(1, 9)), ("d", Dense(2)))
    assert receptive_fields(network, Shape(1, 4, 4)) == {}
    with pytest.raises(KeyError):
        field_of(network, Shape(1, 4, 4), "c", 0, 0)


R = ReLU()
BRANCHED = Network(
    (
        Node("c1", Conv2D(2, 3, padding=1, activation=R)),
        Node("pool", MaxPool2D()),
        Node("c2", Conv2D(3, 3, activation=R)),
        Node("up", TransposedConv2D(2, 2, 2, activation=R)),
        Node("cat", Concat(crop=True), ("up", "c1")),
        Node("c3", Conv2D(2, 3, padding=1)),
        Node("double", Upsample()),
        Node("cut", Crop((2, 1))),
        Node("t3", TransposedConv2D(2, 3, 2, 1, output_padding=(1, 0))),
        Node("add", Add(crop=True), ("t3", "double")),
        Node("wide", Conv2D(2, (3, 2), (1, 2), "same", dilation=(3, 1), activation=R)),
        Node("smooth", Upsample((2, 3), "bilinear")),
        Node("meet", Add(crop=True), ("smooth", "cut")),
    )
)


NORMALIZED = chain(
    ("conv", Conv2D(3, 2)),
    ("batchnorm", BatchNorm()),
    ("act", ActivationLayer(R)),
    ("lrn", LocalResponseNorm(2, alpha=0.5)),
    ("sub", Subsample(3, 2, activation=Linear())),
    ("prelu", PReLU()),
    ("drop", Dropout()),
    ("softmax", Softmax()),
    ("layernorm", LayerNorm()),
    ("last", Conv2D(2, 2)),
)


@pytest.mark.parametrize(
    ("whole", "layer"),
    [
        *(
            (BRANCHED, layer)
            for layer in ["up", "cat", "c3", "double", "cut", "t3", "add", "wide", "smooth", "meet"]
        ),
        *(
            (NORMALIZED, layer)
            for layer in ["act", "lrn", "sub", "prelu", "drop", "softmax", "layernorm", "last"]
        ),
    ],
)
def test_fields_are_those_of_a_perturbed_input(whole: Network, layer: str) -> None:
    """Positive weights and inputs: every pixel in the field has a say, none outside has."""
    x = Shape(1, 12, 12)
    names = [node.name for node in whole.nodes]
    network = Network(whole.nodes[: names.index(layer) + 1])
    rng = np.random.default_rng(1)
    program = lower_for_looking(network, x)
    params = rng.uniform(0.1, 1, program.parameter_count).astype(np.float32)
    base = rng.uniform(0.5, 1, (1, 1, 12, 12)).astype(np.float32)
    place = [p for p in program.places if p.layer == layer and p.role in ("z", "y")][-1]
    rest = output_of(program, params, base, place)
    reached = np.zeros((*rest.shape[1:], 12, 12), bool)
    for row in range(12):
        for column in range(12):
            bumped = base.copy()
            bumped[0, 0, row, column] += 5.0
            reached[..., row, column] = (output_of(program, params, bumped, place) != rest)[0]
    for row in range(rest.shape[2]):
        for column in range(rest.shape[3]):
            seen = reached[:, row, column].any(0)
            rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
            region = field_of(network, x, layer, row, column).clipped(x)
            assert (region.top, region.top + region.height - 1) == (rows[0], rows[-1])
            assert (region.left, region.left + region.width - 1) == (columns[0], columns[-1])


@quick(60)
@given(networks(largest=9, examples=1))
def test_fields_of_drawn_networks_are_exact(drawn) -> None:
    """One impulse an example, at each pixel of each channel, through positive weights: who sees it is not 0.

    Pooling by the mean stands in for the largest: it has the same windows.
    """
    layers = [linear(layer) for layer in drawn.layers[: -1 if len(drawn.layers) > 1 else None]]
    network, (C, H, W) = (
        chain(*zip(map(str, range(9)), layers, strict=False)),
        (drawn.x.channels, drawn.x.height, drawn.x.width),
    )
    program = lower(network, drawn.x, SquaredError(), C * H * W, gradients=False, lean=False)
    params = np.random.default_rng(1).uniform(0.5, 1, program.parameter_count)
    for p in program.parameters:
        if p.name.endswith("bias"):
            params[program.offsets[p.name] : program.offsets[p.name] + p.size] = 0
    images = np.eye(C * H * W).reshape(-1, C, H, W)
    arena = np.zeros(program.arena_size)
    cases = interpreter.cases(images, np.zeros((len(images), program.outputs)))
    interpreter.gather(program.code, cases, np.arange(len(images)), 0, len(images), arena)
    last, nothing = int(program.code.plan[op.LOSS_ROW]), np.zeros(0)
    run_rows(program, 0, last, len(images), arena, params, nothing, 1.0, np.zeros(TALLY))
    for facts in analyse(network, drawn.x).nodes:
        place = next(p for p in program.places if p.layer == facts.name and p.role in ("z", "y"))
        moved = (
            (place.read(arena, len(images)) != 0)
            .any(1)
            .reshape(C, H, W, place.shape.height, place.shape.width)
        )
        for row, column in np.ndindex(place.shape.height, place.shape.width):
            seen = moved[..., row, column].any(0)
            rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
            region = field_of(network, drawn.x, facts.name, row, column, padding=False)
            if rows.size:
                assert region == Region(
                    int(rows[0]), int(columns[0]), int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
                )
            else:
                assert region == Region(0, 0, 0, 0)


def linear(layer: Layer) -> Layer:
    """The same windows, without what keeps a number from being told by its sign."""
    if isinstance(layer, MaxPool2D):
        return AveragePool2D(layer.kernel, layer.stride, layer.padding)
    if isinstance(layer, GlobalMaxPool2D):
        return GlobalAveragePool2D()
    if isinstance(layer, Conv2D):  # every map sees every map: fields are those of a unit of any map
        layer = msgspec.structs.replace(layer, groups=1, connections=())
    return msgspec.structs.replace(layer, activation=Linear()) if hasattr(layer, "activation") else layer


def test_a_closed_form_through_joins_of_one_stride() -> None:
    """A residual block sees what its longer branch sees; a shortcut that looks elsewhere widens it."""
    block = Network(
        (
            Node("c", Conv2D(2, 3, 2, 1)),
            Node("a", Conv2D(2, 3, padding=1)),
            Node("b", Conv2D(2, 3, padding=1)),
            Node("sum", Add(), ("b", "c")),
            Node("far", Conv2D(2, (1, 3), padding=(0, 2), dilation=(1, 2)), ("c",)),
            Node("cat", Concat(), ("far", "sum")),
            Node("half", MaxPool2D(), ("c",)),
            Node("cut", Crop(2), ("cat",)),
            Node("uneven", Concat(crop=True), ("half", "cut")),
        )
    )
    fields = receptive_fields(block, Shape(1, 16, 16))
    assert fields["b"] == fields["sum"] == ReceptiveField((11, 11), (2, 2), (5, 5))
    assert fields["cat"] == ReceptiveField((11, 11), (2, 2), (5, 5))
    assert fields["far"] == ReceptiveField((3, 11), (2, 2), (1, 5))
    assert fields["cut"] == ReceptiveField((11, 11), (2, 2), (1, 1))
    assert "uneven" not in fields


def test_a_unit_that_sees_nothing() -> None:
    """Between the stamps of a transposed convolution whose stride is larger than its kernel; and in padding."""
    stamps = chain(("t", TransposedConv2D(1, 1, 3)))
    assert field_of(stamps, Shape(1, 3, 3), "t", 0, 0) == Region(0, 0, 1, 1)
    assert field_of(stamps, Shape(1, 3, 3), "t", 3, 1) == Region(0, 0, 0, 0)
    beside = chain(("a", Conv2D(1, 1)), ("b", Conv2D(1, 1, padding=1)))
    assert field_of(beside, Shape(1, 3, 3), "b", 0, 2) == Region(0, 0, 0, 0)
    assert field_of(beside, Shape(1, 3, 3), "b", 1, 2) == Region(0, 1, 1, 1)


def lower_for_looking(network: Network, x: Shape) -> Program:
    return lower(network, x, SquaredError(), 1, gradients=False, lean=False)


def output_of(program: Program, params: np.ndarray, image: np.ndarray, place: Place) -> np.ndarray:
    arena = np.zeros(program.arena_size, np.float32)
    cases = interpreter.cases(image, np.zeros((1, program.outputs), np.float32))
    interpreter.gather(program.code, cases, np.zeros(1, np.int64), 0, 1, arena)
    last, nothing = int(program.code.plan[op.LOSS_ROW]), np.zeros(0, np.float32)
    run_rows(program, 0, last, 1, arena, params, nothing, 1.0, np.zeros(TALLY))
    return place.read(arena, 1)
