"""The input that excites a unit most: the ascent's mathematics, its growth, and when it stops."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from machine import quick

from lab.network.layers import Dense, Flatten
from lab.network.network import Network, Node
from lab.training.ascent import SMOOTH, Ascent, Climber, penalty
from lab.training.one_unit import Exciting, ExcitingProbe
from lab.training.probes import ActivationsProbe
from lab.training.readings import answer
from lab.training.run import Run
from lab.training.trainer import Trainer
from lab.training.unit_gradient import Unit, unit_gradients
from tests.training.problems import SMALL_CNN, XOR_MLP
from tests.training.test_trainer import Desk

NEVER = np.zeros(1, np.int64)


@pytest.fixture(scope="module")
def run() -> Run:
    run = Run(SMALL_CNN)
    run.advance(40)
    return run


def climbed(probe: ExcitingProbe, run: Run) -> Exciting:
    ascent = Ascent(probe, run.moment())
    while not ascent.done:
        ascent.climb()
    return ascent.reading()


@quick(25)
@given(
    st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5)),
    st.floats(0, 2),
    st.floats(0, 2),
    st.integers(0, 10**6),
)
def test_the_penalty_is_its_formula_and_its_derivative(shape, decay, variation, seed):
    u = np.random.default_rng(seed).standard_normal(shape)
    value, slope = penalty(u, decay, variation)
    C, H, W = shape
    lengths = 0.0
    for c in range(C):
        for r in range(H):
            for k in range(W):
                right = u[c, r, k + 1] - u[c, r, k] if k + 1 < W else 0.0
                down = u[c, r + 1, k] - u[c, r, k] if r + 1 < H else 0.0
                lengths += (right**2 + down**2 + SMOOTH**2) ** 0.5
    assert value == pytest.approx(decay / 2 * (u**2).mean() + variation * lengths / u.size)
    h = 1e-5
    for spot in np.ndindex(shape):
        ends = []
        for way in (-h, h):
            moved = u.copy()
            moved[spot] += way
            ends.append(penalty(moved, decay, variation)[0])
        assert slope[spot] == pytest.approx((ends[1] - ends[0]) / (2 * h), rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("spot", [None, (3, 4)])
def test_the_gradient_of_the_objective_is_its_difference(run, spot):
    """In 32 bits, so the difference is a rough one; that of the unit's own number is tested in 64 bits elsewhere."""
    probe = ExcitingProbe("conv", 1, spot, decay=0.5, variation=0.3, bounded=False)
    ascent = Ascent(probe, run.moment())
    u, (value, answer, slope) = ascent._u, ascent._look(ascent._u)
    assert value == pytest.approx(answer / ascent.deviation - penalty(u, 0.5, 0.3)[0])
    for at in np.random.default_rng(0).choice(u.size, 20, replace=False):
        ends = []
        for way in (-0.02, 0.02):
            moved = u.copy()
            moved.reshape(-1)[at] += way
            ends.append(ascent._look(moved)[0])
        found = (ends[1] - ends[0]) / 0.04
        assert slope.reshape(-1)[at] == pytest.approx(found, rel=0.02, abs=2e-4 * np.abs(slope).max() + 2e-5)


@pytest.mark.parametrize("beginning", ["noise", "grey", "example"])
@pytest.mark.parametrize(
    ("layer", "unit", "spot"), [("conv", 1, None), ("conv", 2, (4, 4)), ("output", 3, None)]
)
def test_the_objective_grows(run, beginning, layer, unit, spot):
    found = climbed(ExcitingProbe(layer, unit, spot, beginning=beginning, steps=60), run)
    assert (np.diff(found.objective) > 0).all()
    assert len(found.objective) > 5
    assert found.objective[-1] > found.objective[0]
    assert found.done
    assert found.passes[0] == 1
    assert found.passes[-1] <= 60
    assert np.isfinite(found.x).all()


def test_what_is_found_is_what_the_network_says(run):
    """The numbers of the curve are those of the picture that is shown."""
    probe = ExcitingProbe("output", 3, steps=40, decay=0, variation=0)
    found, moment = climbed(probe, run), run.moment()
    said = unit_gradients(moment, Unit("output", 3, None, True), found.x[None]).values[0]
    assert found.answers[-1] == pytest.approx(said, rel=1e-4)
    assert found.objective[-1] == pytest.approx(found.answers[-1] / found.deviation)
    np.testing.assert_allclose(run.prepared.preprocess(found.raw), found.x, atol=1e-4)


def test_bounded_inputs_stay_within_the_data(run):
    inputs = run.prepared.training.inputs[:2000]
    within = climbed(ExcitingProbe("output", 2, decay=0, variation=0, step=1.0), run).x
    assert within.min() >= inputs.min() - 1e-5
    assert within.max() <= inputs.max() + 1e-5
    beyond = climbed(ExcitingProbe("output", 2, decay=0, variation=0, step=1.0, bounded=False), run).x
    assert np.abs(beyond).max() > np.abs(inputs).max()


def test_of_a_linear_unit_the_exciting_input_is_parallel_to_the_weights():
    network = Network((Node("flat", Flatten()), Node("output", Dense(units=10))))
    run = Run(msgspec.structs.replace(SMALL_CNN, network=network))
    run.advance(10)
    probe = ExcitingProbe("output", 4, beginning="grey", decay=0, variation=0, bounded=False, steps=20)
    ascent = Ascent(probe, run.moment())
    start = ascent.reading().x.astype(float)
    while not ascent.done:
        ascent.climb()
    way = (ascent.reading().x - start).ravel()
    w = run.parameters["output.weight"][4].astype(float)
    assert way @ w / np.linalg.norm(way) / np.linalg.norm(w) == pytest.approx(1, abs=1e-6)


