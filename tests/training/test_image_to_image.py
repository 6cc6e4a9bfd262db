"""Networks whose answer is an image: what is asked of them, and what they say, by a plain forward pass in NumPy."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from lab.data.datasets import InkMask, Photographs, RandomImages
from lab.data.prepare import prepare
from lab.data.preprocessing import Split
from lab.experiment.experiment import Experiment
from lab.learning.losses import (
    AbsoluteError,
    BinaryCrossEntropy,
    Huber,
    Loss,
    SoftmaxCrossEntropy,
    SquaredError,
)
from lab.learning.optimizers import Adam
from lab.network.activations import ReLU
from lab.network.layers import Conv2D
from lab.network.network import Network, Node
from lab.network.shape import Shape
from lab.training.moment import targets_of
from lab.training.probes import ActivationsProbe, DecisionProbe, OutputsProbe
from lab.training.readings import answer
from lab.training.run import Run

EXAMPLES = 24
HALVES = Split(training=0.5, validation=0.5, test=0.0)


def chain(*layers) -> Network:
    return Network(tuple(Node(f"layer{k}", layer) for k, layer in enumerate(layers)))


def experiment(data, loss: Loss, channels: int) -> Experiment:
    """A 1×1 convolution is a plain matrix product at each pixel."""
    return Experiment(
        data=data, split=HALVES, loss=loss, network=chain(Conv2D(channels, 1)), batch_size=6, optimizer=Adam()
    )


NUMBERS = RandomImages(
    height=6, width=5, examples=EXAMPLES, target="image", target_channels=2, target_height=6, target_width=5
)
CLASSES = RandomImages(
    height=6, width=5, examples=EXAMPLES, target="segmentation", number_of_classes=3,
    target_height=6, target_width=5,
)  # fmt: skip
TWO = msgspec.structs.replace(CLASSES, number_of_classes=2)

CASES = [
    experiment(NUMBERS, SquaredError(), 2),
    experiment(NUMBERS, SquaredError(over_outputs="mean", over_examples="sum"), 2),
    experiment(NUMBERS, AbsoluteError(over_outputs="mean"), 2),
    experiment(NUMBERS, Huber(delta=0.3), 2),
    experiment(NUMBERS, BinaryCrossEntropy(over_outputs="mean"), 2),
    experiment(CLASSES, SoftmaxCrossEntropy(), 3),
    experiment(CLASSES, SquaredError(low=-1, high=1), 3),
    experiment(TWO, SoftmaxCrossEntropy(), 2),
    experiment(TWO, BinaryCrossEntropy(over_outputs="mean"), 1),
    experiment(TWO, SquaredError(low=-1, high=1), 1),
]
each = pytest.mark.parametrize("e", CASES, ids=lambda e: f"{type(e.loss).__name__}-{e.data.target}")


# --- values


@pytest.mark.parametrize(
    ("loss", "channels", "low", "high"),
    [
        (SoftmaxCrossEntropy(), 2, 0, 1),
        (BinaryCrossEntropy(), 1, 0, 1),
        (SquaredError(low=-1, high=0.5), 2, -1, 0.5),
        (SquaredError(low=-1, high=0.5), 1, -1, 0.5),
    ],
)
def test_pixels_of_classes_as_targets(loss, channels, low, high):
    e = experiment(TWO, loss, channels)
    part = prepare(e.data, e.preprocessing, e.split, e.seed).training
    given = part.targets.reshape(-1, 2, 6, 5)
    for some in (slice(None), slice(3, 5)):
        targets = targets_of(e, part, Shape(channels, 6, 5), some)
        assert targets.dtype == np.float32
        wanted = np.where(given[some, -channels:] == 1, high, low)
        np.testing.assert_allclose(targets.reshape(-1, channels, 6, 5), wanted)
    nothing = prepare(e.data, e.preprocessing, e.split, e.seed).test
    assert targets_of(e, nothing, Shape(channels, 6, 5)).shape == (0, channels * 30)
    if loss == SoftmaxCrossEntropy():
        assert np.shares_memory(targets_of(e, part, Shape(2, 6, 5)), part.targets)  # nothing is copied


def test_numbers_as_targets_are_as_they_came():
    e = experiment(NUMBERS, SquaredError(), 2)
    part = prepare(e.data, e.preprocessing, e.split, e.seed).training
    assert targets_of(e, part, Shape(2, 6, 5)) is not None
    assert (targets_of(e, part, Shape(2, 6, 5)) == part.targets).all()


# --- the engine


def forward(e: Experiment, params: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Outputs [n, C, H, W] of the 1×1 convolution."""
    channels = e.network.nodes[0].layer.filters
    W, b = params[: 3 * channels].reshape(channels, 3), params[3 * channels :]
    return np.einsum("kc,nchw->nkhw", W, inputs) + b[:, None, None]


def error(loss: Loss, outputs: np.ndarray, targets: np.ndarray) -> float:
    """Summed over the examples, by the formulas."""
    y, t = outputs.astype(np.float64), targets.astype(np.float64)
    if isinstance(loss, SoftmaxCrossEntropy):
        p = np.exp(y) / np.exp(y).sum(1, keepdims=True)
        return float(-(t * np.log(p)).sum(1).mean((1, 2)).sum())
    d = np.abs(y - t)
    if isinstance(loss, SquaredError):
        each = d**2 / (1 if loss.over_outputs == "mean" else 2)
    elif isinstance(loss, AbsoluteError):
        each = d
    elif isinstance(loss, Huber):
        each = np.where(d <= loss.delta, d**2 / 2, loss.delta * (d - loss.delta / 2))
    else:
        each = np.log1p(np.exp(y)) - t * y
    return float((each.mean((1, 2, 3)) if loss.over_outputs == "mean" else each.sum((1, 2, 3))).sum())


