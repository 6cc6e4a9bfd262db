"""Layers by themselves: each against its plain twin, central differences and PyTorch, its input read by two."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
import twins
from drawn import FUNCTIONS
from hypothesis import given
from hypothesis import strategies as st
from machine import SQUARED, cases_of, quick, run_rows

from lab.kernels import interpreter
from lab.kernels import opcodes as op
from lab.kernels.interpreter import TALLY
from lab.kernels.memory import aligned
from lab.network.activations import ACTIVATIONS, GELU, Linear, Sine
from lab.network.layers import (
    ActivationLayer,
    Add,
    BatchNorm,
    Concat,
    Conv2D,
    Dropout,
    Flatten,
    LayerNorm,
    LocalResponseNorm,
    PReLU,
    Softmax,
    Subsample,
)
from lab.network.network import Network, Node
from lab.network.program import lower
from lab.network.shape import Shape

COUNTERS = (5, 70)  # the run's seed, and the examples that it had drawn before
KINDS = list(twins.LAYERS)


@dataclass(frozen=True)
class Case:
    layer: object
    x: Shape
    n: int
    seed: int

    def data(self, dtype=np.float64):
        """Examples away from 0, where some layers have a kink."""
        rng = np.random.default_rng(self.seed)
        X = rng.standard_normal((self.n, self.x.channels, self.x.height, self.x.width))
        return (X + 0.05 * np.sign(X)).astype(np.float32).astype(dtype)


@st.composite
def cases(draw, kind, training=True):
    n, most = draw(st.integers(1, 4)), draw(st.sampled_from([1, 3, 6]))
    x = Shape(draw(st.integers(1, 7)), draw(st.integers(1, most)), draw(st.integers(1, most)))
    numbers = lambda low, high: st.floats(low, high, width=32)  # noqa: E731
    if kind is Subsample:
        kernel = tuple(draw(st.integers(1, extent)) for extent in (x.height, x.width))
        stride = draw(st.one_of(st.just(kernel), st.tuples(st.integers(1, 4), st.integers(1, 4))))
        layer = Subsample(kernel, stride, Linear())
    elif kind is Dropout:
        layer = Dropout(draw(numbers(0, 0.875)))
    elif kind is LocalResponseNorm:
        layer = LocalResponseNorm(
            draw(st.integers(1, 9)),
            draw(numbers(0, 1)),
            draw(st.sampled_from([0.75, 0.0, 0.5, 1.0, 2.25])),
            draw(numbers(0.5, 3)),
            draw(st.sampled_from(["sum", "mean"])),
        )
    elif kind is ActivationLayer:
        layer = ActivationLayer(draw(st.sampled_from(FUNCTIONS)))
    elif kind is PReLU:
        layer = PReLU(draw(st.sampled_from(["channel", "layer"])))
    elif kind is Softmax:
        layer = Softmax()
    else:
        layer = kind(epsilon=draw(st.sampled_from([1e-5, 1e-3, 0.1])))
        # a few numbers are brought to nearly the same ones whatever they are: hardly any derivative is left of them
        if kind is LayerNorm:
            x = Shape(x.channels + 5, x.height, x.width)
        elif training:
            n += 5
    return Case(layer, x, n, draw(st.integers(0, 10**6)))


def twice(layer) -> Network:
    """The layer two times on one input, whose derivative both add to."""
    return Network(
        (
            Node("a", layer, ("input",)),
            Node("b", layer, ("input",)),
            Node("sum", Add(), ("a", "b")),
            Node("flat", Flatten()),
        )
    )


@dataclass
class Found:
    loss: float
    outputs: np.ndarray
    dx: np.ndarray | None
    grads: np.ndarray


def run(program, params, X, T, counters=COUNTERS) -> Found:
    """One batch through a program that holds it; memory starts as NaN, so that nothing stale is read."""
    n, plan, dtype = len(X), program.code.plan, params.dtype
    arena, grads, tally = aligned(program.arena_size, dtype.type), np.zeros_like(params), np.zeros(TALLY)
    arena[:] = np.nan
    interpreter.gather(program.code, cases_of(X, T, dtype), np.arange(n), 0, n, arena)
    run_rows(program, 0, plan[op.BACKWARD], n, arena, params, grads, 1.0, tally, counters)
    outputs = arena[plan[op.OUTPUT] : plan[op.OUTPUT] + program.outputs * n].reshape(-1, n).T.copy()
    run_rows(program, plan[op.BACKWARD], plan[op.END], n, arena, params, grads, 1.0, tally, counters)
    place = program.place("input", "dx")
    return Found(tally[0], outputs, place.read(arena, n) if place else None, grads)


def prepared(case: Case, network: Network, dtype, **options):
    """(program, parameters that are all of a size, X, T)"""
    program = lower(network, case.x, SQUARED, case.n, **options)
    rng = np.random.default_rng(case.seed + 1)
    params = aligned(program.parameter_count, dtype)
    params[:] = rng.uniform(0.3, 1.2, params.size)
    X = case.data(dtype)
    return program, params, X, rng.standard_normal((case.n, program.outputs)).astype(dtype)


def close(ours, theirs, relative=1e-5):
    """Equal within `relative` of the largest number there."""
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=relative * max(np.abs(theirs).max(initial=0), 1e-3))


def split(program, vector):
    """{"a": {name: array}, "b": ...}"""
    parts = {"a": {}, "b": {}}
    for name, values in program.split(vector).items():
        parts[name[0]][name[2:]] = values.astype(float)
    return parts


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_as_the_plain_twin(kind, training):
    @quick(40)
    @given(cases(kind, training))
    def check(case):
        program, params, X, T = prepared(case, twice(case.layer), np.float32, lean=False, training=training)
        ours = run(program, params, X, T)
        forward, backward = twins.LAYERS[kind]
        p, X = split(program, params), X.astype(float)
        Y = sum(forward(case.layer, p[b], X, training, (COUNTERS[0], b, COUNTERS[1])) for b in "ab")
        close(ours.outputs, Y.reshape(case.n, -1))
        dY = Y - T.reshape(Y.shape)
        assert ours.loss == pytest.approx(0.5 * (dY**2).sum(), rel=1e-5)
        dX, grads = 0, split(program, ours.grads)
        for b in "ab":
            dx, wanted = backward(case.layer, p[b], X, dY, training, (COUNTERS[0], b, COUNTERS[1]))
            dX = dX + dx
            assert wanted.keys() == grads[b].keys()
            for name, gradient in wanted.items():
                close(grads[b][name], gradient)
        close(ours.dx, dX)

    check()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_by_central_differences(kind, training):
    """Every parameter and every input, in float64, by a difference of fourth order."""

    @quick(8)
    @given(cases(kind, training))
    def check(case):
        network = twice(case.layer)
        program, params, X, T = prepared(case, network, np.float64, lean=False, training=training)
        found = run(program, params, X, T)
        learned = program.code.plan[op.LEARNED]
        for vector, analytic in ((params, found.grads[:learned]), (X.reshape(-1), found.dx.ravel())):
            scale = np.abs(analytic).max(initial=0)
            for i, ours in enumerate(analytic):
                h, losses, kept = 1e-3 * max(1.0, abs(vector[i])), [], vector[i]
                for k in (-2, -1, 1, 2):
                    vector[i] = kept + k * h
                    losses.append(run(program, params, X, T).loss)
                vector[i] = kept
                numeric = (losses[0] - 8 * losses[1] + 8 * losses[2] - losses[3]) / (12 * h)
                assert abs(ours - numeric) <= 1e-6 * max(abs(ours), 1e-2 * scale, 1e-4), i

    check()


@pytest.mark.parametrize("kind", KINDS)
def test_lean_and_open_programs_give_the_same(kind):
    """Behind a convolution that learns, so that derivatives must flow, with memory that buffers share."""

    @quick(25)
    @given(cases(kind))
    def check(case):
        nodes = twice(case.layer).nodes
        nodes = tuple(Node(v.name, v.layer, ("c",) if v.inputs == ("input",) else v.inputs) for v in nodes)
        network = Network((Node("c", Conv2D(case.x.channels, 1)), *nodes))
        (program, params, X, T), (open_program, *_) = (
            prepared(case, network, np.float32, lean=lean) for lean in (True, False)
        )
        lean, whole = run(program, params, X, T), run(open_program, params, X, T)
        np.testing.assert_array_equal(lean.grads, whole.grads)
        np.testing.assert_array_equal(lean.outputs, whole.outputs)
        assert program.arena_size <= open_program.arena_size

    check()


def in_torch(F):
    """What PyTorch says of each layer; of dropout it draws its own."""

    def local_response_norm(layer, p, X):
        alpha = layer.alpha * (layer.size if layer.alpha_over == "sum" else 1)
        return F.local_response_norm(X, layer.size, alpha, layer.beta, layer.k)

    def subsample(layer, p, X):
        mean = F.avg_pool2d(X, layer.kernel, layer.stride)
        return mean * math.prod(layer.kernel) * p["coefficient"][:, None, None] + p["bias"][:, None, None]

    functions = {
        "Linear": lambda f, z: z,
        "Sigmoid": lambda f, z: F.sigmoid(z),
        "Tanh": lambda f, z: F.tanh(z),
        "ScaledTanh": lambda f, z: 1.7159 * F.tanh(2 / 3 * z),
        "ReLU": lambda f, z: F.relu(z),
        "LeakyReLU": lambda f, z: F.leaky_relu(z, f.slope),
        "ELU": lambda f, z: F.elu(z, f.limit),
        "Softplus": lambda f, z: F.softplus(z),
        "SiLU": lambda f, z: F.silu(z),
        "GELU": lambda f, z: F.gelu(z, approximate={"exact": "none", "tanh": "tanh"}[f.form]),
        "Sine": lambda f, z: (f.frequency * z).sin(),
    }

    def activation(layer, p, X):
        return functions[type(layer.activation).__name__](layer.activation, X)

    def batch_norm(layer, p, X):
        # copies: PyTorch would lead them at once, and they are looked at once more
        mean, variance = (p[name].detach().clone() for name in ("mean", "variance"))
        return F.batch_norm(X, mean, variance, p["scale"], p["shift"], True, layer.momentum, layer.epsilon)

    def layer_norm(layer, p, X):
        shape = X.shape[1:]
        return F.layer_norm(X, shape, p["scale"].reshape(shape), p["shift"].reshape(shape), layer.epsilon)

    return {
        Subsample: subsample,
        LocalResponseNorm: local_response_norm,
        ActivationLayer: activation,
        PReLU: lambda layer, p, X: F.prelu(X, p["slope"]),
        Softmax: lambda layer, p, X: F.softmax(X, 1),
        BatchNorm: batch_norm,
        LayerNorm: layer_norm,
    }


@pytest.mark.torch
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not Dropout])
def test_as_pytorch(kind):
    torch = pytest.importorskip("torch", reason="PyTorch is the other side of this comparison")
    theirs = in_torch(torch.nn.functional)[kind]

    @quick(40)
    @given(cases(kind))
    def check(case):
        program, params, X, T = prepared(case, twice(case.layer), np.float32, lean=False)
        ours = run(program, params, X, T)
        # in float64: where numbers are nearly alike, what normalizes them in float32 is off by more, there and here
        x = torch.tensor(X.astype(float), requires_grad=True)
        p = {
            name: torch.tensor(values.astype(float), requires_grad=True)
            for name, values in program.split(params).items()
        }
        Y = sum(theirs(case.layer, {n[2:]: v for n, v in p.items() if n[0] == b}, x) for b in "ab")
        (0.5 * ((Y.flatten(1) - torch.tensor(T)) ** 2).sum()).backward()
        close(ours.outputs, Y.detach().flatten(1))
        close(ours.dx, x.grad)
        for name, gradient in program.split(ours.grads).items():
            if name[2:] not in ("mean", "variance"):  # which have no gradient there
                close(gradient, p[name].grad)

    check()


@pytest.mark.torch
@pytest.mark.parametrize("lean", [True, False])
@pytest.mark.parametrize("function", [*(f() for f in ACTIVATIONS), GELU("tanh"), Sine(3.0)], ids=repr)
def test_an_activation_whose_input_others_read_before_and_after_it(function, lean):
    """x goes into f twice, into a sum with what f gives, and into a convolution; all of them add to its derivative."""
    torch = pytest.importorskip("torch", reason="PyTorch is the other side of this comparison")
    F = torch.nn.functional
    layer = ActivationLayer(function)
    network = Network(
        (
            Node("x", Conv2D(3, 1)),
            Node("before", Conv2D(3, 1), ("x",)),
            Node("f", layer, ("x",)),
            Node("g", layer, ("f",)),
            Node("again", layer, ("x",)),
            Node("sum", Add(), ("f", "x", "before", "g", "again")),
            Node("after", Conv2D(3, 1), ("x",)),
            Node("both", Concat(), ("sum", "after")),
            Node("flat", Flatten()),
        )
    )
    case = Case(layer, Shape(2, 4, 5), 3, 8)
    program, params, X, T = prepared(case, network, np.float32, lean=lean)
    params -= np.float32(0.7)
    ours = run(program, params, X, T)

    p = {
        name: torch.tensor(values.astype(float), requires_grad=True)
        for name, values in program.split(params).items()
    }
    f = lambda z: in_torch(F)[ActivationLayer](layer, {}, z)  # noqa: E731
    conv = lambda z, name: F.conv2d(z, p[f"{name}.weight"], p[f"{name}.bias"])  # noqa: E731
    x = conv(torch.tensor(X.astype(float)), "x")
    total = f(x) + x + conv(x, "before") + f(f(x)) + f(x)
    Y = torch.cat([total, conv(x, "after")], 1).flatten(1)
    (0.5 * ((Y - torch.tensor(T)) ** 2).sum()).backward()
    close(ours.outputs, Y.detach())
    for name, gradient in program.split(ours.grads).items():
        close(gradient, p[name].grad)
