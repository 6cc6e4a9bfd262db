"""Schedules: those of the step against their formulas and PyTorch's, those that answer to the error as well."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.kernels import schedule as kernel
from lab.learning.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    Exponential,
    Plateau,
    RiseAndFall,
    Step,
    WarmUp,
)
from lab.value import from_json, to_json, validated

drawn = settings(max_examples=40, deadline=None, derandomize=True)

KNOWN = {
    Constant: st.just(Constant()),
    Exponential: st.builds(Exponential, half_life=st.floats(1, 500)),
    Step: st.builds(Step, every=st.integers(1, 60), factor=st.floats(0.1, 1)),
    Cosine: st.builds(
        Cosine,
        steps=st.integers(1, 90),
        least=st.floats(0, 1),
        restart=st.booleans(),
        stretch=st.integers(1, 3),
    ),
}
known = st.one_of(*KNOWN.values())
KNOWN[WarmUp] = st.builds(WarmUp, steps=st.integers(1, 50), start=st.floats(0, 1), then=known)
any_known = st.one_of(*KNOWN.values())


def formula(schedule, t):
    """The factor at step t, by the words of the docstring."""
    match schedule:
        case Constant():
            return 1.0
        case Exponential():
            return 0.5 ** (t / schedule.half_life)
        case Step():
            return schedule.factor ** (t // schedule.every)
        case Cosine():
            length = schedule.steps
            if schedule.restart:
                while t >= length:
                    t -= length
                    length *= schedule.stretch
            t = min(t, length)
            return schedule.least + (1 - schedule.least) * (1 + math.cos(math.pi * t / length)) / 2
        case WarmUp():
            if t < schedule.steps:
                return schedule.start + (1 - schedule.start) * t / schedule.steps
            return formula(schedule.then, t - schedule.steps)
    raise AssertionError(schedule)


@drawn
@given(any_known, st.integers(0, 400), st.integers(0, 200), st.integers(0, 200))
def test_factors_follow_the_formula_and_do_not_care_how_they_are_asked(schedule, first, count, cut):
    factors = schedule.factors(first, count)
    np.testing.assert_allclose(
        factors, [formula(schedule, first + k) for k in range(count)], rtol=1e-10, atol=1e-12
    )
    cut = min(cut, count)
    parts = np.concatenate([schedule.factors(first, cut), schedule.factors(first + cut, count - cut)])
    np.testing.assert_array_equal(parts, factors)


def test_every_schedule_is_a_value():
    for schedule in SCHEDULES:
        made = validated(schedule())
        assert from_json(to_json(made), schedule, "here") == made
        assert len(made.reaction) == kernel.SETTINGS
        assert made.factors(0, 0).size == 0


def pytorch_twin(scheduler, schedule, optimizer):
    """PyTorch's schedule with the same numbers; None: it has none. `scheduler`: torch.optim.lr_scheduler."""
    match schedule:
        case Constant():
            return scheduler.ConstantLR(optimizer, 1.0, 0)
        case Exponential():
            return scheduler.ExponentialLR(optimizer, 0.5 ** (1 / schedule.half_life))
        case Step():
            return scheduler.StepLR(optimizer, schedule.every, schedule.factor)
        case Cosine(restart=True):
            return scheduler.CosineAnnealingWarmRestarts(
                optimizer, schedule.steps, schedule.stretch, schedule.least
            )
        case Cosine():  # PyTorch's turns round and rises again where ours stays
            return scheduler.CosineAnnealingLR(optimizer, schedule.steps, schedule.least)
        case WarmUp():
            if schedule.start < 1e-3:  # PyTorch goes from rate to rate by factors, and not from 0
                return None
            rise = scheduler.LinearLR(optimizer, schedule.start, total_iters=schedule.steps)
            then = pytorch_twin(scheduler, schedule.then, optimizer)
            return scheduler.SequentialLR(optimizer, [rise, then], [schedule.steps])
    raise AssertionError(schedule)


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:.*epoch parameter.*:UserWarning")
@pytest.mark.parametrize("kind", KNOWN, ids=lambda kind: kind.title)
def test_as_pytorch(kind):
    """Step by step, over settings drawn at random."""
    torch = pytest.importorskip("torch", reason="PyTorch, the other side of the comparison, is not installed")
    compared = 0

    @drawn
    @given(KNOWN[kind])
    def check(ours):
        nonlocal compared
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
        theirs = pytorch_twin(torch.optim.lr_scheduler, ours, optimizer)
        if theirs is None:
            return
        last = ours.then if isinstance(ours, WarmUp) else ours
        steps = 120
        if isinstance(last, Cosine) and not last.restart:
            steps = min(steps, last.steps + 1 + (ours.steps if isinstance(ours, WarmUp) else 0))
        rates = []
        for _ in range(steps):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            theirs.step()
        np.testing.assert_allclose(ours.factors(0, steps), rates, rtol=1e-9, atol=1e-12)
        compared += 1

    check()
    assert compared > (0 if kind is Constant else 10)


