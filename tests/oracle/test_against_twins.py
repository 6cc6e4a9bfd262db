"""The machine against plain NumPy twins, on networks and shapes drawn at random."""

import numpy as np
import pytest
import twins
from drawn import Drawn, each_special, networks
from hypothesis import example, given
from hypothesis import strategies as st
from machine import SOFTMAX, SQUARED, cases_of, chain, one_pass, quick, rule_of, run_rows, start, train

from lab.kernels import conv, interpreter, pool
from lab.kernels import opcodes as op
from lab.kernels.chance import shuffle
from lab.kernels.memory import aligned
from lab.kernels.stacking import Geometry
from lab.kernels.update import update
from lab.learning.optimizers import SGD, Adam, Momentum, RMSprop
from lab.network.activations import LeakyReLU, ReLU, Tanh
from lab.network.layers import AveragePool2D, Conv2D, Dense, Flatten, MaxPool2D
from lab.network.program import lower
from lab.network.shape import Shape

CORNERS = [
    Drawn((Conv2D(2, 1, 1, 0, ReLU()), Flatten(), Dense(2)), Shape(1, 1, 1), SOFTMAX, 1, 1, 1),
    Drawn((Conv2D(3, 7, 1, 0, Tanh()), Dense(3)), Shape(2, 7, 7), SOFTMAX, 5, 2, 2),
    Drawn((Conv2D(3, 2, 5, 0), MaxPool2D(2, 3), Flatten(), Dense(3)), Shape(2, 19, 17), SQUARED, 4, 3, 3),
    Drawn(
        (AveragePool2D(3, 2, 1), MaxPool2D(3, 1, 1), Flatten(), Dense(3)), Shape(2, 6, 5), SQUARED, 3, 8, 4
    ),
    Drawn((Flatten(), Flatten(), Dense(40, LeakyReLU()), Dense(3)), Shape(3, 5, 4), SOFTMAX, 70, 64, 5),
    Drawn((MaxPool2D(), AveragePool2D(), Flatten(), Dense(2)), Shape(4, 4, 8), SOFTMAX, 6, 6, 6),
]


def close(ours, theirs, relative=2e-5):
    """Equal within `relative` of the largest number there."""
    theirs = np.asarray(theirs)
    scale = max(np.abs(theirs).max(initial=0), 1e-3)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=relative * scale)


@quick(60)
@given(networks())
@example(CORNERS[0])
@example(CORNERS[1])
@example(CORNERS[2])
@example(CORNERS[3])
@example(CORNERS[4])
@example(CORNERS[5])
@each_special
def test_outputs_loss_and_gradients(drawn):
    X, T = drawn.data()
    for lean in (True, False):
        program = lower(chain(*drawn.layers), drawn.x, drawn.loss, drawn.capacity, lean=lean)
        params = start(program, drawn.seed)
        named = {name: a.astype(float) for name, a in program.split(params).items()}
        error, output, grads, _, _ = twins.network(drawn.layers, named, X, T, drawn.loss)
        ours = one_pass(program, params, X, T)
        close(ours.outputs, output)
        assert ours.loss == pytest.approx(error, rel=2e-5, abs=1e-5)
        for name, gradient in program.split(ours.grads).items():
            close(gradient, grads[name])


@quick(25)
@given(networks(examples=4))
def test_every_buffer_of_an_open_program(drawn):
    X, T = drawn.data()
    program = lower(chain(*drawn.layers), drawn.x, drawn.loss, drawn.n, lean=False)
    params = start(program, drawn.seed)
    named = {name: a.astype(float) for name, a in program.split(params).items()}
    _, _, _, values, derivatives = twins.network(drawn.layers, named, X, T, drawn.loss)
    arena = aligned(program.arena_size)
    arena[:] = np.nan
    interpreter.gather(program.code, cases_of(X, T), np.arange(drawn.n), 0, drawn.n, arena)
    grads, tally = aligned(params.size), np.zeros(interpreter.TALLY)
    run_rows(program, 0, program.code.plan[op.END], drawn.n, arena, params, grads, 1.0, tally)
    for i in range(len(drawn.layers)):
        for role, expected in zip(("z", "y"), values[i], strict=True):
            if place := program.place(f"l{i}", role):
                close(place.read(arena, drawn.n), expected)
        for role, expected in zip(("dz", "dy"), derivatives[i], strict=True):
            if place := program.place(f"l{i}", role):
                close(place.read(arena, drawn.n), expected)
    assert program.place("input", "dx") is not None
    np.testing.assert_array_equal(program.place("input", "x").read(arena, drawn.n), X.astype(np.float32))


@quick(25)
@given(networks(), st.sampled_from([0.5, 1 / 3, 2.0]))
def test_scale_multiplies_the_gradient_alone(drawn, scale):
    X, T = drawn.data()
    program = lower(chain(*drawn.layers), drawn.x, drawn.loss, drawn.capacity)
    params = start(program, drawn.seed)
    plain, scaled = one_pass(program, params, X, T), one_pass(program, params, X, T, scale)
    assert scaled.loss == plain.loss
    close(scaled.grads, plain.grads.astype(float) * scale, 1e-6)


