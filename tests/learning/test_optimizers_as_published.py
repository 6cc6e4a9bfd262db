"""Every optimizer in every setting: 200 updates against the paper's lines in NumPy, and against PyTorch.

A random network's gradients are taken along the other side's path, rounded to float32 and given to both sides: many
settings are chaotic (a root near 0, a sign), so that two paths that steer themselves part from the last bit on
although their rules are the same. Calm settings are also compared with each side steering itself.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.kernels.update import NUMBERS, update
from lab.learning.optimizers import (
    OPTIMIZERS,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    Momentum,
    Nesterov,
    RMSprop,
    Rprop,
)
from lab.value import validated

STEPS = 200
drawn = settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


class SmallNetwork:
    """Mean of (tanh(X U + a) v - t)**2 / 2 as a function of the vector [U, a, v]; float64."""

    def __init__(self, seed, inputs=4, hidden=5, cases=12):
        rng = np.random.default_rng(seed)
        self.X, self.t = rng.standard_normal((cases, inputs)), rng.standard_normal(cases)
        self.cut = (inputs * hidden, inputs * hidden + hidden)
        self.start = rng.standard_normal(self.cut[1] + hidden)
        self.shape = (inputs, hidden)

    def gradient(self, w):
        """In numbers that float32 has too."""
        U, a, v = np.split(np.asarray(w, float), self.cut)
        h = np.tanh(self.X @ U.reshape(self.shape) + a)
        d = (h @ v - self.t) / len(self.t)
        dz = np.outer(d, v) * (1 - h**2)
        return np.concatenate([(self.X.T @ dz).ravel(), dz.sum(0), h.T @ d]).astype(np.float32).astype(float)

    @property
    def weights(self):
        """1 for weights, 0 for the biases a."""
        mask = np.ones(self.start.size)
        mask[slice(*self.cut)] = 0
        return mask


# -- the papers' lines: step(w, g, eta) makes one update at the rate times eta ---------------------------


class Twin:
    def __init__(self, o, network):
        self.o, self.t = o, 0
        self.mask = network.weights
        self.a, self.b = np.zeros(network.start.size), np.zeros(network.start.size)

    def step(self, w, g, eta):
        self.t += 1
        return self.moved(w, g, self.o.rate * eta, eta)


class TwinSGD(Twin):
    def moved(self, w, g, rate, eta):
        return w - rate * g


class TwinMomentum(Twin):
    def moved(self, w, g, rate, eta):
        if self.o.velocity_of == "gradients":
            self.a = self.o.momentum * self.a + g
            return w - rate * self.a
        self.a = self.o.momentum * self.a - rate * g
        return w + self.a


class TwinNesterov(Twin):
    """Sutskever et al., equations 3 and 4, on w itself; g is taken at the point ahead, which is given and returned."""

    def moved(self, ahead, g, rate, eta):
        alpha = self.o.momentum
        if self.o.velocity_of == "gradients":
            self.a = alpha * self.a + g
            return ahead - rate * (g + alpha * self.a)
        w = ahead - alpha * self.a
        self.a = alpha * self.a - rate * g
        return w + self.a + alpha * self.a


class TwinRprop(Twin):
    """Weight by weight. a: the last gradient, b: step sizes; `move`: the last changes."""

    def __init__(self, o, network):
        super().__init__(o, network)
        self.b[:] = np.clip(o.rate, o.least, o.most)
        self.move = np.zeros(self.a.size)

    def moved(self, w, g, rate, eta):
        o, w, gradient = self.o, w.copy(), g
        for i, g in enumerate(gradient):
            if self.a[i] * g > 0:
                self.b[i] = np.clip(self.b[i] * o.up, o.least, o.most)
                self.move[i] = -np.sign(g) * self.b[i]
            elif self.a[i] * g < 0:
                self.b[i] = np.clip(self.b[i] * o.down, o.least, o.most)
                if o.turn == "go on":
                    self.move[i] = -np.sign(g) * self.b[i]
                else:
                    self.move[i] = -self.move[i] if o.turn == "take back" else 0
                    g = 0
            else:
                self.move[i] = -np.sign(g) * self.b[i]
            w[i] += self.move[i]
            self.a[i] = g
        return w


class TwinRMSprop(Twin):
    def moved(self, w, g, rate, eta):
        self.a = self.o.decay * self.a + (1 - self.o.decay) * g**2
        return w - rate * g / (np.sqrt(self.a) + self.o.epsilon)


class TwinAdam(Twin):
    def adam(self, g):
        o = self.o
        self.a = o.beta1 * self.a + (1 - o.beta1) * g
        self.b = o.beta2 * self.b + (1 - o.beta2) * g**2
        return self.a / (1 - o.beta1**self.t) / (np.sqrt(self.b / (1 - o.beta2**self.t)) + o.epsilon)

    def moved(self, w, g, rate, eta):
        return w - rate * self.adam(g)


class TwinAdamW(TwinAdam):
    """Algorithm 2, line 12: w - eta (alpha m / (sqrt(v) + eps) + lambda w)."""

    def moved(self, w, g, rate, eta):
        o = self.o
        share = o.decay if o.decay_times == "schedule" else o.decay * o.rate
        which = 1 if o.decay_of == "all" else self.mask
        return w - eta * (o.rate * self.adam(g) + share * which * w)


class TwinAdadelta(Twin):
    def moved(self, w, g, rate, eta):
        o = self.o
        self.a = o.rho * self.a + (1 - o.rho) * g**2
        change = -np.sqrt(self.b + o.epsilon) / np.sqrt(self.a + o.epsilon) * g
        self.b = o.rho * self.b + (1 - o.rho) * change**2
        return w + rate * change


class TwinAdagrad(Twin):
    def moved(self, w, g, rate, eta):
        self.a += g**2
        return w - rate * g / (self.o.epsilon + np.sqrt(self.a))


TWINS = {
    SGD: TwinSGD,
    Momentum: TwinMomentum,
    Nesterov: TwinNesterov,
    Rprop: TwinRprop,
    RMSprop: TwinRMSprop,
    Adam: TwinAdam,
    AdamW: TwinAdamW,
    Adadelta: TwinAdadelta,
    Adagrad: TwinAdagrad,
}

rates = st.floats(1e-4, 0.2)
shares = st.floats(0, 0.98)
epsilons = st.sampled_from([1e-10, 1e-8, 1e-6, 1e-3, 0.1])
velocities = st.sampled_from(["weights", "gradients"])
SETTINGS = {
    SGD: st.builds(SGD, rate=rates),
    Momentum: st.builds(Momentum, rate=rates, momentum=shares, velocity_of=velocities),
    Nesterov: st.builds(Nesterov, rate=rates, momentum=shares, velocity_of=velocities),
    Rprop: st.builds(
        Rprop,
        rate=st.floats(1e-4, 1),
        up=st.floats(1.05, 2),
        down=st.floats(0.1, 0.9),
        least=st.sampled_from([1e-6, 1e-3]),
        most=st.sampled_from([0.05, 50.0]),
        turn=st.sampled_from(["wait", "take back", "go on", "wait"]),
    ),
    RMSprop: st.builds(RMSprop, rate=rates, decay=shares, epsilon=epsilons),
    Adam: st.builds(Adam, rate=rates, beta1=shares, beta2=st.floats(0, 0.9999), epsilon=epsilons),
    AdamW: st.builds(
        AdamW,
        rate=rates,
        beta1=shares,
        beta2=st.floats(0, 0.9999),
        epsilon=epsilons,
        decay=st.floats(0, 0.1),
        decay_times=st.sampled_from(["rate", "schedule"]),
        decay_of=st.sampled_from(["weights", "all"]),
    ),
    Adadelta: st.builds(Adadelta, rate=st.floats(0.1, 2), rho=shares, epsilon=epsilons),
    Adagrad: st.builds(Adagrad, rate=rates, epsilon=epsilons),
}


class Machine:
    """The compiled rule on a vector of its own: weights and biases are stretches of two settings."""

    def __init__(self, o, network, dtype):
        self.o, self.t = o, 0
        self.w = network.start.astype(dtype)
        self.slots = np.zeros(max(len(o.slots), 1) * self.w.size, dtype)
        edges = [0, *network.cut, self.w.size]
        self.blocks = np.array([(a, b - a, 0) for a, b in itertools.pairwise(edges)])
        self.numbers = np.array([(1.0, 0, 0, 1), (1.0, 0, 0, 0), (1.0, 0, 0, 1)])
        assert self.numbers.shape[1] == NUMBERS

    def step(self, gradient, eta):
        self.t += 1
        g = gradient.astype(self.w.dtype)
        constants = np.array(self.o.constants, float)
        rate = self.o.rate * eta
        update(self.o.kind, constants, self.blocks, self.numbers, self.w, g, self.slots, rate, self.t)


def close(ours, theirs, relative):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=relative * max(1.0, np.abs(theirs).max()))


def test_every_optimizer_has_a_twin_and_valid_defaults():
    assert set(OPTIMIZERS) == set(TWINS) == set(SETTINGS)
    for optimizer in OPTIMIZERS:
        validated(optimizer())
    assert len({o.kind for o in OPTIMIZERS}) == len(OPTIMIZERS)


# 200 roundings of a weight in one direction, half a unit in the last place each, are 1.2e-5 of it
DTYPES = [(np.float32, 1.5e-5), (np.float64, 1e-10)]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.title)
def test_200_updates_as_published(optimizer):
    @drawn
    @given(SETTINGS[optimizer], st.integers(0, 10**6), st.booleans())
    def check(o, seed, falling):
        network = SmallNetwork(seed)
        machines = [Machine(o, network, dtype) for dtype, _ in DTYPES]
        twin, w = TWINS[optimizer](o, network), network.start
        for t in range(STEPS):
            eta = 0.5 ** (t / 80) if falling else 1.0
            g = network.gradient(w)
            for machine in machines:
                machine.step(g, eta)
            w = twin.step(w, g, eta)
        for machine, (_, relative) in zip(machines, DTYPES, strict=True):
            close(machine.w, w, relative)

    check()


# -- PyTorch ----------------------------------------------------------------------------------------------------


def as_pytorch(o, seed, falling, dtype, steered):
    """Our parameters and PyTorch's, in float64, or None where the two are not to agree.

    `steered`: our gradients are taken on PyTorch's path; otherwise on our own.
    """
    network = SmallNetwork(seed)
    from tests.oracle import pytorch

    torch = pytorch.torch
    parts = [torch.tensor(part, requires_grad=True) for part in np.split(network.start, network.cut)]
    found = pytorch.optimizer(o, [parts[0], parts[2]], [parts[1]])
    if found is None:
        return None
    theirs, any_rate = found
    if falling and not any_rate:
        return None
    machine = Machine(o, network, dtype)
    for t in range(STEPS):
        eta = 0.5 ** (t / 80) if falling else 1.0
        gradient = network.gradient(np.concatenate([p.detach().numpy() for p in parts]))
        machine.step(gradient if steered else network.gradient(machine.w), eta)
        for p, g in zip(parts, np.split(gradient, network.cut), strict=True):
            p.grad = torch.tensor(g)
        for group in theirs.param_groups:
            if not isinstance(o, Rprop):  # it looks at the rate at the first update alone
                group["lr"] = o.rate * eta
        theirs.step()
    return machine.w, np.concatenate([p.detach().numpy() for p in parts])


@pytest.mark.torch
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.title)
def test_200_updates_as_pytorch(optimizer):
    pytest.importorskip("torch", reason="PyTorch, the other side of the comparison, is not installed")
    compared = 0

    @drawn
    @given(SETTINGS[optimizer], st.integers(0, 10**6), st.booleans())
    def check(o, seed, falling):
        nonlocal compared
        for dtype, relative in DTYPES:
            if found := as_pytorch(o, seed, falling, dtype, steered=True):
                close(*found, relative)
                compared += 1

    check()
    assert compared >= 6


CALM = {
    SGD: [SGD(rate=0.1)],
    Momentum: [Momentum(rate=0.05), Momentum(rate=0.05, velocity_of="gradients")],
    Nesterov: [Nesterov(rate=0.05), Nesterov(rate=0.05, momentum=0.95, velocity_of="gradients")],
    RMSprop: [RMSprop(rate=0.002, epsilon=1e-3), RMSprop(rate=0.001, decay=0.99, epsilon=1e-6)],
    Adam: [Adam(rate=0.01), Adam(rate=0.003, beta1=0.8, beta2=0.95, epsilon=1e-4)],
    AdamW: [
        AdamW(rate=0.01, decay=0.1),
        AdamW(rate=0.01, decay=1e-3, decay_times="schedule", decay_of="all"),
    ],
    Adadelta: [Adadelta(), Adadelta(rho=0.99, epsilon=1e-4, rate=0.5)],
    Adagrad: [Adagrad(rate=0.05), Adagrad(rate=0.1, epsilon=1e-3)],
}


@pytest.mark.torch
@pytest.mark.parametrize("o", [o for each in CALM.values() for o in each], ids=repr)
def test_200_updates_that_steer_themselves(o):
    """Ours in float32, PyTorch's in float64."""
    pytest.importorskip("torch", reason="PyTorch, the other side of the comparison, is not installed")
    for seed in range(3):
        close(*as_pytorch(o, seed, False, np.float32, steered=False), 1e-5)


