"""Every gradient against differences of the loss, in float64."""

import numpy as np
import pytest
from drawn import Drawn, each_special, networks
from hypothesis import example, given
from machine import SOFTMAX, SQUARED, cases_of, chain, one_pass, quick, run_rows, start

from lab.kernels import interpreter
from lab.kernels import opcodes as op
from lab.kernels.memory import aligned
from lab.network.activations import LeakyReLU, Linear, ReLU, Sigmoid, Tanh
from lab.network.layers import AveragePool2D, Conv2D, Dense, Flatten, MaxPool2D
from lab.network.program import lower
from lab.network.shape import Shape


class Slope:
    """The loss of a batch as a function of one parameter or of one input, and on which smooth piece it lies."""

    def __init__(self, drawn, moved):
        self.X, T = drawn.data()
        self.n = drawn.n
        self.program = lower(chain(*drawn.layers), drawn.x, drawn.loss, drawn.n, lean=False)
        self.params = start(self.program, drawn.seed, np.float64)
        self.cases = cases_of(self.X, T, np.float64)
        self.vector = self.params if moved == "parameters" else self.X.reshape(-1)
        self.arena, self.tally = aligned(self.program.arena_size, np.float64), np.zeros(interpreter.TALLY)
        self.none = np.empty(0)

    def __call__(self, i, step):
        """The loss with number i moved by `step`; which inputs won, and which units of a ReLU are on."""
        code, kept = self.program.code, self.vector[i]
        self.vector[i] = kept + step
        self.tally[:] = 0
        interpreter.gather(code, self.cases, np.arange(self.n), 0, self.n, self.arena)
        run_rows(
            self.program,
            0,
            code.plan[op.BACKWARD],
            self.n,
            self.arena,
            self.params,
            self.none,
            1.0,
            self.tally,
        )
        self.vector[i] = kept
        piece = [
            place.read(self.arena, self.n) if place.role == "winner" else place.read(self.arena, self.n) > 0
            for place in self.program.places
            if place.role in ("winner", "z")
        ]
        return self.tally[0], b"".join(part.tobytes() for part in piece)

    def at(self, i):
        """dE/d(number i) by a difference of fourth order, or None where a kink lies in between."""
        h = 2e-4 * max(1.0, abs(self.vector[i]))
        values = [self(i, k * h) for k in (-2, -1, 1, 2)]
        if len({piece for _, piece in values}) > 1:
            return None
        e = [error for error, _ in values]
        return (e[0] - 8 * e[1] + 8 * e[2] - e[3]) / (12 * h)


def compare(analytic, slope):
    scale = np.abs(analytic).max(initial=0)
    smooth = 0
    for i, ours in enumerate(analytic):
        numeric = slope.at(i)
        if numeric is not None:
            smooth += 1
            assert abs(ours - numeric) <= 1e-6 * max(abs(ours), abs(numeric), 1e-3 * scale, 1e-6), i
    return smooth


EVERY_PART = Drawn(
    (
        Conv2D(3, 3, 1, 1, Tanh()), MaxPool2D(3, 2, 1), Conv2D(2, 2, 2, 1, LeakyReLU(0.1)),
        AveragePool2D(2, 1, 1), Flatten(), Dense(4, Sigmoid()), Dense(4, ReLU(), bias=False), Dense(3),
    ),
    Shape(2, 7, 6), SOFTMAX, 3, 3, 11,
)  # fmt: skip


@quick(40)
@given(networks(largest=7, examples=3))
@example(EVERY_PART)
@each_special
def test_every_parameter(drawn):
    X, T = drawn.data()
    slope = Slope(drawn, "parameters")
    smooth = compare(one_pass(slope.program, slope.params, X, T).grads, slope)
    assert smooth > 0


@quick(15)
@given(networks(largest=6, examples=2))
@example(EVERY_PART)
@each_special
def test_every_input(drawn):
    """The derivative with respect to the input, which open programs keep."""
    slope = Slope(drawn, "inputs")
    program, n = slope.program, drawn.n
    interpreter.gather(program.code, slope.cases, np.arange(n), 0, n, slope.arena)
    grads = aligned(slope.params.size, np.float64)
    run_rows(program, 0, program.code.plan[op.END], n, slope.arena, slope.params, grads, 1.0, slope.tally)
    compare(program.place("input", "dx").read(slope.arena, n).ravel(), slope)


@pytest.mark.parametrize(
    "function", [Linear(), Sigmoid(), Tanh(), ReLU(), LeakyReLU(0.2)], ids=lambda f: f.title
)
@pytest.mark.parametrize("loss", [SOFTMAX, SQUARED], ids=lambda loss: loss.title)
def test_every_activation_with_every_loss(function, loss):
    """On the hidden layer and, with its sign either way, on the last."""
    drawn = Drawn((Dense(6, function), Dense(3, function)), Shape(4), loss, 5, 5, 2)
    X, T = drawn.data()
    slope = Slope(drawn, "parameters")
    assert compare(one_pass(slope.program, slope.params, X, T).grads, slope) > 40