# -- answering to the error -------------------------------------------------------------------------------------


def answers(schedule, errors, pass_length=1):
    """The factor after each error; one example a batch."""
    progress, found = kernel.beginning(), []
    for k, error in enumerate(errors):
        kernel.observe(progress, np.array(schedule.reaction), float(error), 1, (k + 1) % pass_length == 0)
        found.append(progress[kernel.FACTOR])
    return found


def walk(seed, size=120):
    """Errors that fall, rest, rise and shiver."""
    rng = np.random.default_rng(seed)
    drift = np.repeat(rng.choice([-0.1, 0.0, 0.0, 0.05], size // 10), 10)
    return np.exp(np.cumsum(drift + rng.choice([0, 0.03]) * rng.standard_normal(drift.size)))


@pytest.mark.torch
@drawn
@given(
    st.builds(
        Plateau,
        factor=st.floats(0.1, 0.9),
        patience=st.integers(0, 6),
        threshold=st.sampled_from([0.0, 1e-4, 0.05]),
        rest=st.integers(0, 5),
        least=st.sampled_from([0.0, 0.05]),
        window=st.just(1),
    ),
    st.integers(0, 10**6),
)
def test_plateau_as_pytorch(ours, seed):
    torch = pytest.importorskip("torch", reason="PyTorch, the other side of the comparison, is not installed")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=ours.factor, patience=ours.patience, threshold=ours.threshold,
        cooldown=ours.rest, min_lr=ours.least, eps=0,
    )  # fmt: skip
    errors, rates = walk(seed), []
    for error in errors:
        theirs.step(error)
        rates.append(optimizer.param_groups[0]["lr"])
    np.testing.assert_allclose(answers(ours, errors), rates, rtol=1e-12)


def rise_and_fall(schedule, errors):
    """The lecture's rule, from the whole list of judgements at once."""
    factor, found = 1.0, []
    for k, error in enumerate(errors):
        if k and error > errors[k - 1] * (1 + schedule.tolerance):
            factor = max(factor * schedule.cut, schedule.least)
        else:
            run = errors[max(0, k - schedule.steady) : k + 1]
            if len(run) > schedule.steady and (np.diff(run) < 0).all():
                factor = min(factor * schedule.raised, schedule.most)
        found.append(factor)
    return found


@drawn
@given(
    st.builds(
        RiseAndFall,
        raised=st.floats(1, 1.5),
        cut=st.floats(0.2, 1),
        steady=st.integers(1, 6),
        tolerance=st.sampled_from([0.0, 0.02]),
        least=st.sampled_from([1e-4, 0.3]),
        most=st.sampled_from([2.0, 100.0]),
        window=st.just(1),
    ),
    st.integers(0, 10**6),
)
def test_rise_and_fall_as_told(schedule, seed):
    errors = walk(seed)
    np.testing.assert_allclose(answers(schedule, errors), rise_and_fall(schedule, errors), rtol=1e-12)


def plateau(schedule, errors):
    """The factor after each judgement, by the words of the docstring."""
    factor, best, bad, resting, found = 1.0, math.inf, 0, 0, []
    for error in errors:
        gain = error < best * (1 - schedule.threshold)
        best = error if gain else best
        bad = 0 if gain or resting else bad + 1
        resting = max(resting - 1, 0)
        if bad > schedule.patience:
            factor, bad, resting = max(factor * schedule.factor, schedule.least), 0, schedule.rest
        found.append(factor)
    return found


windows = st.integers(0, 7)
answering = st.one_of(
    st.builds(
        Plateau,
        factor=st.floats(0.1, 0.9),
        patience=st.integers(0, 3),
        threshold=st.sampled_from([0.0, 1e-4, 0.05]),
        rest=st.integers(0, 3),
        least=st.sampled_from([0.0, 0.05]),
        window=windows,
    ),
    st.builds(
        RiseAndFall, raised=st.floats(1, 1.5), cut=st.floats(0.2, 1), steady=st.integers(1, 4), window=windows
    ),
)


@drawn
@given(answering, st.integers(0, 9), st.integers(1, 6), st.integers(0, 10**6))
def test_any_window_after_any_warm_up(rule, wait, pass_length, seed):
    """Batches are looked away from, then put together by windows or by passes, then judged by the plain rule."""
    errors = walk(seed)
    schedule = WarmUp(steps=wait, then=rule) if wait else rule
    judged, ends, window = [], [], []
    for k, error in enumerate(errors):
        if k >= wait:
            window.append(error)
            if len(window) == rule.window or (rule.window == 0 and (k + 1) % pass_length == 0):
                judged.append(float(np.mean(window)))
                ends.append(k)
                window = []
    factors = (plateau if isinstance(rule, Plateau) else rise_and_fall)(rule, judged)
    wanted = np.ones(len(errors))
    for end, factor in zip(ends, factors, strict=True):
        wanted[end:] = factor
    np.testing.assert_allclose(answers(schedule, errors, pass_length), wanted, rtol=1e-12)


def test_the_lectures_rule():
    """F1: raised while the error falls steadily, cut when it rises, cut and never raised when it oscillates."""
    rule = RiseAndFall(raised=1.1, cut=0.5, steady=3, window=1)
    assert answers(rule, [10, 9, 8, 7, 6, 5]) == pytest.approx([1, 1, 1, 1.1, 1.21, 1.331])
    assert answers(rule, [1, 2, 3]) == [1, 0.5, 0.25]
    assert answers(rule, [2, 1, 2, 1, 2, 1]) == [1, 1, 0.5, 0.5, 0.25, 0.25]


def test_errors_are_judged_by_windows_or_by_passes():
    noisy = [3, 5, 4, 4, 3, 4, 2, 3]  # pairs: 4, 4, 3.5, 2.5: none higher than the one before
    wanted = [1, 1, 1, 1, 1, 2, 2, 4]
    assert answers(RiseAndFall(steady=1, raised=2, window=2), noisy) == wanted
    assert answers(RiseAndFall(steady=1, raised=2), noisy, pass_length=2) == wanted


def test_batches_count_by_their_examples():
    progress, settings_ = kernel.beginning(), np.array(RiseAndFall(window=2).reaction)
    kernel.observe(progress, settings_, 30.0, 10, False)  # summed over 10 examples
    kernel.observe(progress, settings_, 9.0, 1, True)
    assert progress[kernel.ERROR] == pytest.approx(39 / 11)


def test_nothing_is_judged_during_the_warm_up():
    rule = WarmUp(steps=3, then=RiseAndFall(cut=0.5, window=1))
    assert answers(rule, [1, 2, 3, 4, 5]) == [1, 1, 1, 1, 0.5]
