"""The network in plain NumPy and float64: slow, and independent of the engine, which can be held against it.

Every layer takes its inputs [C, H, W] and its parameters by name, and gives its output. Only as in use: nothing is
dropped, batches are normalized by running statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.experiment.experiment import Experiment
from lab.network.activations import Activation
from lab.network.formula.jets import value
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
    Formula,
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
    Window,
)
from lab.network.layers.geometry import window_on
from lab.network.layers.layer import Layer
from lab.network.network import INPUT
from lab.network.shape import Shape
from lab.training.microscope.axes import stretched
from lab.training.microscope.formula import sides
from lab.training.microscope.functions import KINKED, value_of
from lab.training.microscope.lines import Real
from lab.training.microscope.losses import ERRORS, answer, pieces_of
from lab.value import both

Given = Mapping[str, Real]
"""A layer's parameters under their own names."""
Piece = tuple[str, NDArray[Any]]
"""On which side of its kinks each of a layer's numbers is: the layer's name, and an array to compare."""
Compute = Callable[[Any, list[Real], Given, Shape], tuple[Real, NDArray[Any] | None]]
"""(layer, inputs, parameters, shape of the output) -> output, and on which side of its kinks."""


def padded(x: Real, window: Window, out: tuple[int, int], value: float) -> Real:
    """x with as much around it as the windows of `out` outputs reach."""
    sides = []
    for axis, extent in enumerate(x.shape[1:]):
        before = window.padding[axis]
        reach = (out[axis] - 1) * window.stride[axis] + window.size[axis]
        sides.append((before, max(reach - extent - before, 0)))
    return np.pad(x, ((0, 0), *sides), constant_values=value)


def tapped(x: Real, window: Window, out: tuple[int, int]) -> list[tuple[int, int, Real]]:
    """(row, column) of each tap of a window, and what it sees of the padded x at all outputs, [C, *out]."""
    found = []
    for ky in range(window.taps[0]):
        for kx in range(window.taps[1]):
            top, left = ky * window.dilation[0], kx * window.dilation[1]
            rows = slice(top, top + (out[0] - 1) * window.stride[0] + 1, window.stride[0])
            columns = slice(left, left + (out[1] - 1) * window.stride[1] + 1, window.stride[1])
            found.append((ky, kx, x[:, rows, columns]))
    return found


def activated(layer: Any, z: Real) -> tuple[Real, NDArray[Any] | None]:
    f: Activation = layer.activation
    return value_of(f, z), (z > 0) if f.kind in KINKED else None


def bias(given: Given) -> Real | float:
    return given["bias"][:, None, None] if "bias" in given else 0.0


def dense(layer: Dense, xs: list[Real], given: Given, y: Shape) -> tuple[Real, NDArray[Any] | None]:
    z = given["weight"] @ xs[0].ravel()
    return activated(layer, z[:, None, None] + bias(given))


def full_kernels(layer: Conv2D, W: Real, channels: int) -> Real:
    """W as [filters, channels, height, width], 0 where a filter does not see a channel."""
    links = layer.links(Shape(channels))
    full = np.zeros((layer.filters, channels, *W.shape[-2:]))
    full[links[:, 0], links[:, 1]] = W.reshape(-1, *W.shape[-2:])
    return full


def convolution(layer: Conv2D, xs: list[Real], given: Given, y: Shape) -> tuple[Real, NDArray[Any] | None]:
    window, out = layer.window(Shape(*xs[0].shape)), (y.height, y.width)
    W = full_kernels(layer, given["weight"], len(xs[0]))
    z: Real = np.zeros((y.channels, *out))
    for ky, kx, part in tapped(padded(xs[0], window, out, 0.0), window, out):
        z += np.tensordot(W[:, :, ky, kx], part, 1)
    return activated(layer, z + bias(given))


