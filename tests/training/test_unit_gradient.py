"""The derivative of one unit by the input: against differences in float64, and against what the run itself says."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import each_special, networks, wholes
from hypothesis import given
from hypothesis import strategies as st
from machine import SOFTMAX, chain, quick, start

from lab.network.activations import Tanh
from lab.network.layers import Conv2D, Dense, Flatten
from lab.network.network import Network, analyse
from lab.network.shape import Shape
from lab.problem import ProblemError
from lab.training.probes import ActivationsProbe
from lab.training.readings import answer
from lab.training.run import Run
from lab.training.unit_gradient import Unit, UnitPass, unit_gradients
from tests.training.problems import SMALL_CNN


def any_unit(network: Network, x: Shape, rng: np.random.Generator) -> Unit:
    facts = rng.choice(np.array(analyse(network, x).nodes, dtype=object))
    s = facts.output
    spot = (int(rng.integers(s.height)), int(rng.integers(s.width))) if rng.integers(2) else None
    return Unit(facts.name, int(rng.integers(s.channels)), spot, bool(rng.integers(2)))


def sides(one: UnitPass, n: int) -> bytes:
    """On which side of each kink all numbers are, and which inputs won: where that changes there is no derivative."""
    return b"".join(
        (found if place.role == "winner" else found > 0).tobytes()
        for place in one.program.places
        if not place.role.startswith("d")
        for found in [place.read(one._arena, n)]
    )


def compare(network: Network, x: Shape, X: np.ndarray, seed: int) -> int:
    """How many derivatives were compared with differences of fourth order."""
    rng = np.random.default_rng(seed)
    unit = any_unit(network, x, rng)
    one = UnitPass(network, x, SOFTMAX, unit, len(X), np.float64)
    params = start(one.program, seed, np.float64)
    X = X.astype(np.float64)
    found = one(params, X)

    def value(example: int) -> tuple[float, bytes]:
        maps = one.maps(params, X)[example]
        return (maps.mean() if unit.spot is None else maps[unit.spot]), sides(one, len(X))

    scale, smooth = np.abs(found.gradients).max(initial=0), 0
    for at in rng.choice(X.size, min(X.size, 12), replace=False):
        spot = tuple(np.unravel_index(at, X.shape))
        kept, h, seen = X[spot], 1e-3, []
        for k in (-2, -1, 1, 2):
            X[spot] = kept + k * h
            seen.append(value(spot[0]))
        X[spot] = kept
        if len({side for _, side in seen}) > 1:
            continue
        smooth += 1
        e = [number for number, _ in seen]
        difference = (e[0] - 8 * e[1] + 8 * e[2] - e[3]) / (12 * h)
        assert found.gradients[spot] == pytest.approx(difference, rel=1e-5, abs=1e-6 * max(scale, 1e-3))
    return smooth


@quick(40)
@given(networks(largest=7, examples=3))
@each_special
def test_it_is_the_difference(drawn):
    compare(chain(*drawn.layers), drawn.x, drawn.data()[0], drawn.seed)


@quick(40)
@given(wholes())
def test_through_branches_and_layers_of_every_kind(whole):
    compare(whole.network, whole.x, whole.data(3)[0], whole.seed)


def test_most_of_a_smooth_network_is_compared():
    network = chain(Conv2D(3, 3, padding=1, activation=Tanh()), Flatten(), Dense(4, Tanh()), Dense(3))
    X = np.random.default_rng(3).standard_normal((2, 2, 5, 4))
    assert sum(compare(network, Shape(2, 5, 4), X, seed) for seed in range(8)) > 40


@quick(20)
@given(st.integers(0, 10**6))
def test_values_are_the_engines_and_examples_do_not_mix(seed):
    """One by one or many at a time: the same numbers, and those that the maps show."""
    run = Run(SMALL_CNN)
    run.advance(5)
    moment, rng = run.moment(), np.random.default_rng(seed)
    unit = any_unit(run.experiment.network, moment.shape, rng)
    some = rng.integers(0, len(run.prepared.validation), 5)
    inputs = run.prepared.validation.inputs[some]
    together = unit_gradients(moment, unit, inputs)
    assert together is not None
    for k, example in enumerate(some.tolist()):
        seen = answer(ActivationsProbe("validation", example), moment)
        maps = seen.preactivations.get(unit.layer) if unit.before else None
        shown = (seen.outputs[unit.layer] if maps is None else maps)[unit.channel]
        wanted = shown.mean() if unit.spot is None else shown[unit.spot]
        assert together.values[k] == pytest.approx(wanted, rel=1e-4, abs=1e-5)
        alone = unit_gradients(moment, unit, inputs[k : k + 1])
        assert together.gradients[k] == pytest.approx(alone.gradients[0], rel=1e-4, abs=1e-6)


def test_more_inputs_than_go_at_once():
    run = Run(SMALL_CNN)
    moment, inputs = run.moment(), run.prepared.training.inputs[:150]
    found = unit_gradients(moment, Unit("output", 3), inputs)
    last = unit_gradients(moment, Unit("output", 3), inputs[-1:])
    assert found.gradients[-1] == pytest.approx(last.gradients[0], rel=1e-4, abs=1e-6)
    assert found.gradients.shape == inputs.shape
    assert np.abs(found.gradients).max((1, 2, 3)).min() > 0


def test_nobody_waits_any_more():
    run = Run(SMALL_CNN)
    assert (
        unit_gradients(run.moment(), Unit("conv", 0), run.prepared.training.inputs[:4], np.ones(1, int))
        is None
    )


@pytest.mark.parametrize(
    "unit",
    [Unit("no such layer", 0), Unit("input", 0), Unit("conv", 4), Unit("conv", 0, (8, 0)), Unit("conv", -1)],
)
def test_a_unit_that_is_not_there_is_a_problem(unit):
    run = Run(SMALL_CNN)
    with pytest.raises(ProblemError):
        unit_gradients(run.moment(), unit, run.prepared.training.inputs[:1])
