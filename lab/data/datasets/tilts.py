"""Tilts of a surface: what makes the gradients of a formula as noisy as those of mini-batches are."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.data import chance
from lab.data.dataset import Dataset
from lab.data.source import DataSource
from lab.problem import Problem, ProblemError

MOST = 240
"""Cases: so many go through the machine, and are looked at by an error surface, at once: always all of them."""
BITS = 16
"""Of a tilt: sums of so few are exact, and so is the 0 that they come to. Rprop asks for no more than a sign."""
TEN = np.array([-9.0] + 9 * [1.0])
"""One against nine, of mean 0 and deviation 3: with a noise of 0.3 they are −0.9 and +0.1."""


class Tilts(DataSource, frozen=True, tag="tilts"):
    """Case i tilts a surface f to f(x, y) + n₁ x + n₂ y: its gradient is that of f and (n₁, n₂) on top.

    The tilts of the whole set have mean 0, so that all cases together have f itself and its own gradient; a batch of B
    drawn cases has a gradient that is off by noise / √B in each direction, less as B comes near the whole. There is no
    answer to be met, and nothing to be set aside for validation: all cases are trained with.
    """

    title: ClassVar[str] = "Tilts"
    summary: ClassVar[str] = "For a formula: noise for the gradients of batches, as if they were mini-batches"
    answers: ClassVar[bool] = False
    whole: ClassVar[bool] = True

    cases: Annotated[
        int,
        msgspec.Meta(ge=1, le=MOST, title="Cases", description="How many there are; one alone has no tilt"),
    ] = 1
    noise: Annotated[
        float,
        msgspec.Meta(
            ge=0.0,
            le=1000.0,
            title="Noise",
            description="The standard deviation of the tilts in each direction",
        ),
    ] = 0.0
    pattern: Annotated[
        Literal["gaussian", "nine and one"],
        msgspec.Meta(
            title="Pattern",
            description="Normal numbers, or by tens: nine small ones, and a large one that makes up for them",
        ),
    ] = "gaussian"

    def load(self, seed: int) -> Dataset:
        if problems := self.problems():
            raise ProblemError(*problems)
        inputs = np.stack([self._tilts(seed, axis) for axis in range(2)], axis=1)
        return Dataset(
            name=self.title,
            inputs=inputs.astype(np.float32).reshape(-1, 2, 1, 1),
            labels=None,
            targets=np.zeros((self.cases, 1), np.float32),
            classes=(),
            features=("n1", "n2"),
        )

    def _tilts(self, seed: int, axis: int) -> NDArray[np.float64]:
        """[cases], whose sum is exactly 0, of the deviation asked for, but for a single one."""
        if self.pattern == "nine and one":
            # the two directions have their large one in different cases
            return few_bits(self.noise / 3) * np.tile(np.roll(TEN, 5 * axis), self.cases // 10)
        drawn = chance.normal(seed, f"tilts {axis}", self.cases)
        drawn -= drawn.mean()
        deviation = float(np.sqrt(np.square(drawn).mean()))
        return balanced(drawn * (self.noise / deviation)) if self.cases > 1 else np.zeros(1)

    def shape(self) -> tuple[int, int, int]:
        return 2, 1, 1

    def problems(self) -> tuple[Problem, ...]:
        if self.pattern != "nine and one" or self.cases % 10 == 0:
            return ()
        return (
            Problem(
                "cases",
                f"tilts of nine and one come by tens, and there are {self.cases}",
                f"Choose {max(10, round(self.cases / 10) * 10)} cases",
            ),
        )


def few_bits(value: float) -> float:
    """The nearest number of BITS and one."""
    unit = unit_of(value)
    return float(np.rint(value / unit) * unit)


def unit_of(value: float) -> float:
    """The power of 2 of which a number is a multiple when it has BITS and one."""
    return float(2.0 ** (np.floor(np.log2(abs(value))) - BITS)) if value else 1.0


def balanced(tilts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tilts that nearly add up to 0, of few bits, so that they do exactly."""
    unit = unit_of(float(np.abs(tilts).max()))
    whole = np.rint(tilts / unit)
    # one unit each from as many as it takes, the largest first
    over = int(whole.sum())
    whole[np.argsort(-np.abs(whole), kind="stable")[: abs(over)]] -= np.sign(over)
    found: NDArray[np.float64] = whole * unit
    return found
