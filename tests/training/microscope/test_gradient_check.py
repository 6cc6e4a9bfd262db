"""A derivative checked by differences: the twin is the engine, the two numbers agree, kinks are told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn import Whole, wholes
from hypothesis import given
from machine import chain, quick

from lab.experiment.presets import preset
from lab.learning.losses import AbsoluteError
from lab.network.activations import ELU, ReLU, Tanh
from lab.network.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D
from lab.network.shape import Shape
from lab.training.microscope.twin import COMPUTE, Twin
from lab.training.probes import GradientCheck, GradientCheckProbe
from lab.training.readings import answer
from lab.training.run import Run
from tests.training.microscope.slides import experiment_of, shaken, slide_of


def checked(run: Run, **more) -> GradientCheck:
    reading = answer(GradientCheckProbe("training", **more), run.moment())
    assert isinstance(reading, GradientCheck)
    return reading


@quick(60)
@given(wholes())
def test_the_twin_gives_what_the_engine_gives(whole: Whole) -> None:
    run = shaken(Run(experiment_of(whole.network, whole.x)), whole.seed)
    slide = slide_of(run, 1)
    twin = Twin(
        run.experiment,
        slide.activations.input.astype(float),
        slide.activations.target.astype(float),
        {name: values.astype(float) for name, values in run.parameters.items()},
    )
    error, _ = twin.error()
    assert error == pytest.approx(slide.gradients.error, rel=1e-4, abs=1e-5)
    for node in whole.network.nodes:
        ours, theirs = slide.y(node.name), twin.output(node.name)
        size = max(np.abs(theirs).max(), 1e-3)
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=2e-5 * size, err_msg=node.name)


@quick(40)
@given(wholes())
def test_backpropagation_and_differences_agree(whole: Whole) -> None:
    run = shaken(Run(experiment_of(whole.network, whole.x)), whole.seed)
    rng = np.random.default_rng(whole.seed)
    slide, size = slide_of(run, 2), run.program.parameter_count
    learned = sum(p.size for p in run.program.parameters if p.learned)
    biggest = max(float(np.abs(v).max()) for v in slide.gradients.parameters.values())
    for weight in rng.integers(0, learned, 4).tolist():
        found = checked(run, example=2, weight=weight)
        assert found.backpropagated == pytest.approx(slide.derivative(weight), rel=1e-6, abs=1e-12)
        if not found.kinks:
            assert found.difference == pytest.approx(
                found.backpropagated, rel=1e-3, abs=3e-5 * biggest + 1e-7
            )
    pixel = tuple(int(rng.integers(n)) for n in slide.activations.input.shape)
    found = checked(run, example=2, pixel=pixel)
    assert found.backpropagated == slide.gradients.input[pixel]
    if not found.kinks:
        biggest = float(np.abs(slide.gradients.input).max())
        assert found.difference == pytest.approx(found.backpropagated, rel=1e-3, abs=3e-5 * biggest + 1e-7)
    assert answer(GradientCheckProbe(weight=size), run.moment()) is None
    assert answer(GradientCheckProbe(pixel=(99, 0, 0)), run.moment()) is None


X = Shape(2, 6, 6)


def test_smooth_networks_agree_to_many_digits() -> None:
    network = chain(
        Conv2D(3, 3, 1, 1, Tanh()), Conv2D(3, 3, 2, activation=ELU()), Flatten(), Dense(4, Tanh()), Dense(3)
    )
    run = shaken(Run(experiment_of(network, X)))
    for weight in range(0, run.program.parameter_count, 7):
        found = checked(run, weight=weight)
        assert not found.kinks
        if abs(found.difference) > 1e-3:
            assert found.relative < 1e-4, weight
        assert found.step == pytest.approx(1e-4)


def test_what_is_changed_counts() -> None:
    run = shaken(Run(experiment_of(chain(Flatten(), Dense(3, Tanh()), Dense(3)), X)))
    plain, other = checked(run, weight=5), checked(run, weight=5, changed=((0, 0, 5, 3.0),))
    assert plain.backpropagated != other.backpropagated
    assert other.relative < 1e-3


def test_a_kink_is_told() -> None:
    run = Run(experiment_of(chain(Flatten(), Dense(1, ReLU()), Dense(3)), X))
    parameters = run.parameters
    parameters["l1.weight"][...] = 0
    run.set_parameters(parameters)  # z is 0, and stays so wherever it starts
    found = checked(run, weight=0)
    assert found.kinks == ("l1",)
    assert found.step == pytest.approx(1e-7)
    assert found.backpropagated == 0  # the slope of the left side
    pooled = Run(experiment_of(chain(Conv2D(1, 1), MaxPool2D(), Flatten(), Dense(3)), X))
    parameters = pooled.parameters
    parameters["l0.weight"][...] = 0
    pooled.set_parameters(parameters)  # all numbers of a window are alike
    assert checked(pooled, weight=0).kinks == ("l1",)
    lost = Run(experiment_of(chain(Flatten(), Dense(3)), X, loss=AbsoluteError(low=0, high=0)))
    parameters = lost.parameters
    parameters["l1.weight"][...] = 0
    lost.set_parameters(parameters)
    assert checked(lost, weight=0).kinks == ("the loss",)


def test_what_may_be_rounding_is_no_error() -> None:
    nothing = GradientCheck(0.0, 1e-4, 1.0, 1.0 + 4e-16, 0.0)
    assert nothing.agrees
    assert GradientCheck(0.0, 1e-4, 1.0, 1.0, 0.0).relative == 0
    assert np.isnan(GradientCheck(0.0, 1e-4, np.nan, 1.0, 0.5).relative)
    assert GradientCheck(0.0, 1e-4, 1.0, 1.0 + 2e-4, 0.5).relative == pytest.approx(0.5)


def test_near_a_minimum_32_bits_do_not_say_more() -> None:
    """Large numbers that nearly cancel: the lecture's image, once the filter has learned."""
    run = Run(preset("rgb-convolution"))
    run.advance(4000)
    checks = [checked(run, weight=weight) for weight in range(0, 28, 3)]
    assert all(found.agrees for found in checks)
    assert max(found.relative for found in checks) > 1e-3
    wrong = [
        replace(found, backpropagated=found.difference + np.copysign(0.5, found.difference))
        for found in checks
    ]
    assert not any(found.agrees for found in wrong)


def test_statistics_are_not_learned_and_dropout_is_idle() -> None:
    run = shaken(Run(experiment_of(chain(Conv2D(2, 3), BatchNorm(), Dropout(0.5), Flatten(), Dense(3)), X)))
    analysis = run.experiment.analysis
    start = {p.name: run.program.offsets[p.name] for p in analysis.parameters}
    assert answer(GradientCheckProbe(weight=start["l1.mean"]), run.moment()) is None
    assert checked(run, weight=start["l1.scale"]).relative < 1e-3
    assert checked(run, weight=start["l0.weight"]).relative < 1e-3


def test_a_layer_without_a_twin_is_not_checked(monkeypatch) -> None:
    run = Run(experiment_of(chain(Flatten(), Dense(3)), X))
    monkeypatch.delitem(COMPUTE, Flatten)
    assert answer(GradientCheckProbe(weight=0), run.moment()) is None
