"""Measured receptive fields against central differences of a plain network in float64, and within the theory's box."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import numpy as np
import pytest
from drawn import wholes
from hypothesis import given
from hypothesis import strategies as st
from machine import quick

from lab.data.datasets.random_images import RandomImages
from lab.experiment.experiment import Experiment
from lab.network.activations import Linear, ReLU, Sigmoid, Tanh
from lab.network.layers import AveragePool2D, Concat, Conv2D, Dense, Flatten, TransposedConv2D, Upsample
from lab.network.network import INPUT, Network, Node, analyse
from lab.network.program import lower
from lab.network.receptive_field import field_of
from lab.network.shape import Shape
from lab.training.fields import ABOVE, FieldProbe
from lab.training.measured_field import effective, measured_field, network_up_to
from lab.training.microscope.twin import COMPUTE
from lab.training.readings import answer
from lab.training.run import Run
from tests.training.problems import SMALL_CNN, XOR_MLP


def chain(*layers: tuple[str, object]) -> Network:
    return Network(tuple(Node(name, layer) for name, layer in layers))


def moment_of(network: Network, X: np.ndarray, seed: int) -> SimpleNamespace:
    """As much of a moment as is looked at: random weights, and these examples in every part."""
    x = Shape(*X.shape[1:])
    loss = msgspec.structs.replace(SMALL_CNN, network=network).loss
    program = lower(network, x, loss, 1)
    rng = np.random.default_rng(seed)
    return SimpleNamespace(
        experiment=SimpleNamespace(network=network),
        shape=x,
        program=program,
        params=rng.standard_normal(program.parameter_count).astype(np.float32),
        part=lambda _: SimpleNamespace(inputs=X),
    )


def number_at(moment, x: np.ndarray, layer: str, spot: tuple[int, int, int]) -> float:
    """The twin in float64: a unit's pre-activation for one input [C, H, W]."""
    parameters = {n: v.astype(np.float64) for n, v in moment.program.split(moment.params).items()}
    network = network_up_to(moment.experiment.network, layer, True)
    known = {INPUT: x}
    for facts in analyse(network, moment.shape).nodes:
        given = {n.rpartition(".")[2]: v for n, v in parameters.items() if n.rpartition(".")[0] == facts.name}
        inputs = [known[name] for name in facts.inputs]
        known[facts.name] = COMPUTE[type(facts.layer)](facts.layer, inputs, given, facts.output)[0]
    return float(known[layer][spot])


BRANCHED = Network(
    (
        Node("a", Conv2D(3, 3, padding=1, activation=Tanh(), dilation=(2, 1))),
        Node("b", Conv2D(3, (2, 3), 2, activation=Sigmoid())),
        Node("up", TransposedConv2D(2, 3, 2, activation=Tanh())),
        Node("join", Concat(crop=True), ("up", "a")),
        Node("c", Conv2D(2, 3, activation=Tanh())),
        Node("flat", Flatten()),
        Node("out", Dense(3)),
    )
)


SPOTS = [("a", (1, 0, 3)), ("b", (2, 1, 1)), ("up", (1, 2, 3)), ("c", (0, 3, 2)), ("out", (2, 0, 0))]


@pytest.mark.parametrize(("layer", "spot"), SPOTS)
def test_against_central_differences(layer: str, spot: tuple[int, int, int]) -> None:
    X = np.random.default_rng(3).standard_normal((5, 2, 8, 7)).astype(np.float32)
    moment = moment_of(BRANCHED, X, 4)
    found = measured_field(FieldProbe(layer, *spot, example=3, examples=4), moment)
    gradients = np.zeros(X.shape)
    for n, at in np.ndindex(4, X[0].size):
        x = X[n].astype(np.float64).ravel()
        ends = []
        for step in (-1e-5, 1e-5):
            moved = x.copy()
            moved[at] += step
            ends.append(number_at(moment, moved.reshape(X[0].shape), layer, spot))
        gradients[n].reshape(-1)[at] = (ends[1] - ends[0]) / 2e-5
    scale = np.abs(gradients).max()
    np.testing.assert_allclose(found.magnitude, np.abs(gradients[:4]).sum(1).mean(0), atol=2e-4 * scale)
    np.testing.assert_allclose(found.signed, gradients[:4].sum(1).mean(0), atol=2e-4 * scale)
    np.testing.assert_allclose(found.one, gradients[3].sum(0), atol=2e-4 * scale)
    assert (found.examples, found.silent) == (4, 0)


@quick(60)
@given(wholes(largest=8), st.data())
def test_it_lies_within_the_theoretical_field(drawn, data) -> None:
    """Of networks of every kind of layer, with joins, dilation, strides, crops and upsamplings: not a pixel outside."""
    X, _ = drawn.data(3)
    moment = moment_of(drawn.network, X, drawn.seed)
    facts = data.draw(st.sampled_from(analyse(drawn.network, drawn.x).nodes))
    s = facts.output
    spot = tuple(data.draw(st.integers(0, n - 1)) for n in (s.channels, s.height, s.width))
    of = data.draw(st.sampled_from(["preactivation", "output"]))
    found = measured_field(FieldProbe(facts.name, *spot, examples=len(X), of=of), moment)
    if drawn.x.is_vector:
        assert found is None
        return
    region = field_of(drawn.network, drawn.x, facts.name, *spot[1:], padding=False)
    outside = np.ones(found.magnitude.shape, bool)
    outside[region.top : region.top + region.height, region.left : region.left + region.width] = False
    assert not found.magnitude[outside].any()
    assert not found.signed[outside].any()
    assert not found.one[outside].any()


