"""The numbers of one layer's filters: weights, gradients, updates and changes, their norms and their spectra."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lab.kernels import opcodes as op
from lab.network.network import Facts
from lab.training.drawing import Drawing
from lab.training.filters import MOST_SHOWN, Filters, FiltersProbe
from lab.training.moment import Moment
from lab.training.next_batch import NextBatch, Stop
from lab.training.one_example import pass_example
from lab.training.operations import spread_of
from lab.training.probes import Array, GradientsProbe, largest

NO_ERROR = "Nobody has said what the drawing is to be, so it has no error: say it where it was drawn"
WORK = 6e10
"""Multiply-adds of a batch's forward pass beyond which its gradient is not worked out beside everything else."""
LEAST, ROOM = 32, 1 << 20
"""Frequencies along each axis of a kernel's spectrum, at the least, and numbers that all spectra may have."""


def filters(probe: FiltersProbe, moment: Moment, stop: Stop) -> Filters | None:
    """None where there is no such layer, or nobody waits any more."""
    facts = next((f for f in moment.experiment.analysis.nodes if f.name == probe.layer), None)
    if facts is None or not facts.parameters:
        return None
    asked = of_all(probe, moment, stop)
    if asked is None:
        return None
    if isinstance(asked, str):
        return Filters({}, {}, why=asked)
    learned = {p.name for p in moment.program.parameters if p.learned}
    own = {f"{facts.name}.{p.name}": asked[f"{facts.name}.{p.name}"] for p in facts.parameters}
    if probe.what != "weights":  # a running statistic has no gradient
        own = {name: values for name, values in own.items() if name in learned}
    weight = own.get(f"{facts.name}.weight")
    norms = None if weight is None else norms_of(weight, facts)
    shown = {name: first_of(values) for name, values in own.items()}
    kernels = shown.get(f"{facts.name}.weight")
    return Filters(
        parameters=shown,
        whole={name: len(values) for name, values in own.items()},
        peaks={name: float(largest(values)) for name, values in own.items()},
        network_peak=max((float(largest(asked[name])) for name in asked if name in learned), default=0.0),
        spread=None if weight is None else spread_of(weight),
        norms=norms,
        norm_spread=None if norms is None else spread_of(norms),
        spectra=spectra_of(kernels) if probe.spectra and kernels is not None else None,
    )


def of_all(probe: FiltersProbe, moment: Moment, stop: Stop) -> Mapping[str, Array] | str | None:
    """What is asked, of all parameters by name; why it is not known; None where nobody waits."""
    split, params = moment.program.split, moment.params
    if probe.what == "weights":
        return split(params)
    if probe.what == "example":
        if isinstance(probe.part, Drawing) and probe.part.label is None:
            return NO_ERROR
        passed = pass_example(moment, GradientsProbe(probe.part, probe.example), gradients=True)
        return passed.program.split(passed.gradient)
    if probe.what == "update":
        moved = moment.internals.last_update if moment.internals is not None else None
        return "No update has been made just before this step: make one" if moved is None else split(moved)
    if probe.what == "change":
        marked = moment.anchors.get((moment.run, probe.since))
        if marked is None or len(marked) != len(params):
            where = "the start" if probe.since == 0 else f"step {probe.since:,}"
            return f"The weights of {where} are not there, or are of another network: mark this step anew"
        return split(params - marked)
    batch = NextBatch(moment)
    if (moment.experiment.analysis.multiply_adds or 0) * batch.count > WORK:
        return "The gradient of a whole batch takes too long here: choose that of the example, or the last update"
    last = int(batch.program.code.plan[op.END]) - 1
    done = batch.run(last, _ignore, _ignore, lambda piece: True, stop)
    return None if done is None else batch.program.split(done.gradient)


def _ignore(arena: Array, first: int, count: int) -> None:
    pass


def first_of(values: Array) -> Array:
    """As many along the first axis as make no more than MOST_SHOWN numbers; one in any case."""
    return values if values.size <= MOST_SHOWN else values[: max(1, MOST_SHOWN // values[0].size)]


def norms_of(weight: Array, facts: Facts) -> Array:
    """The length of each filter [filters]: sqrt(sum v^2) over all that leads into one unit."""
    units = 0
    if facts.output is not None and len(weight) != facts.output.channels and weight.ndim > 1:
        units = 1 if weight.shape[1] == facts.output.channels else 0
    others = tuple(axis for axis in range(weight.ndim) if axis != units)
    norms: Array = np.sqrt(np.square(weight, dtype=np.float64).sum(others)).astype(np.float32)
    return norms


def spectra_of(kernels: Array) -> Array | None:
    """|F| of each kernel of [out, in, h, w], as Filters says; of the first of them where they are too many."""
    if kernels.ndim != 4 or max(kernels.shape[2:]) < 2:
        return None
    side = max(LEAST, *kernels.shape[2:])
    most = max(1, ROOM // (side * side * kernels.shape[1]))
    spectra = np.abs(np.fft.fft2(kernels[:most], (side, side)))
    shifted: Array = np.fft.fftshift(spectra, (2, 3)).astype(np.float32)
    return shifted