@quick(25)
@given(networks())
def test_rows_run_one_by_one_give_the_same(drawn):
    X, T = drawn.data()
    program = lower(chain(*drawn.layers), drawn.x, drawn.loss, drawn.n)
    params = start(program, drawn.seed)
    whole = one_pass(program, params, X, T)
    arena, grads = aligned(program.arena_size), aligned(params.size)
    tally = np.zeros(interpreter.TALLY)
    interpreter.gather(program.code, cases_of(X, T), np.arange(drawn.n), 0, drawn.n, arena)
    for row in range(program.code.plan[op.END]):
        run_rows(program, row, row + 1, drawn.n, arena, params, grads, 1.0, tally)
    np.testing.assert_array_equal(grads, whole.grads)
    assert tally[0] == whole.loss


# The kernels by themselves, on any window.

axes = st.tuples(
    st.integers(1, 9), st.integers(1, 4), st.integers(1, 5), st.integers(0, 2), st.integers(1, 3)
)


def to_machine(X):
    """[n, C, H, W] as [C, H, n, W], flat."""
    return np.ascontiguousarray(X.transpose(1, 2, 0, 3), np.float32).ravel()


def from_machine(flat, n, C, H, W):
    return flat.reshape(C, H, n, W).transpose(2, 0, 1, 3)


@quick(40)
@given(axes, axes, st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(0, 10**6))
def test_conv2d_of_any_window(vertical, horizontal, CI, CO, n, seed):
    (H, KH, SH, PH, DH), (W, KW, SW, PW, DW) = vertical, horizontal
    HO, WO = twins.extent(H, KH, SH, PH, DH), twins.extent(W, KW, SW, PW, DW)
    if HO < 1 or WO < 1:
        return
    rng = np.random.default_rng(seed)
    X, w = rng.standard_normal((n, CI, H, W)), rng.standard_normal((CO, CI, KH, KW))
    b, dY = rng.standard_normal(CO), rng.standard_normal((n, CO, HO, WO))
    g = Geometry(n, CI, H, W, CO, HO, WO, KH, KW, SH, SW, PH, PW, DH, DW)
    links = np.zeros(0, np.int64)
    scratch = aligned(conv.scratch_size(g))
    scratch[:] = np.nan
    Y = aligned(CO * HO * n * WO)
    W32, b32 = w.astype(np.float32).ravel(), b.astype(np.float32)
    conv.conv2d(to_machine(X), W32, b32, Y, scratch, g, 1, links, 0, HO)
    settings = ((SH, SW), (PH, PW), (DH, DW))
    close(from_machine(Y, n, CO, HO, WO), twins.conv2d(X, w, b, *settings))
    dX, dW, db = aligned(X.size), aligned(w.size), aligned(CO)
    conv.conv2d_backward(to_machine(X), W32, to_machine(dY), dW, db, dX, 0, scratch, g, 1, links)
    wanted = twins.conv2d_backward(dY, X, w, *settings)
    close(from_machine(dX, n, CI, H, W), wanted[0])
    close(dW.reshape(w.shape), wanted[1])
    close(db, wanted[2])
    again, empty = aligned(w.size), np.empty(0, np.float32)
    conv.conv2d_backward(to_machine(X), W32, to_machine(dY), again, db, empty, 0, scratch, g, 1, links)
    np.testing.assert_array_equal(again, dW)