def transposed(
    layer: TransposedConv2D, xs: list[Real], given: Given, y: Shape
) -> tuple[Real, NDArray[Any] | None]:
    window = window_on(y, layer.kernel, layer.stride, layer.padding)
    z: Real = np.zeros((y.channels, y.height, y.width))
    around = padded(z, window, (xs[0].shape[1], xs[0].shape[2]), 0.0)
    W = given["weight"]
    for ky, kx, part in tapped(around, window, (xs[0].shape[1], xs[0].shape[2])):
        part += np.tensordot(W[:, :, ky, kx].T, xs[0], 1)  # a view: each pixel stamps
    top, left = window.padding
    return activated(layer, around[:, top : top + y.height, left : left + y.width] + bias(given))


def maximum(layer: Layer, xs: list[Real], given: Given, y: Shape) -> tuple[Real, NDArray[Any] | None]:
    window, out = layer.window(Shape(*xs[0].shape)), (y.height, y.width)
    assert window is not None
    around = padded(xs[0], window, out, -np.inf)
    seen = np.stack([part for _, _, part in tapped(around, window, out)])
    return seen.max(0), seen.argmax(0)


def sums(layer: Layer, xs: list[Real], y: Shape) -> tuple[Real, int]:
    """The sum of each window, and how many numbers a window has."""
    window, out = layer.window(Shape(*xs[0].shape)), (y.height, y.width)
    assert window is not None
    parts = [part for _, _, part in tapped(padded(xs[0], window, out, 0.0), window, out)]
    return np.sum(parts, axis=0), len(parts)


def mean(layer: Layer, xs: list[Real], given: Given, y: Shape) -> tuple[Real, NDArray[Any] | None]:
    total, many = sums(layer, xs, y)
    return total / many, None


def subsample(layer: Subsample, xs: list[Real], given: Given, y: Shape) -> tuple[Real, NDArray[Any] | None]:
    total, _ = sums(layer, xs, y)
    return activated(layer, total * given["coefficient"][:, None, None] + bias(given))


def upsample(layer: Upsample, xs: list[Real], given: Given, y: Shape) -> tuple[Real, NDArray[Any] | None]:
    matrices = []
    for extent, factor in zip(xs[0].shape[1:], both(layer.factor), strict=True):
        matrix = np.zeros((extent * factor, extent))
        for u in range(extent * factor):
            one = stretched(u, extent, factor, layer.method == "bilinear")
            matrix[u, one.at] = one.shares
        matrices.append(matrix)
    return matrices[0] @ xs[0] @ matrices[1].T, None


def crop(layer: Crop, xs: list[Real], given: Given, y: Shape) -> tuple[Real, NDArray[Any] | None]:
    top, left = both(layer.border)
    return xs[0][:, top : top + y.height, left : left + y.width], None


def cut(layer: Concat | Add, xs: list[Real]) -> list[Real]:
    shapes = tuple(Shape(*x.shape) for x in xs)
    size = layer.window_of(shapes)
    assert isinstance(size, tuple)
    found = []
    for x, (top, left) in zip(xs, layer.cuts(shapes), strict=True):
        found.append(x[:, top : top + size[0], left : left + size[1]])
    return found


def prelu(layer: PReLU, xs: list[Real], given: Given, y: Shape) -> tuple[Real, NDArray[Any] | None]:
    return np.where(xs[0] > 0, xs[0], given["slope"][:, None, None] * xs[0]), xs[0] > 0


def softmax(layer: Softmax, xs: list[Real], given: Given, y: Shape) -> tuple[Real, NDArray[Any] | None]:
    powers = np.exp(xs[0] - xs[0].max(0))
    return powers / powers.sum(0), None


def batch_norm(layer: BatchNorm, xs: list[Real], given: Given, y: Shape) -> tuple[Real, NDArray[Any] | None]:
    m, v, scale, shift = (given[p][:, None, None] for p in ("mean", "variance", "scale", "shift"))
    return scale * (xs[0] - m) / np.sqrt(np.maximum(v, 0) + layer.epsilon) + shift, None


