"""Step by step against PyTorch: outputs, loss, gradients, and 200 updates of each optimizer."""

import numpy as np
import pytest
from drawn import each_special, networks
from hypothesis import given
from machine import SOFTMAX, SQUARED, cases_of, chain, one_pass, quick, start, train
from twins import same

from lab.kernels.chance import shuffle
from lab.learning.optimizers import SGD, Adam, Momentum, RMSprop
from lab.network.activations import LeakyReLU, ReLU, Tanh
from lab.network.layers import (
    AveragePool2D,
    Conv2D,
    Crop,
    Dense,
    Flatten,
    GlobalAveragePool2D,
    GlobalMaxPool2D,
    MaxPool2D,
    TransposedConv2D,
    Upsample,
)
from lab.network.program import lower
from lab.network.shape import Shape
from lab.value import both

torch = pytest.importorskip("torch", reason="PyTorch, the other side of the comparison, is not installed")
F = torch.nn.functional
torch.set_num_threads(1)  # on small arrays its threads only wait for each other

pytestmark = pytest.mark.torch

FUNCTIONS = {
    "Linear": lambda z, a: z,
    "Sigmoid": lambda z, a: torch.sigmoid(z),
    "Tanh": lambda z, a: torch.tanh(z),
    "ReLU": lambda z, a: torch.relu(z),
    "LeakyReLU": lambda z, a: F.leaky_relu(z, a),
}


def forward(layers, parameters, X):
    for i, layer in enumerate(layers):
        weight, bias = parameters.get(f"l{i}.weight"), parameters.get(f"l{i}.bias")
        match layer:
            case Dense():
                X = F.linear(X.flatten(1), weight, bias)
            case Conv2D():
                X = convolution(layer, X, weight, bias)
            case TransposedConv2D(stride=s, padding=p, output_padding=more):
                X = F.conv_transpose2d(X, weight, bias, s, p, more)
            case MaxPool2D(kernel=k, stride=s, padding=p):
                X = F.max_pool2d(X, k, s, p)
            case AveragePool2D(kernel=k, stride=s, padding=p):
                X = F.avg_pool2d(X, k, s, p)
            case GlobalMaxPool2D():
                X = F.adaptive_max_pool2d(X, 1)
            case GlobalAveragePool2D():
                X = F.adaptive_avg_pool2d(X, 1)
            case Upsample(factor=f, method="nearest"):
                X = F.interpolate(X, scale_factor=tuple(map(float, both(f))))
            case Upsample(factor=f):
                scale = tuple(map(float, both(f)))
                X = F.interpolate(X, scale_factor=scale, mode="bilinear", align_corners=False)
            case Crop(border=b):
                (down, across), (H, W) = both(b), X.shape[2:]
                X = X[:, :, down : H - down, across : W - across]
            case Flatten():
                X = X.flatten(1)
        if activation := getattr(layer, "activation", None):
            X = FUNCTIONS[type(activation).__name__](X, activation.alpha)
    return X.flatten(1)


def convolution(layer, X, weight, bias):
    """PyTorch has groups, but no tables of connections; and "same" at stride 1 alone."""
    padding = layer.padding
    if layer.connections:
        o = [number for number, maps in enumerate(layer.connections) for _ in maps]
        full = torch.zeros(layer.filters, X.shape[1], *weight.shape[1:], dtype=X.dtype)
        weight = full.index_put((torch.tensor(o), torch.tensor(sum(layer.connections, ()))), weight)
    if padding == "same" and layer.stride not in (1, (1, 1)):
        stride, dilation = both(layer.stride), both(layer.dilation)
        (top, bottom), (left, right) = same(X.shape[2:], both(layer.kernel), stride, dilation)
        X, padding = F.pad(X, (left, right, top, bottom)), 0
    return F.conv2d(X, weight, bias, layer.stride, padding, layer.dilation, layer.groups)


def error_of(output, T, loss):
    """Summed over the examples."""
    if loss == SOFTMAX:
        return F.cross_entropy(output, T, reduction="sum")
    return 0.5 * ((output - T) ** 2).sum()


def tensors(program, vector, dtype=None):
    return {
        name: torch.tensor(a.copy(), dtype=dtype or torch.float32, requires_grad=True)
        for name, a in program.split(vector).items()
    }


def close(ours, theirs, relative=1e-5):
    theirs = theirs.detach().numpy() if torch.is_tensor(theirs) else theirs
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=relative * max(np.abs(theirs).max(initial=0), 1e-3))