@quick(40)
@given(axes, axes, st.integers(1, 3), st.integers(1, 4), st.integers(0, 10**6), st.booleans())
def test_pooling_of_any_window(vertical, horizontal, C, n, seed, ties):
    (H, KH, SH, PH, _), (W, KW, SW, PW, _) = vertical, horizontal
    PH, PW = min(PH, KH // 2), min(PW, KW // 2)
    HO, WO = twins.extent(H, KH, SH, PH), twins.extent(W, KW, SW, PW)
    if HO < 1 or WO < 1:
        return
    rng = np.random.default_rng(seed)
    # small whole numbers: many windows hold their largest more than once, and the first must win
    X = rng.integers(-2, 3, (n, C, H, W)) * 1.0 if ties else rng.standard_normal((n, C, H, W))
    dY = rng.standard_normal((n, C, HO, WO))
    g, settings = Geometry(n, C, H, W, C, HO, WO, KH, KW, SH, SW, PH, PW), ((KH, KW), (SH, SW), (PH, PW))
    Y, winner, dX = aligned(dY.size), aligned(dY.size), aligned(X.size)
    Y[:] = winner[:] = np.nan
    pool.max_pool(to_machine(X), Y, winner, g)
    close(from_machine(Y, n, C, HO, WO), twins.max_pool(X, *settings))
    pool.max_pool_backward(to_machine(dY), winner, dX, 0, g)
    close(from_machine(dX, n, C, H, W), twins.max_pool_backward(dY, X, *settings))
    Y[:], dX[:] = np.nan, 0
    pool.average_pool(to_machine(X), Y, g)
    close(from_machine(Y, n, C, HO, WO), twins.average_pool(X, *settings))
    pool.average_pool_backward(to_machine(dY), dX, g)
    close(from_machine(dX, n, C, H, W), twins.average_pool_backward(dY, X, *settings))


RULES = [
    (SGD(rate=0.1), twins.SGD, (0.1,)),
    (Momentum(rate=0.05, momentum=0.8), twins.Momentum, (0.05, 0.8)),
    (RMSprop(rate=0.01, decay=0.8, epsilon=1e-3), twins.RMSprop, (0.01, 0.8, 1e-3)),
    (Adam(rate=0.01, beta1=0.8, beta2=0.99, epsilon=1e-6), twins.Adam, (0.01, 0.8, 0.99, 1e-6)),
]


@pytest.mark.parametrize(("optimizer", "twin", "numbers"), RULES, ids=lambda v: getattr(v, "title", None))
@pytest.mark.parametrize(("l1", "l2"), [(0.0, 0.0), (0.01, 0.02)])
def test_training_follows_the_twin(optimizer, twin, numbers, l1, l2):
    """50 updates with a changing rate and an epoch that does not divide; penalties on weights, not on biases."""
    layers = (Dense(5, Tanh()), Dense(3))
    rng = np.random.default_rng(3)
    X = rng.standard_normal((11, 4, 1, 1)).astype(np.float32)
    T = np.eye(3)[rng.integers(0, 3, 11)]
    program = lower(chain(*layers), Shape(4), SOFTMAX, 3)
    params = start(program, 5)
    rates = numbers[0] * np.exp2(-np.arange(50) / 20)
    ours = train(program, params, cases_of(X, T), optimizer, 50, batch=4, seed=9, rates=rates, l1=l1, l2=l2)

    weights = np.concatenate([np.full(p.size, p.penalised) for p in program.parameters])
    w, rule = params.astype(float), twin(params.size, *numbers)
    order, seen = np.empty(11, np.int64), 0
    for t in range(50):
        shuffle(order, 9, seen // 11)
        batch = order[seen % 11 : min(seen % 11 + 4, 11)]
        error, output, grads, _, _ = twins.network(layers, program.split(w), X[batch], T[batch], SOFTMAX)
        assert ours.losses[t] == pytest.approx(error / len(batch), rel=1e-4)
        assert ours.counts[t] == len(batch)
        assert ours.rights[t] == pytest.approx((output.argmax(1) == T[batch].argmax(1)).mean())
        g = np.concatenate([grads[p.name].ravel() for p in program.parameters]) / len(batch)
        rule.rate = rates[t]
        w = rule.step(w, g + weights * (l1 * np.sign(w) + l2 * w), t + 1)
        seen += len(batch)
    close(ours.memory.params, w)


def test_summed_errors_are_not_divided():
    program = lower(chain(Dense(1)), Shape(2), SQUARED)
    rng = np.random.default_rng(0)
    X, T = rng.standard_normal((6, 2, 1, 1)), rng.standard_normal((6, 1))
    params, cases = start(program, 1), cases_of(X, T)
    mean = train(program, params, cases, SGD(rate=0.1), 1, batch=6)
    total = train(program, params, cases, SGD(rate=0.1), 1, batch=6, sums=True)
    assert total.losses[0] == pytest.approx(6 * mean.losses[0], rel=1e-6)
    close(total.memory.params - params, 6.0 * (mean.memory.params - params), 1e-6)


@pytest.mark.parametrize("optimizer", [Momentum(), RMSprop(), Adam()], ids=lambda o: o.title)
def test_what_is_remembered_fades_to_zero(optimizer):
    """Of a gradient that has stopped nothing is left below float32's normal range, where arithmetic is slow."""
    program = lower(chain(Dense(3, ReLU()), Dense(1)), Shape(2), SQUARED)
    params = aligned(program.parameter_count)
    params[:] = 1
    cases = cases_of(np.ones((1, 2, 1, 1)), np.zeros((1, 1)))
    program_memory = train(program, params, cases, optimizer, 1, batch=1).memory
    assert program_memory.slots.all()
    rule, grads = rule_of(program, optimizer), np.zeros_like(params)
    for age in range(2, 250_000):
        memory = program_memory
        update(
            rule.kind, rule.settings, rule.blocks, rule.numbers, memory.params, grads, memory.slots, 0.0, age
        )
        small = np.abs(memory.slots[memory.slots != 0])
        assert not small.size or small.min() >= np.finfo(np.float32).tiny
        if not small.size:
            break
    assert not memory.slots.any()
    assert np.isfinite(memory.params).all()
    nan = np.full_like(params, np.nan)
    update(rule.kind, rule.settings, rule.blocks, rule.numbers, memory.params, nan, memory.slots, 0.0, 1)
    assert np.isnan(memory.slots).all()
