"""Measures receptive fields: one unit's gradient by the input, many examples at a time.

The layers that the unit sees are lowered as a network of their own, which ends in the unit's layer; where the loss
would begin the backward pass, a 1 stands at the unit, and 0 at all others.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.kernels import interpreter
from lab.kernels import opcodes as op
from lab.kernels.interpreter import TALLY
from lab.kernels.memory import aligned
from lab.learning.losses import SquaredError
from lab.network.activations import Linear
from lab.network.network import INPUT, Network, Node, analyse
from lab.network.program import Place, Program, lower
from lab.training.fields import ABOVE, DEAR, Effective, Field, FieldProbe
from lab.training.moment import Moment

ROOM = 1 << 24
"""Numbers that the arena may hold: 64 MiB. One example goes through in any case."""
WORK = 2e9
"""Multiply-adds of all forward passes; a backward pass takes twice as many. One example is looked at in any case."""

Maps = NDArray[np.float32]


def measured_field(probe: FieldProbe, moment: Moment) -> Field | None:
    """None where there is no such unit, where the input is a vector, or where one example takes too much work."""
    e, x = moment.experiment, moment.shape
    if x.is_vector or probe.layer not in {node.name for node in e.network.nodes}:
        return None
    network = network_up_to(e.network, probe.layer, probe.of == "preactivation")
    analysis = analyse(network, x)
    shape, cost = analysis.output, analysis.multiply_adds or 1
    if shape is None or cost > DEAR:
        return None
    at = (probe.unit, probe.row, probe.column)
    if not all(0 <= k < n for k, n in zip(at, (shape.channels, shape.height, shape.width), strict=True)):
        return None
    inputs = moment.part(probe.part).inputs
    one = min(max(probe.example, 0), len(inputs) - 1)
    count = max(1, min(probe.examples, len(inputs), int(WORK // cost)))
    size = lower(network, x, SquaredError(), 1, lean=False, training=False).arena_size
    at_once = max(1, min(count, ROOM // max(size, 1)))
    looker = _Looker(lower(network, x, SquaredError(), at_once, lean=False, training=False), moment, probe)
    magnitude, signed = (np.zeros((x.height, x.width), np.float64) for _ in range(2))
    silent, of_one = 0, None
    for first in range(0, count, at_once):
        gradients = looker.gradients(inputs[first : min(first + at_once, count)])
        size_of_each = np.abs(gradients).sum(1)
        magnitude += size_of_each.sum(0)
        signed += gradients.sum((0, 1))
        silent += int((size_of_each == 0).all((1, 2)).sum())
        if first <= one < first + len(gradients):
            of_one = gradients[one - first].sum(0)
    if of_one is None:
        of_one = looker.gradients(inputs[one : one + 1])[0].sum(0)
    mean = (magnitude / count).astype(np.float32)
    return Field(mean, (signed / count).astype(np.float32), of_one, count, silent, effective(mean))


class _Looker:
    """A program that ends in the unit's layer, with its memory."""

    def __init__(self, program: Program, moment: Moment, probe: FieldProbe) -> None:
        self.program, self._probe = program, probe
        known = moment.program.split(moment.params)
        self._params = np.concatenate(
            [known[p.name].ravel() for p in program.parameters] or [np.zeros(0, np.float32)]
        )
        self._arena, self._nothing = aligned(program.arena_size), np.zeros_like(self._params)
        self._x, self._dx = self._place(INPUT, "x"), self._place(INPUT, "dx")
        self._dy = self._last_derivative(probe.layer)

    def _place(self, layer: str, role: str) -> Place:
        found = self.program.place(layer, role)
        assert found is not None  # an open program keeps the input and its derivative
        return found

    def _last_derivative(self, layer: str) -> Place:
        """Where the derivative by the layer's output lies: the first backward row reads it."""
        return next(p for role in ("dy", "dz") if (p := self.program.place(layer, role)) is not None)

    def gradients(self, inputs: Maps) -> Maps:
        """[n, channels, height, width], of the unit by each of the inputs."""
        n, code = len(inputs), self.program.code
        _view(self._arena, self._x, n)[...] = inputs.transpose(1, 2, 0, 3)
        self._run(0, int(code.plan[op.LOSS_ROW]), n)
        seed = _view(self._arena, self._dy, n)
        seed[...] = 0
        seed[self._probe.unit, self._probe.row, :, self._probe.column] = 1
        self._run(int(code.plan[op.BACKWARD]), int(code.plan[op.END]), n)
        found: Maps = self._dx.read(self._arena, n)
        return found

    def _run(self, first: int, last: int, n: int) -> None:
        counters = np.zeros(op.COUNTERS, np.int64)
        interpreter.run_rows(
            self.program.code, first, last, n, self._arena, self._params, self._nothing, 1.0, np.zeros(TALLY), counters
        )  # fmt: skip


def _view(arena: Maps, place: Place, n: int) -> Maps:
    """What lies at a place, [channels, height, n, width], not a copy."""
    s = place.shape
    return arena[place.offset : place.offset + s.size * n].reshape(s.channels, s.height, n, s.width)


@lru_cache(maxsize=64)
def network_up_to(network: Network, layer: str, linear: bool) -> Network:
    """The layers that `layer` sees, and itself at the end; `linear` leaves its own activation function out."""
    wanted, kept = {layer}, list[Node]()
    for index in range(len(network.nodes) - 1, -1, -1):
        node = network.nodes[index]
        if node.name in wanted:
            sources = network.sources(index)
            wanted.update(sources)
            kept.insert(0, msgspec.structs.replace(node, inputs=sources))
    last = kept[-1]
    if linear and hasattr(last.layer, "activation"):
        kept[-1] = msgspec.structs.replace(
            last, layer=msgspec.structs.replace(last.layer, activation=Linear())
        )
    return Network(tuple(kept))


def effective(magnitude: Maps) -> Effective:
    """How large the field is whose mean |gradient| [height, width] is given."""
    values = magnitude.astype(np.float64)
    total, nan = float(values.sum()), float("nan")
    if not np.isfinite(total) or total <= 0:
        return Effective(0, 0.0, (nan, nan), (nan, nan))
    pixels = int((values > ABOVE * values.max()).sum())
    centre, deviation = [], []
    for axis in (0, 1):
        share = values.sum(1 - axis) / total
        places = np.arange(len(share))
        middle = float(share @ places)
        centre.append(middle)
        deviation.append(float(np.sqrt(max(share @ (places - middle) ** 2, 0.0))))
    return Effective(pixels, pixels**0.5, (centre[0], centre[1]), (deviation[0], deviation[1]))
