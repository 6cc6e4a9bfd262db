"""Runs of any network on images of noise, and what the engine answers of one of their examples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lab.data.datasets.random_images import RandomImages
from lab.experiment.experiment import Experiment
from lab.learning.losses import SoftmaxCrossEntropy
from lab.network.network import Network
from lab.network.shape import Shape
from lab.training.microscope import Slide
from lab.training.probes import ActivationsProbe, GradientsProbe, WeightsProbe
from lab.training.readings import answer
from lab.training.run import Run


def experiment_of(network: Network, x: Shape, outputs: int = 3, **more) -> Experiment:
    data = RandomImages(x.channels, x.height, x.width, examples=6, number_of_classes=outputs)
    return Experiment(
        **{"data": data, "network": network, "loss": SoftmaxCrossEntropy(), "batch_size": 3} | more
    )


def shaken(run: Run, seed: int = 1) -> Run:
    """With parameters that are no longer those of the start: no bias is 0, no scale 1."""
    rng, parameters = np.random.default_rng(seed), run.parameters
    for name, values in parameters.items():
        noise = rng.normal(0, 0.2, values.shape).astype(np.float32)
        parameters[name] = np.abs(values + noise) if name.endswith("variance") else values + noise
    run.set_parameters(parameters)
    return run


def slide_of(run: Run, example: int = 0, batch: bool = False, changed=()) -> Slide:
    moment = replace(run.moment(), examples=run.examples)
    given = {"part": "training", "example": example, "batch": batch, "changed": changed}
    activations = answer(ActivationsProbe(**given), moment)
    gradients = answer(GradientsProbe(**given), moment)
    weights = answer(WeightsProbe(), moment)
    return Slide(run.experiment, activations, gradients, weights.parameters, batch)
