"""On random networks every line comes to what the engine has, forwards and backwards, and to what a plain twin has."""

from __future__ import annotations

import numpy as np
import pytest
import twins
from drawn import FUNCTIONS, Whole, convolutions, image_layers, networks, wholes
from hypothesis import given
from hypothesis import strategies as st
from machine import chain, quick

from lab.learning.losses import LOSSES, Hinge, SquaredError
from lab.network.activations import ACTIVATIONS, GELU, LeakyReLU, Tanh
from lab.network.layers import (
    LAYERS,
    ActivationLayer,
    Add,
    AveragePool2D,
    BatchNorm,
    Concat,
    Conv2D,
    Crop,
    Dense,
    Dropout,
    Flatten,
    Formula,
    GlobalAveragePool2D,
    GlobalMaxPool2D,
    LayerNorm,
    LocalResponseNorm,
    MaxPool2D,
    PReLU,
    Softmax,
    Subsample,
    TransposedConv2D,
    Upsample,
)
from lab.network.network import INPUT, Network, Node
from lab.network.shape import Shape
from lab.training.microscope import Slide, Spot, arriving, backward, choose, forward
from lab.training.microscope.backward import KINDS
from lab.training.run import Run
from tests.training.microscope.slides import experiment_of, shaken, slide_of


def close(line, said) -> None:
    """What the line comes to is what the engine has, but for rounding of float32."""
    if np.isnan(line.engine):
        return
    assert abs(line.value - line.engine) <= 2e-5 * max(line.scale, abs(line.engine)) + 1e-9, (said, line)


def spots_on(slide: Slide, name: str, rng, count: int) -> list[Spot]:
    s = slide.shape(name)
    return [
        Spot(name, *(int(rng.integers(n)) for n in (s.channels, s.height, s.width))) for _ in range(count)
    ]


def check_spot(slide: Slide, spot: Spot, rng) -> None:
    """All that is said of one number, of the weights behind it and of what comes in."""
    facts = slide.facts(spot.layer)
    ahead = forward(slide, spot)
    for line in ahead.lines:
        close(line, ("forward", spot))
    roles = [line.role for line in ahead.lines]
    assert roles[-1] in "zy"
    last = ahead.lines[-1]
    assert last.engine == float(slide.y(spot.layer)[spot.at])
    if slide.z(spot.layer) is not None:
        (z,) = (line for line in ahead.lines if line.role == "z")
        assert z.engine == float(slide.z(spot.layer)[spot.at])
    for line in ahead.size:
        assert line.value == line.engine
    some = [choose(slide, spot)]
    own = [p for p in slide.weights if p.rpartition(".")[0] == spot.layer]
    for name in own:
        place = tuple(int(rng.integers(n)) for n in slide.weights[name].shape)
        some.append(choose(slide, spot, slide.index(spot.layer, name.rpartition(".")[2], place)))
    some.append(choose(slide, spot, pixel=spots_on(slide, facts.inputs[0], rng, 1)[0]))
    for chosen in some:
        check_back(slide, spot, chosen)


def check_back(slide: Slide, spot: Spot, chosen) -> None:
    facts = slide.facts(spot.layer)
    back = backward(slide, spot, chosen)
    for line in back.lines:
        close(line, ("backward", spot, chosen))
    by = {line.role: line for line in back.lines}
    assert by["dy"].engine == float(slide.dy(spot.layer)[spot.at])
    if slide.z(spot.layer) is not None and hasattr(facts.layer, "activation"):
        assert by["dz"].engine == float(slide.dz(spot.layer)[spot.at])
    whole = slide.batch and slide.experiment.network.whole_batch
    if "dw" in by and not whole:
        assert by["dw"].engine == slide.derivative(chosen.weight)
    if "db" in by and not whole:
        assert not np.isnan(by["db"].engine)
    if chosen.pixel is not None and len(slide.readers(chosen.pixel.layer)) == 1:
        assert by["dx"].engine == float(slide.dy(chosen.pixel.layer)[chosen.pixel.at])
        shape = slide.shape(spot.layer)
        limits = (shape.channels, shape.height, shape.width)
        assert ((back.fed >= 0) & (back.fed < limits)).all()
    # the derivative by any number that flows, also by the input's
    if chosen.pixel is not None:
        for line in arriving(slide, chosen.pixel):
            close(line, ("arriving", chosen.pixel))


