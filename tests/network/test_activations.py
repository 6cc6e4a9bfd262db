"""Activation functions as values; their arithmetic is compared in tests/oracle."""

import pytest

from lab.network.activations import ACTIVATIONS, AnyActivation, LeakyReLU, Linear
from lab.problem import ProblemError
from lab.value import changed, from_json, to_json


def test_kinds_and_tags_are_their_own():
    assert len({f.kind for f in ACTIVATIONS}) == len(ACTIVATIONS)
    assert len({f.__struct_config__.tag for f in ACTIVATIONS}) == len(ACTIVATIONS)


@pytest.mark.parametrize("function", ACTIVATIONS)
def test_every_one_has_its_words_and_a_round_trip(function):
    assert function.title
    assert "f(z)" in function.formula
    assert "f′(z)" in function.derivative
    assert from_json(to_json(function()), AnyActivation, "file") == function()


def test_constants():
    assert Linear().alpha == 0
    assert LeakyReLU(0.2).alpha == 0.2
    with pytest.raises(ProblemError, match="slope"):
        changed(LeakyReLU(), slope=1.5)
