"""What the optimizer had in hand, against the same update made again in NumPy from what it had before."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from lab.experiment.of_layer import OfLayer, with_layer
from lab.learning.clipping import Clipping
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
from lab.learning.regularization import Regularization
from lab.learning.schedules import Exponential, RiseAndFall
from lab.training.observer import Observer
from lab.training.probes import UpdateProbe, WeightsProbe
from lab.training.readings import answer
from lab.training.run import Run
from tests.training.problems import XOR_MLP, with_rate

EVERY = [
    SGD(rate=0.1),
    Momentum(rate=0.05),
    Momentum(rate=0.05, velocity_of="gradients"),
    Nesterov(rate=0.05),
    Nesterov(rate=0.05, velocity_of="gradients"),
    Rprop(rate=0.01),
    Rprop(rate=0.01, turn="wait"),
    Rprop(rate=0.01, turn="go on"),
    RMSprop(rate=0.01, epsilon=1e-3),
    Adam(rate=0.01),
    AdamW(rate=0.01, decay=0.1),
    Adadelta(),
    Adadelta(rate=0.5, rho=0.0),
    Adagrad(rate=0.1),
]


def under(optimizer, **new):
    """A network whose layers learn at rates of their own, under a schedule."""
    experiment = msgspec.structs.replace(
        XOR_MLP, optimizer=optimizer, schedule=Exponential(half_life=30), **new
    )
    return with_layer(experiment, "output", OfLayer(0.5))


def flat(run, name):
    """One kind of number of all parameters, as a float64 vector."""
    return np.concatenate([parts[name].ravel() for parts in run.internals().named().values()]).astype(float)


def factors(run):
    return np.concatenate(
        [np.full(p.size, 0.5 if p.name.startswith("output") else 1.0) for p in run.program.parameters]
    )


def again(run, o, before, g, rate):
    """(slots, step size, change) by the formulas in the optimizers' docstrings, from the slots before."""
    t = run.state().age
    match o:
        case SGD():
            return [], rate, -rate * g
        case Momentum(momentum=a) | Nesterov(momentum=a):
            of_gradients = o.velocity_of == "gradients"
            v = a * before[0] + (g if of_gradients else -rate * g)
            if isinstance(o, Momentum):
                return [v], rate, -rate * v if of_gradients else v
            return [v], rate, -rate * (g + a * v) if of_gradients else a * v - rate * g
        case RMSprop():
            M = o.decay * before[0] + (1 - o.decay) * g**2
            step = rate / (np.sqrt(M) + o.epsilon)
            return [M], step, -step * g
        case Adam() | AdamW():
            m = o.beta1 * before[0] + (1 - o.beta1) * g
            v = o.beta2 * before[1] + (1 - o.beta2) * g**2
            step = rate / (np.sqrt(v / (1 - o.beta2**t)) + o.epsilon)
            return [m, v], step, -step * m / (1 - o.beta1**t)
        case Adadelta():
            G = o.rho * before[0] + (1 - o.rho) * g**2
            step = np.sqrt(before[1] + o.epsilon) / np.sqrt(G + o.epsilon)
            D = o.rho * before[1] + (1 - o.rho) * (step * g) ** 2
            return [G, D], rate * step, -rate * step * g
        case Adagrad():
            S = before[0] + g**2
            step = rate / (np.sqrt(S) + o.epsilon)
            return [S], step, -step * g
        case Rprop():
            turned = np.sign(before[0]) * np.sign(g)
            factor = np.where(turned > 0, o.up, np.where(turned < 0, o.down, 1))
            step = np.clip(before[1] * factor, o.least, o.most)
            change = -np.sign(g) * step
            last = g
            if o.turn != "go on":
                back = np.sign(before[0]) * before[1] if o.turn == "take back" else 0
                change, last = np.where(turned < 0, back, change), np.where(turned < 0, 0, g)
            return [last, step], step, change
    raise AssertionError(o)


def test_every_optimizer_is_here():
    assert {type(o) for o in EVERY} == set(OPTIMIZERS)


@pytest.mark.parametrize("o", EVERY, ids=repr)
def test_an_update_made_again(o):
    """From the slots before and the gradient, in float64: slots, step sizes and the change of every weight."""
    run = Run(under(o))
    run.advance(20)
    for _ in range(10):
        before = [flat(run, name) for name in o.slots]
        w = run.params.astype(float)
        run.advance(1)
        g = flat(run, "gradient")
        slots, step, change = again(run, o, before, g, run.curves().rate[-1] * factors(run))
        if isinstance(o, AdamW):
            weights = np.concatenate([np.full(p.size, p.penalised) for p in run.program.parameters])
            change -= run.curves().rate[-1] * factors(run) * o.decay * weights * w
        for name, wanted in zip(o.slots, slots, strict=True):
            np.testing.assert_allclose(flat(run, name), wanted, rtol=2e-5, atol=1e-9, err_msg=name)
        np.testing.assert_allclose(flat(run, "step size"), np.broadcast_to(step, w.shape), rtol=2e-5)
        # what a weight has lost to rounding is as large as the weight's last bit
        np.testing.assert_allclose(flat(run, "last update"), change, rtol=2e-5, atol=2.0**-23)


