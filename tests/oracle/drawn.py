"""Small networks drawn at random, for hypothesis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import example
from hypothesis import strategies as st
from machine import SOFTMAX, SQUARED

from lab.learning.losses import Loss
from lab.network.activations import LeakyReLU, Linear, ReLU, Sigmoid, Tanh
from lab.network.initializers import FanIn
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
    LayerNorm,
    LocalResponseNorm,
    MaxPool2D,
    PReLU,
    Softmax,
    Subsample,
    TransposedConv2D,
    Upsample,
)
from lab.network.network import Network, Node
from lab.network.shape import Shape

FUNCTIONS = (Linear(), Sigmoid(), Tanh(), ReLU(), LeakyReLU(0.1), LeakyReLU(0.0), LeakyReLU(1.0))


@dataclass(frozen=True)
class Drawn:
    """Layers, what flows in, a loss, and the numbers of examples and of examples at once."""

    layers: tuple
    x: Shape
    loss: Loss
    n: int
    capacity: int
    seed: int

    def data(self, dtype=np.float64):
        rng = np.random.default_rng(self.seed)
        X = rng.standard_normal((self.n, self.x.channels, self.x.height, self.x.width))
        K = self.layers[-1].units
        if self.loss is SOFTMAX:
            T = np.eye(K)[rng.integers(0, K, self.n)]
        else:
            T = rng.standard_normal((self.n, K))
        # float64 twins see exactly the numbers that the float32 machine sees
        return X.astype(np.float32).astype(dtype), T.astype(np.float32).astype(dtype)


@st.composite
def paired(draw, x: Shape, along) -> tuple:
    """What `along(extent)` draws: once, fit for both axes of x, or once for each."""
    if draw(st.booleans()):
        return draw(along(min(x.height, x.width)))
    return tuple(zip(draw(along(x.height)), draw(along(x.width)), strict=True))


@st.composite
def pooled(draw, extent: int):
    """(kernel, stride, padding) that fit."""
    kernel = draw(st.integers(1, min(extent, 4)))
    return kernel, draw(st.integers(1, kernel + 2)), draw(st.integers(0, kernel // 2))


@st.composite
def slid(draw, extent: int):
    """(kernel, stride, padding, dilation) that fit: kernels up to the padded image, strides beyond the kernel."""
    padding, dilation = draw(st.integers(0, 2)), draw(st.sampled_from([1, 1, 2, 3]))
    most = (extent + 2 * padding - 1) // dilation + 1
    kernel = draw(st.one_of(st.integers(1, min(5, most)), st.just(most)))
    return kernel, draw(st.integers(1, kernel + 2)), padding, dilation


@st.composite
def stamped(draw, extent: int):
    """(kernel, stride, padding, output padding) of a transposed convolution that makes no large image."""
    stride = draw(st.integers(1, 3 if extent < 5 else 1))
    kernel = draw(st.integers(1, 3))
    more = draw(st.integers(0, stride - 1))
    return (
        kernel,
        stride,
        draw(st.integers(0, min(2, ((extent - 1) * stride + kernel + more - 1) // 2))),
        more,
    )


@st.composite
def convolutions(draw, x: Shape, function) -> Conv2D:
    kernel, stride, padding, dilation = draw(paired(x, slid))
    if draw(st.integers(0, 3)) == 0:
        padding = "same"
    filters, groups, connections = draw(st.integers(1, 4)), 1, ()
    if draw(st.integers(0, 3)) == 0:
        some = st.lists(st.integers(0, x.channels - 1), min_size=1, unique=True).map(tuple)
        connections = tuple(draw(st.lists(some, min_size=filters, max_size=filters)))
    elif draw(st.integers(0, 3)) == 0:
        groups = draw(st.sampled_from([g for g in range(1, x.channels + 1) if x.channels % g == 0]))
        filters = groups * draw(st.integers(1, 2))
    bias = draw(st.booleans())
    return Conv2D(filters, kernel, stride, padding, function, FanIn(), dilation, groups, connections, bias)


@st.composite
def image_layers(draw, x: Shape):
    """A layer from an image to an image."""
    function = draw(st.sampled_from(FUNCTIONS))
    kind = draw(
        st.sampled_from([Conv2D, Conv2D, Conv2D, MaxPool2D, AveragePool2D, TransposedConv2D, Upsample, Crop])
    )
    if kind is Conv2D:
        return draw(convolutions(x, function))
    if kind is TransposedConv2D:
        kernel, stride, padding, more = draw(paired(x, stamped))
        filters, bias = draw(st.integers(1, 3)), draw(st.booleans())
        return TransposedConv2D(filters, kernel, stride, padding, function, output_padding=more, bias=bias)
    if kind is Upsample:
        (factor,) = draw(paired(x, lambda extent: st.tuples(st.integers(1, 3 if extent < 5 else 1))))
        return Upsample(factor, draw(st.sampled_from(["nearest", "bilinear"])))
    if kind is Crop:
        (border,) = draw(paired(x, lambda extent: st.tuples(st.integers(0, min(1, (extent - 1) // 2)))))
        return Crop(border)
    return kind(*draw(paired(x, pooled)))


@st.composite
def networks(draw, largest: int = 9, examples: int = 9) -> Drawn:
    vector = draw(st.integers(0, 3)) == 0
    if vector:
        x = Shape(draw(st.integers(1, 12)))
    else:
        x = Shape(*(draw(st.integers(1, most)) for most in (3, largest, largest)))
    layers: list = []
    shape = x
    if not vector:
        for _ in range(draw(st.integers(0, 3))):
            layer = draw(image_layers(shape))
            layers.append(layer)
            shape = layer.output_shape(shape)
            assert isinstance(shape, Shape), (layer, shape)
        if draw(st.integers(0, 4)) == 0:
            layers.append(draw(st.sampled_from([GlobalMaxPool2D(), GlobalAveragePool2D()])))
            shape = layers[-1].output_shape(shape)
        if not shape.is_vector or draw(st.booleans()):
            layers.append(Flatten())
    for _ in range(draw(st.integers(0, 2))):
        layers.append(
            Dense(draw(st.integers(1, 20)), draw(st.sampled_from(FUNCTIONS)), bias=draw(st.booleans()))
        )
    loss = draw(st.sampled_from([SOFTMAX, SQUARED]))
    function = Linear() if loss is SOFTMAX else draw(st.sampled_from(FUNCTIONS[:3]))
    layers.append(Dense(draw(st.integers(2 if loss is SOFTMAX else 1, 5)), function))
    n = draw(st.integers(1, examples))
    return Drawn(tuple(layers), x, loss, n, draw(st.integers(1, 2 * n)), draw(st.integers(0, 10**6)))


@dataclass(frozen=True)
class Whole:
    """A network that may branch, of layers of every kind; `kinds` are theirs."""

    network: Network
    x: Shape
    n: int
    seed: int

    @property
    def kinds(self) -> set[type]:
        return {type(node.layer) for node in self.network.nodes}

    def data(self, outputs: int):
        """Examples [n, C, H, W] and their classes, one-hot."""
        rng = np.random.default_rng(self.seed)
        X = rng.standard_normal((self.n, self.x.channels, self.x.height, self.x.width))
        return X.astype(np.float32), np.eye(outputs, dtype=np.float32)[rng.integers(0, outputs, self.n)]


@st.composite
def others(draw, x: Shape):
    """A layer that leaves the shape as it is, or a pooling that learns."""
    kinds = [ActivationLayer, BatchNorm, Dropout, LayerNorm, LocalResponseNorm, PReLU, Softmax, Subsample]
    kind = draw(st.sampled_from(kinds))
    if kind is Subsample:
        kernel, stride, _ = draw(paired(x, pooled))
        return Subsample(kernel, stride)
    if kind is Dropout:
        return Dropout(draw(st.sampled_from([0.0, 0.3, 0.99])))
    return kind()


@st.composite
def wholes(draw, batch_norm: bool = True, largest: int = 8) -> Whole:
    """Networks with joins and layers of every kind, that tell three classes apart."""
    x = Shape(draw(st.integers(1, 4)), *(draw(st.integers(1, largest)) for _ in range(2)))
    nodes, shapes = [], {"input": x}
    last = "input"

    def add(layer, *inputs):
        nonlocal last
        shape = layer.joined_shape(tuple(shapes[name] for name in inputs))
        assert isinstance(shape, Shape), (layer, shape)
        last = f"n{len(nodes)}"
        shapes[last] = shape
        nodes.append(Node(last, layer, inputs))

    for _ in range(draw(st.integers(1, 5))):
        some = image_layers(shapes[last]) if draw(st.booleans()) else others(shapes[last])
        layer = draw(some.filter(lambda layer: batch_norm or not isinstance(layer, BatchNorm)))
        before = last
        add(layer, before)
        if draw(st.integers(0, 2)) == 0:
            same = shapes[last].channels == shapes[before].channels
            add((Add if same and draw(st.booleans()) else Concat)(crop=True), last, before)
    add(Flatten(), last)
    if draw(st.booleans()):
        add(Dense(draw(st.integers(1, 40)), draw(st.sampled_from(FUNCTIONS))), last)
    add(Dense(3), last)
    return Whole(Network(tuple(nodes)), x, draw(st.integers(1, 14)), draw(st.integers(0, 10**6)))


GEOMETRY = {
    "one pixel": (Shape(2, 1, 1), Conv2D(3, 3, 2, "same", Tanh(), dilation=2), Upsample((1, 3), "bilinear")),
    "a kernel as large as the image": (Shape(2, 7, 5), Conv2D(3, (7, 5), (9, 1), activation=ReLU())),
    "a stride beyond the kernel": (Shape(3, 9, 8), Conv2D(2, (1, 2), (4, 3), (0, 1)), AveragePool2D(1, 2)),
    "same, even kernels and strides": (Shape(2, 7, 10), Conv2D(3, (4, 2), (2, 3), "same", Tanh(), bias=False)),
    "dilated in groups": (Shape(4, 9, 7), Conv2D(6, 3, (1, 2), (2, 1), dilation=(3, 2), groups=2)),
    "a filter for each map": (
        Shape(3, 6, 6), Conv2D(6, 3, padding="same", groups=3), MaxPool2D((3, 1), (1, 2), (1, 0)),
    ),
    "a table": (
        Shape(3, 8, 7),
        Conv2D(4, (3, 2), (2, 1), (1, 0), Tanh(), FanIn(), (1, 2), connections=((2, 0), (1,), (0, 1, 2), (2,))),
    ),
    "stamps with gaps": (Shape(2, 3, 4), TransposedConv2D(3, (1, 2), (3, 2), 0, Tanh(), output_padding=(2, 1))),
    "stamps that overlap": (
        Shape(3, 4, 3), TransposedConv2D(2, (4, 5), (2, 1), (1, 2), output_padding=(1, 0), bias=False),
    ),
    "smooth": (Shape(2, 3, 2), Upsample((3, 4), "bilinear"), Crop((2, 1)), Conv2D(2, (3, 1))),
    "whole maps, the largest": (Shape(3, 5, 4), Conv2D(4, 3, activation=Tanh()), GlobalMaxPool2D()),
    "whole maps, the mean": (Shape(3, 5, 4), Upsample((2, 1)), GlobalAveragePool2D()),
}  # fmt: skip
"""By what is special: an image and layers on it."""


def special(name: str) -> Drawn:
    """The network of that name in GEOMETRY, flattened and with three outputs."""
    x, *layers = GEOMETRY[name]
    return Drawn((*layers, Flatten(), Dense(3)), x, SOFTMAX, 3, 2, 7)


def each_special(test):
    """Let a test of drawn networks run all those in GEOMETRY, too."""
    for name in GEOMETRY:
        test = example(special(name))(test)
    return test
