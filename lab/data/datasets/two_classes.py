"""Two classes of points in the plane, for seeing where a network draws the line.

All live in a square of about -5 to 5 and are shown from -6 to 6. Both classes have the same number of points
(one more of the first where the number is odd), in turn. Noise moves a point after its class is settled, so
that classes mingle.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.data import chance
from lab.data.dataset import Dataset
from lab.data.source import Bounds, DataSource

SQUARE: Bounds = ((-6.0, 6.0), (-6.0, 6.0))

Points = Annotated[
    int,
    msgspec.Meta(ge=20, le=5000, title="Points", description="How many points are drawn, half of each class"),
]
Noise = Annotated[
    float,
    msgspec.Meta(
        ge=0.0,
        le=2.0,
        title="Noise",
        description="The standard deviation of the random displacement of every point along each axis",
    ),
]


class _TwoClasses(DataSource, frozen=True):
    """What the four have in common; each says where the points of its classes lie."""

    points: Points = 400

    def _place(self, labels: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
        """Where the points of these classes lie, float64 [N, 2], noise included."""
        raise NotImplementedError  # each of the four has its own

    def load(self, seed: int) -> Dataset:
        labels = np.arange(self.points, dtype=np.int64) % 2
        return Dataset(
            name=self.title,
            inputs=self._place(labels, seed).astype(np.float32).reshape(-1, 2, 1, 1),
            labels=labels,
            targets=None,
            classes=self.classes(),
            features=("x1", "x2"),
        )

    def shape(self) -> tuple[int, int, int]:
        return 2, 1, 1

    def bounds(self) -> Bounds:
        return SQUARE


def _displacement(seed: int, count: int, noise: float) -> NDArray[np.float64]:
    return noise * chance.normal(seed, "noise", 2 * count).reshape(count, 2)


class XOR(_TwoClasses, frozen=True, tag="xor"):
    """Points whose coordinates have the same sign or different signs, each 0.3 to 5 away from the axes."""

    title: ClassVar[str] = "XOR"
    summary: ClassVar[str] = "Same sign or different signs: no straight line separates them"

    noise: Noise = 0.0

    def _place(self, labels: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
        count = len(labels)
        size = chance.uniform(seed, "place", 2 * count, 0.3, 5.0).reshape(count, 2)
        # Two points in turn lie right, two left: with the classes in turn all four quadrants fill evenly.
        right = np.where(np.arange(count) // 2 % 2 == 0, 1.0, -1.0)
        above = np.where(labels == 1, right, -right)
        place: NDArray[np.float64] = size * np.stack((right, above), axis=1)
        return place + _displacement(seed, count, self.noise)

    def classes(self) -> tuple[str, ...]:
        return "different signs", "same sign"


class Rings(_TwoClasses, frozen=True, tag="rings"):
    """A disc of radius 2.5 within a ring of radius 3.5 to 5.

    Radii are drawn evenly, so the disc is denser towards its middle.
    """

    title: ClassVar[str] = "Rings"
    summary: ClassVar[str] = "A disc within a ring: the line between them has to close"

    noise: Noise = 0.2

    def _place(self, labels: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
        count = len(labels)
        along = chance.uniform(seed, "radius", count)
        radius = np.where(labels == 1, 2.5 * along, 3.5 + 1.5 * along)
        angle = chance.uniform(seed, "angle", count, 0.0, 2.0 * np.pi)
        place: NDArray[np.float64] = radius[:, None] * np.stack((np.cos(angle), np.sin(angle)), axis=1)
        return place + _displacement(seed, count, self.noise)

    def classes(self) -> tuple[str, ...]:
        return "ring", "disc"


class Spiral(_TwoClasses, frozen=True, tag="spiral"):
    """Two arms of an Archimedean spiral, half a turn apart, from the centre to radius 5."""

    title: ClassVar[str] = "Spiral"
    summary: ClassVar[str] = "Two arms wound into each other: hard for a small network"

    turns: Annotated[
        float,
        msgspec.Meta(
            ge=0.25,
            le=4.0,
            title="Turns",
            description="How often each arm goes round between centre and end",
        ),
    ] = 1.5
    noise: Noise = 0.1

    def _place(self, labels: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
        count = len(labels)
        per_arm = (count + 1) // 2
        along = (np.arange(count) // 2 + 1) / per_arm  # evenly spaced: an arm without gaps
        angle = 2.0 * np.pi * self.turns * along + np.pi * labels
        place: NDArray[np.float64] = 5.0 * along[:, None] * np.stack((np.sin(angle), np.cos(angle)), axis=1)
        return place + _displacement(seed, count, self.noise)

    def classes(self) -> tuple[str, ...]:
        return "first arm", "second arm"


class Gaussians(_TwoClasses, frozen=True, tag="gaussians"):
    """Two round normal clouds with centres at (-2, -2) and (2, 2)."""

    title: ClassVar[str] = "Two Gaussians"
    summary: ClassVar[str] = "Two round clouds: one straight line is the best that can be done"

    noise: Annotated[
        float,
        msgspec.Meta(
            ge=0.1,
            le=2.0,
            title="Spread",
            description="The standard deviation of each cloud along each axis",
        ),
    ] = 1.0

    def _place(self, labels: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
        centre = np.where(labels == 1, 2.0, -2.0)
        return centre[:, None] + _displacement(seed, len(labels), self.noise)

    def classes(self) -> tuple[str, ...]:
        return "lower left", "upper right"
