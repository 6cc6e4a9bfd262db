"""What is known of a network before it runs: shapes, counts, costs, and what is wrong with it."""

import numpy as np
import pytest

from lab.network.activations import LeakyReLU, ReLU
from lab.network.layers import AveragePool2D, Conv2D, Dense, Flatten, MaxPool2D
from lab.network.network import Network, Node, analyse
from lab.network.shape import Shape


def chain(*layers):
    return Network(tuple(Node(name, layer) for name, layer in layers))


def test_parameters_lie_layer_by_layer_under_full_names():
    network = chain(("a", Conv2D(2, 3)), ("flat", Flatten()), ("b", Dense(4, bias=False)), ("c", Dense(3)))
    parameters = analyse(network, Shape(1, 4, 4)).parameters
    assert [(p.name, p.shape, p.penalised) for p in parameters] == [
        ("a.weight", (2, 1, 3, 3), True), ("a.bias", (2,), False), ("b.weight", (4, 8), True),
        ("c.weight", (3, 4), True), ("c.bias", (3,), False),
    ]  # fmt: skip
    assert [(p.fan_in, p.fan_out) for p in parameters[::2]] == [(9, 18), (8, 4), (4, 3)]


IMAGE = Shape(1, 8, 8)


def problem(network, x=IMAGE):
    """The one problem there is; everything that follows from it is blank."""
    analysis = analyse(network, x)
    assert analysis.parameter_count is None
    assert analysis.multiply_adds is None
    (found,) = analysis.problems
    assert any(f.name == found.where and found in f.problems for f in analysis.nodes)
    assert found.what[0].islower()
    assert not found.what.endswith(".")
    assert found.mend
    return found


def test_a_kernel_larger_than_its_input():
    found = problem(chain(("big", Conv2D(2, 9)), ("flat", Flatten()), ("out", Dense(2))))
    assert found.where == "big"
    assert found.mend == "Use a kernel of at most 8 or a padding of at least 1"
    for mended in (Conv2D(2, 8), Conv2D(2, 9, padding=1)):
        network = chain(("big", mended), ("flat", Flatten()), ("out", Dense(2)))
        assert not analyse(network, Shape(1, 8, 8)).problems


@pytest.mark.parametrize("kernel", range(2, 12))
@pytest.mark.parametrize("x", [Shape(1, 1, 1), Shape(1, 3, 5), Shape(1, 7, 4)])
def test_what_a_problem_says_mends_it(kernel, x):
    answer = Conv2D(1, kernel).output_shape(x)
    if isinstance(answer, Shape):
        return
    words = answer.mend.split()
    largest, padding = int(words[6]), int(words[-1])
    assert isinstance(Conv2D(1, largest).output_shape(x), Shape)
    assert not isinstance(Conv2D(1, largest + 1).output_shape(x), Shape)
    assert isinstance(Conv2D(1, kernel, padding=padding).output_shape(x), Shape)
    assert not isinstance(Conv2D(1, kernel, padding=padding - 1).output_shape(x), Shape)


def test_a_dense_layer_on_an_image():
    found = problem(chain(("out", Dense(2))))
    assert found.where == "out"
    assert found.mend == "Put a Flatten before it"


def test_padding_that_fills_whole_windows_of_a_pooling():
    found = problem(chain(("pool", MaxPool2D(2, 2, 2)), ("flat", Flatten()), ("out", Dense(2))))
    assert found.where == "pool"
    assert found.mend == "Use a padding of at most 1"


def test_two_layers_of_one_name():
    found = problem(chain(("a", Dense(2)), ("a", Dense(2))), Shape(3))
    assert (found.where, found.what) == ("a", "two layers have this name")


def test_a_layer_may_not_take_the_inputs_name():
    assert problem(chain(("input", Dense(2))), Shape(3)).where == "input"


@pytest.mark.parametrize("source", ["nobody", "b", "c"])
def test_an_input_that_is_not_there_or_comes_later(source):
    network = Network((Node("a", Dense(2), ("input",)), Node("b", Dense(2), (source,)), Node("c", Dense(2))))
    places = {p.where for p in analyse(network, Shape(3)).problems}
    assert "b" in places
    assert source in str(next(p for p in analyse(network, Shape(3)).problems if p.where == "b"))


def test_two_inputs_to_a_layer_that_takes_one():
    network = Network((Node("a", Dense(2)), Node("b", Dense(2)), Node("c", Dense(2), ("a", "b"))))
    assert problem(network, Shape(3)).where == "c"


@pytest.mark.parametrize("source", ["input", "a"])
def test_an_output_that_goes_nowhere(source):
    """Its derivative would be read before anything has written it."""
    network = Network((Node("a", Dense(2)), Node("loose", Dense(2), ("a",)), Node("c", Dense(2), (source,))))
    assert "loose" in {p.where for p in analyse(network, Shape(3)).problems}


def test_layers_after_a_problem_are_blank_and_before_it_known():
    network = chain(("a", Conv2D(2, 3)), ("b", Conv2D(2, 99)), ("flat", Flatten()), ("c", Dense(2)))
    analysis = analyse(network, Shape(1, 8, 8))
    assert str(analysis.facts("a").output) == "2×6×6"
    assert analysis.facts("b").input == Shape(2, 6, 6)
    for name in ("b", "flat", "c"):
        assert analysis.facts(name).output is None
        assert analysis.facts(name).parameter_count is None
        assert analysis.facts(name).parameters == ()
    assert [p.where for p in analysis.problems] == ["b"]


def test_fresh_names_are_free():
    network = chain(("conv1", Conv2D()), ("conv3", Conv2D()), ("out", Dense()))
    assert network.fresh_name(Conv2D()) == "conv4"
    assert network.fresh_name(Dense()) == "dense2"
    assert Network().fresh_name(MaxPool2D()) == "pool1"


def test_cost_is_counted_where_there_are_weights():
    network = chain(
        ("conv", Conv2D(4, 3, 2, 1, ReLU())), ("pool", AveragePool2D()), ("flat", Flatten()),
        ("out", Dense(5, LeakyReLU())),
    )  # fmt: skip
    costs = [f.multiply_adds for f in analyse(network, Shape(2, 9, 9)).nodes]
    assert costs == [4 * 5 * 5 * 2 * 9, 0, 0, 5 * 4 * 2 * 2]
    assert np.prod((4, 2, 2)) == analyse(network, Shape(2, 9, 9)).facts("flat").output.size
