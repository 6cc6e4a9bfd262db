"""A height over the plane, for seeing a network fit a surface. Heights go from about -1 to 1."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.data import chance
from lab.data.dataset import Dataset
from lab.data.source import Bounds, DataSource


class _Height(DataSource, frozen=True):
    """What the surfaces have in common; each says how high it is. Points lie evenly over -5..5 squared."""

    points: Annotated[
        int,
        msgspec.Meta(ge=20, le=5000, title="Points", description="How many points of the surface are drawn"),
    ] = 400
    noise: Annotated[
        float,
        msgspec.Meta(
            ge=0.0, le=1.0, title="Noise", description="The standard deviation of the error of every height"
        ),
    ] = 0.0

    def _height(self, place: NDArray[np.float64]) -> NDArray[np.float64]:
        """The height [N] at each place [N, 2], without noise."""
        raise NotImplementedError  # each surface has its own

    def load(self, seed: int) -> Dataset:
        place = chance.uniform(seed, "place", 2 * self.points, -5.0, 5.0).reshape(-1, 2)
        height = self._height(place) + self.noise * chance.normal(seed, "noise", self.points)
        return Dataset(
            name=self.title,
            inputs=place.astype(np.float32).reshape(-1, 2, 1, 1),
            labels=None,
            targets=height.astype(np.float32).reshape(-1, 1),
            classes=(),
            features=("x1", "x2"),
        )

    def shape(self) -> tuple[int, int, int]:
        return 2, 1, 1

    def bounds(self) -> Bounds:
        return (-6.0, 6.0), (-6.0, 6.0)


class Plane(_Height, frozen=True, tag="plane"):
    """t = (x1 + x2) / 10."""

    title: ClassVar[str] = "Plane"
    summary: ClassVar[str] = "A tilted plane: a single linear neuron fits it exactly"

    def _height(self, place: NDArray[np.float64]) -> NDArray[np.float64]:
        height: NDArray[np.float64] = place.sum(axis=1) / 10.0
        return height


class Waves(_Height, frozen=True, tag="waves"):
    """t = sin(f x1) cos(f x2): hills and hollows in a chequerboard."""

    title: ClassVar[str] = "Waves"
    summary: ClassVar[str] = "Hills and hollows: every hidden unit has to find its own"

    frequency: Annotated[
        float,
        msgspec.Meta(
            ge=0.1,
            le=2.0,
            title="Frequency",
            description="How fast the waves go up and down: radians for each unit along an axis",
        ),
    ] = 0.6

    def _height(self, place: NDArray[np.float64]) -> NDArray[np.float64]:
        height: NDArray[np.float64] = np.sin(self.frequency * place[:, 0]) * np.cos(
            self.frequency * place[:, 1]
        )
        return height
