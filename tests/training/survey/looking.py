"""What tests of surfaces share."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np

from lab.data.datasets import LinearCases
from lab.experiment.experiment import Experiment
from lab.training.moment import Moment, OtherPath
from lab.training.run import Run
from lab.training.surfaces import Compass, Surface, SurfaceProbe
from lab.training.survey import Surveyor
from tests.training.problems import LINEAR_NEURON

NEVER = np.zeros(1, np.int64)
edited = msgspec.structs.replace


def walked(experiment: Experiment, steps: int) -> Run:
    run = Run(experiment)
    run.advance(steps)
    return run


def seen(
    run: Run | Moment, probe: SurfaceProbe, surveyor: Surveyor | None = None, seconds: float = np.inf
) -> Surface:
    moment = run.moment(internals=True) if isinstance(run, Run) else run
    surface = (surveyor or Surveyor()).look(probe, moment, seconds, NEVER)
    assert surface is not None
    return surface


def compass(run: Run | Moment, probe: SurfaceProbe) -> Compass:
    found = seen(run, probe).compass
    assert found is not None
    return found


def as_other(run: Run, number: int = 2) -> OtherPath:
    m = run.moment()
    return OtherPath(
        number,
        "ABCDEFGH"[number - 1],
        number,
        m.step,
        m.params,
        m.path_steps,
        m.path_vectors,
        run.internals(),
    )


def with_others(run: Run, *others: OtherPath) -> Moment:
    return replace(run.moment(internals=True), others=others)


def neuron(cases: str, **changes: object) -> Experiment:
    """The linear neuron on some of the lecture's cases."""
    return edited(LINEAR_NEURON, data=LinearCases(cases=cases), **changes)  # type: ignore[arg-type]