# -- what the words say -----------------------------------------------------------------------------------------


def one_weight(o, gradients):
    """How far a single weight is moved by each of these gradients."""
    w, slots = np.zeros(1), np.zeros(2)
    moves = []
    for t, g in enumerate(gradients, 1):
        before = w[0]
        blocks, numbers = np.array([[0, 1, 0]]), np.array([[1.0, 0, 0, 1]])
        update(
            o.kind, np.array(o.constants, float), blocks, numbers, w, np.array([float(g)]), slots, o.rate, t
        )
        moves.append(w[0] - before)
    return moves


@pytest.mark.parametrize(
    ("turn", "moves"),
    [
        ("take back", [-0.1, -0.12, 0.12, -0.06, -0.072]),
        ("wait", [-0.1, -0.12, 0.0, -0.06, -0.072]),
        ("go on", [-0.1, -0.12, 0.06, -0.03, -0.036]),
    ],
)
def test_rprop_on_a_change_of_sign(turn, moves):
    """After the third gradient, the only negative one, the fourth is a first one, or has turned again."""
    assert one_weight(Rprop(rate=0.1, turn=turn), [1, 7, -3, 2, 5]) == pytest.approx(moves)


def test_rprop_keeps_its_step_within_limits():
    o = Rprop(rate=0.1, least=0.09, most=0.11)
    assert one_weight(o, [1, 1, 1]) == pytest.approx([-0.1, -0.11, -0.11])
    assert one_weight(Rprop(rate=0.1, least=0.09, turn="go on"), [1, -1, 1]) == pytest.approx(
        [-0.1, 0.09, -0.09]
    )


