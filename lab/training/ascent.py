"""The input that excites a unit most: gradient ascent on what the unit says, less what makes inputs unlike data.

Source: D. Erhan, Y. Bengio, A. Courville, P. Vincent, Visualizing Higher-Layer Features of a Deep Network, 2009; the
penalties are those of A. Mahendran, A. Vedaldi, Understanding Deep Image Representations by Inverting Them, 2015.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.problem import ProblemError
from lab.training.moment import Moment
from lab.training.one_unit import Exciting, ExcitingProbe
from lab.training.unit_gradient import Stop, Unit, UnitPass

Values = NDArray[np.float64]
SMOOTH = 0.05
"""e in the total variation: differences below it, in spreads of the data, count hardly."""
LOOKED_AT = 2000
"""Training examples that tell how data are spread."""
ANSWERS, FEW, WORK = 64, 4, 2e9
"""Training examples that tell how a unit's answers are spread, at most and at the least; their multiply-adds."""
SHRUNK, GROWN = 0.5, 1.2
LEAST = 2.0**-10
"""The share of the wished step below which no step leads further up."""


@dataclass(frozen=True, eq=False)
class DataSpread:
    """`mean`, `low` and `high` [C, 1, 1] of training examples as the network sees them, `deviation` of all numbers."""

    mean: Values
    low: Values
    high: Values
    deviation: float


def data_spread(moment: Moment) -> DataSpread:
    some = moment.prepared.training.inputs[:LOOKED_AT]
    mean = some.mean((0, 2, 3), dtype=np.float64)[:, None, None]
    low, high = (f((0, 2, 3))[:, None, None].astype(np.float64) for f in (some.min, some.max))
    return DataSpread(mean, low, high, float(some.std(dtype=np.float64)) or 1.0)


def deviation_of(unit: Unit, moment: Moment) -> float:
    """The standard deviation of the unit's answers to the first training examples; 1 where they are all the same."""
    e = moment.experiment
    count = min(ANSWERS, max(FEW, int(WORK / max(e.analysis.multiply_adds or 0, 1))))
    inputs = moment.prepared.training.inputs[:count]
    ready = UnitPass(e.network, moment.shape, e.loss, unit)
    maps = [
        ready.maps(moment.params, inputs[k : k + ready.capacity])
        for k in range(0, len(inputs), ready.capacity)
    ]
    answers = np.concatenate(
        [m.mean((1, 2)) if unit.spot is None else m[:, unit.spot[0], unit.spot[1]] for m in maps]
    )
    found = float(answers.std(dtype=np.float64))
    return found if math.isfinite(found) and found > 0 else 1.0


def penalty(u: Values, decay: float, variation: float) -> tuple[float, Values]:
    """decay / 2 mean(u^2) + variation mean(|grad u|) of an input u [C, H, W], and its derivative by u.

    |grad u| is sqrt(right^2 + down^2 + e^2), of the differences to the pixel at the right and to the one below; there
    are none beyond the last.
    """
    right, down = np.zeros_like(u), np.zeros_like(u)
    right[:, :, :-1] = np.diff(u, axis=2)
    down[:, :-1] = np.diff(u, axis=1)
    length = np.sqrt(right**2 + down**2 + SMOOTH**2)
    value = decay / 2 * np.square(u).mean() + variation * length.mean()
    by_right, by_down = right / length, down / length
    slope = -by_right - by_down
    slope[:, :, 1:] += by_right[:, :, :-1]
    slope[:, 1:] += by_down[:, :-1]
    return float(value), (decay * u + variation * slope) / u.size


