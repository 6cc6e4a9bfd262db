"""What a layer's activation function really gets: a histogram over its curve, and how much of it lies in the tails."""

from __future__ import annotations

import numpy as np

from lab.kernels import interpreter
from lab.kernels import opcodes as op
from lab.kernels.interpreter import TALLY
from lab.kernels.memory import aligned
from lab.network.activations import Activation
from lab.network.program import lower
from lab.training.conditions import FLAT, NAN, Preactivations, PreactivationsProbe
from lab.training.fields import DEAR
from lab.training.health import examples_looked_at
from lab.training.microscope.functions import slope_of, value_of
from lab.training.moment import Moment

BINS, POINTS = 80, 241
LEAST = 3.0
"""From −LEAST to LEAST the curve is shown in any case."""
MOST = 1 << 20
"""Numbers of which the tails are counted: of more, every so many."""


def preactivations(probe: PreactivationsProbe, moment: Moment) -> Preactivations | None:
    """None where there is no such layer, it has no activation function, or one example is too much work."""
    e = moment.experiment
    if (e.analysis.multiply_adds or 0) > DEAR:
        return None
    layer = next((node.layer for node in e.network.nodes if node.name == probe.layer), None)
    activation: Activation | None = getattr(layer, "activation", None)
    if activation is None:
        return None
    n = examples_looked_at(e, len(moment.prepared.training))
    program = lower(e.network, moment.shape, e.loss, n, lean=False)  # as in training
    place = program.place(probe.layer, "z")
    if place is None:
        return None
    part, arena = moment.prepared.training, aligned(program.arena_size)
    cases = interpreter.cases(part.inputs[:n], moment.targets(part, slice(0, n)))
    interpreter.gather(program.code, cases, np.arange(n), 0, n, arena)
    nothing, counters = np.zeros(program.parameter_count, np.float32), np.zeros(op.COUNTERS, np.int64)
    last = int(program.code.plan[op.LOSS_ROW])
    interpreter.run_rows(
        program.code, 0, last, n, arena, moment.params, nothing, 1.0, np.zeros(TALLY), counters
    )
    z = arena[place.offset : place.offset + place.shape.size * n]
    return spread_of(probe.layer, activation, z, n)


def spread_of(layer: str, activation: Activation, z: np.ndarray, examples: int) -> Preactivations:
    """All numbers z of a layer, and its function over the stretch that they take."""
    finite = z[np.isfinite(z)]
    reach = max(LEAST, float(np.abs(finite).max(initial=0.0)) * 1.02)
    counts, edges = np.histogram(finite, BINS, (-reach, reach))
    some = finite[:: -(-finite.size // MOST) or 1].astype(np.float64)
    slope = np.abs(slope_of(activation, some))
    fades, dies = activation.steepest is not None, activation.dies
    in_tail = slope < FLAT * (activation.steepest or 0.0)
    closed = slope == 0
    idle = (in_tail if fades else np.zeros_like(closed)) | (closed if dies else np.zeros_like(closed))
    line = np.linspace(-reach, reach, POINTS)
    return Preactivations(
        layer=layer,
        activation=activation,
        counts=counts,
        edges=edges,
        z=line,
        y=value_of(activation, line),
        slope=slope_of(activation, line),
        mean=float(finite.mean(dtype=np.float64)) if finite.size else NAN,
        spread=float(finite.std(dtype=np.float64)) if finite.size else NAN,
        flat=_share(in_tail) if fades else NAN,
        closed=_share(closed) if dies else NAN,
        tails=(_share(idle & (some <= 0)), _share(idle & (some > 0))),
        total=z.size,
        beyond=z.size - finite.size,
        examples=examples,
    )


def _share(flags: np.ndarray) -> float:
    return float(flags.mean()) if flags.size else NAN
