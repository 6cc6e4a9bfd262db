"""What is followed equals what is computed directly, is the same however a run is played, and goes back with it."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from lab.experiment.experiment import Experiment
from lab.network.layers import Dense, Flatten
from lab.network.network import Network, Node
from lab.training.health import examples_looked_at, health
from lab.training.quantities import (
    OF_LAYER,
    OF_PARAMETER,
    OF_RUN,
    QUANTITIES,
    ActivationSpread,
    AnyQuantity,
    BatchAccuracy,
    BatchLoss,
    DeadShare,
    GradientSpread,
    LayerGradientNorm,
    LearningRate,
    ParameterNorm,
    SaturatedShare,
    UpdateRatio,
    ValidationLoss,
    WeightValue,
)
from lab.training.recording import recorded, restored
from lab.training.run import Run
from lab.training.watches import Watched
from lab.value import from_json, to_json
from tests.training.problems import SMALL_CNN, XOR_MLP

LIST: tuple[AnyQuantity, ...] = (
    BatchLoss(),
    BatchAccuracy(),
    ValidationLoss(),
    LearningRate(),
    WeightValue("hidden.weight", (3, 1)),
    ParameterNorm("hidden.weight"),
    LayerGradientNorm("hidden"),
    UpdateRatio("hidden"),
    SaturatedShare("hidden"),
    ActivationSpread("hidden"),
    GradientSpread("hidden"),
    DeadShare("output"),
    WeightValue("nowhere.weight", (0,)),
    WeightValue("hidden.weight", (99, 0)),
)


WIDE = msgspec.structs.replace(
    SMALL_CNN,
    network=Network((Node("flat", Flatten()), Node("hidden", Dense(6000)), Node("output", Dense(10)))),
)
"""So much work that a look is not to be had at every step."""


def play(run: Run, watched: Watched, steps: int, cut: int) -> None:
    goal = run.step + steps
    while run.step < goal:
        watched.look(run)
        look = watched.next_look(run)
        run.advance(min(cut, goal - run.step, *([] if look is None else [look - run.step])))
        watched.look(run)


def followed(experiment: Experiment, steps: int, cut: int, quantities=LIST) -> tuple[Run, Watched]:
    run, watched = Run(experiment), Watched()
    watched.follow(quantities)
    play(run, watched, steps, cut)
    return run, watched


def test_each_equals_what_is_computed_directly() -> None:
    run, watched = followed(XOR_MLP, 90, 1000)
    series = watched.series(run.curves())
    assert set(series) == {q.words for q in LIST}
    direct = Run(XOR_MLP)
    want: dict[str, dict[int, float]] = {q.words: {} for q in LIST}
    before = direct.parameters
    for step in range(91):
        now, found = direct.parameters, health(direct).of("hidden")
        own = ("hidden.weight", "hidden.bias")
        moved = np.sqrt(sum(((now[k].astype(float) - before[k]) ** 2).sum() for k in own))
        size = np.sqrt(sum((now[k].astype(float) ** 2).sum() for k in own))
        inside = direct.internals().named()
        values = {
            WeightValue("hidden.weight", (3, 1)): now["hidden.weight"][3, 1],
            ParameterNorm("hidden.weight"): np.linalg.norm(now["hidden.weight"].astype(float)),
            UpdateRatio("hidden"): moved / size if step else np.nan,
            LayerGradientNorm("hidden"): np.sqrt(
                sum((inside[k]["gradient"].astype(float) ** 2).sum() for k in own)
            )
            if step
            else np.nan,
            SaturatedShare("hidden"): 100 * found.saturated_share,
            ActivationSpread("hidden"): found.spread,
            GradientSpread("hidden"): found.gradient_spread,
            DeadShare("output"): np.nan,
            WeightValue("nowhere.weight", (0,)): np.nan,
            WeightValue("hidden.weight", (99, 0)): np.nan,
        }
        for quantity, value in values.items():
            want[quantity.words][step] = float(value)
        before = now
        direct.advance(1)
    for quantity in LIST[4:]:
        got = series[quantity.words]
        assert got.steps.tolist() == sorted(set(got.steps.tolist()))
        assert got.steps[0] == 0
        assert got.steps[-1] == 90
        expected = [want[quantity.words][step] for step in got.steps.tolist()]
        np.testing.assert_allclose(got.values, expected, rtol=1e-5, err_msg=quantity.words)
    curves = run.curves()
    np.testing.assert_array_equal(series["batch loss"].values, curves.loss)
    np.testing.assert_array_equal(series["batch accuracy (%)"].values, 100 * curves.accuracy)
    np.testing.assert_array_equal(series["validation loss"].steps, curves.validation_step)


@pytest.mark.parametrize("cut", [1, 7, 1000])
@pytest.mark.parametrize("experiment", [XOR_MLP, SMALL_CNN], ids=lambda e: e.name)
def test_the_same_however_it_is_played(experiment: Experiment, cut: int) -> None:
    layer = experiment.network.nodes[0].name
    quantities = (ParameterNorm(f"{layer}.weight"), GradientSpread(layer), ActivationSpread(layer))
    a = followed(experiment, 150, 64, quantities)[1]
    b = followed(experiment, 150, cut, quantities)[1]
    for quantity in quantities:
        np.testing.assert_array_equal(a.values(quantity).steps, b.values(quantity).steps)
        np.testing.assert_array_equal(a.values(quantity).values, b.values(quantity).values)


def test_looks_grow_rare() -> None:
    _, watched = followed(XOR_MLP, 4000, 4000, (ParameterNorm("hidden.weight"), ActivationSpread("hidden")))
    examined, plain = (
        watched.values(ActivationSpread("hidden")),
        watched.values(ParameterNorm("hidden.weight")),
    )
    assert examined.steps[:64].tolist() == list(range(64))
    assert plain.steps[:256].tolist() == list(range(256))
    assert len(examined.steps) < 300
    assert len(plain.steps) < 1000
    assert np.all(np.diff(np.diff(examined.steps)) >= 0), "the gaps never shrink"


def test_what_costs_examples_costs_little_of_a_large_batch_of_work() -> None:
    """Examples looked at, against examples trained on: the share that `SHARE` promises, at every step."""
    run, watched = Run(WIDE), Watched()
    n = examples_looked_at(WIDE, len(run.prepared.training))
    assert 1 < n < 128
    watched.follow((ActivationSpread("hidden"),))
    step, looks = 0, 0
    while step < 2000:
        run.step = step
        step = watched.next_look(run)
        looks += 1
        assert (looks - 1) * n <= 0.04 * step * WIDE.batch_size


def test_it_goes_back_with_the_run_and_takes_nothing_twice() -> None:
    run, watched = followed(XOR_MLP, 80, 13)
    spread = ActivationSpread("hidden")
    before = watched.values(spread)
    run.go_to(30)
    watched.look(run)
    assert watched.values(spread).steps is not None
    play(run, watched, 50, 9)
    np.testing.assert_array_equal(watched.values(spread).steps, before.steps)
    run.go_to(30)
    run.edit(msgspec.structs.replace(run.experiment, batch_size=7))
    watched.forget_after(30)
    assert watched.values(spread).steps[-1] <= 30
    assert before.steps[-1] == 80, "what was handed out stays"
    play(run, watched, 20, 9)
    assert watched.values(spread).steps[-1] == 50


def test_a_twin_has_the_past_and_no_future() -> None:
    run, watched = followed(XOR_MLP, 80, 13)
    other = watched.twin(40)
    spread = ActivationSpread("hidden")
    assert other.values(spread).steps.tolist() == [s for s in watched.values(spread).steps if s <= 40]
    assert set(other.series(run.curves())) == {q.words for q in LIST}
    again = Watched(watched.recorded())
    again.follow(LIST)
    np.testing.assert_array_equal(again.values(spread).values, watched.values(spread).values)


def test_what_is_followed_later_fills_in_the_past_where_the_run_passes_again() -> None:
    run, watched = followed(XOR_MLP, 40, 13, ())
    assert watched.next_look(run) is None
    watched.follow((ParameterNorm("output.weight"),))
    run.go_to(10)
    play(run, watched, 5, 2)
    run.go_to(0)
    play(run, watched, 40, 40)
    found = watched.values(ParameterNorm("output.weight"))
    assert found.steps.tolist() == list(range(41))
    direct = Run(XOR_MLP)
    for value in found.values:
        assert value == pytest.approx(np.linalg.norm(direct.parameters["output.weight"].astype(float)))
        direct.advance(1)


def test_what_is_no_longer_followed_is_forgotten() -> None:
    run, watched = followed(XOR_MLP, 20, 13)
    watched.follow((BatchLoss(),))
    assert set(watched.series(run.curves())) == {"batch loss"}
    assert watched.recorded() == {}


def example_of(kind: type) -> AnyQuantity:
    if kind is WeightValue:
        return WeightValue("hidden.weight", (1, 2))
    if kind in OF_LAYER:
        return kind(layer="hidden")
    return kind(parameter="hidden.weight") if kind in OF_PARAMETER else kind()


@pytest.mark.parametrize("kind", QUANTITIES, ids=lambda k: k.__name__)
def test_each_can_be_kept_in_a_file_and_has_words(kind: type) -> None:
    value = example_of(kind)
    assert from_json(to_json(value), AnyQuantity, "document") == value
    assert value.words
    assert kind.title
    assert kind.summary


def test_no_two_have_the_same_words() -> None:
    words = [example_of(kind).words for kind in QUANTITIES]
    assert len(set(words)) == len(words)
    assert len(OF_RUN) + len(OF_LAYER) + len(OF_PARAMETER) + 1 == len(QUANTITIES)


def test_a_run_that_is_had_again_has_what_was_followed_of_it() -> None:
    run = Run(XOR_MLP)
    run.watched.follow(LIST)
    run.advance(90)
    again = restored(recorded(run))
    again.watched.follow(LIST)
    before, after = run.watched.series(run.curves()), again.watched.series(again.curves())
    assert before.keys() == after.keys()
    for words, series in before.items():
        np.testing.assert_array_equal(after[words].steps, series.steps)
        np.testing.assert_array_equal(after[words].values, series.values)