class Ascent:
    """One climb, for one unit with the weights of one moment. It works with u = (x - mean) / deviation of the data."""

    def __init__(self, probe: ExcitingProbe, moment: Moment) -> None:
        """ProblemError where there is no such unit."""
        e = moment.experiment
        unit = Unit(probe.layer, probe.unit, probe.spot, probe.before)
        self._pass = UnitPass(e.network, moment.shape, e.loss, unit, 1)
        self.probe, self.params, self.at = probe, moment.params, moment.step
        self._experiment = e
        self._prepared = moment.prepared
        self.spread = data_spread(moment)
        self._low, self._high = (
            (bound - self.spread.mean) / self.spread.deviation
            for bound in (self.spread.low, self.spread.high)
        )
        # numbers that are not the pixels of an image have no neighbours
        self._variation = 0.0 if moment.shape.is_vector else probe.variation
        self.deviation = deviation_of(unit, moment)
        self.made, self.stuck = 0, False
        self._step = probe.step
        self._u = self._beginning(moment)
        self._value, self._answer, self._slope = self._look(self._u)
        self._seen = [(self.made, self._value, self._answer)]

    def _beginning(self, moment: Moment) -> Values:
        s = moment.shape
        size = (s.channels, s.height, s.width)
        if self.probe.beginning == "noise":
            u = 0.2 * np.random.default_rng([self.probe.seed, 77]).standard_normal(size)
        elif self.probe.beginning == "grey":
            u = np.zeros(size)
        else:
            part = moment.part(self.probe.part)
            x = part.inputs[min(max(self.probe.example, 0), len(part) - 1)]
            u = (x - self.spread.mean) / self.spread.deviation
        return self._within(u)

    def _within(self, u: Values) -> Values:
        return np.clip(u, self._low, self._high) if self.probe.bounded else u

    def input_of(self, u: Values) -> NDArray[np.float32]:
        """x as the network sees it."""
        return (u * self.spread.deviation + self.spread.mean).astype(np.float32)

    def _look(self, u: Values) -> tuple[float, float, Values]:
        """J, a, and dJ/du, by one pass through the network."""
        found = self._pass(self.params, self.input_of(u)[None])
        self.made += 1
        answer = float(found.values[0])
        lost, slope = penalty(u, self.probe.decay, self._variation)
        by_u = found.gradients[0].astype(np.float64) * self.spread.deviation
        return answer / self.deviation - lost, answer, by_u / self.deviation - slope

    def is_of(self, moment: Moment) -> bool:
        """Whether the moment has the same weights."""
        return self.suits(moment) and np.array_equal(self.params, moment.params)

    def suits(self, moment: Moment) -> bool:
        """Whether the moment is of the same network and data."""
        mine, theirs = ((e.network, e.data, e.preprocessing) for e in (self._experiment, moment.experiment))
        return mine == theirs

    @property
    def done(self) -> bool:
        return self.stuck or self.made >= self.probe.steps

    @property
    def steepness(self) -> float:
        """The root mean square of dJ/du."""
        return float(np.sqrt(np.square(self._slope).mean()))

    def climb(self) -> None:
        """One pass: a step up, which is taken where J grows; where it would not, the next one is half as long."""
        steepness = self.steepness
        if not (math.isfinite(self._value) and math.isfinite(steepness)) or steepness == 0:
            self.stuck = True
            return
        trial = self._within(self._u + self._step / steepness * self._slope)
        value, answer, slope = self._look(trial)
        if value > self._value:
            self._u, self._value, self._answer, self._slope = trial, value, answer, slope
            self._step = min(self._step * GROWN, self.probe.step)
            self._seen.append((self.made, value, answer))
        else:
            self._step *= SHRUNK
            self.stuck = self._step < LEAST * self.probe.step

    def reading(self) -> Exciting:
        passes, objective, answers = (np.array(column) for column in zip(*self._seen, strict=True))
        x = self.input_of(self._u)
        return Exciting(
            x=x,
            raw=x * self._prepared.scale + self._prepared.shift,
            objective=objective,
            answers=answers,
            passes=passes,
            at=self.at,
            done=self.done,
            stuck=self.stuck,
            gradient=self.steepness,
            step=self._step,
            deviation=self.deviation,
        )


class Climber:
    """Climbs for one question, some passes a look, so that a picture changes while it climbs. Belongs to one thread.

    While the run stands, each look makes as many passes as the question's pace says. While it trains, a climb is made
    with the weights of one moment, as fast as it goes, and its last picture stays until the next climb is over.
    """

    def __init__(self) -> None:
        self._ascent: Ascent | None = None
        self._shown: Exciting | None = None
        self.has_more = False
        """Whether another look at the last moment would show more."""

    def look(
        self, probe: ExcitingProbe, moment: Moment, patience: float, stop: Stop, at_rest: bool
    ) -> Exciting | None:
        """The newest picture; None where there is no such unit."""
        ascent, until = self._ascent, time.perf_counter() + patience
        goes_on = ascent is not None and (
            ascent.is_of(moment) or (ascent.suits(moment) and not ascent.done and not at_rest)
        )
        try:
            if ascent is None or not goes_on:
                if ascent is not None and not ascent.suits(moment):
                    self._shown = None
                ascent = self._ascent = Ascent(probe, moment)
        except ProblemError:
            self._ascent, self._shown, self.has_more = None, None, False
            return None
        while not ascent.done and not stop[0] and time.perf_counter() < until:
            ascent.climb()
            if at_rest and ascent.made % probe.pace == 0:
                break
        self.has_more = not ascent.done
        if at_rest or ascent.done or self._shown is None or not self._shown.done:
            self._shown = ascent.reading()
        return self._shown


def climbed(probe: ExcitingProbe, moment: Moment, stop: Stop) -> Exciting | None:
    """The whole climb at once; None where there is no such unit."""
    return Climber().look(probe, moment, math.inf, stop, at_rest=False)
