"""Images of noise, of any size: there is nothing to learn, but any published architecture can be tried on them."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Annotated, ClassVar, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.data import chance
from lab.data.dataset import Dataset
from lab.data.room import room_problem
from lab.data.source import DataSource
from lab.problem import Problem, ProblemError

Channels = Annotated[
    int,
    msgspec.Meta(ge=1, le=4096, title="Channels", description="Channels of an image: 3 for a colour image"),
]
Height = Annotated[
    int, msgspec.Meta(ge=1, le=1024, title="Height", description="Rows of an image, in pixels")
]
Width = Annotated[
    int, msgspec.Meta(ge=1, le=1024, title="Width", description="Columns of an image, in pixels")
]


class RandomImages(DataSource, frozen=True, tag="random_images"):
    """Every pixel drawn evenly from 0 to 1, every answer at random: for the shapes, the costs, the memory and the
    speed of an architecture whose data is not here, as AlexNet's 3 x 227 x 227 pixels and 1,000 classes.

    The answer is a class ("class"), an image of numbers from 0 to 1 ("image"), or a class for each pixel
    ("segmentation"); an image's size is free, since some networks give less than they take, as U-Net of 2015 makes
    388 x 388 of 572 x 572.
    """

    title: ClassVar[str] = "Random images"
    summary: ClassVar[str] = (
        "Noise of any size with answers at random: for trying an architecture; there is nothing to learn"
    )

    channels: Channels = 3
    height: Height = 32
    width: Width = 32
    examples: Annotated[
        int, msgspec.Meta(ge=2, le=10_000, title="Examples", description="How many images are drawn")
    ] = 8
    target: Annotated[
        Literal["class", "image", "segmentation"],
        msgspec.Meta(
            title="Answer", description="One class for the image, an image, or a class for each pixel"
        ),
    ] = "class"
    number_of_classes: Annotated[
        int,
        msgspec.Meta(
            ge=2, le=10_000, title="Classes", description="How many classes there are, where there are any"
        ),
    ] = 10
    target_channels: Annotated[
        int,
        msgspec.Meta(ge=1, le=4096, title="Answer's channels", description="Of an answer that is an image"),
    ] = 3
    target_height: Annotated[
        int,
        msgspec.Meta(
            ge=1, le=1024, title="Answer's height", description="Of an image or a segmentation, in pixels"
        ),
    ] = 32
    target_width: Annotated[
        int,
        msgspec.Meta(
            ge=1, le=1024, title="Answer's width", description="Of an image or a segmentation, in pixels"
        ),
    ] = 32

    def load(self, seed: int) -> Dataset:
        if found := self.problems():
            raise ProblemError(*found)
        inputs = np.empty((self.examples, *self.shape()), np.float32)
        for number, image in enumerate(inputs):  # one by one: the draws are wider than what is kept of them
            image[:] = chance.uniform(seed, f"pixels {number}", image.size).reshape(image.shape)
        labels: NDArray[np.int64] | None = None
        targets: NDArray[np.float32] | None = None
        shape = self.target_shape()
        if shape is None:
            drawn = chance.uniform(seed, "labels", self.examples, 0, self.number_of_classes)
            labels = drawn.astype(np.int64)
        else:
            targets = np.zeros((self.examples, math.prod(shape)), np.float32)
            for number, target in enumerate(targets):
                self._fill(target.reshape(shape), seed, f"answer {number}")
        return Dataset(self.title, inputs, labels, targets, self.classes(), (), shape)

    def _fill(self, target: NDArray[np.float32], seed: int, purpose: str) -> None:
        """Draw an answer [C, H, W], zeros before."""
        if self.target == "image":
            target[:] = chance.uniform(seed, purpose, target.size).reshape(target.shape)
            return
        pixels = target[0].size
        classes = chance.uniform(seed, purpose, pixels, 0, self.number_of_classes).astype(np.int64)
        target.reshape(len(target), pixels)[classes, np.arange(pixels)] = 1.0

    def shape(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width

    def target_shape(self) -> tuple[int, int, int] | None:
        if self.target == "class":
            return None
        channels = self.target_channels if self.target == "image" else self.number_of_classes
        return channels, self.target_height, self.target_width

    def classes(self) -> tuple[str, ...]:
        return () if self.target == "image" else _names(self.number_of_classes)

    def problems(self) -> tuple[Problem, ...]:
        shapes = [self.shape(), self.target_shape() or (1,)]
        large = room_problem(f"{self.title}, examples", self.examples, *shapes)
        return (large,) if large else ()


@lru_cache(maxsize=8)
def _names(count: int) -> tuple[str, ...]:
    return tuple(f"class {number}" for number in range(1, count + 1))
