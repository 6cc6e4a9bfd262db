"""The compass of a surface: directions and numbers where the run stands, worked out part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from lab.landscape.angles import NAN, angle, angle_to_contour, cosine
from lab.landscape.differences import HessianTimes
from lab.landscape.linear_neuron import NEGLIGIBLE, LinearNeuron
from lab.landscape.plane import Plane
from lab.training.moment import Moment
from lab.training.readings import NEVER, Stop
from lab.training.surfaces import Arrow, Compass
from lab.training.survey.by_formula import ByFormula
from lab.training.survey.effort import Clock
from lab.training.survey.error import (
    ErrorOf,
    Values,
    Vector,
    batch_gradient,
    next_case,
    whole_training,
)
from lab.training.survey.in_hand import last_step, scales, velocity
from lab.training.survey.linear import exact, of_neuron

MOST_SECONDS = 5.0
"""Where the gradient over all training examples would take longer, it is not compared with the batch's."""
PARALLEL = 0.9999
"""Two directions whose cosine is larger span no plane to speak of."""


class BrokenOffError(Exception):
    """Nobody waits for it any more."""


def arrow(plane: Plane, direction: Values) -> Arrow | None:
    """A direction [P] as it is drawn on a plane; None for one that vanishes or is not finite."""
    length = float(np.linalg.norm(direction))
    if not 0 < length < np.inf:
        return None
    shadow = plane.shadows(direction)
    inside = float(np.sqrt(max(float(shadow @ plane.gram @ shadow), 0.0)))
    return Arrow((float(shadow[0]), float(shadow[1])), length, min(inside / length, 1.0))


