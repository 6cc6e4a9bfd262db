"""A drawing in the place of an example: preprocessed as the data, without an answer or with one, answered at once."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest

from lab.data.prepare import Prepared
from lab.training.drawing import Drawing
from lab.training.mailbox import Paused
from lab.training.probes import ActivationsProbe, GradientCheckProbe, GradientsProbe, OutputsProbe
from lab.training.readings import answer
from lab.training.run import Run
from lab.training.trainer import Trainer
from tests.training.problems import SMALL_CNN, XOR_MLP
from tests.training.test_trainer import Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    trainer = Trainer()
    trainer.start()
    yield Desk(trainer)
    trainer.close()


@pytest.fixture(scope="module")
def run() -> Run:
    run = Run(SMALL_CNN)
    run.advance(30)
    return run


def of_example(data: Prepared, k: int, label: int | None = None) -> Drawing:
    return Drawing.of(data.validation.raw[k], label)


def test_an_example_copied_by_hand_is_that_example(run: Run) -> None:
    moment, k = run.moment(), 5
    label = int(moment.prepared.validation.labels[k])
    for probe in (ActivationsProbe, GradientsProbe):
        drawn = answer(probe(of_example(moment.prepared, k, label)), moment)
        data = answer(probe("validation", k), moment)
        np.testing.assert_array_equal(drawn.input, data.input)
        for name, values in data.outputs.items():
            np.testing.assert_array_equal(drawn.outputs[name], values)
    assert answer(ActivationsProbe(of_example(moment.prepared, k, label)), moment).label == label


def test_it_goes_through_the_datas_preprocessing(run: Run) -> None:
    moment = run.moment()
    raw = np.random.default_rng(3).uniform(0, 16, (1, 8, 8)).astype(np.float32)
    seen = answer(ActivationsProbe(Drawing.of(raw)), moment)
    training = moment.prepared.training.raw.astype(np.float64)
    np.testing.assert_allclose(seen.input, (raw - training.mean()) / training.std(), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(seen.raw, raw)


def test_where_nobody_said_what_it_is_there_is_no_error(run: Run) -> None:
    moment = run.moment()
    drawn = of_example(moment.prepared, 0)
    seen = answer(ActivationsProbe(drawn), moment)
    assert seen.label is None
    assert np.isnan(seen.target).all()
    assert math.isclose(float(seen.scores.sum()), 1, rel_tol=1e-5)
    assert math.isnan(answer(GradientsProbe(drawn), moment).error)


def test_its_derivative_can_be_checked(run: Run) -> None:
    moment = run.moment()
    label = int(moment.prepared.validation.labels[0])
    found = answer(GradientCheckProbe(of_example(moment.prepared, 0, label), weight=40), moment)
    assert found is not None
    assert found.agrees


@pytest.mark.parametrize(("height", "label"), [(9, None), (8, 10)])
def test_what_does_not_fit_is_not_answered(run: Run, height: int, label: int | None) -> None:
    drawing = Drawing.of(np.zeros((1, height, 8), np.float32), label)
    assert answer(ActivationsProbe(drawing), run.moment()) is None


def test_equal_drawings_are_one_question() -> None:
    a, b = (Drawing.of(np.full((1, 8, 8), 3, np.float32), 2) for _ in range(2))
    assert (a, hash(a)) == (b, hash(b))
    assert a != Drawing.of(a.raw, 3)


def test_while_standing_only_what_is_asked_anew_is_looked_at(desk: Desk) -> None:
    desk.trainer.load(SMALL_CNN)
    outputs = OutputsProbe()
    desk.trainer.watch(frozenset({outputs}))
    desk.until(lambda: desk.snapshot is not None and desk.snapshot.reading(outputs) is not None)
    before = desk.snapshot.reading(outputs)
    for ink in (1.0, 2.0, 3.0):
        probe = ActivationsProbe(Drawing.of(np.full((1, 8, 8), ink, np.float32)))
        desk.trainer.watch(frozenset({outputs, probe}))
        desk.until(lambda probe=probe: desk.snapshot.reading(probe) is not None)
        assert desk.snapshot.reading(outputs) is before
    desk.trainer.advance(1)
    desk.until(lambda: desk.snapshot.step == 1 and desk.snapshot.reading(outputs) is not None)
    desk.until(lambda: desk.snapshot.reading(outputs) is not before)


def test_while_training_it_follows_and_all_answers_are_of_one_moment(desk: Desk) -> None:
    desk.trainer.load(SMALL_CNN)
    desk.stands_at(0)
    desk.trainer.play()
    for ink in range(8):
        drawing = Drawing.of(np.full((1, 8, 8), ink, np.float32), 1)
        asked = ActivationsProbe(drawing), GradientsProbe(drawing)
        desk.trainer.watch(frozenset(asked))
        desk.until(lambda asked=asked: all(desk.snapshot.reading(p) is not None for p in asked))
        activations, gradients = (desk.snapshot.reading(p) for p in asked)
        error = -math.log(max(float(activations.scores[1]), 1e-30))
        assert math.isclose(error, gradients.error, rel_tol=1e-4, abs_tol=1e-5)
    desk.trainer.pause()
    desk.event(Paused)


def test_a_plane_takes_no_pictures() -> None:
    run = Run(msgspec.structs.replace(XOR_MLP))
    assert answer(ActivationsProbe(Drawing.of(np.zeros((1, 8, 8), np.float32))), run.moment()) is None
