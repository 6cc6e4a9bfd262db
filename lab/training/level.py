"""When a run's error first came down to a level: found once, and then only in what is new."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lab.training.snapshot import Snapshot

Judged = Literal["training", "validation"]
"""By which error: the mean of batches, or the validation part's."""
MEAN_OVER = 1000
"""Examples whose batches a training error is the mean of, or one pass where that is fewer; one batch at least. So it is
alike for all sizes of batches."""
PIECE = 8192
"""Rows that are looked at together."""
APART = 1e-9
"""Errors of a piece that are further apart are summed one by one: small ones would be lost in sums with large ones."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Reached:
    """The first step, and the examples seen by then, at which an error was at a level or below."""

    step: int
    examples: int


@dataclass
class Scan:
    """What has been looked at of one run, up to a row: the first and the lowest error, and where the level was met."""

    rows: int = 0
    mark: tuple[float, ...] = ()
    first: float = np.nan
    lowest: float = np.nan
    found: Reached | None = None


@dataclass
class Levels:
    """Looks through the curves of runs, snapshot by snapshot."""

    judged: Judged
    level: float
    scans: dict[int, Scan] = field(default_factory=dict)

    def see(self, run: Snapshot) -> Scan:
        """All that is known of the run, to its furthest step."""
        steps, errors, span = _errors(run, self.judged)
        scan = self.scans.setdefault(run.run, Scan())
        if scan.rows > len(errors) or (scan.rows and _mark(steps, errors, scan.rows) != scan.mark):
            scan = self.scans[run.run] = Scan()  # its history is another one now
        for start in range(scan.rows, len(errors), PIECE):
            self._look(scan, run, steps, errors, span, start, min(start + PIECE, len(errors)))
        if len(errors):
            scan.rows, scan.mark = len(errors), _mark(steps, errors, len(errors))
        return scan

    def _look(
        self,
        scan: Scan,
        run: Snapshot,
        steps: NDArray[np.int64],
        errors: Values,
        span: int,
        start: int,
        end: int,
    ) -> None:
        means = (
            errors[start:end] if span == 0 else running_means(errors, run.curves.examples, span, start, end)
        )
        known = np.flatnonzero(np.isfinite(means))
        if not len(known):
            return
        if np.isnan(scan.first):
            scan.first = float(means[known[0]])
        scan.lowest = float(np.nanmin([scan.lowest, means[known].min()]))
        if scan.found is None:
            low = known[means[known] <= self.level]
            if len(low):
                step = int(steps[start + low[0]])
                scan.found = Reached(step, _examples_at(run, step))


def _errors(run: Snapshot, judged: Judged) -> tuple[NDArray[np.int64], Values, int]:
    """Steps and errors, and over how many examples a mean of them is to be taken: 0 where each stands for itself."""
    curves = run.curves
    if judged == "validation":
        return curves.validation_step, curves.validation_loss, 0
    return curves.step, curves.loss, span_of(run)


def span_of(run: Snapshot) -> int:
    """Examples that a training error is a mean over: never more than a pass."""
    whole = round(run.examples / run.epoch) if run.epoch > 0 else MEAN_OVER
    return max(1, min(MEAN_OVER, whole))


def running_means(errors: Values, examples: NDArray[np.int64], span: int, start: int, end: int) -> Values:
    """Of rows start .. end - 1, the mean error of batches of the last `span` examples; NaN where they are fewer."""
    rows = np.arange(start, end)
    firsts = np.minimum(np.searchsorted(examples, examples[start:end] - span, side="right"), rows)
    base = int(firsts[0])
    piece = errors[base:end]
    if (rows == firsts).all():
        sums = errors[start:end]
    elif np.abs(piece).min() < APART * np.abs(piece).max():
        ends = np.stack([firsts - base, rows + 1 - base], axis=1).ravel()
        sums = np.add.reduceat(np.append(piece, 0.0), ends)[::2]
    else:
        running = np.concatenate([[0.0], np.cumsum(piece)])
        sums = running[rows + 1 - base] - running[firsts - base]
    return np.where(examples[start:end] >= span, sums / (rows + 1 - firsts), np.nan)


def _examples_at(run: Snapshot, step: int) -> int:
    row = int(np.searchsorted(run.curves.step, step, side="right")) - 1
    return int(run.curves.examples[row]) if row >= 0 else 0


def _mark(steps: NDArray[np.int64], errors: Values, rows: int) -> tuple[float, ...]:
    """By which a history is told from another one of the same length."""
    return float(steps[rows - 1]), float(errors[rows - 1]), float(errors[rows // 2])


def suggested_level(scans: list[Scan]) -> float:
    """Half of the way, in orders of magnitude, from the error at the start to the lowest of all, a round number."""
    firsts = [scan.first for scan in scans if scan.first > 0]
    lowest = [scan.lowest for scan in scans if not np.isnan(scan.lowest)]
    if not firsts or not lowest:
        return np.nan
    first = max(firsts)
    return rounded(float(np.sqrt(first * max(min(lowest), first * 1e-12))))


def rounded(value: float) -> float:
    """1, 2 or 5 times a power of ten, the nearest as factors go."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(min((f * power for f in (1, 2, 5, 10)), key=lambda one: abs(np.log(one / value))))