class Reckoning:
    """The compass at a moment, on a plane, of an error. `go_on` does some parts more, `compass` is what is known."""

    def __init__(self, plane: Plane, error: ErrorOf, moment: Moment) -> None:
        self.moment, self.is_done = moment, False
        self.others: dict[int, dict[str, Arrow]] = {}
        self.scales_of_others: dict[int, Mapping[str, tuple[float, float]]] = {}
        """The arrows of other runs, and what their optimizers keep of two weights."""
        self._plane, self._error = plane, error
        self._neuron = exact(moment, error)
        self._arrows: dict[str, Arrow] = {}
        self._compass = Compass(arrows=self._arrows, exact=self._neuron is not None)
        self._stop: Stop = NEVER
        self._parts = self._work()
        self._next = self._spent = 0.0  # seconds that are reckoned for the next part, and for those before

    def is_of(self, moment: Moment, error: ErrorOf) -> bool:
        """Whether it is about this moment: the same runs stand in the same places, come to in the same way."""
        mine = self.moment
        return (
            self._error is error
            and (mine.step, mine.experiment) == (moment.step, moment.experiment)
            and (mine.internals is None) == (moment.internals is None)
            and np.array_equal(mine.params, moment.params)
            and [(o.run, o.step) for o in mine.others] == [(o.run, o.step) for o in moment.others]
            and all(
                np.array_equal(a.params, b.params) for a, b in zip(mine.others, moment.others, strict=True)
            )
        )

    def go_on(self, clock: Clock, budget: float) -> None:
        """Work, until the time is up, on parts that are reckoned to take `budget` seconds together, from the first on.

        So it is the same parts at every moment, however busy the machine is: what is shown does not come and go.
        """
        self._stop = clock.stop
        while not self.is_done and not clock.is_over and self._spent + self._next <= budget:
            try:
                self._spent += self._next
                self._next = next(self._parts)
            except StopIteration:
                self.is_done = True
            except BrokenOffError:
                self._parts, self._next, self._spent = self._work(), 0.0, 0.0
                return

    @property
    def compass(self) -> Compass:
        return replace(self._compass, arrows=dict(self._arrows))

    def _know(self, **found: object) -> None:
        self._compass = replace(self._compass, **found)  # type: ignore[arg-type]

    def _point(self, name: str, direction: Values | None) -> None:
        if direction is not None and (found := arrow(self._plane, direction)) is not None:
            self._arrows[name] = found

    def _work(self) -> Iterator[float]:
        """The parts, what is cheap and most wanted first. Each yields the seconds to be reckoned for the next."""
        w, error, neuron = self.moment.params, self._error, self._neuron
        step, each = last_step(self.moment.internals, w), error.seconds_of_gradient
        self._point("step", step)
        self._point("velocity", velocity(self.moment.internals))
        self._know(scales=scales(self.moment.internals, self._plane))
        self.scales_of_others = {o.run: scales(o.internals, self._plane) for o in self.moment.others}
        self._constrain()
        if neuron is not None:
            self._know_all(neuron)
        if error.has_slope:
            yield each
            gradient = self._gradient(w)
            self._point("descent", -gradient)
            if neuron is not None:
                self._know(descent_to_minimum=angle(-gradient, neuron.way_to_minimum(w.astype(float))))
            if step is not None:
                yield each
                self._know(
                    step_to_contour=angle_to_contour(step, self._gradient(w - step.astype(np.float32)))
                )
        yield from self._compare_batch(w)
        if error.has_slope and neuron is None:
            yield from self._curve(w)
        for other in self.moment.others:
            inside = other.internals
            found = {"step": last_step(inside, other.params), "velocity": velocity(inside)}
            if error.has_slope:
                yield each
                found["descent"] = -self._gradient(other.params)
            drawn = {name: arrow(self._plane, d) for name, d in found.items() if d is not None}
            self.others[other.run] = {name: a for name, a in drawn.items() if a is not None}

    def _compare_batch(self, w: Vector) -> Iterator[float]:
        """The gradient of the batch that comes next, and its angle with that of all training examples."""
        error = self._error
        like_training = whole_training(self.moment, error)
        yield error.seconds_of_gradient * self.moment.experiment.batch_size / error.count
        penalty = like_training.penalty if like_training.height == "objective" else None
        batch = batch_gradient(self.moment, penalty, self._stop)
        if batch is None:
            raise BrokenOffError
        self._point("batch descent", -batch)
        if like_training.seconds_of_gradient < MOST_SECONDS:
            yield like_training.seconds_of_gradient
            full = like_training.gradient(w, self._stop)
            if full is None:
                raise BrokenOffError
            self._know(batch_cosine=cosine(batch, full))

    def _gradient(self, weights: Vector) -> Values:
        if self._neuron is not None:
            return self._neuron.gradient(weights.astype(np.float64))
        found = self._error.gradient(weights, self._stop)
        if found is None:
            raise BrokenOffError
        return found

    def _constrain(self) -> None:
        """The line on which the case has no error: the one that the surface is over, or that training takes next."""
        if self._plane.is_line:
            return
        error = self._error if self._error.over == "case" else next_case(self.moment)
        neuron = None if error is None else of_neuron(self.moment, error)
        if neuron is None:
            return
        *inputs, target = neuron.constraint(0)
        a, b = (self._plane.basis @ inputs).tolist()
        c = target - float(self._plane.origin @ np.array(inputs))
        if a or b:
            self._know(constraint=(a, b, c))

    def _know_all(self, neuron: LinearNeuron | ByFormula) -> None:
        """What is exact, whatever the plane: the largest rate is that of all weights."""
        self._point("minimum", neuron.way_to_minimum(self.moment.params.astype(np.float64)))
        basis = self._plane.basis
        self._curvature(basis @ neuron.hessian @ basis.T)
        self._know(largest_rate=neuron.largest_rate)

    def _curve(self, w: Vector) -> Iterator[float]:
        """The Hessian within the plane, from its products with the two directions."""
        each, stop = 2 * self._error.seconds_of_gradient, self._stop
        times = HessianTimes(lambda at: self._error.gradient(at, stop), w)
        basis = self._plane.basis
        products = np.zeros_like(basis)
        yield each
        for _ in times.settling(basis[0]):
            yield each
        for k, direction in enumerate(basis):
            found = times(direction)
            if found is None:
                raise BrokenOffError
            products[k] = found
            yield each
        within = basis @ products.T
        self._curvature((within + within.T) / 2)
        top = self._compass.eigenvalues[0]
        self._know(largest_rate=2 / top if top > 0 else NAN)

    def _curvature(self, within: Values) -> None:
        """Eigenvalues of the Hessian on the plane, `within` [2, 2] being its products with the two directions.

        Directions may be oblique, and of any length: curvatures are per unit of weight space.
        """
        gram = self._plane.gram
        if not np.isfinite(within).all() or not gram[0, 0]:
            return
        if self._plane.is_line:
            self._know(eigenvalues=(float(within[0, 0] / gram[0, 0]), NAN))
            return
        if abs(self._plane.cosine) > PARALLEL:
            return
        turn = np.linalg.inv(np.linalg.cholesky(gram))
        values, vectors = np.linalg.eigh(turn @ within @ turn.T)
        low, high = values.tolist()
        self._know(
            eigenvalues=(high, low),
            eigenvectors=(vectors.T @ turn)[::-1].copy(),
            condition=self._condition(high, low),
        )

    def _condition(self, high: float, low: float) -> float:
        """Infinite where a bowl has a flat direction, for certain; NaN where there is no bowl."""
        if isinstance(self._neuron, LinearNeuron) and high > 0 and abs(low) <= NEGLIGIBLE * high:
            return float("inf")
        return high / low if low > 0 else NAN
