"""What is known of a survey, as a window gets it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lab.training.moment import Moment, OtherPath
from lab.training.surfaces import Footprints, Surface
from lab.training.survey.by_formula import ByFormula
from lab.training.survey.compass import Reckoning
from lab.training.survey.effort import LEVELS
from lab.training.survey.error import ErrorOf
from lab.training.survey.filling import Filling
from lab.training.survey.framing import Frame, is_gone, start_of
from lab.training.survey.linear import exact


@dataclass(eq=False)
class Survey:
    """One surface: a first look at it, where that is wanted, the whole of it, and the compass."""

    whole: Filling
    first: Filling | None
    reckoning: Reckoning | None = None

    @property
    def error(self) -> ErrorOf:
        return self.whole.error

    @property
    def is_first(self) -> bool:
        """Whether the first look is all that can be shown yet."""
        return self.first is not None and not self.whole.level and bool(self.first.level)


def surface(frame: Frame, survey: Survey, moment: Moment, said: str) -> Surface:
    filling = survey.first if survey.is_first and survey.first is not None else survey.whole
    own = [*moment.path_vectors, moment.params]
    everything = [*own, *(v for o in moment.others for v in (*o.path_vectors, o.params))]
    frame.forget_but(everything)
    survey.whole.forget_but(everything)
    reckoning = survey.reckoning
    is_reckoned = reckoning is not None and reckoning.is_of(moment, survey.error)
    every = filling.level or LEVELS[0]
    path = frame.places(own)
    others = tuple(
        footprints(frame, filling, other, reckoning if is_reckoned else None) for other in moment.others
    )
    errors = np.array([filling.error_at(v) for v in own])
    unknown = np.isnan(errors).any() or any(np.isnan(other.path_errors).any() for other in others)
    return Surface(
        x=frame.x[::every],
        y=frame.y[::every],
        errors=filling.errors[::every, ::every].copy(),
        path=np.array([(p.x, p.y) for p in path]),
        path_errors=errors,
        path_steps=np.array([*moment.path_steps.tolist(), moment.step], np.int64),
        path_distances=np.array([p.distance for p in path]),
        axes=frame.plane.axes,
        cosine=frame.plane.cosine,
        examples=filling.error.count,
        minimum=known_minimum(frame, survey.error, moment),
        complete=bool(survey.whole.is_whole and not unknown),
        others=others,
        compass=reckoning.compass if is_reckoned and reckoning is not None else None,
        why="; ".join(filter(None, (frame.choice.why, said, filling.error.why, who_is_gone(frame, moment)))),
        chosen_at=frame.step,
        plane=frame.plane,
    )


def footprints(frame: Frame, filling: Filling, other: OtherPath, reckoning: Reckoning | None) -> Footprints:
    vectors = [*other.path_vectors, other.params]
    places = frame.places(vectors)
    return Footprints(
        run=other.run,
        name=other.name,
        colour=other.colour,
        path=np.array([(p.x, p.y) for p in places]),
        path_errors=np.array([filling.error_at(v) for v in vectors]),
        path_steps=np.array([*other.path_steps.tolist(), other.step], np.int64),
        path_distances=np.array([p.distance for p in places]),
        arrows=reckoning.others.get(other.run, {}) if reckoning is not None else {},
        scales=reckoning.scales_of_others.get(other.run, {}) if reckoning is not None else {},
    )


def known_minimum(frame: Frame, error: ErrorOf, moment: Moment) -> tuple[float, float] | None:
    """The lowest point of the plane, where there is a closed form; of a trough the nearest to where the run stands, of
    a formula the one below.
    """
    neuron = exact(moment, error)
    if isinstance(neuron, ByFormula):
        x, y = (moment.params + neuron.way_to_minimum(neuron.here)).tolist()
        return (x, y) if np.isfinite(x) and not frame.plane.is_line else None
    if neuron is None:
        return None
    basis, (place,) = frame.plane.basis, frame.places([moment.params])
    here = np.array([place.x, place.y])
    slope = basis @ neuron.gradient(frame.plane.origin + here @ basis)
    x, y = (here - np.linalg.pinv(basis @ neuron.hessian @ basis.T, hermitian=True) @ slope).tolist()
    return x, y


def who_is_gone(frame: Frame, moment: Moment) -> str:
    """Which runs have left the picture for good."""
    start = start_of(moment)
    standing = [(moment.name, moment.params), *((o.name, o.params) for o in moment.others)]
    gone = [name for name, vector in standing if is_gone(vector, start, frame.error)]
    if not gone:
        return ""
    return f"run{'s' * (len(gone) > 1)} {' and '.join(gone)} {'have' if len(gone) > 1 else 'has'} left the picture"


def nothing_yet(moment: Moment, why: str) -> Surface:
    """While there is no plane."""
    return Surface(
        x=np.array([-1.0, 0.0, 1.0]),
        y=np.array([-1.0, 0.0, 1.0]),
        errors=np.full((3, 3), np.nan),
        path=np.empty((0, 2)),
        path_errors=np.empty(0),
        path_steps=np.empty(0, np.int64),
        path_distances=np.empty(0),
        axes=("", ""),
        cosine=0.0,
        examples=0,
        complete=False,
        why=why,
        chosen_at=moment.step,
    )
