"""One surface in the making: the errors on a grid and along the paths, coarse first, then finer."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.training.moment import Moment
from lab.training.readings import NEVER
from lab.training.survey.effort import LEVELS, Clock, points_in_a_call
from lab.training.survey.error import ErrorOf, Values, Vector
from lab.training.survey.framing import Frame


@dataclass(frozen=True, eq=False)
class Task:
    """So many points to be evaluated together, how they are written down, and what is done with their errors."""

    count: int
    write: Callable[[Vector], object]
    keep: Callable[[Values], None]


class Filling:
    """`errors[row, column]` over the frame, NaN where nothing is known yet; of the paths, by `error_at`.

    `levels` is how far it goes: all of LEVELS, or the coarsest of them alone.
    """

    def __init__(self, frame: Frame, error: ErrorOf, levels: tuple[int, ...] = LEVELS) -> None:
        self.frame, self.error, self.levels = frame, error, levels
        self.errors: Values = np.full((len(frame.y), len(frame.x)), np.nan)
        self._known: dict[int, tuple[Vector, float]] = {}

    @property
    def level(self) -> int:
        """The finest of LEVELS of which every point is known; 0 while none is."""
        whole = (level for level in reversed(LEVELS) if not np.isnan(self.errors[::level, ::level]).any())
        return next(whole, 0)

    @property
    def is_whole(self) -> bool:
        return self.level == 1

    def error_at(self, vector: Vector) -> float:
        """The true error at a point of a path; NaN where it is not known yet."""
        known = self._known.get(id(vector))
        return known[1] if known is not None and known[0] is vector else float("nan")

    def look_at(self, vector: Vector) -> None:
        """Have the error at this point now, whatever it takes."""
        if np.isnan(self.error_at(vector)):
            self._known[id(vector)] = vector, float(self.error.at(vector[None], NEVER)[0])

    def forget_but(self, vectors: list[Vector]) -> None:
        """Keep the errors of these points alone."""
        self._known = {id(v): self._known[id(v)] for v in vectors if id(v) in self._known}

    def work(self, moment: Moment, clock: Clock, hands: int, levels: tuple[int, ...] | None = None) -> None:
        """Fill in, on so many threads, until it is done or the time is up."""
        tasks, turn, failed = self._tasks(moment, levels or self.levels), threading.Lock(), []
        begun = list(itertools.islice(tasks, 2))
        tasks, hands = itertools.chain(begun, tasks), min(hands, len(begun))

        def work(hand: int) -> None:
            try:
                while not clock.is_over:
                    with turn:
                        task = next(tasks, None)
                    if task is None:
                        return
                    points = self.error.room(task.count, hand)
                    task.write(points)
                    task.keep(self.error.at(points, clock.stop, hand))
            except Exception as error:
                failed.append(error)

        helpers = [threading.Thread(target=work, args=(hand,), daemon=True) for hand in range(1, hands)]
        for helper in helpers:
            helper.start()
        work(0)
        for helper in helpers:
            helper.join()
        if failed:
            raise failed[0]

    # -- what there is to do ----------------------------------------------------------------------------

    def _tasks(self, moment: Moment, levels: tuple[int, ...]) -> Iterator[Task]:
        """Grid and path in turns, each first in a coarse selection; the paths from their ends."""
        each = points_in_a_call(self.error.multiply_adds, moment.params.nbytes)
        asked = ~np.isnan(self.errors)
        own = [moment.params, *reversed(moment.path_vectors)]
        others = [[o.params, *reversed(o.path_vectors)] for o in moment.others]
        for level in levels:
            yield from self._on_grid(level, asked, each)
            if self.levels == LEVELS:
                for walk in (own, *others):
                    yield from self._on_path(walk[::level], each)

    def _on_grid(self, level: int, asked: NDArray[np.bool_], each: int) -> Iterator[Task]:
        frame = self.frame
        rows, columns = np.nonzero(~asked[::level, ::level])
        rows, columns = rows * level, columns * level
        asked[rows, columns] = True
        for first in range(0, len(rows), each):
            r, c = rows[first : first + each], columns[first : first + each]

            def write(points: Vector, r: NDArray[np.int64] = r, c: NDArray[np.int64] = c) -> None:
                frame.plane.points(frame.x[c], frame.y[r], out=points)

            def keep(found: Values, r: NDArray[np.int64] = r, c: NDArray[np.int64] = c) -> None:
                self.errors[r[: len(found)], c[: len(found)]] = found

            yield Task(len(r), write, keep)

    def _on_path(self, vectors: list[Vector], each: int) -> Iterator[Task]:
        new = [v for v in vectors if np.isnan(self.error_at(v))]
        for first in range(0, len(new), each):
            some = new[first : first + each]

            def write(points: Vector, some: list[Vector] = some) -> None:
                np.stack(some, out=points)

            def keep(found: Values, some: list[Vector] = some) -> None:
                for vector, error in zip(some, found.tolist(), strict=False):
                    self._known[id(vector)] = vector, error

            yield Task(len(some), write, keep)
