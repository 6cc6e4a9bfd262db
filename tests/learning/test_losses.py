"""Targets made of classes, and what a loss cannot be used for; the arithmetic is compared in tests/oracle."""

import numpy as np
import pytest

from lab.learning.losses import (
    LOSSES,
    AbsoluteError,
    BinaryCrossEntropy,
    Hinge,
    Huber,
    SoftmaxCrossEntropy,
    SquaredError,
)
from lab.network.shape import Shape

LABELS = np.array([0, 2, 1, 2])


def test_one_hot_targets():
    targets = SoftmaxCrossEntropy().encode(LABELS, 3, 3)
    assert targets.dtype == np.float32
    np.testing.assert_array_equal(targets, [[1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1]])
    np.testing.assert_array_equal(SquaredError().encode(LABELS, 3, 3), targets)


def test_squared_error_between_chosen_targets():
    loss = SquaredError(low=-0.8, high=0.8)
    targets = loss.encode(LABELS, 3, 3)
    assert targets.dtype == np.float32
    np.testing.assert_allclose(targets[0], [0.8, -0.8, -0.8])
    assert loss.constants == (0.0, 0, 0)
    assert SquaredError().constants == (0.5, 0, 0)
    assert SquaredError(over_outputs="mean").constants == (0.5, 0, 2)
    assert SoftmaxCrossEntropy().constants == (0, 0, 1)
    assert SoftmaxCrossEntropy(over_pixels="sum").constants == (0, 0, 0)


def test_one_output_for_two_classes():
    targets = SquaredError(low=-1, high=1).encode(np.array([0, 1, 1]), 2, 1)
    np.testing.assert_array_equal(targets, [[-1], [1], [1]])


@pytest.mark.parametrize(("over", "sums"), [("mean", False), ("sum", True)])
def test_over_examples(over, sums):
    assert SquaredError(over_examples=over).sums_examples is sums


@pytest.mark.parametrize(
    ("loss", "classes", "targets", "outputs", "mend"),
    [
        (SoftmaxCrossEntropy(), 10, 10, 10, None),
        (SoftmaxCrossEntropy(), 2, 2, 2, None),
        (SoftmaxCrossEntropy(), 10, 10, 9, "Give the last layer 10 units"),
        (SoftmaxCrossEntropy(), 2, 2, 1, "Give the last layer 2 units"),
        (SoftmaxCrossEntropy(), 0, 1, 1, "Choose squared error"),
        (SquaredError(), 2, 2, 1, None),
        (SquaredError(), 2, 2, 2, None),
        (SquaredError(), 2, 2, 3, "Give the last layer 1 or 2 units"),
        (SquaredError(), 3, 3, 1, "Give the last layer 3 units"),
        (SquaredError(), 0, 2, 2, None),
        (SquaredError(), 0, 2, 1, "Give the last layer 2 units"),
        (SquaredError(), 0, 2, (2, 3, 3), "Add a Flatten and a Dense"),
        (SquaredError(), 0, (2, 3, 3), 18, "End with a convolution of 2 filters"),
        (SquaredError(), 0, (2, 3, 3), (1, 3, 3), "Give the last layer 2 filters"),
        (SquaredError(), 0, (2, 3, 3), (2, 7, 7), "Crop a border of 2 from every side"),
        (SquaredError(), 0, (2, 3, 3), (2, 4, 4), "Crop or pool it to 3×3"),
        (SquaredError(), 0, (2, 3, 3), (2, 3, 5), "Crop or pool it to 3×3"),
        (
            SquaredError(),
            2,
            (2, 9, 9),
            (3, 11, 11),
            "Crop a border of 1 from every side; give the last layer 1 or 2",
        ),
        (SoftmaxCrossEntropy(), 2, (2, 392, 392), (2, 388, 388), "Give the convolutions a padding of"),
        (SoftmaxCrossEntropy(), 2, (2, 9, 9), (2, 9, 9), None),
        (SoftmaxCrossEntropy(), 2, (1, 9, 9), (2, 9, 9), None),
        (SoftmaxCrossEntropy(), 2, (2, 9, 9), (1, 9, 9), "Give the last layer 2 filters"),
        (SoftmaxCrossEntropy(), 0, (2, 9, 9), (2, 9, 9), "Choose squared error"),
        (BinaryCrossEntropy(), 2, (2, 9, 9), (1, 9, 9), None),
        (BinaryCrossEntropy(), 0, (3, 9, 9), (3, 9, 9), None),
        (AbsoluteError(), 0, (3, 9, 9), (3, 9, 9), None),
        (Huber(), 4, (4, 9, 9), (4, 9, 9), None),
        (Huber(), 4, (4, 9, 9), (1, 9, 9), "Give the last layer 4 filters"),
        (Hinge(), 2, (2, 9, 9), (2, 9, 9), "Choose softmax"),
    ],
)
def test_what_a_loss_can_be_used_for(loss, classes, targets, outputs, mend):
    target, output = (Shape(*s) if isinstance(s, tuple) else Shape(s) for s in (targets, outputs))
    problem = loss.problem(classes, target, output)
    if mend is None:
        assert problem is None
    else:
        assert problem.mend.startswith(mend)


def test_classes_of_pixels_are_encoded_last_and_scored_along_any_axis():
    labels = np.array([[[0, 1], [2, 1]]])
    targets = SquaredError(low=-1, high=1).encode(labels, 3, 3)
    assert targets.shape == (1, 2, 2, 3)
    np.testing.assert_array_equal(targets.argmax(-1), labels)
    np.testing.assert_array_equal(targets.sum(-1), -1)
    outputs = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
    p = SoftmaxCrossEntropy().scores(outputs, axis=1)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(
        np.moveaxis(p, 1, -1), SoftmaxCrossEntropy().scores(np.moveaxis(outputs, 1, -1))
    )


def test_kinds_are_their_own():
    assert len({loss.kind for loss in LOSSES}) == len(LOSSES)
    assert all(loss.title and loss.formula.startswith("E = ") for loss in LOSSES)
