"""A run stops at exactly the step at which a loop of single steps finds the condition, however it was played."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.experiment.experiment import Experiment
from lab.network.activations import ReLU, Sigmoid
from lab.network.layers import Dense
from lab.network.network import Network, Node
from lab.training.breakpoints import (
    BREAKPOINTS,
    AccuracyReaches,
    AnyBreakpoint,
    AtStep,
    DeadUnits,
    GradientNormLeaves,
    Hit,
    LossAbove,
    LossBelow,
    LossNotFinite,
    LossRises,
    SaturatedUnits,
    settled,
    strikes,
)
from lab.training.health import health
from lab.training.history import Curves, History
from lab.training.run import Run
from lab.training.watches import Watched
from lab.value import fields, from_json, to_json
from tests.training.problems import SMALL_CNN, XOR_MLP, with_rate

DYING = msgspec.structs.replace(
    with_rate(XOR_MLP, 0.6),
    network=Network(
        (
            Node("first", Dense(units=10, activation=ReLU())),
            Node("second", Dense(units=10, activation=ReLU())),
            Node("output", Dense(units=1, activation=Sigmoid())),
        )
    ),
    loss=msgspec.structs.replace(XOR_MLP.loss, low=0.0, high=1.0),
)
STEPS = 240
EXPERIMENTS = {"xor": XOR_MLP, "digits": SMALL_CNN, "dying": DYING, "wild": with_rate(XOR_MLP, 3.0)}


@cache
def alone(name: str) -> tuple[Curves, dict[int, dict[str, tuple[float, float]]]]:
    """The curves of a run, and the shares of dead and saturated units of each layer after each step."""
    run = Run(EXPERIMENTS[name])
    seen = {}
    for _ in range(STEPS):
        seen[run.step] = {x.layer: (x.dead_share, x.saturated_share) for x in health(run, False).layers}
        run.advance(1)
    return run.curves(), seen


def play(
    run: Run, watched: Watched, breakpoints: tuple[AnyBreakpoint, ...], slices: list[int], goal: int
) -> Hit | None:
    """As the trainer does it: slices of any length, which end where there is something to look at."""
    watched.follow((), breakpoints)
    at = 0
    while run.step < goal:
        after = run.step
        watched.look(run)
        look = watched.next_look(run)
        steps = min(slices[at % len(slices)], goal - run.step, *([] if look is None else [look - run.step]))
        run.advance(steps)
        watched.look(run)
        hit = strikes(run.curves(), watched, after, run.step, breakpoints)
        if hit is not None:
            run.go_to(hit.step)
            return hit
        at += 1
    return None


def first_by_steps(name: str, holds: Callable[[int, Curves], bool], after: int = 0) -> int | None:
    """The first step at which the condition holds and did not hold at the step before."""
    curves, _ = alone(name)
    before = holds(after, curves) if after else False
    for step in range(after + 1, STEPS + 1):
        now = holds(step, curves)
        if now and not before:
            return step
        before = now
    return None


def row(step: int) -> int:
    return step - 1


losses = st.sampled_from(["xor", "digits", "dying"])
slices = st.lists(st.integers(1, 97), min_size=1, max_size=4)


def check(name: str, wanted: AnyBreakpoint, cut: list[int], expected: int | None) -> None:
    run = Run(EXPERIMENTS[name])
    hit = play(run, Watched(), (wanted,), cut, STEPS)
    assert (None if hit is None else hit.step) == expected
    if hit is not None:
        assert run.step == expected
        assert hit.sentence


@settings(max_examples=25, deadline=None, derandomize=True)
@given(losses, st.floats(0.01, 2.5), st.booleans(), slices)
def test_a_loss_crosses_a_value(name: str, value: float, below: bool, cut: list[int]) -> None:
    def holds(step: int, curves: Curves) -> bool:
        loss = curves.loss[row(step)]
        return bool(loss < value if below else loss > value)

    kind = LossBelow if below else LossAbove
    check(name, kind(value=value, of="training"), cut, first_by_steps(name, holds))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(losses, st.integers(1, 7), slices)
def test_a_loss_rises_in_a_row(name: str, times: int, cut: list[int]) -> None:
    curves, _ = alone(name)
    expected, rises = None, 0
    for step in range(2, STEPS + 1):
        rises = rises + 1 if curves.loss[row(step)] > curves.loss[row(step) - 1] else 0
        if rises == times:
            expected = step
            break
    check(name, LossRises(times=times, of="training"), cut, expected)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.sampled_from(["xor", "digits"]), st.floats(0.3, 1.0), slices)
def test_accuracy_reaches_a_value(name: str, value: float, cut: list[int]) -> None:
    expected = first_by_steps(name, lambda step, curves: bool(curves.accuracy[row(step)] >= value))
    check(name, AccuracyReaches(value=value, of="training"), cut, expected)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(losses, st.floats(0.001, 1), st.floats(0.1, 20), slices)
def test_the_gradient_norm_leaves_a_range(name: str, low: float, high: float, cut: list[int]) -> None:
    def holds(step: int, curves: Curves) -> bool:
        return not low <= curves.gradient_norm[row(step)] <= high

    check(name, GradientNormLeaves(low=low, high=high), cut, first_by_steps(name, holds))


@settings(max_examples=10, deadline=None, derandomize=True)
@given(losses, st.integers(1, STEPS + 50), slices)
def test_at_a_step(name: str, step: int, cut: list[int]) -> None:
    check(name, AtStep(step=step), cut, step if step <= STEPS else None)


def looked_at(name: str, which: int, share: float, layer: str) -> int | None:
    """The first look, of those that a run makes, that finds more than the share."""
    watched, run = Watched(), Run(EXPERIMENTS[name])
    watched.follow((), (DeadUnits(share=share, layer=layer) if which == 0 else SaturatedUnits(share, layer),))
    _, seen = alone(name)
    looks, step = {0}, 0
    while step < STEPS:
        run.step = step
        step = watched.next_look(run)
        if step is None:
            return None
        looks.add(step)
    before: dict[str, bool] = {}
    for step in sorted(looks & seen.keys()):
        for one, shares in seen[step].items():
            if layer in ("", one) and not math.isnan(shares[which]):
                now = shares[which] > share
                if now and not before.get(one, False) and step:
                    return step
                before[one] = now
    return None


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.sampled_from([0.05, 0.15, 0.25, 0.45]), st.sampled_from(["", "first", "second"]), slices)
def test_units_die(share: float, layer: str, cut: list[int]) -> None:
    check("dying", DeadUnits(share=share, layer=layer), cut, looked_at("dying", 0, share, layer))


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.sampled_from([0.1, 0.2, 0.5]), slices)
def test_units_are_saturated(share: float, cut: list[int]) -> None:
    check("wild", SaturatedUnits(share=share), cut, looked_at("wild", 1, share, ""))


def test_the_cases_above_are_not_empty() -> None:
    assert looked_at("dying", 0, 0.25, "") is not None
    assert looked_at("wild", 1, 0.1, "") is not None
    hit = play(Run(DYING), Watched(), (DeadUnits(share=0.25),), [1000], STEPS)
    assert hit is not None
    assert hit.sentence.endswith("% of the units are dead")
    assert hit.sentence.split(":")[0] in ("first", "second")


def test_what_has_struck_does_not_strike_again_where_it_stands() -> None:
    run, watched, wanted = Run(XOR_MLP), Watched(), (LossRises(times=2, of="training"),)
    stops = []
    while (hit := play(run, watched, wanted, [50], STEPS)) is not None:
        stops.append(hit.step)
    assert len(stops) > 3
    assert stops == sorted(set(stops))
    curves, _ = alone("xor")
    rises, expected = 0, []
    for step in range(2, STEPS + 1):
        rises = rises + 1 if curves.loss[row(step)] > curves.loss[row(step) - 1] else 0
        if rises and rises % 2 == 0:
            expected.append(step)
    assert stops == expected


def test_it_strikes_in_the_recorded_past_too() -> None:
    run, watched = Run(XOR_MLP), Watched()
    run.advance(STEPS)
    run.go_to(10)
    hit = play(run, watched, (AtStep(step=5), AtStep(step=25), DeadUnits()), [30], STEPS)
    assert hit is not None
    assert (hit.step, run.step, run.furthest) == (25, 25, STEPS)


def test_the_earliest_counts_and_one_switched_off_does_not() -> None:
    curves, watched = alone("xor")[0], Watched()
    both = (AtStep(step=90), AtStep(step=40))
    assert strikes(curves, watched, 0, STEPS, both).step == 40
    off = (AtStep(step=90), AtStep(step=40, enabled=False))
    assert strikes(curves, watched, 0, STEPS, off).step == 90
    assert strikes(curves, watched, 40, 90, both).step == 90
    assert strikes(curves, watched, 90, STEPS, both) is None


def test_a_validation_loss_that_is_not_finite() -> None:
    history = History()
    none = np.empty(0)
    history.append(
        validation_step=np.array([0, 10, 20]),
        validation_loss=np.array([1.0, np.inf, np.nan]),
        validation_accuracy=np.full(3, np.nan),
        **{k: none.astype(np.int64) for k in ("step", "examples")},
        **dict.fromkeys(("loss", "accuracy", "rate", "gradient_norm", "seconds"), none),
    )
    hit = strikes(history.curves(), Watched(), 0, 20, settled(()))
    assert hit == Hit(10, "the validation loss is ∞")


def test_that_of_the_loss_is_always_there_and_others_once() -> None:
    assert settled(()) == (LossNotFinite(),)
    assert settled((AtStep(step=3), LossNotFinite(enabled=False), AtStep(step=3))) == (
        LossNotFinite(),
        AtStep(step=3),
    )


@pytest.mark.parametrize("kind", BREAKPOINTS, ids=lambda k: k.__name__)
def test_each_can_be_kept_in_a_file_and_shown_in_a_form(kind: type) -> None:
    value = kind()
    assert from_json(to_json(value), AnyBreakpoint, "document") == value
    assert value.told
    assert kind.title
    assert kind.summary
    for field in fields(kind):
        assert field.kind in ("bool", "int", "float", "choice", "text")
        assert field.description


def test_an_edit_that_takes_a_layer_away_leaves_the_others_watched() -> None:
    run, watched = Run(DYING), Watched()
    assert play(run, watched, (DeadUnits(share=0.99),), [20], 40) is None
    fewer: Experiment = msgspec.structs.replace(
        run.experiment, network=Network((run.experiment.network.nodes[0], run.experiment.network.nodes[2]))
    )
    run.edit(fewer)
    run.set_parameters({"first.bias": np.full(10, -1000, np.float32)})
    hit = play(run, watched, (DeadUnits(share=0.99),), [20], 200)
    assert hit == Hit(41, "first: 100 % of the units are dead")
