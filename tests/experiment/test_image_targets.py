"""A network whose answer is an image runs only if the data wants an image of that shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lab.data.datasets import Digits, InkMask, Photographs, RandomImages
from lab.data.files import ArrayFile
from lab.experiment.experiment import Experiment, problems
from lab.experiment.memory import memory_needed
from lab.learning.losses import (
    AbsoluteError,
    BinaryCrossEntropy,
    Hinge,
    Huber,
    SoftmaxCrossEntropy,
    SquaredError,
)
from lab.network.layers import Conv2D, Dense, Flatten, MaxPool2D, Upsample
from lab.network.network import Network, Node
from lab.network.shape import Shape


def said(data, loss, *layers) -> list[str]:
    network = Network(tuple(Node(f"layer{k}", layer) for k, layer in enumerate(layers)))
    return [str(problem) for problem in problems(Experiment(data=data, network=network, loss=loss))]


@pytest.mark.parametrize("loss", [SquaredError(), AbsoluteError(), Huber(), BinaryCrossEntropy()])
def test_an_image_is_learned_pixel_by_pixel(loss):
    assert said(Photographs(), loss, Conv2D(3, 3, padding=1)) == []


@pytest.mark.parametrize(
    ("loss", "channels"),
    [
        (SoftmaxCrossEntropy(), 2),
        (BinaryCrossEntropy(), 1),
        (BinaryCrossEntropy(), 2),
        (SquaredError(), 1),
        (SquaredError(), 2),
    ],
)
def test_a_class_for_each_pixel(loss, channels):
    assert said(InkMask(), loss, Conv2D(channels, 3, padding=1)) == []


def test_what_differs_is_said_with_the_way_out():
    assert said(InkMask(), SoftmaxCrossEntropy(), Conv2D(2, 5)) == [
        "layer0: the network gives 2×28×28, the targets are 2×32×32. Give the convolutions a padding of "
        "(kernel − 1) / 2, upsample what was pooled, or take targets of 28×28."
    ]
    assert said(Photographs(), SquaredError(), Conv2D(8, 3, padding=1), Upsample(2)) == [
        "layer1: the network gives 8×64×64, the targets are 3×32×32. Crop a border of 16 from every side; "
        "give the last layer 3 filters."
    ]
    assert said(Photographs(), SquaredError(), Flatten(), Dense(3072)) == [
        "layer1: the output is a vector of 3072, the task wants an image of 3×32×32. "
        "End with a convolution of 3 filters, without a Flatten before it."
    ]
    assert "Add a Flatten and a Dense" in said(Digits(), SoftmaxCrossEntropy(), Conv2D(10))[0]
    assert "Choose squared error" in said(Photographs(), SoftmaxCrossEntropy(), Conv2D(3, 3, padding=1))[0]
    assert "Choose softmax" in said(InkMask(), Hinge(), Conv2D(2, 3, padding=1))[0]


def test_targets_may_be_smaller_than_inputs():
    """As in the U-Net of 2015, whose convolutions have no padding."""
    data = RandomImages(
        channels=1, height=64, width=64, target="segmentation", number_of_classes=2,
        target_height=28, target_width=28,
    )  # fmt: skip
    network = Conv2D(4, 5), MaxPool2D(), Conv2D(2, 3)
    assert said(data, SoftmaxCrossEntropy(), *network) == []
    assert Experiment(data=data).target == Shape(2, 28, 28)


def test_what_is_wrong_with_the_data_is_said_too():
    found = said(Photographs(task="colourise", grey=True), SquaredError(), Conv2D(1, 3, padding=1))
    assert len(found) == 1
    assert "no colours to find" in found[0]


def test_images_of_the_users_own(tmp_path: Path):
    path = tmp_path / "mine.npz"
    np.savez(path, x=np.ones((12, 8, 8)), y=np.arange(12 * 64).reshape(12, 8, 8) % 2)
    convolution = Conv2D(1, 3, padding=1)
    assert said(ArrayFile(path=str(path), task="regression"), SquaredError(), convolution) == []
    assert said(ArrayFile(path=str(path)), BinaryCrossEntropy(), convolution) == []
    assert (
        "give the last layer" in said(ArrayFile(path=str(path)), SquaredError(), Conv2D(3, 5, padding=1))[0]
    )


def test_the_memory_for_targets_is_counted():
    network = Network((Node("conv", Conv2D(2, 3, padding=1)),))
    ink = memory_needed(Experiment(data=InkMask(), network=network))
    assert ink - memory_needed(Experiment(data=Digits(), network=network)) > 1700 * 2 * 32 * 32 * 4