def share_right(loss: Loss, outputs: np.ndarray, labels: np.ndarray) -> float:
    middle = loss.constants[0]
    said = outputs.argmax(1) if outputs.shape[1] > 1 else outputs[:, 0] > middle
    return float((said == labels).mean())


@each
def test_the_outputs_the_error_and_the_share_of_right_pixels(e):
    run = Run(e)
    run.advance(3)
    part = run.prepared.validation
    found = run.evaluate("validation")
    outputs = forward(e, run.params, part.inputs)
    np.testing.assert_allclose(found.outputs, outputs.reshape(len(part), -1), atol=1e-5)
    shape = e.analysis.output
    targets = targets_of(e, part, shape).reshape(-1, shape.channels, shape.height, shape.width)
    summed = error(e.loss, outputs, targets)
    assert found.loss == pytest.approx(summed / (1 if e.loss.sums_examples else len(part)), rel=1e-4)
    if not e.data.classes():
        assert found.accuracy is None
        assert np.isnan(run.curves().accuracy).all()
        return
    labels = part.targets.reshape(len(part), -1, 6, 5).argmax(1)
    assert found.accuracy == pytest.approx(share_right(e.loss, outputs, labels), abs=1e-6)
    assert ((run.curves().accuracy >= 0) & (run.curves().accuracy <= 1)).all()


@each
def test_readings_are_images(e):
    run = Run(e)
    run.advance(2)
    moment, part = run.moment(), run.prepared.validation
    outputs = forward(e, run.params, part.inputs)
    scores = e.loss.scores(outputs, axis=1)
    seen = answer(OutputsProbe("validation"), moment)
    np.testing.assert_allclose(seen.scores, scores, atol=1e-5)
    assert seen.targets.shape == seen.scores.shape
    one = answer(ActivationsProbe("validation", 2), moment)
    np.testing.assert_allclose(one.scores, scores[2], atol=1e-5)
    np.testing.assert_array_equal(one.target, seen.targets[2])
    assert one.label is None
    assert answer(DecisionProbe(), moment) is None
    if not e.data.classes():
        assert seen.predicted is seen.labels is seen.confusion is None
        assert np.isnan(seen.accuracy)
        return
    labels = part.targets.reshape(len(part), -1, 6, 5).argmax(1)
    np.testing.assert_array_equal(seen.labels, labels)
    assert seen.confusion.sum() == labels.size
    assert np.trace(seen.confusion) / labels.size == pytest.approx(seen.accuracy, abs=1e-6)
    assert seen.accuracy == pytest.approx(run.evaluate("validation").accuracy)


@each
def test_the_gradient_is_the_errors(e):
    """The first step of Adam goes, at every weight, against the derivative of the error, by central differences."""
    run = Run(msgspec.structs.replace(e, batch_size=12))
    before, part = run.params.copy(), run.prepared.training
    shape = e.analysis.output
    targets = targets_of(e, part, shape).reshape(-1, shape.channels, shape.height, shape.width)

    def at(place: int, by: float) -> float:
        moved = before.astype(np.float64)
        moved[place] += by
        return error(e.loss, forward(e, moved, part.inputs.astype(np.float64)), targets)

    slopes = np.array([(at(k, 1e-4) - at(k, -1e-4)) / 2e-4 for k in range(len(before))])
    run.advance(1)
    went = run.params - before
    steep = np.abs(slopes) > 1e-3
    assert steep.any()
    np.testing.assert_array_equal(np.sign(went[steep]), -np.sign(slopes[steep]))


@pytest.mark.parametrize(("over", "factor"), [("mean", 1), ("sum", 30)])
def test_softmax_over_pixels_is_their_mean_or_their_sum(over, factor):
    losses = [
        Run(experiment(CLASSES, loss, 3)).evaluate("training").loss
        for loss in (SoftmaxCrossEntropy(), SoftmaxCrossEntropy(over_pixels=over))
    ]
    assert losses[1] == pytest.approx(factor * losses[0], rel=1e-5)


def test_real_photographs_lose_their_noise():
    e = Experiment(
        data=Photographs(patches=120, size=16, noise=0.15),
        network=chain(Conv2D(8, 3, padding=1, activation=ReLU()), Conv2D(3, 3, padding=1)),
        loss=SquaredError(over_outputs="mean"),
        optimizer=Adam(rate=0.01),
        batch_size=16,
    )
    run = Run(e)
    part = run.prepared.validation
    noisy = float(np.mean((part.inputs.reshape(len(part), -1) - part.targets) ** 2))
    run.advance(200)
    assert run.evaluate("validation").loss < noisy


def test_ink_is_told_from_paper():
    e = Experiment(
        data=InkMask(size=28),
        network=chain(Conv2D(4, 3, padding=1, activation=ReLU()), Conv2D(2, 3, padding=1)),
        optimizer=Adam(rate=0.01),
        batch_size=32,
    )
    run = Run(e)
    run.advance(100)
    assert run.evaluate("validation").accuracy > 0.92  # 88 of 100 pixels are paper


def test_answers_that_take_long_are_made_in_pieces_and_broken_off(monkeypatch):
    run = Run(CASES[0])
    whole = answer(OutputsProbe("training"), run.moment())
    monkeypatch.setattr("lab.training.evaluated.PIECE", 1)
    pieces = answer(OutputsProbe("training"), run.moment())
    np.testing.assert_array_equal(pieces.scores, whole.scores)
    assert pieces.loss == pytest.approx(whole.loss)
    assert answer(OutputsProbe("training"), run.moment(), np.ones(1, np.int64)) is None