@pytest.mark.parametrize("o", EVERY, ids=repr)
def test_names_and_shapes(o):
    run = Run(under(o))
    run.advance(3)
    named = run.internals().named()
    wanted = list(dict.fromkeys(["gradient", *o.slots, "step size", "last update"]))
    assert list(named) == ["hidden.weight", "hidden.bias", "output.weight", "output.bias"]
    for name, parts in named.items():
        assert list(parts) == wanted
        assert all(part.shape == run.parameters[name].shape for part in parts.values())
    assert np.array_equal(flat(run, "last update").astype(np.float32), run.last_update)


def test_the_gradient_is_the_one_after_clipping_and_penalties():
    experiment = under(SGD(rate=0.1), clipping=Clipping("norm", 1e-3), regularization=Regularization(l2=0.3))
    run = Run(experiment)
    run.advance(4)
    w = run.parameters
    run.advance(1)
    parts = {name: p["gradient"].astype(float) for name, p in run.internals().named().items()}
    clipped = [g - 0.3 * w[name].astype(float) if name.endswith("weight") else g for name, g in parts.items()]
    length = np.sqrt(sum((g**2).sum() for g in clipped))
    assert length == pytest.approx(1e-3, rel=1e-3)


def test_a_rate_that_answers_to_the_error_is_the_rate_that_was_used():
    run = Run(msgspec.structs.replace(XOR_MLP, schedule=RiseAndFall(window=1, steady=1), optimizer=SGD()))
    for _ in range(30):
        used = run.rate
        run.advance(1)
        np.testing.assert_allclose(flat(run, "step size"), used, rtol=1e-6)
    assert used != 0.01


def test_copies_stay_as_they_were():
    run = Run(under(Adam()))
    run.advance(5)
    kept = run.internals()
    before = kept.named()
    run.advance(5)
    for name, parts in kept.named().items():
        for what, part in parts.items():
            assert np.array_equal(part, before[name][what])


def test_what_is_not_known_is_left_out():
    """At the start, after an edit, and on a checkpoint that was gone back to; the memory is always known."""
    run = Run(under(Momentum(rate=0.05)))

    def known():
        return list(run.internals().named()["hidden.weight"])

    assert known() == ["velocity"]
    run.advance(10)
    assert known() == ["gradient", "velocity", "step size", "last update"]
    velocity = flat(run, "velocity")
    run.edit(with_rate(run.experiment, 0.01))
    assert known() == ["velocity"]
    assert np.array_equal(flat(run, "velocity"), velocity)
    run.advance(1)
    assert len(known()) == 4
    run.set_parameters(run.parameters)
    assert known() == ["velocity"]
    run.advance(3)
    run.go_to(11)
    assert known() == ["velocity"], "after its edit"


def test_going_back_between_checkpoints_knows_them_exactly():
    run, fresh = Run(under(Adam())), Run(under(Adam()))
    run.advance(400)
    run.go_to(397)
    fresh.advance(run.step)
    for name, parts in fresh.internals().named().items():
        for what, part in parts.items():
            assert np.array_equal(run.internals().named()[name][what], part), (name, what)


def test_of_a_loss_that_is_not_finite_no_gradient_is_told():
    run = Run(with_rate(msgspec.structs.replace(XOR_MLP, optimizer=SGD()), 1.0))
    run.advance(5)
    kept = run.last_update
    run.machine.memory.params[0] = np.nan
    run.advance(1)
    assert run.step == 5
    assert list(run.internals().named()["hidden.weight"]) == ["last update"]
    assert np.array_equal(run.last_update[1:], kept[1:])


def test_adadelta_knows_its_step_without_the_memory_before():
    """Also where a gradient is 0; with nothing kept and no gradient nothing is left to know it from."""
    o, g = Adadelta(rho=0.9, epsilon=1e-3), np.array([0.0, 1e-4, -2.0])
    G, D = np.array([0.5, 0.1, 3.0]), np.array([0.2, 0.0, 1e-6])
    after = 0.9 * G + 0.1 * g**2
    step = np.sqrt((D + 1e-3) / (after + 1e-3))
    slots = np.array([after, 0.9 * D + 0.1 * (step * g) ** 2])
    np.testing.assert_allclose(o.step_size(0.5, g, slots, 7), 0.5 * step, rtol=1e-12)
    nothing = Adadelta(rho=0.0).step_size(1.0, np.zeros(1), np.zeros((2, 1)), 1)
    assert np.isnan(nothing).all()


def test_a_moment_has_them_only_where_they_are_asked_for():
    run = Run(under(Momentum()))
    run.advance(2)
    assert run.moment().internals is None
    assert answer(UpdateProbe(), run.moment()) is None
    seen = answer(UpdateProbe(), run.moment(internals=True))
    assert np.array_equal(
        seen.parameters["hidden.weight"]["velocity"], run.internals().named()["hidden.weight"]["velocity"]
    )
    observer = Observer("observer", 1.0)
    observer.watch({1: frozenset({WeightsProbe()})})
    assert not observer.wanted_of(1, UpdateProbe)
    observer.watch({1: frozenset({WeightsProbe(), UpdateProbe()})})
    assert observer.wanted_of(1, UpdateProbe)