def check(slide: Slide, seed: int, count: int = 2) -> None:
    rng = np.random.default_rng(seed)
    for node in slide.experiment.network.nodes:
        for spot in spots_on(slide, node.name, rng, count):
            check_spot(slide, spot, rng)
    for spot in spots_on(slide, INPUT, rng, count):
        lines = arriving(slide, spot)
        for line in lines:
            close(line, ("arriving", spot))
        assert lines[-1].engine == float(slide.gradients.input[spot.at])


@quick(60)
@given(wholes(), st.booleans())
def test_any_network(whole: Whole, batch: bool) -> None:
    run = shaken(Run(experiment_of(whole.network, whole.x)), whole.seed)
    check(slide_of(run, whole.seed % 3, batch), whole.seed)


@quick(40)
@given(networks())
def test_any_chain(drawn) -> None:
    network = chain(*drawn.layers[:-1], Dense(3, Tanh()))
    run = shaken(Run(experiment_of(network, drawn.x, loss=SquaredError())), drawn.seed)
    check(slide_of(run), drawn.seed)


SMALL = Shape(2, 6, 5)
BEFORE_AND_AFTER = {
    Dense: (Flatten(), Dense(4, Tanh())),
    Conv2D: (Conv2D(3, 3, (2, 1), 1, Tanh()),),
    MaxPool2D: (MaxPool2D(3, 2, 1),),
    AveragePool2D: (AveragePool2D(3, 2, 1),),
    GlobalMaxPool2D: (GlobalMaxPool2D(),),
    GlobalAveragePool2D: (GlobalAveragePool2D(),),
    Subsample: (Subsample(),),
    Flatten: (Flatten(),),
    ActivationLayer: (ActivationLayer(GELU()),),
    PReLU: (PReLU("layer"),),
    Softmax: (Softmax(),),
    Dropout: (Dropout(0.4),),
    BatchNorm: (BatchNorm(),),
    LayerNorm: (LayerNorm(),),
    LocalResponseNorm: (LocalResponseNorm(3, 0.3, 0.5, 1.0, "mean"),),
    TransposedConv2D: (TransposedConv2D(3, 3, 2, 1, LeakyReLU(0.1), output_padding=1),),
    Upsample: (Upsample((2, 3), "bilinear"),),
    Crop: (Crop((2, 1)),),
}


@pytest.mark.parametrize("batch", [False, True], ids=["in use", "in training"])
@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
def test_every_kind_of_layer(kind, batch) -> None:
    if kind in (Add, Concat):
        nodes = (
            Node("a", Conv2D(3, 3)), Node("b", Conv2D(3, 1), ("input",)), Node("c", kind(crop=True), ("a", "b", "a")),
            Node("f", Flatten()), Node("out", Dense(3)),
        )  # fmt: skip
        network = Network(nodes)
    elif kind is Formula:
        pytest.skip("stands alone in its network: see test_formula.py")
    else:
        network = chain(Conv2D(2, 1), *BEFORE_AND_AFTER[kind], Flatten(), Dense(3))
    run = shaken(Run(experiment_of(network, SMALL)), 3)
    check(slide_of(run, 1, batch), 4, count=5)


def test_every_kind_has_its_arithmetic() -> None:
    assert set(KINDS) == set(LAYERS)


