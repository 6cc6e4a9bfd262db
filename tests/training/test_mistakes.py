"""The worst examples: errors against the engine's own, one example at a time, and the orders they come in."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.data.datasets import InkMask, Waves
from lab.experiment.experiment import Experiment
from lab.learning.losses import (
    AbsoluteError,
    BinaryCrossEntropy,
    Hinge,
    Huber,
    Loss,
    SoftmaxCrossEntropy,
    SquaredError,
)
from lab.network.layers import Conv2D, Dense
from lab.network.network import Network, Node
from lab.training.mistaken import MistakesProbe, per_class
from lab.training.probes import GradientsProbe, OutputsProbe
from lab.training.readings import answer
from lab.training.run import Run
from tests.training.problems import SMALL_CNN, XOR_MLP

new = msgspec.structs.replace
LOSSES: tuple[Loss, ...] = (
    SoftmaxCrossEntropy(),
    BinaryCrossEntropy(over_outputs="mean"),
    SquaredError(over_outputs="mean"),
    SquaredError(over_examples="sum"),
    AbsoluteError(over_outputs="mean"),
    Huber(),
    Hinge(),
    Hinge(against="worst"),
)


def own_errors(run: Run, count: int, part: str = "validation") -> np.ndarray:
    moment = run.moment()
    return np.array([answer(GradientsProbe(part, k), moment).error for k in range(count)])


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_errors_are_the_engines_own(loss: Loss) -> None:
    run = Run(new(SMALL_CNN, loss=loss, optimizer=new(SMALL_CNN.optimizer, rate=0.001)))
    run.advance(20)
    found = answer(MistakesProbe(many=1000), run.moment())
    errors = np.empty(len(found.indices))
    errors[found.indices] = found.errors
    np.testing.assert_allclose(errors[:12], own_errors(run, 12), rtol=2e-4, atol=1e-6)
    assert (np.diff(found.errors) <= 0).all()
    assert found.among == len(run.prepared.validation)


def test_of_images_and_of_numbers_too() -> None:
    heights = new(
        XOR_MLP,
        data=Waves(points=60),
        network=Network((Node("h", Dense(5)), Node("y", Dense(1)))),
        loss=SquaredError(),
    )
    masks = Experiment(
        name="masks",
        data=InkMask(size=28, noise=0.0, clutter=0),
        network=Network((Node("c", Conv2D(1, 3, padding=1)),)),
        loss=BinaryCrossEntropy(over_outputs="mean"),
    )
    for experiment in (heights, masks):
        run = Run(experiment)
        found = answer(MistakesProbe("training", many=5), run.moment())
        own = own_errors(run, len(run.prepared.training) if experiment is heights else 40, "training")
        for k, index in enumerate(found.indices.tolist()):
            if index < len(own):
                assert found.errors[k] == pytest.approx(own[index], rel=2e-4)
        if experiment is heights:
            assert found.errors[0] == pytest.approx(own.max(), rel=2e-4)
        assert found.score is None


@pytest.fixture(scope="module")
def run() -> Run:
    run = Run(SMALL_CNN)
    run.advance(15)
    return run


def test_the_surest_mistakes(run: Run) -> None:
    moment = run.moment()
    found, seen = answer(MistakesProbe(order="sure", many=8), moment), answer(OutputsProbe(), moment)
    wrong = np.flatnonzero(seen.predicted != seen.labels)
    best = seen.scores.max(1)
    expected = wrong[np.argsort(-best[wrong], kind="stable")][:8]
    np.testing.assert_array_equal(found.indices, expected)
    np.testing.assert_allclose(found.score, best[expected])
    np.testing.assert_allclose(found.score_of_true, seen.scores[expected, seen.labels[expected]])
    assert found.wrong == len(wrong)


def test_the_least_sure(run: Run) -> None:
    moment = run.moment()
    found, seen = answer(MistakesProbe(order="unsure", many=8), moment), answer(OutputsProbe(), moment)
    two = np.sort(seen.scores, 1)
    lead = two[:, -1] - two[:, -2]
    np.testing.assert_allclose(np.sort(lead)[:8], lead[found.indices])


def test_one_cell_of_the_confusion_matrix(run: Run) -> None:
    moment = run.moment()
    counts = answer(OutputsProbe(), moment).confusion
    for order in ("error", "sure", "unsure"):
        for true, predicted in ((3, 3), *np.argwhere(counts - np.diag(np.diag(counts))).tolist()[:4]):
            found = answer(MistakesProbe(order=order, cell=(true, predicted), many=999), moment)
            assert len(found.indices) == found.among == counts[true, predicted]
            assert set(found.labels.tolist()) <= {true}
            assert set(found.predicted.tolist()) <= {predicted}


def test_pictures_come_with_them(run: Run) -> None:
    found = answer(MistakesProbe(many=3), run.moment())
    part = run.prepared.validation
    np.testing.assert_array_equal(found.raw, part.raw[found.indices])
    np.testing.assert_array_equal(found.inputs, part.inputs[found.indices])


def test_two_classes_of_one_output_have_scores_for_both() -> None:
    run = Run(XOR_MLP)
    run.advance(5)
    found = answer(MistakesProbe(order="unsure", many=500), run.moment())
    outputs = answer(OutputsProbe(), run.moment()).scores[found.indices, 0]
    np.testing.assert_allclose(np.abs(outputs), np.sort(np.abs(outputs)))
    taken = np.where(outputs > 0, (outputs + 1) / 2, 1 - (outputs + 1) / 2)
    np.testing.assert_allclose(found.score, taken, atol=1e-6)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60))
def test_figures_of_each_class(pairs: list[tuple[int, int]]) -> None:
    counts = np.zeros((4, 4), np.int64)
    for true, predicted in pairs:
        counts[true, predicted] += 1
    figures = per_class(counts)
    for k in range(4):
        right = sum(pair == (k, k) for pair in pairs)
        of, taken = sum(t == k for t, _ in pairs), sum(p == k for _, p in pairs)
        assert (figures.count[k], figures.taken[k]) == (of, taken)
        assert figures.recall[k] == right / of if of else np.isnan(figures.recall[k])
        assert figures.precision[k] == right / taken if taken else np.isnan(figures.precision[k])
        if right:
            p, r = right / taken, right / of
            assert figures.f1[k] == pytest.approx(2 * p * r / (p + r))