@quick(40)
@given(networks(largest=12, examples=12))
@each_special
def test_outputs_loss_and_gradients(drawn):
    X, T = drawn.data(np.float32)
    program = lower(chain(*drawn.layers), drawn.x, drawn.loss, drawn.capacity)
    params = start(program, drawn.seed)
    ours = one_pass(program, params, X, T)
    theirs = tensors(program, params)
    output = forward(drawn.layers, theirs, torch.tensor(X))
    error = error_of(output, torch.tensor(T), drawn.loss)
    error.backward()
    close(ours.outputs, output)
    assert ours.loss == pytest.approx(error.item(), rel=1e-5, abs=1e-6)
    for name, gradient in program.split(ours.grads).items():
        close(gradient, theirs[name].grad)


OPTIMIZERS = [
    (SGD(rate=0.05), lambda p: torch.optim.SGD(p, 0.05)),
    # in units of the weight here and of the gradient there: one path at a constant rate
    (Momentum(rate=0.02, momentum=0.9), lambda p: torch.optim.SGD(p, 0.02, momentum=0.9)),
    # PyTorch's alpha is our decay; both add epsilon outside the root
    (
        RMSprop(rate=0.002, decay=0.9, epsilon=1e-6),
        lambda p: torch.optim.RMSprop(p, 0.002, alpha=0.9, eps=1e-6),
    ),
    (RMSprop(rate=0.001, decay=0.99), lambda p: torch.optim.RMSprop(p, 0.001, alpha=0.99)),
    (Adam(rate=0.002), lambda p: torch.optim.Adam(p, 0.002)),
    (
        Adam(rate=0.01, beta1=0.8, beta2=0.95, epsilon=1e-4),
        lambda p: torch.optim.Adam(p, 0.01, betas=(0.8, 0.95), eps=1e-4),
    ),
]
NETWORKS = {
    "dense": ((Dense(12, Tanh()), Dense(8, LeakyReLU(0.1)), Dense(3)), Shape(6)),
    "convolution": (
        (Conv2D(4, 3, 1, 1, ReLU()), MaxPool2D(), Conv2D(5, 3, activation=Tanh()), Flatten(), Dense(3)),
        Shape(2, 8, 8),
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("optimizer", "theirs"), OPTIMIZERS, ids=lambda v: getattr(v, "title", ""))
@pytest.mark.parametrize("loss", [SOFTMAX, SQUARED], ids=lambda loss: loss.title)
def test_200_updates(name, optimizer, theirs, loss):
    layers, x = NETWORKS[name]
    N, batch, seed = 50, 16, 4
    rng = np.random.default_rng(1)
    X = rng.standard_normal((N, x.channels, x.height, x.width)).astype(np.float32)
    T = np.eye(3, dtype=np.float32)[rng.integers(0, 3, N)]
    program = lower(chain(*layers), x, loss)
    params = start(program, 2)
    ours = train(program, params, cases_of(X, T), optimizer, 200, batch=batch, seed=seed)
    assert ours.done == 200

    leaves = tensors(program, params, torch.float64)
    update = theirs(list(leaves.values()))
    order, seen, errors = np.empty(N, np.int64), 0, []
    for _ in range(200):
        shuffle(order, seed, seen // N)
        chosen = order[seen % N : min(seen % N + batch, N)]
        output = forward(layers, leaves, torch.tensor(X[chosen].astype(float)))
        error = error_of(output, torch.tensor(T[chosen].astype(float)), loss) / len(chosen)
        update.zero_grad()
        error.backward()
        update.step()
        errors.append(error.item())
        seen += len(chosen)
    np.testing.assert_allclose(ours.losses, errors, rtol=1e-4, atol=1e-5)
    for parameter, values in program.split(ours.memory.params).items():
        close(values, leaves[parameter])


def test_weight_decay_is_our_l2_on_weights_alone():
    layers, x = (Dense(6, Tanh()), Dense(3)), Shape(4)
    rng = np.random.default_rng(2)
    X = rng.standard_normal((20, 4, 1, 1)).astype(np.float32)
    T = np.eye(3, dtype=np.float32)[rng.integers(0, 3, 20)]
    program = lower(chain(*layers), x, SOFTMAX)
    params = start(program, 3)
    ours = train(program, params, cases_of(X, T), SGD(rate=0.1), 200, batch=20, l2=0.05)
    leaves = tensors(program, params)
    weights = [leaf for name, leaf in leaves.items() if name.endswith("weight")]
    biases = [leaf for name, leaf in leaves.items() if name.endswith("bias")]
    update = torch.optim.SGD([{"params": weights, "weight_decay": 0.05}, {"params": biases}], 0.1)
    for _ in range(200):
        update.zero_grad()
        (error_of(forward(layers, leaves, torch.tensor(X)), torch.tensor(T), SOFTMAX) / 20).backward()
        update.step()
    for name, values in program.split(ours.memory.params).items():
        close(values, leaves[name])
