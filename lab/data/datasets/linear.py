"""Problems for the linear neuron, whose error surface is a bowl: the lecture's few cases, and a cloud."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec
import numpy as np

from lab.data import chance
from lab.data.dataset import Dataset
from lab.data.source import DataSource

_ROUND = (((1.0, 1.0), 2.0), ((1.0, -1.0), 0.0))

CASES: dict[str, tuple[tuple[tuple[float, ...], float], ...]] = {
    "unshifted": (((101.0, 101.0), 2.0), ((101.0, 99.0), 0.0)),
    "shifted": _ROUND,
    "unscaled": (((0.1, 10.0), 2.0), ((0.1, -10.0), 0.0)),
    "scaled": _ROUND,
    # Meals of fish, chips and ketchup and their bills, at prices of 150, 50 and 100: the toy example of
    # G. Hinton's lecture on the linear neuron, which starts from guessed prices of 50 each.
    "portions": (
        ((2.0, 5.0, 3.0), 850.0),
        ((3.0, 2.0, 1.0), 650.0),
        ((1.0, 4.0, 4.0), 750.0),
        ((4.0, 1.0, 2.0), 850.0),
        ((2.0, 2.0, 5.0), 900.0),
    ),
}


class LinearCases(DataSource, frozen=True, tag="linear_cases"):
    """The lecture's cases for a linear neuron without bias, E = 1/2 sum (t - w.x)^2.

    Condition numbers of the surface: unshifted 40 005.92, unscaled 10 000, shifted and scaled 1. The cases
    after shifting and after scaling are the same two; both names are there to set side by side.
    """

    title: ClassVar[str] = "Cases for a linear neuron"
    summary: ClassVar[str] = "The lecture's two or few cases: what shifting and scaling do to the bowl"

    cases: Annotated[
        Literal["unshifted", "shifted", "unscaled", "scaled", "portions"],
        msgspec.Meta(title="Cases", description="Which of the lecture's examples the neuron learns"),
    ] = "shifted"

    def load(self, seed: int) -> Dataset:
        cases = CASES[self.cases]
        inputs = np.array([x for x, _ in cases], np.float32)
        return Dataset(
            name=self.title,
            inputs=inputs.reshape(*inputs.shape, 1, 1),
            labels=None,
            targets=np.array([[t] for _, t in cases], np.float32),
            classes=(),
            features=("fish", "chips", "ketchup") if self.cases == "portions" else ("x1", "x2"),
        )

    def shape(self) -> tuple[int, int, int]:
        return len(CASES[self.cases][0][0]), 1, 1


class LinearCloud(DataSource, frozen=True, tag="linear_cloud"):
    """Two correlated inputs and t = 1.5 x1 - 0.8 x2 + noise: a bowl whose ellipse lies aslant.

    x1 has deviation 1 and x2 1 / stretch; over many points the surface's Hessian divided by their number is
    [[1, c/s], [c/s, 1/s^2]] for correlation c and stretch s: with the defaults a condition number of about 8.
    """

    title: ClassVar[str] = "Cloud for a linear neuron"
    summary: ClassVar[str] = "Many redundant cases in two inputs: a bowl with slanting ellipses"

    points: Annotated[
        int, msgspec.Meta(ge=2, le=5000, title="Points", description="How many cases are drawn")
    ] = 100
    correlation: Annotated[
        float,
        msgspec.Meta(
            ge=-0.99,
            le=0.99,
            title="Correlation",
            description="How far the two inputs go together; slants the ellipse",
        ),
    ] = 0.6
    stretch: Annotated[
        float,
        msgspec.Meta(
            ge=1.0,
            le=20.0,
            title="Stretch",
            description="How many times wider the first input spreads than the second",
        ),
    ] = 2.0
    noise: Annotated[
        float,
        msgspec.Meta(
            ge=0.0, le=2.0, title="Noise", description="The standard deviation of the targets' error"
        ),
    ] = 0.2

    def load(self, seed: int) -> Dataset:
        first = chance.normal(seed, "x1", self.points)
        other = chance.normal(seed, "x2", self.points)
        second = self.correlation * first + np.sqrt(1.0 - self.correlation**2) * other
        inputs = np.stack((first, second / self.stretch), axis=1)
        targets = inputs @ (1.5, -0.8) + self.noise * chance.normal(seed, "noise", self.points)
        return Dataset(
            name=self.title,
            inputs=inputs.astype(np.float32).reshape(-1, 2, 1, 1),
            labels=None,
            targets=targets.astype(np.float32).reshape(-1, 1),
            classes=(),
            features=("x1", "x2"),
        )

    def shape(self) -> tuple[int, int, int]:
        return 2, 1, 1
