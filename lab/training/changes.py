"""What has become of every layer's maps of one example since a marked step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lab.training.comparing import Changes, ChangesProbe
from lab.training.moment import Moment
from lab.training.one_example import last_places, pass_example
from lab.training.probes import ActivationsProbe, Array, largest

GONE = "The weights of step {:,} are not there, or are of another network: mark this step anew"


def changes(probe: ChangesProbe, moment: Moment) -> Changes:
    """The example goes through with both weights; of a batch that is normalised, by each one's running statistics."""
    marked = moment.anchors.get((moment.run, probe.since))
    if marked is None or len(marked) != len(moment.params):
        return Changes(probe.since, why=GONE.format(probe.since))
    now, before = (outputs_of(probe, replace(moment, params=params)) for params in (moment.params, marked))
    moved: dict[str, Array] = {name: now[name] - before[name] for name in now}
    return Changes(
        probe.since, moved, before, {name: largest(values, (1, 2)) for name, values in moved.items()}
    )


def outputs_of(probe: ChangesProbe, moment: Moment) -> dict[str, Array]:
    """Each layer's outputs [C, H, W]."""
    passed = pass_example(moment, ActivationsProbe(probe.part, probe.example), gradients=False)
    return {
        name: np.asarray(passed.read(place), np.float32)
        for name, place in last_places(passed.program).items()
    }
