"""Whole networks as they were published against PyTorch: what they answer, their gradients, two steps of momentum."""

from __future__ import annotations

import numpy as np
import pytest
from machine import SOFTMAX, SQUARED, cases_of, one_pass, start, train

from lab.learning.optimizers import Momentum
from lab.network.activations import ReLU
from lab.network.architectures import ALEXNET
from lab.network.architectures.architecture import chain
from lab.network.architectures.convnetjs import convnetjs_cifar
from lab.network.architectures.lenet import as_built_today, as_published
from lab.network.architectures.unet import unet
from lab.network.initializers import He
from lab.network.layers import (
    Add,
    Concat,
    Conv2D,
    Crop,
    Dense,
    Dropout,
    Flatten,
    LocalResponseNorm,
    MaxPool2D,
    Subsample,
    TransposedConv2D,
)
from lab.network.network import INPUT, Network
from lab.network.program import lower
from lab.network.shape import Shape

torch = pytest.importorskip("torch", reason="PyTorch, the other side of the comparison, is not installed")
F = torch.nn.functional

pytestmark = pytest.mark.torch


def in_torch(network: Network, p: dict, X):
    """What the network answers in use, flat."""
    values = {INPUT: X}
    for index, node in enumerate(network.nodes):
        layer, (x, *more) = node.layer, [values[name] for name in network.sources(index)]
        weight, bias = p.get(f"{node.name}.weight"), p.get(f"{node.name}.bias")
        match layer:
            case Dense():
                x = F.linear(x.flatten(1), weight, bias)
            case Conv2D(connections=links) if links:
                full = torch.zeros(layer.filters, x.shape[1], *weight.shape[1:], dtype=x.dtype)
                o = torch.tensor([number for number, maps in enumerate(links) for _ in maps])
                full = full.index_put((o, torch.tensor(sum(links, ()))), weight)
                x = F.conv2d(x, full, bias)
            case Conv2D():
                x = F.conv2d(x, weight, bias, layer.stride, layer.padding, layer.dilation, layer.groups)
            case TransposedConv2D():
                x = F.conv_transpose2d(x, weight, bias, layer.stride, layer.padding)
            case Subsample():
                sums = 4 * F.avg_pool2d(x, 2)
                x = sums * p[f"{node.name}.coefficient"][:, None, None] + bias[:, None, None]
            case MaxPool2D():
                x = F.max_pool2d(x, layer.kernel, layer.stride)
            case LocalResponseNorm():
                x = F.local_response_norm(x, layer.size, layer.alpha * layer.size, layer.beta, layer.k)
            case Concat():
                x = torch.cat([x, *more], 1)
            case Add():
                x = sum(more, x)
            case Crop(border=b):
                x = x[:, :, b:-b, b:-b]
            case Flatten() | Dropout():
                pass
            case _:
                raise AssertionError(layer)
        if activation := getattr(layer, "activation", None):
            functions = {
                "Linear": lambda z: z,
                "ReLU": torch.relu,
                "ScaledTanh": lambda z: 1.7159 * torch.tanh(2 / 3 * z),
            }
            x = functions[type(activation).__name__](x)
        values[node.name] = x
    return x.flatten(1)


def vgg_like(*blocks: tuple[int, int]) -> Network:
    """Blocks of (convolutions, filters) as VGG's."""
    layers = []
    for block, (count, filters) in enumerate(blocks):
        for number in range(count):
            layers.append(
                (f"c{block}_{number}", Conv2D(filters, 3, padding=1, activation=ReLU(), start=He()))
            )
        layers.append((f"p{block}", MaxPool2D()))
    return chain(*layers, ("flat", Flatten()), ("fc", Dense(64, ReLU(), He())), ("out", Dense(10)))


NETWORKS = {
    "LeNet-5 of today": (as_built_today(), Shape(1, 32, 32), SOFTMAX, 20),
    "LeNet-5 of 1998": (as_published(), Shape(1, 32, 32), SOFTMAX, 7),
    "ConvNetJS": (convnetjs_cifar(), Shape(3, 32, 32), SOFTMAX, 9),
    "U-Net on 32 x 32": (unet(3, 16, 2, same=True), Shape(3, 32, 32), SQUARED, 3),
    "U-Net on 64 x 64": (unet(3, 16, 2, same=True), Shape(3, 64, 64), SQUARED, 2),
    "U-Net without padding": (unet(2, 6, 2), Shape(1, 92, 76), SQUARED, 2),
    "VGG's first blocks": (vgg_like((2, 16), (2, 32), (3, 48)), Shape(3, 48, 48), SOFTMAX, 3),
}


def near(ours, theirs, relative):
    theirs = theirs.detach().numpy()
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=relative * np.abs(theirs).max())


@pytest.mark.parametrize("name", NETWORKS)
def test_two_steps(name):
    network, x, loss, n = NETWORKS[name]
    program = lower(network, x, loss)
    rng = np.random.default_rng(1)
    X = rng.random((n, x.channels, x.height, x.width), np.float32)
    if loss is SOFTMAX:
        T = np.eye(program.outputs, dtype=np.float32)[rng.integers(0, program.outputs, n)]
    else:
        T = rng.random((n, program.outputs), np.float32)
    params = start(program, 2)
    first, optimizer = one_pass(program, params, X, T, 1 / n), Momentum(rate=1e-3 / program.outputs)
    ours = train(program, params, cases_of(X, T), optimizer, 2, batch=n)

    # in float64, so that all that there is of rounding is ours
    p = {name: torch.tensor(v.astype(float), requires_grad=True) for name, v in program.split(params).items()}
    update = torch.optim.SGD(p.values(), optimizer.rate, momentum=optimizer.momentum)
    targets = torch.tensor(T.astype(float))
    for step in range(2):
        output = in_torch(network, p, torch.tensor(X.astype(float)))
        if loss is SOFTMAX:
            error = F.cross_entropy(output, targets)
        else:
            error = 0.5 * ((output - targets) ** 2).sum() / n
        assert ours.losses[step] == pytest.approx(error.item(), rel=1e-5)
        update.zero_grad()
        error.backward()
        if step == 0:
            near(first.outputs, output, 1e-5)
            for parameter, gradient in program.split(first.grads).items():
                near(gradient, p[parameter].grad, 1e-5)
        update.step()
    for parameter, values in program.split(ours.memory.params).items():
        near(values, p[parameter], 1e-5)


def test_alexnet_answers_one_image():
    network, x = ALEXNET.network, ALEXNET.input
    program = lower(network, x, SOFTMAX, 1, gradients=False)
    params, rng = start(program, 3), np.random.default_rng(3)
    X = rng.standard_normal((1, 3, x.height, x.width)).astype(np.float32)
    ours = one_pass(program, params, X, np.eye(1, 1000, 3))
    p = {name: torch.from_numpy(values) for name, values in program.split(params).items()}
    near(ours.outputs, in_torch(network, p, torch.from_numpy(X)), 1e-4)
