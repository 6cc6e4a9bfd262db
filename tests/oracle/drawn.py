"""Small networks drawn at random, for hypothesis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from machine import SOFTMAX, SQUARED

from lab.learning.losses import Loss
from lab.network.activations import LeakyReLU, Linear, ReLU, Sigmoid, Tanh
from lab.network.layers import AveragePool2D, Conv2D, Dense, Flatten, MaxPool2D
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
def slid(draw, x: Shape, pooling: bool):
    """(kernel, stride, padding) that fit: kernels up to the whole padded image, strides beyond the kernel."""
    side = min(x.height, x.width)
    if pooling:
        kernel = draw(st.integers(1, min(side, 4)))
        padding = draw(st.integers(0, kernel // 2))
    else:
        padding = draw(st.integers(0, 2))
        kernel = draw(st.one_of(st.integers(1, min(5, side + 2 * padding)), st.just(side + 2 * padding)))
    return kernel, draw(st.integers(1, kernel + 2)), padding


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
            kind = draw(st.sampled_from([Conv2D, Conv2D, MaxPool2D, AveragePool2D]))
            kernel, stride, padding = draw(slid(shape, kind is not Conv2D))
            if kind is Conv2D:
                function = draw(st.sampled_from(FUNCTIONS))
                layer = Conv2D(draw(st.integers(1, 4)), kernel, stride, padding, function)
            else:
                layer = kind(kernel, stride, padding)
            layers.append(layer)
            shape = layer.output_shape(shape)
            assert isinstance(shape, Shape)
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
