"""A formula under the microscope: every line is the engine's number, its terms and derivatives in numbers."""

from __future__ import annotations

import pytest

from lab.experiment.of_layer import with_network
from lab.experiment.presets import GROUPS, preset
from lab.network.layers import Formula
from lab.network.network import Network, Node
from lab.training.gradient_check import check as check_gradient
from lab.training.microscope import backward, choose, forward
from lab.training.microscope.lines import Spot, written
from lab.training.probes import GradientCheckProbe
from lab.training.run import Run
from tests.training.microscope.slides import shaken, slide_of
from tests.training.microscope.test_networks import check


def run_on(text: str, x: float, y: float, name: str = "ravine") -> Run:
    return Run(with_network(preset(name), Network((Node("f", Formula(text, x, y)),))))


@pytest.mark.parametrize("name", GROUPS["Surfaces by formula"])
@pytest.mark.parametrize("batch", [False, True], ids=["in use", "in training"])
def test_every_line_is_the_engines(name: str, batch: bool) -> None:
    run = shaken(Run(preset(name)), 2)
    check(slide_of(run, 0, batch), 3)
    check(slide_of(run, len(run.prepared.training) - 1, batch), 4)


def test_rosenbrock_term_by_term() -> None:
    slide = slide_of(run_on("(1 - x)^2 + 100*(y - x^2)^2", -1.0, 0.5))
    lines = forward(slide, Spot("f", 0)).lines
    assert [(line.symbols, written(line)) for line in lines] == [
        ("1 − x", "1 − (−1) = 2"),
        ("(1 − x)²", "2² = 4"),
        ("x²", "(−1)² = 1"),
        ("y − x²", "0.5 − 1 = −0.5"),
        ("(y − x²)²", "(−0.5)² = 0.25"),
        ("100·(y − x²)²", "100·0.25 = 25"),
        ("(1 − x)² + 100·(y − x²)²", "4 + 25 = 29"),
        (
            "y = f + n₁ x + n₂ y,  f = (1 − x)² + 100·(y − x²)²",
            "29 + 0 × (−1) + 0 × 0.5 = 29",
        ),
    ]
    back = backward(slide, Spot("f", 0), choose(slide, Spot("f", 0)))
    said = {line.symbols: written(line) for line in back.lines}
    assert said["∂f/∂x = −2·(1 − x) − 400·((y − x²)·x)"].endswith("= −204")
    assert said["dE/dx = dE/dy (∂f/∂x + n₁)"] == "1 × (−204 + 0) = −204"
    assert said["dE/dy = dE/dy (∂f/∂y + n₂)"].endswith("= −100")


def test_the_gradient_is_checked_against_differences() -> None:
    for run in (run_on("sin(x)*exp(y) + abs(x - y)", 0.7, -0.4), Run(preset("noisy-ravine"))):
        for weight in range(2):
            found = check_gradient(GradientCheckProbe("training", 0, weight=weight), run.moment())
            assert found is not None
            assert found.backpropagated == pytest.approx(found.difference, rel=1e-4, abs=1e-6)