def test_a_dead_unit_does_not_move(run):
    other = Run(SMALL_CNN)
    bias = np.full(4, -1e4, np.float32)
    other.set_parameters({"conv.bias": bias})
    found = climbed(ExcitingProbe("conv", 0, before=False, decay=0, variation=0), other)
    assert found.stuck
    assert found.done
    assert found.gradient == 0
    assert len(found.objective) == 1


def test_stronger_decay_and_variation_make_smaller_and_smoother_inputs(run):
    plain = {"decay": 0.0, "variation": 0.0, "bounded": False, "steps": 120}
    probe = ExcitingProbe("output", 5, **plain)
    free, small, smooth = (
        climbed(p, run).x
        for p in (probe, replace(probe, decay=3.0), replace(probe, variation=20.0, decay=1.0))
    )
    assert np.square(small).mean() < 0.5 * np.square(free).mean()
    rough = [np.abs(np.diff(x, axis=2)).mean() / np.abs(x).mean() for x in (free, smooth)]
    assert rough[1] < 0.7 * rough[0]


def test_the_same_question_has_the_same_answer(run):
    probe = ExcitingProbe("output", 1, steps=30)
    assert climbed(probe, run).x.tobytes() == climbed(probe, run).x.tobytes()
    assert climbed(probe, run).x.tobytes() != climbed(replace(probe, seed=1), run).x.tobytes()


def test_a_climber_makes_a_few_passes_a_look_while_the_run_stands(run):
    climber, moment = Climber(), run.moment()
    probe = ExcitingProbe("output", 1, steps=30, pace=4)
    lengths = []
    while not lengths or climber.has_more:
        found = climber.look(probe, moment, 60.0, NEVER, at_rest=True)
        lengths.append(int(found.passes[-1]))
    assert found.done
    assert len(lengths) >= 30 // 4
    assert lengths == sorted(lengths)
    again = climber.look(probe, run.moment(), 60.0, NEVER, at_rest=True)
    assert again.x.tobytes() == climbed(probe, run).x.tobytes() == found.x.tobytes()


def test_while_it_trains_the_last_whole_climb_stays_in_sight(run):
    climber, other = Climber(), Run(SMALL_CNN)
    probe = ExcitingProbe("output", 1, steps=30)
    first = climber.look(probe, other.moment(), 60.0, NEVER, at_rest=False)
    assert first.done
    assert first.at == 0
    other.advance(3)
    assert (
        climber.look(probe, other.moment(), 0.0, NEVER, at_rest=False) is first
    )  # the next one has just begun
    other.advance(3)
    second = climber.look(probe, other.moment(), 60.0, NEVER, at_rest=False)
    assert second.done
    assert second.at == 3
    third = climber.look(probe, other.moment(), 60.0, NEVER, at_rest=True)
    assert third.at == 6


def test_it_stops_when_it_is_told_to(run):
    stop = np.ones(1, np.int64)
    climber = Climber()
    found = climber.look(ExcitingProbe("output", 1, steps=10**6), run.moment(), 60.0, stop, at_rest=False)
    assert not found.done
    assert len(found.passes) == 1


def test_another_network_is_another_climb(run):
    climber = Climber()
    climber.look(ExcitingProbe("output", 0, steps=5), run.moment(), 60.0, NEVER, at_rest=False)
    other = Run(XOR_MLP)
    found = climber.look(ExcitingProbe("output", 0, steps=5), other.moment(), 60.0, NEVER, at_rest=False)
    assert found.x.shape == (2, 1, 1)
    assert climber.look(ExcitingProbe("no layer", 0), Run(SMALL_CNN).moment(), 1.0, NEVER, True) is None


@pytest.mark.parametrize("spot", [None, (3, 4)])
def test_answers_are_measured_by_their_deviation_over_the_data(run, spot):
    inputs = run.prepared.training.inputs[:64]
    maps = np.stack(
        [
            answer(ActivationsProbe("training", k), run.moment()).preactivations["conv"][1]
            for k in range(len(inputs))
        ]
    )
    said = maps.mean((1, 2)) if spot is None else maps[:, spot[0], spot[1]]
    found = climbed(ExcitingProbe("conv", 1, spot, steps=2), run)
    assert found.deviation == pytest.approx(said.std(), rel=1e-4)


def test_who_asks_once_has_the_whole_climb(run):
    probe = ExcitingProbe("output", 1, steps=30)
    assert answer(probe, run.moment()).x.tobytes() == climbed(probe, run).x.tobytes()
    assert answer(ExcitingProbe("no layer", 0), run.moment()) is None


def test_the_trainer_has_it_climbed_live_and_stops_when_nobody_asks():
    trainer = Trainer()
    trainer.start()
    desk = Desk(trainer)
    probe = ExcitingProbe("output", 1, steps=100_000, step=1e-4)  # it never comes to an end by itself
    try:
        trainer.load(SMALL_CNN)
        desk.stands_at(0)
        trainer.watch(frozenset({probe}))
        seen: list[int] = []

        def grown() -> bool:
            found = desk.snapshot.reading(probe)
            if found is not None and (not seen or found.passes[-1] > seen[-1]):
                seen.append(int(found.passes[-1]))
            return len(seen) > 3

        desk.until(grown)
        assert not desk.snapshot.reading(probe).done
        trainer.watch(frozenset())
        desk.until(lambda: desk.snapshot.reading(probe) is None)
        trainer.watch(frozenset({ActivationsProbe()}))
        desk.until(lambda: desk.snapshot.reading(ActivationsProbe()) is not None)
        assert desk.snapshot.reading(probe) is None
    finally:
        trainer.close()  # which would wait for ever