def test_why_rprop_fails_on_mini_batches():
    """G3: +0.1 nine times and -0.9 once, over and over: the mean is 0, rprop runs away, rmsprop stays about."""
    gradients = ([0.1] * 9 + [-0.9]) * 20
    runaway = sum(one_weight(Rprop(rate=0.001, turn="go on"), gradients))
    stays = sum(one_weight(RMSprop(rate=0.001, decay=0.99), gradients))
    assert runaway < -0.5
    assert abs(stays) < 0.05


def test_a_renewed_weight_begins_at_the_first_step_size():
    """Memory of zeros is what a weight has that an edit has drawn anew, however old the rule."""
    w, slots = np.zeros(1), np.zeros(2)
    o = Rprop(rate=0.1)
    blocks, numbers = np.array([[0, 1, 0]]), np.array([[1.0, 0, 0, 1]])
    update(o.kind, np.array(o.constants, float), blocks, numbers, w, np.ones(1), slots, o.rate, 5000)
    assert w[0] == pytest.approx(-0.1)


def test_a_rate_of_zero_moves_nothing():
    for optimizer in OPTIMIZERS:
        if optimizer is not Rprop:
            moves = one_weight(optimizer(rate=0.0), [1, -2, 3])
            assert moves == [0, 0, 0], optimizer.title
