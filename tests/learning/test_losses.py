"""Targets made of classes, and what a loss cannot be used for; the arithmetic is compared in tests/oracle."""

import numpy as np
import pytest

from lab.learning.losses import LOSSES, SoftmaxCrossEntropy, SquaredError

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


def test_one_output_for_two_classes():
    targets = SquaredError(low=-1, high=1).encode(np.array([0, 1, 1]), 2, 1)
    np.testing.assert_array_equal(targets, [[-1], [1], [1]])


@pytest.mark.parametrize(("over", "sums"), [("mean", False), ("sum", True)])
def test_over_examples(over, sums):
    assert SquaredError(over_examples=over).sums_examples is sums


@pytest.mark.parametrize(
    ("loss", "classes", "targets", "outputs", "mend"),
    [
        (SoftmaxCrossEntropy(), 10, 0, 10, None),
        (SoftmaxCrossEntropy(), 2, 0, 2, None),
        (SoftmaxCrossEntropy(), 10, 0, 9, "Give the last layer 10 units"),
        (SoftmaxCrossEntropy(), 2, 0, 1, "Give the last layer 2 units"),
        (SoftmaxCrossEntropy(), 0, 1, 1, "Choose squared error"),
        (SquaredError(), 2, 0, 1, None),
        (SquaredError(), 2, 0, 2, None),
        (SquaredError(), 2, 0, 3, "Give the last layer 1 or 2 units"),
        (SquaredError(), 3, 0, 1, "Give the last layer 3 units"),
        (SquaredError(), 0, 2, 2, None),
        (SquaredError(), 0, 2, 1, "Give the last layer 2 units"),
    ],
)
def test_what_a_loss_can_be_used_for(loss, classes, targets, outputs, mend):
    problem = loss.problem(classes, targets, outputs)
    if mend is None:
        assert problem is None
    else:
        assert problem.mend.startswith(mend)


def test_kinds_are_their_own():
    assert len({loss.kind for loss in LOSSES}) == len(LOSSES)
    assert all(loss.title and loss.formula.startswith("E = ") for loss in LOSSES)
