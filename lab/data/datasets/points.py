"""Points of a plane that a person put there: listed one by one, each with its class or number and its part."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec
import numpy as np

from lab.data.dataset import Dataset
from lab.data.prepare import Prepared
from lab.data.source import Bounds, DataSource
from lab.problem import Problem, ProblemError

MOST = 10_000
TRAINING, VALIDATION, TEST = range(3)
Coordinate = Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]
Row = tuple[Coordinate, Coordinate, Coordinate, Annotated[int, msgspec.Meta(ge=0, le=2)]]
"""x1, x2, the number of its class or what is to be said there, and its part: 0 training, 1 validation, 2 test."""
CORNERS: tuple[Row, ...] = tuple(
    (float(x), float(y), float(x * y > 0), TRAINING) for x in (-4, -2, 2, 4) for y in (-4, -2, 2, 4)
)


class Points(DataSource, frozen=True, tag="points"):
    """Whatever generator they began with, from then on they are these and no others: the seed does not matter, and
    none changes its part when another one is put there.
    """

    title: ClassVar[str] = "Own points"
    summary: ClassVar[str] = (
        "Points that you put into the plane: add, move and delete them in the decision map"
    )
    divided: ClassVar[bool] = True

    rows: Annotated[
        tuple[Row, ...],
        msgspec.Meta(
            max_length=MOST, title="Points", description="Where they are, what they are, which part"
        ),
    ] = CORNERS
    names: Annotated[
        tuple[str, ...],
        msgspec.Meta(title="Classes", description="What the classes are called; none in regression"),
    ] = ("different signs", "same sign")
    shown: Annotated[
        tuple[tuple[float, float], tuple[float, float]],
        msgspec.Meta(title="Shown", description="The part of the plane that maps show"),
    ] = ((-6.0, 6.0), (-6.0, 6.0))
    axes: Annotated[
        tuple[str, str], msgspec.Meta(title="Axes", description="What the two inputs are called")
    ] = ("x1", "x2")

    def load(self, seed: int) -> Dataset:
        if problems := self.problems():
            raise ProblemError(*problems)
        table = np.array([row[:3] for row in self.rows], np.float32)
        classes = bool(self.names)
        return Dataset(
            name=self.title,
            inputs=np.ascontiguousarray(table[:, :2]).reshape(-1, 2, 1, 1),
            labels=table[:, 2].astype(np.int64) if classes else None,
            targets=None if classes else np.ascontiguousarray(table[:, 2:]),
            classes=self.names,
            features=self.axes,
            parts=np.array([row[3] for row in self.rows], np.int64),
        )

    def shape(self) -> tuple[int, int, int]:
        return 2, 1, 1

    def classes(self) -> tuple[str, ...]:
        return self.names

    def bounds(self) -> Bounds:
        return self.shown

    def problems(self) -> tuple[Problem, ...]:
        if not any(row[3] == TRAINING for row in self.rows):
            mend = "Add a point in the decision map, or undo"
            return (Problem("points", "there is none to learn from", mend),)
        if self.names and any(not 0 <= row[2] < len(self.names) or row[2] % 1 for row in self.rows):
            what = f"a point is of a class that is not there: there are {len(self.names)}"
            return (Problem("points", what, "Give every point one of the classes"),)
        return ()

    # --- what a hand does

    def with_point(self, x: float, y: float, value: float) -> Points:
        """One more to learn from, at the end."""
        return msgspec.structs.replace(self, rows=(*self.rows, (brief(x), brief(y), brief(value), TRAINING)))

    def with_moved(self, row: int, x: float, y: float) -> Points:
        rows = list(self.rows)
        rows[row] = (brief(x), brief(y), *rows[row][2:])
        return msgspec.structs.replace(self, rows=tuple(rows))

    def without(self, row: int) -> Points:
        return msgspec.structs.replace(self, rows=self.rows[:row] + self.rows[row + 1 :])


def points_of(source: DataSource, prepared: Prepared) -> Points | None:
    """The very examples of a plane as points, in the order in which their parts have them: nothing changes by that.

    None where inputs are no plane, answers are not one number or class, or they are too many.
    """
    data, bounds = prepared.dataset, source.bounds()
    if isinstance(source, Points):
        return source
    single = data.labels is not None or (data.targets is not None and data.targets.shape[1] == 1)
    if data.shape != (2, 1, 1) or bounds is None or not single or len(data) > MOST or not source.answers:
        return None
    rows: list[Row] = []
    for number, part in enumerate((prepared.training, prepared.validation, prepared.test)):
        answers = part.labels if part.labels is not None else part.targets
        assert answers is not None
        for (x, y), answer in zip(part.raw[:, :, 0, 0].tolist(), answers.ravel().tolist(), strict=True):
            rows.append((brief(x), brief(y), brief(answer), number))
    return Points(rows=tuple(rows), names=source.classes(), shown=bounds, axes=named(data.features))


def row_of(source: DataSource, prepared: Prepared, part: int, index: int) -> int:
    """Which row of the points an example of a part is, or will be once they are listed."""
    parts = (prepared.training, prepared.validation, prepared.test)
    if isinstance(source, Points):
        return int(parts[part].indices[index])
    return sum(len(one) for one in parts[:part]) + index


def brief(value: float) -> float:
    """With no more digits than tell it from other float32 numbers: what is written to files is short."""
    return float(str(np.float32(value)))


def named(features: tuple[str, ...]) -> tuple[str, str]:
    return (features[0], features[1]) if len(features) == 2 else ("x1", "x2")