def test_with_positive_weights_it_fills_the_theoretical_field() -> None:
    network = chain(
        ("a", Conv2D(2, 3, padding=1)),
        ("pool", AveragePool2D()),
        ("b", Conv2D(2, 3, 2, "same")),
        ("up", Upsample(2, "bilinear")),
        ("c", Conv2D(1, (3, 2))),
    )
    X = np.ones((1, 1, 20, 20), np.float32)
    moment = moment_of(network, X, 0)
    moment.params = np.abs(moment.params) + np.float32(0.1)
    for row, column in [(0, 0), (2, 3), (4, 1)]:
        found = measured_field(FieldProbe("c", 0, row, column), moment)
        rows, columns = (np.flatnonzero(found.magnitude.any(axis)) for axis in (1, 0))
        region = field_of(network, moment.shape, "c", row, column, padding=False)
        assert (rows[0], rows[-1]) == (region.top, region.top + region.height - 1)
        assert (columns[0], columns[-1]) == (region.left, region.left + region.width - 1)


def test_of_the_output_it_is_that_of_z_times_the_slope() -> None:
    X = np.random.default_rng(1).standard_normal((1, 1, 6, 6)).astype(np.float32)
    moment = moment_of(chain(("a", Conv2D(1, 3, activation=Tanh()))), X, 2)
    z, y = (
        measured_field(FieldProbe("a", 0, 1, 2, examples=1, of=of), moment)
        for of in ("preactivation", "output")
    )
    slope = 1 - np.tanh(number_at(moment, X[0].astype(float), "a", (0, 1, 2))) ** 2
    np.testing.assert_allclose(y.one, slope * z.one, rtol=1e-4)


def test_examples_by_which_nothing_comes_through_are_counted() -> None:
    """A ReLU below is dead for dark images."""
    X = np.stack([np.full((1, 5, 5), level, np.float32) for level in (-1, 1, -1)])
    moment = moment_of(chain(("a", Conv2D(1, 3, activation=ReLU())), ("b", Conv2D(1, 3))), X, 0)
    moment.params = np.abs(moment.params)
    moment.params[9] = 0.0  # the bias of a
    found = measured_field(FieldProbe("b"), moment)
    assert (found.examples, found.silent) == (3, 2)


def test_many_examples_go_through_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(SMALL_CNN)
    moment, probe = run.moment(), FieldProbe("output", 3, example=100, examples=50)
    whole = measured_field(probe, moment)
    monkeypatch.setattr("lab.training.measured_field.ROOM", 7000)
    parts = measured_field(probe, moment)
    np.testing.assert_allclose(parts.magnitude, whole.magnitude, rtol=1e-5)
    np.testing.assert_array_equal(parts.one, whole.one)
    assert parts.examples == 50


def test_the_effective_size_of_a_bell() -> None:
    """Of a normal distribution in the plane: an ellipse of half-axes √(−2 ln 0.0455) σ."""
    y, x = np.mgrid[:81, :81]
    bell = np.exp(-((y - 40) ** 2 / (2 * 6.0**2) + (x - 38) ** 2 / (2 * 9.0**2))).astype(np.float32)
    found = effective(bell)
    assert found.centre == pytest.approx((40, 38), abs=0.01)
    assert found.deviation == pytest.approx((6, 9), rel=0.01)
    assert found.pixels == pytest.approx(np.pi * -2 * np.log(ABOVE) * 6 * 9, rel=0.01)
    assert found.side == found.pixels**0.5
    nothing = effective(np.zeros((3, 3), np.float32))
    assert (nothing.pixels, nothing.side) == (0, 0.0)
    assert np.isnan(nothing.centre).all()


def test_what_cannot_be_asked_has_no_answer() -> None:
    moment = Run(SMALL_CNN).moment()
    assert answer(FieldProbe("conv", 4), moment) is None
    assert answer(FieldProbe("conv", 0, 8), moment) is None
    assert answer(FieldProbe("elsewhere"), moment) is None
    assert answer(FieldProbe("hidden"), Run(XOR_MLP).moment()) is None
    assert answer(FieldProbe("conv"), moment) is not None


def test_a_network_too_large_to_be_measured_in_good_time() -> None:
    network = chain(("a", Conv2D(512, 9)), ("b", Conv2D(512, 9)), ("flat", Flatten()), ("out", Dense(10)))
    e = Experiment(name="large", data=RandomImages(1, 256, 256, 4), network=network)
    assert analyse(network, e.analysis.input).multiply_adds > 20e9
    moment = SimpleNamespace(experiment=e, shape=e.analysis.input)
    assert measured_field(FieldProbe("b"), moment) is None


def test_layers_beside_the_unit_are_left_out() -> None:
    left = network_up_to(BRANCHED, "up", True)
    assert [node.name for node in left.nodes] == ["a", "b", "up"]
    assert left.nodes[-1].layer.activation == Linear()
    assert not analyse(left, Shape(2, 8, 7)).problems
