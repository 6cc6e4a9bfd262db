"""The last update of single weights: the numbers that the optimizer had in hand, and the update told term by term."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from lab.kernels import update as kernel
from lab.learning.told import Before, Term, inside, said, setting, signed
from lab.network.layers import Parameter
from lab.training.internals import Internals
from lab.training.moment import Moment
from lab.training.probes import Told, ToldProbe, ToldUpdate
from lab.wording import number

UNKNOWN = "Make one step: the last update is not known here"
AT_START = "No update has been made yet"


def told(probe: ToldProbe, moment: Moment) -> Told | None:
    """What the probe asks for; None where the moment does not carry what the optimizer remembers."""
    inside_of = moment.internals
    if inside_of is None:
        return None
    return Told(
        tuple(_weight(index, moment, inside_of) for index in probe.weights if index < moment.params.size)
    )


def _weight(index: int, moment: Moment, found: Internals) -> ToldUpdate:
    parameter, offset = next(
        (p, found.program.offsets[p.name])
        for p in found.program.parameters
        if index < found.program.offsets[p.name] + p.size
    )
    place = np.unravel_index(index - offset, parameter.shape)
    name = f"{parameter.name}[{', '.join(str(int(i)) for i in place)}]"
    value = float(moment.params[index])
    numbers = {"weight": value, **_numbers(index, parameter, found)}
    if found.slots_before is None or found.gradient is None or found.last_update is None:
        why = UNKNOWN if moment.step else AT_START
        return ToldUpdate(index, name, value, numbers, (), why)
    change = float(found.last_update[index])
    before = Before(
        w=float(np.float32(value) - np.float32(change)),
        g=float(found.gradient[index]),
        slots=tuple(float(slot) for slot in found.slots_before[:, index]),
        rate=found.rate * found.experiment.rates.factor(parameter),
        age=found.age,
        penalised=parameter.penalised,
    )
    terms = tuple(_terms(before, parameter, found))
    return ToldUpdate(index, name, value, numbers, (*terms, _sum(before.w, terms[-1], value)))


def _numbers(index: int, parameter: Parameter, found: Internals) -> Mapping[str, float]:
    """The gradient, what is remembered, the step size and the last update: by the names of `Internals.named`."""
    optimizer, numbers = found.experiment.optimizer, dict[str, float]()
    slots = found.slots[:, index : index + 1]
    if found.gradient is not None:
        numbers["gradient"] = float(found.gradient[index])
    numbers.update({name: float(slot[0]) for name, slot in zip(optimizer.slots, slots, strict=True)})
    if found.gradient is not None:
        rate = found.rate * found.experiment.rates.factor(parameter)
        g = found.gradient[index : index + 1].astype(np.float64)
        numbers["step size"] = float(optimizer.step_size(rate, g, slots.astype(np.float64), found.age)[0])
    if found.last_update is not None:
        numbers["last update"] = float(found.last_update[index])
    return numbers


def _terms(at: Before, parameter: Parameter, found: Internals) -> Iterator[Term]:
    """From the batch's gradient to the change of the weight."""
    experiment = found.experiment
    factor = experiment.rates.factor(parameter)
    if not parameter.learned:
        share = parameter.momentum
        yield Term(
            "a running statistic: it goes a share of the way to the batch's own",
            "Δs = −share × (s − batch's)",
            f"−{setting(share)} × {inside(at.g)}",
            -share * at.g,
        )
        return
    if factor == 0 and experiment.optimizer.kind == kernel.RPROP:
        yield Term("frozen: the rate factor of its layer is 0", "Δw = 0", "", 0.0)
        return
    yield from _gradient(at, parameter, found)
    scheduled = found.rate / experiment.optimizer.rate if experiment.optimizer.rate else 1.0
    if factor != 1 or not math.isclose(scheduled, 1, rel_tol=1e-9):
        names = ["ε"]
        numbers = [setting(experiment.optimizer.rate)]
        if not math.isclose(scheduled, 1, rel_tol=1e-9):
            names, numbers = [*names, "schedule"], [*numbers, said(scheduled)]
        if factor != 1:
            names, numbers = [*names, "factor of the layer"], [*numbers, setting(factor)]
        yield Term("the learning rate now", f"ε(t) = {' × '.join(names)}", " × ".join(numbers), at.rate)
    yield from experiment.optimizer.told(at)


def _gradient(at: Before, parameter: Parameter, found: Internals) -> Iterator[Term]:
    """What was done to the batch's gradient before the rule saw it, worked out backwards from what it saw."""
    clipping, (l1, l2) = found.experiment.clipping, found.experiment.regularization.penalties(parameter)
    sign = (at.w > 0) - (at.w < 0)
    clipped = at.g - l1 * sign - l2 * at.w
    limit = clipping.limit
    rounding = 2.0**-22 * max(abs(at.g), limit)  # of the sum in single precision that is undone here
    if clipping.by == "value" and abs(clipped) >= limit - rounding:
        clipped = math.copysign(limit, clipped)
        yield Term("the batch's gradient reached the limit, and was cut there", "g ← ± limit", "", clipped)
    elif clipping.by == "norm" and found.norm > limit:
        raw = clipped * found.norm / limit
        yield Term(
            f"the whole gradient was {number(found.norm)} long, and is shortened to {setting(limit)}",
            "g ← g limit / |g|",
            f"{inside(raw)} × {setting(limit)} / {said(found.norm)}",
            clipped,
        )
    if l1 or l2:
        symbols = ["g ← g", *(["λ₁ sign(w)"] if l1 else []), *(["λ₂ w"] if l2 else [])]
        numbers = [said(clipped)]
        if l1:
            numbers.append(signed(l1 * sign))
        if l2:
            numbers.append(f"+ {setting(l2)} × {inside(at.w)}")
        yield Term("the penalty pulls the weight towards 0", " + ".join(symbols), " ".join(numbers), at.g)


def _sum(before: float, change: Term, after: float) -> Term:
    """The last term, in the letter of the change: Nesterov moves the point ahead a, a running statistic is s."""
    letter = change.symbols[1] if change.symbols.startswith("Δ") else "w"
    words = {"a": "the point ahead moves", "s": "the statistic moves"}.get(letter, "the weight moves")
    return Term(words, f"{letter} ← {letter} + Δ{letter}", f"{said(before)} {signed(change.value)}", after)
