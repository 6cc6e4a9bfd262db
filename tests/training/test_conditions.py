"""What is asked of units: their health along the path, what their functions get, other starts, and twins among them."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
import twins
from hypothesis import given
from hypothesis import strategies as st
from machine import quick

from lab.experiment.experiment import Experiment
from lab.experiment.presets import preset
from lab.network.activations import ACTIVATIONS, ELU, GELU, LeakyReLU, Linear, ReLU, Sigmoid, Tanh
from lab.network.initializers import Constant, FanIn, He, Xavier
from lab.network.layers import (
    ActivationLayer,
    AveragePool2D,
    Concat,
    Conv2D,
    Dense,
    Flatten,
    MaxPool2D,
    TransposedConv2D,
    Upsample,
)
from lab.network.network import Network, Node
from lab.training import course
from lab.training.alike import same_rows
from lab.training.conditions import (
    ALIKE,
    AlikeProbe,
    ConditionProbe,
    PreactivationsProbe,
    StartsProbe,
    Twins,
)
from lab.training.health import health
from lab.training.preactivations import spread_of
from lab.training.readings import answer
from lab.training.run import Run
from lab.training.starts import OWN, TRIED, with_initializer
from tests.training.problems import SMALL_CNN, XOR_MLP


def of(*layers: object) -> Experiment:
    nodes = tuple(Node(f"l{i}", layer) for i, layer in enumerate(layers))
    return msgspec.structs.replace(SMALL_CNN, network=Network(nodes))


# --- along the path


def test_the_course_is_the_health_at_earlier_steps() -> None:
    run, seen = Run(XOR_MLP), {}
    for _ in range(40):
        seen[run.step] = health(run)
        run.advance(7)
    found = answer(ConditionProbe(), run.moment())
    assert found.now.step == run.step == 280
    assert found.now.of("hidden").spread == health(run).of("hidden").spread
    assert found.start.step == 0
    both = [one for one in found.course if one.step in seen]
    assert len(both) >= 3
    for one in both:
        for layer in ("hidden", "output"):
            then, wanted = one.of(layer), seen[one.step].of(layer)
            assert (then.spread, then.gradient_spread) == (wanted.spread, wanted.gradient_spread)
            assert (then.preactivation_spread, then.weights) == (wanted.preactivation_spread, wanted.weights)
            np.testing.assert_array_equal(then.saturated, wanted.saturated)
            assert np.isnan(then.update)
    assert all(one.step < run.step for one in found.course)
    assert len(found.course) <= course.POINTS


def test_what_was_seen_of_a_point_is_not_worked_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    run, looked = Run(XOR_MLP), []
    monkeypatch.setattr(course, "health", lambda moment: looked.append(moment.step) or health(moment))
    run.advance(200)
    answer(ConditionProbe(), run.moment())
    first = len(looked)
    assert first > 10
    answer(ConditionProbe(), run.moment())
    assert looked[first:] == [200]
    run.edit(msgspec.structs.replace(XOR_MLP, batch_size=20))
    answer(ConditionProbe(), run.moment())
    assert looked[first + 1 :] == [200], "the batch has no part in it"
    other = msgspec.structs.replace(XOR_MLP, loss=msgspec.structs.replace(XOR_MLP.loss, high=2))
    answer(ConditionProbe(), replace(run.moment(), experiment=other))
    assert len(looked) > first + 10, "another loss has other gradients"


@given(st.integers(1, 300), st.integers(1, 40))
def test_points_stay_while_a_path_grows(count: int, unit: int) -> None:
    steps = [unit * k for k in range(count)]
    found = course.chosen(steps)
    assert found[0] == 0
    assert 1 <= len(found) <= course.POINTS
    longer = course.chosen([unit * k for k in range(count + 1)])
    assert len(set(longer) - set(found)) <= 1


def test_a_large_network_is_looked_at_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(XOR_MLP)
    run.advance(200)
    monkeypatch.setattr(course, "WORK", 3 * 128 * run.experiment.analysis.multiply_adds)
    assert 1 < len(answer(ConditionProbe(), run.moment()).course) <= 3
    monkeypatch.setattr(course, "WORK", 1)
    assert [one.step for one in answer(ConditionProbe(), run.moment()).course] == [0]
    monkeypatch.setattr(course, "DEAR", 1)
    assert answer(ConditionProbe(), run.moment()) is None


# --- what activation functions get


def test_the_histogram_is_of_the_layers_own_numbers() -> None:
    run = Run(of(Conv2D(4, 3, activation=Tanh()), MaxPool2D(), Flatten(), Dense(9, ReLU()), Dense(10)))
    run.advance(20)
    layers = tuple(node.layer for node in run.experiment.network.nodes)
    n = health(run).examples
    X, T = run.prepared.training.inputs[:n].astype(float), np.eye(10)[run.prepared.training.labels[:n]]
    named = {name: a.astype(float) for name, a in run.parameters.items()}
    _, _, _, values, _ = twins.network(layers, named, X, T, run.experiment.loss)
    for i in (0, 3, 4):
        found = answer(PreactivationsProbe(f"l{i}"), run.moment())
        z = values[i][0].ravel()
        assert found.total == z.size == found.counts.sum()
        assert found.mean == pytest.approx(z.mean(), abs=1e-5)
        assert found.spread == pytest.approx(z.std(), rel=1e-5)
        wanted, _ = np.histogram(z, found.edges)
        assert np.abs(found.counts - wanted).sum() <= 4, "rounding moves a few over an edge"
        assert found.activation == layers[i].activation
    relu = answer(PreactivationsProbe("l3"), run.moment())
    z = values[3][0]
    assert relu.closed == pytest.approx((z <= 0).mean(), abs=1e-3)
    assert relu.tails == (relu.closed, 0.0)
    assert np.isnan(relu.flat)
    assert answer(PreactivationsProbe("l1"), run.moment()) is None
    assert answer(PreactivationsProbe("nowhere"), run.moment()) is None


def test_a_layer_that_is_a_function_alone() -> None:
    run = Run(of(Flatten(), Dense(6), ActivationLayer(Sigmoid()), Dense(10)))
    found = answer(PreactivationsProbe("l2"), run.moment())
    before = answer(PreactivationsProbe("l1"), run.moment())
    assert found.total == before.total
    assert found.spread == pytest.approx(before.spread)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_tails_are_where_the_slope_has_faded(kind: type) -> None:
    z = np.linspace(-8, 8, 4001).astype(np.float32)
    found = spread_of("a", kind(), z, 1)
    slope = np.abs(np.interp(z, found.z, found.slope))
    a = kind()
    if a.steepest is None and not a.dies:
        assert np.isnan(found.flat)
        assert np.isnan(found.closed)
        assert found.tails == (0, 0)
        return
    idle = (slope < 0.05 * a.steepest) if a.steepest else slope == 0
    assert found.tails[0] == pytest.approx((idle & (z <= 0)).mean(), abs=0.02)
    assert found.tails[1] == pytest.approx((idle & (z > 0)).mean(), abs=0.02)


def test_alpha_is_in_the_curve() -> None:
    z = np.array([-2.0, 1.0], np.float32)
    for slope in (0.0, 0.2, 1.0):
        found = spread_of("a", LeakyReLU(slope), z, 1)
        assert found.y[0] == pytest.approx(slope * found.z[0])
        assert found.slope[0] == pytest.approx(slope)
        assert np.isnan(found.closed) == (slope > 0)
    assert spread_of("a", ELU(2.0), z, 1).y[0] == pytest.approx(2 * (np.exp(-3) - 1))


def test_numbers_that_are_not_finite_are_counted_apart() -> None:
    found = spread_of("a", GELU(), np.array([np.nan, np.inf, 1.0, -1.0], np.float32), 2)
    assert (found.total, found.beyond, found.counts.sum()) == (4, 2, 2)
    assert found.mean == 0.0
    nothing = spread_of("a", Linear(), np.full(3, np.nan, np.float32), 1)
    assert np.isnan(nothing.mean)


# --- other starts


def test_each_start_is_that_of_a_run_with_that_initializer() -> None:
    run = Run(SMALL_CNN)
    run.advance(30)
    found = answer(StartsProbe(), run.moment())
    assert list(found.by_name) == [OWN, *TRIED]
    assert found.formulas["He"] == He().formula
    for name, initializer in {
        OWN: None,
        "constant 0.1": Constant(0.1),
        "Xavier": Xavier(),
        "He": He(),
    }.items():
        e = SMALL_CNN if initializer is None else with_initializer(SMALL_CNN, initializer)
        wanted = health(Run(e))
        for one, other in zip(found.by_name[name].layers, wanted.layers, strict=True):
            assert (one.spread, one.gradient_spread) == (other.spread, other.gradient_spread), name
    assert found.by_name["zero"].of("output").spread == 0.0
    assert found.by_name["zero"].of("conv").gradient_spread == 0.0


def test_starts_are_drawn_once() -> None:
    run = Run(SMALL_CNN)
    first = answer(StartsProbe(), run.moment())
    run.advance(3)
    assert answer(StartsProbe(), run.moment()) is first


def test_a_network_with_too_many_weights_is_not_started_over_and_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lab.training.starts.MOST", 10)
    assert answer(StartsProbe(), Run(SMALL_CNN).moment()) is None


def test_what_the_lecture_says_of_starts() -> None:
    """F4: small weights lose the signal layer by layer, large ones overshoot, those scaled by the fan-in keep it."""
    layers = [Dense(64, Tanh()) for _ in range(8)]
    run = Run(of(Flatten(), *layers, Dense(10)))
    found = answer(StartsProbe(), run.moment()).by_name

    def spreads(name: str) -> list[float]:
        return [one.spread for one in found[name].layers[1:9]]

    assert spreads("small: σ = 0.01")[-1] < 1e-6 * spreads("small: σ = 0.01")[0]
    assert found["too large: σ = 1"].layers[8].preactivation_spread > 5  # far out in the tails of tanh
    assert all(0.1 < spread < 1 for spread in spreads("Xavier"))
    assert FanIn() in TRIED.values()


# --- twins


@quick(60)
@given(st.integers(0, 10**6), st.integers(2, 40), st.integers(1, 60))
def test_planted_copies_are_found_and_nothing_else(seed: int, units: int, weights: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((units, weights)).astype(np.float32)
    copies = rng.integers(0, units, units // 2)
    for to, source in zip(rng.permutation(units), copies, strict=False):
        rows[to] = rows[source]
    limit = ALIKE * np.abs(rows).max()
    rows += rng.uniform(-0.2, 0.2, rows.shape).astype(np.float32) * limit
    wanted, left = [], set(range(units))
    for k in range(units):
        group = {j for j in left if np.abs(rows[j] - rows[k]).max() <= limit}
        if k in left and len(group) > 1:
            wanted.append(tuple(sorted(group)))
            left -= group
    assert same_rows(rows, ALIKE) == tuple(wanted)


def test_a_constant_start_makes_all_units_one_for_ever() -> None:
    """F3. Output units are told apart by their targets; hidden ones never are."""
    network = Network(
        tuple(
            msgspec.structs.replace(n, layer=msgspec.structs.replace(n.layer, start=Constant(0.3)))
            for n in preset("spiral").network.nodes
        )
    )
    run = Run(msgspec.structs.replace(preset("spiral"), network=network))
    hidden = network.nodes[:-1]
    for _ in range(3):
        found = answer(AlikeProbe(), run.moment())
        for node in hidden:
            units = tuple(range(node.layer.units))
            assert found.layers[node.name] == (Twins(units, True),), run.step
        run.advance(100)


def test_a_random_start_has_no_twins() -> None:
    run = Run(SMALL_CNN)
    run.advance(5)
    found = answer(AlikeProbe(), run.moment())
    assert set(found.layers) == {"conv", "output"}
    assert found.count == 0


def test_who_reads_them_must_read_alike() -> None:
    """Through a pooling, a flattening and a join: filters 1 and 3 of the first layer are copies."""
    network = Network(
        (
            Node("a", Conv2D(4, 3, activation=ReLU())),
            Node("pool", AveragePool2D()),
            Node("b", TransposedConv2D(2, 2, 2), ("pool",)),
            Node("up", Upsample(2), ("pool",)),
            Node("join", Concat(), ("b", "up")),
            Node("flat", Flatten()),
            Node("out", Dense(10)),
        )
    )
    run = Run(msgspec.structs.replace(SMALL_CNN, network=network))
    weights = {name: values.copy() for name, values in run.parameters.items()}
    for name in ("a.weight", "a.bias"):
        weights[name][3] = weights[name][1]
    run.set_parameters(weights)
    assert answer(AlikeProbe(), run.moment()).layers["a"] == (Twins((1, 3), False),)
    weights["b.weight"][3] = weights["b.weight"][1]
    run.set_parameters(weights)
    assert answer(AlikeProbe(), run.moment()).layers["a"] == (Twins((1, 3), False),), (
        "the join reads them, too"
    )
    dense = weights["out.weight"].reshape(10, 6, -1)
    dense[:, 2 + 3] = dense[:, 2 + 1]
    run.set_parameters(weights)
    assert answer(AlikeProbe(), run.moment()).layers["a"] == (Twins((1, 3), True),)
    run.advance(50)
    assert answer(AlikeProbe(), run.moment()).layers["a"] == (Twins((1, 3), True),)


def test_tables_of_connections() -> None:
    """Filters that see different maps are no copies, whatever their weights."""
    conv = Conv2D(3, 3, connections=((0, 1), (0, 1), (1,)))
    run = Run(of(Conv2D(2, 3), conv, Flatten(), Dense(10)))
    weights = {name: np.ones_like(values) for name, values in run.parameters.items()}
    run.set_parameters(weights)
    assert answer(AlikeProbe(), run.moment()).layers["l1"] == (Twins((0, 1), True),)
