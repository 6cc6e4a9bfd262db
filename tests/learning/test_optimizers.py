"""Optimizers as values; their arithmetic is compared in test_optimizers_as_published.py and tests/oracle."""

import pytest

from lab.learning.optimizers import OPTIMIZERS, SGD, Adam, AnyOptimizer, Momentum, RMSprop
from lab.learning.regularization import Regularization
from lab.problem import ProblemError
from lab.value import changed, fields, from_json, to_json


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_one_has_its_words_and_a_round_trip(optimizer):
    assert optimizer.title
    assert "←" in optimizer.formula
    assert optimizer.__doc__
    assert len(set(optimizer.slots)) == len(optimizer.slots)
    assert from_json(to_json(optimizer()), AnyOptimizer, "file") == optimizer()


def test_kinds_and_tags_are_their_own():
    assert len({o.kind for o in OPTIMIZERS}) == len(OPTIMIZERS)
    assert len({o.__struct_config__.tag for o in OPTIMIZERS}) == len(OPTIMIZERS)


def test_settings_reach_the_kernel_in_its_order():
    assert SGD().constants == ()
    assert Momentum(momentum=0.7).constants == (0.7, 0)
    assert RMSprop(decay=0.8, epsilon=1e-5).constants == (0.8, 1e-5)
    assert Adam(beta1=0.8, beta2=0.9, epsilon=1e-7).constants == (0.8, 0.9, 1e-7)
    assert [len(o.slots) for o in (SGD, Momentum, RMSprop, Adam)] == [0, 1, 1, 2]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_rate_has_a_range(optimizer):
    rate = next(field for field in fields(optimizer) if field.name == "rate")
    assert (rate.kind, rate.least, rate.most) == ("float", 0, 1000)
    with pytest.raises(ProblemError, match="rate"):
        changed(optimizer(), rate=-1.0)


@pytest.mark.parametrize(
    ("value", "bad"),
    [
        (Momentum(), {"momentum": 1.0}), (RMSprop(), {"decay": 1.0}), (RMSprop(), {"epsilon": 0.0}),
        (Adam(), {"beta1": -0.1}), (Adam(), {"beta2": 1.0}), (Regularization(), {"l1": -1.0}),
        (Regularization(), {"l2": 101.0}),
    ],
)  # fmt: skip
def test_limits_name_the_field(value, bad):
    with pytest.raises(ProblemError, match=next(iter(bad))):
        changed(value, **bad)