def layer_norm(layer: LayerNorm, xs: list[Real], given: Given, y: Shape) -> tuple[Real, NDArray[Any] | None]:
    x = xs[0]
    hat = (x - x.mean()) / np.sqrt(x.var() + layer.epsilon)
    return given["scale"].reshape(x.shape) * hat + given["shift"].reshape(x.shape), None


def response(
    layer: LocalResponseNorm, xs: list[Real], given: Given, y: Shape
) -> tuple[Real, NDArray[Any] | None]:
    x, alpha = xs[0], layer.alpha if layer.alpha_over == "sum" else layer.alpha / layer.size
    strength = np.empty_like(x)
    for c in range(len(x)):
        near = x[max(0, c - layer.size // 2) : c + (layer.size - 1) // 2 + 1]
        strength[c] = layer.k + alpha * (near * near).sum(0)
    return x * strength**-layer.beta, None


def by_formula(layer: Formula, xs: list[Real], given: Given, y: Shape) -> tuple[Real, NDArray[Any]]:
    at = np.array([given["x"][0], given["y"][0]])
    f = value(layer.tree, *at) + xs[0].ravel() @ at
    return np.reshape(f, (1, 1, 1)), sides(layer.tree, *at.tolist())


COMPUTE: dict[type[Layer], Compute] = {
    Dense: dense,
    Conv2D: convolution,
    TransposedConv2D: transposed,
    MaxPool2D: maximum,
    GlobalMaxPool2D: maximum,
    AveragePool2D: mean,
    GlobalAveragePool2D: mean,
    Subsample: subsample,
    Flatten: lambda layer, xs, given, y: (xs[0].reshape(-1, 1, 1), None),
    ActivationLayer: lambda layer, xs, given, y: activated(layer, xs[0]),
    PReLU: prelu,
    Softmax: softmax,
    Dropout: lambda layer, xs, given, y: (xs[0], None),
    BatchNorm: batch_norm,
    LayerNorm: layer_norm,
    LocalResponseNorm: response,
    Upsample: upsample,
    Crop: crop,
    Concat: lambda layer, xs, given, y: (np.concatenate(cut(layer, xs)), None),
    Add: lambda layer, xs, given, y: (np.sum(cut(layer, xs), axis=0), None),
    Formula: by_formula,
}


def knows(experiment: Experiment) -> bool:
    """Whether there is a twin of every layer and of the loss."""
    layers = {type(node.layer) for node in experiment.network.nodes}
    return layers <= COMPUTE.keys() and type(experiment.loss) in ERRORS


class Twin:
    """The error of one example as a function of the parameters and of the input, both of which may be changed.

    What lies before the first layer that a change concerns is computed once.
    """

    def __init__(self, experiment: Experiment, x: Real, target: Real, parameters: dict[str, Real]) -> None:
        self.x, self.parameters = x, parameters
        self._experiment, self._target = experiment, target
        self._known: dict[str, tuple[Real, NDArray[Any] | None]] = {}
        self._facts = experiment.analysis.nodes

    def error(self, first: int = 0) -> tuple[float, list[Piece]]:
        """E, and on which sides of its kinks; nodes before number `first` are as they were last time."""
        self._known[INPUT] = self.x, None
        for facts in self._facts[first:]:
            given = {
                name.rpartition(".")[2]: values
                for name, values in self.parameters.items()
                if name.rpartition(".")[0] == facts.name
            }
            assert facts.output is not None
            inputs = [self._known[name][0] for name in facts.inputs]
            self._known[facts.name] = COMPUTE[type(facts.layer)](facts.layer, inputs, given, facts.output)
        last, loss = self._facts[-1].name, self._experiment.loss
        said = answer(loss, last, self._known[last][0], self._target)
        pieces = [(name, piece) for name, (_, piece) in self._known.items() if piece is not None]
        pieces.append(("the loss", pieces_of(said)))
        return float((ERRORS[type(loss)](said) * said.part).sum()), pieces

    def output(self, layer: str) -> Real:
        """What a layer gave last."""
        return self._known[layer][0]
