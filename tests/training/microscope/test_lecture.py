"""The lecture's own numbers: the worked convolution (D5), and the four equations on a network that fits on a page."""

from __future__ import annotations

import numpy as np
import pytest
from machine import chain

from lab.experiment.presets import preset
from lab.learning.losses import SquaredError
from lab.network.activations import Sigmoid
from lab.network.initializers import Given
from lab.network.layers import Conv2D, Dense
from lab.network.shape import Shape
from lab.training.microscope import Choice, Spot, backward, choose, forward, written
from lab.training.run import Run
from tests.training.microscope.slides import experiment_of, slide_of


@pytest.fixture(scope="module")
def slide():
    return slide_of(Run(preset("rgb-convolution")))


CORNER = Spot("conv1", 0, 0, 0)


def test_the_worked_convolution_comes_to_minus_25(slide) -> None:
    z, y = forward(slide, CORNER).lines
    assert written(z) == "308 − 498 + 164 + 1 = −25"
    assert z.engine == -25
    assert written(y) == "0.1 × (−25) = −2.5"


def test_its_patches_kernels_and_products(slide) -> None:
    patches = forward(slide, CORNER).patches
    assert patches.patch[0].tolist() == [[0, 0, 0], [0, 156, 155], [0, 153, 154]]
    assert patches.patch[1].tolist() == [[0, 0, 0], [0, 167, 166], [0, 164, 165]]
    assert patches.patch[2].tolist() == [[0, 0, 0], [0, 163, 162], [0, 160, 161]]
    assert patches.kernel[0].tolist() == [[-1, -1, 1], [0, 1, -1], [0, 1, 1]]
    assert patches.kernel[1].tolist() == [[1, 0, 0], [1, -1, -1], [1, 0, -1]]
    assert patches.kernel[2].tolist() == [[0, 1, 1], [0, 1, 0], [1, -1, 1]]
    assert patches.products[0].tolist() == [[0, 0, 0], [0, 156, -155], [0, 153, 154]]
    assert patches.sums.tolist() == [308, -498, 164]
    assert patches.inside.tolist() == [[False] * 3, [False, True, True], [False, True, True]]
    assert patches.bias.value == 1
    assert patches.weights[1, 2, 1] == 9 + 7
    assert patches.spot(2, 2, 1) == Spot("input", 2, 1, 0)
    assert patches.spot(2, 0, 1) is None


def test_the_size_is_worked_out(slide) -> None:
    height, width = forward(slide, CORNER).size
    assert written(height) == written(width) == "⌊(5 + 2 × 1 − 3) / 1⌋ + 1 = 5"
    strided = slide_of(
        Run(experiment_of(chain(Conv2D(1, 5, (2, 3), 0), Conv2D(3, (14, 10))), Shape(1, 32, 32)))
    )
    found = [written(line) for line in forward(strided, Spot("l0", 0)).size]
    assert found == ["⌊(32 + 2 × 0 − 5) / 2⌋ + 1 = 14", "⌊(32 + 2 × 0 − 5) / 3⌋ + 1 = 10"]


def test_which_outputs_a_pixel_feeds_and_where_a_weight_is_used(slide) -> None:
    back = backward(slide, CORNER, choose(slide, CORNER, pixel=Spot("input", 0, 0, 0)))
    assert back.fed.tolist() == [[0, 1, 1], [0, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert len(choose(slide, CORNER).place) == 4
    middle = choose(slide, CORNER, slide.index("conv1", "weight", (0, 1, 1, 1)))
    back = backward(slide, CORNER, middle)
    assert len(back.used) == 25  # the middle tap meets every pixel
    assert middle.pixel == Spot("input", 1, 0, 0)
    corner = choose(slide, CORNER, slide.index("conv1", "weight", (0, 0, 0, 0)))
    assert len(backward(slide, CORNER, corner).used) == 16


def test_the_four_equations() -> None:
    """One hidden sigmoid between one input and one output, with numbers that can be worked out on paper."""
    network = chain(
        Dense(1, Sigmoid(), Given((2.0,), (0.5,))), Dense(2, start=Given((3.0, -1.0), (0.25, 0.0)))
    )
    run = Run(experiment_of(network, Shape(1), outputs=2, loss=SquaredError()))
    slide = slide_of(run, changed=((0, 0, 0, 1.5),))
    t = slide.activations.target.ravel()
    y = 1 / (1 + np.exp(-3.5))  # z = 2 · 1.5 + 0.5
    out = [3 * y + 0.25, -y]
    hidden = Spot("l0", 0)
    z, activated = forward(slide, hidden).lines
    assert written(z) == "2 × 1.5 + 0.5 = 3.5"
    assert activated.value == pytest.approx(y)
    back = {line.role: line for line in backward(slide, hidden, choose(slide, hidden)).lines}
    dy = [-(t[0] - out[0]), -(t[1] - out[1])]
    assert back["dy"].symbols.startswith("dE/dyᵢ = Σⱼ dE/dzⱼ · wᵢⱼ")
    assert back["dy"].value == pytest.approx(3 * dy[0] - dy[1])
    assert back["dz"].value == pytest.approx((3 * dy[0] - dy[1]) * y * (1 - y), rel=1e-5)
    assert back["dw"].symbols == "dE/dwᵢⱼ = dE/dzⱼ · xᵢ"
    assert back["dw"].value == pytest.approx(back["dz"].value * 1.5, rel=1e-5)
    assert back["db"].value == pytest.approx(back["dz"].value, rel=1e-5)
    assert back["dx"].value == pytest.approx(back["dz"].value * 2, rel=1e-5)
    first = {line.role: line for line in backward(slide, Spot("l1", 0), Choice()).lines}
    assert first["dy"].symbols == "dE/dyⱼ = −(tⱼ − yⱼ)"
    assert first["dy"].value == pytest.approx(dy[0], rel=1e-5)
    assert first["E"].value == pytest.approx(0.5 * (dy[0] ** 2 + dy[1] ** 2), rel=1e-5)