@pytest.mark.parametrize("function", ACTIVATIONS, ids=lambda f: f.__name__)
def test_every_activation(function) -> None:
    run = shaken(
        Run(experiment_of(chain(Conv2D(4, 3, activation=function()), Flatten(), Dense(3)), SMALL)), 5
    )
    slide = slide_of(run)
    check(slide, 5, count=6)
    z, y = slide.z("l0").astype(float), slide.y("l0")
    from lab.training.microscope.functions import slope_of, value_of

    np.testing.assert_allclose(value_of(function(), z), y, rtol=1e-5, atol=1e-6)
    h = 1e-6
    kink = np.abs(z) < 1e-4
    slope = (value_of(function(), z + h) - value_of(function(), z - h)) / (2 * h)
    np.testing.assert_allclose(slope_of(function(), z)[~kink], slope[~kink], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("over", ["sum", "mean"])
@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss.compares], ids=lambda loss: loss.__name__)
def test_every_loss(loss, over) -> None:
    given = {"over_outputs": over} if hasattr(loss(), "over_outputs") else {}
    losses = [loss(**given)] + ([Hinge(against="worst")] if loss is Hinge else [])
    for one in losses:
        run = shaken(Run(experiment_of(chain(Flatten(), Dense(3)), SMALL, loss=one)), 6)
        slide = slide_of(run)
        check(slide, 6, count=6)
        lines = arriving(slide, Spot("l1", 0))
        (error,) = (line for line in lines if line.role == "E")
        assert error.engine == slide.gradients.error


def test_an_image_for_an_answer() -> None:
    from lab.data.datasets.random_images import RandomImages

    for target, loss in (("image", SquaredError()), ("segmentation", None)):
        data = RandomImages(2, 6, 5, 6, target, 3, 3, 6, 5)
        more = {"loss": loss} if loss else {}
        network = chain(Conv2D(4, 3, padding=1, activation=Tanh()), Conv2D(3, 1))
        run = shaken(Run(experiment_of(network, SMALL, data=data, **more)), 2)
        check(slide_of(run), 2, count=5)


@st.composite
def image_chains(draw) -> tuple:
    layers, shape = [], Shape(2, 7, 6)
    for _ in range(draw(st.integers(1, 2))):
        one = draw(
            st.sampled_from([convolutions(shape, draw(st.sampled_from(FUNCTIONS))), image_layers(shape)])
        )
        layers.append(draw(one))
        shape = layers[-1].output_shape(shape)
    return (*layers, Flatten(), Dense(5, Tanh()), Dense(3))


@quick(30)
@given(image_chains(), st.integers(0, 1000))
def test_it_is_what_a_plain_twin_computes(layers, seed) -> None:
    """The numbers on the lines, not the engine's beside them."""
    run = shaken(Run(experiment_of(chain(*layers), Shape(2, 7, 6))), seed)
    slide, rng = slide_of(run), np.random.default_rng(seed)
    x = slide.activations.input.astype(float)
    target = slide.activations.target.astype(float)
    parameters = {name: w.astype(float) for name, w in run.parameters.items()}
    _, _, grads, flows, derivatives = twins.network(
        layers, parameters, x[None], target[None], run.experiment.loss
    )
    kinks = [
        i
        for i, layer in enumerate(layers)
        if isinstance(layer, MaxPool2D) or (np.abs(flows[i][0]) < 1e-5).any()
    ]

    def near(value, expected, size) -> None:
        assert value == pytest.approx(expected, rel=2e-3, abs=3e-4 * max(size, 1e-3))

    for i in range(len(layers)):
        name, (z, y), (dz, dy) = f"l{i}", flows[i], derivatives[i]
        for spot in spots_on(slide, name, rng, 2):
            for line in forward(slide, spot).lines:
                if line.role in ("z", "y"):
                    expected = (z if line.role == "z" else y)[0]
                    near(line.value, expected[spot.at], np.abs(expected).max())
            if i <= max(kinks, default=-1):
                continue
            chosen = choose(slide, spot)
            for line in backward(slide, spot, chosen).lines:
                if line.role in ("dz", "dy"):
                    expected = (dz if line.role == "dz" else dy)[0]
                    near(line.value, expected[spot.at], np.abs(expected).max())
                elif line.role == "dw":
                    expected = grads[chosen.name]
                    near(line.value, expected[chosen.place], np.abs(expected).max())
