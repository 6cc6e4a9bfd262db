"""Why a loss is not finite: the operation and layer that first gave such a number, and the values before it.

The update that comes next is made once more, row by row, on the batch on which the loss was not finite. Where the
weights are broken already, the update before is made again: its gradient, or the step that was made of it, is to
blame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from lab.training.mailbox import Diverged
from lab.training.row_by_row import Array, Broken, RowByRow, Values, batch_of
from lab.wording import number

if TYPE_CHECKING:
    from lab.training.run import Run

TAIL = 20
"""So many of the last updates are shown."""
BACK = 20
"""So many steps back is what is offered."""
MOST = number(float(np.finfo(np.float32).max))
"""The greatest number in single precision, in which all is computed."""

Direction = Literal["data", "weights", "forward", "loss", "gradient", "update"]


@dataclass(frozen=True)
class Link:
    """A layer in the chain: the greatest finite magnitude of its weights and of its outputs, NaN where there are none
    or they were not come to; how many of these numbers are not finite.
    """

    layer: str
    weights: float
    outputs: float
    broken: int


@dataclass(frozen=True, eq=False)
class Postmortem:
    """What was found at `step`, where the run stands.

    `direction` says where the first number that is not finite came up: in the data; in weights that were set by
    hand; in a forward row, in the loss, in a backward row ("gradient"), or in the update itself. That was in the
    update that began `at`: step, or step - 1 where the loss was still finite, but the update broke weights. `taken`
    went into the row, `made` came out; `chain` has all layers in their order. `steps`, `losses` and `norms` (of the
    gradient) are the last updates.
    """

    step: int
    at: int
    layer: str
    operation: str
    direction: Direction
    sentence: str
    taken: tuple[Values, ...]
    made: tuple[Values, ...]
    chain: tuple[Link, ...]
    steps: NDArray[np.int64]
    losses: NDArray[np.float64]
    norms: NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """The part of a post-mortem that says where and why."""

    layer: str
    operation: str
    direction: Direction
    sentence: str
    taken: tuple[Values, ...] = ()
    made: tuple[Values, ...] = ()
    chain: tuple[Link, ...] = ()


def diagnose(run: Run) -> Diverged:
    """What there is to say of a run whose next loss is not finite."""
    found = postmortem(run)
    return Diverged(run.step, found.layer, found.operation, max(0, run.step - BACK), postmortem=found)


def postmortem(run: Run) -> Postmortem:
    """Look for the first number that is not finite. The run may be moved by a step meanwhile; it stands as before."""
    here = at = run.step
    found = in_data(run) or in_weights(run)
    if found is not None and found.direction == "weights" and here > 0 and not are_set_by_hand(run):
        after, at = run.params.copy(), here - 1
        run.go_to(at)
        try:
            found = in_data(run) or in_update(run, after)  # tanh makes 1 of an infinite input
        finally:
            run.go_to(here)
    found = found or in_forward(run)
    curves = run.curves()
    last = int(np.searchsorted(curves.step, here, side="right"))
    tail = slice(max(0, last - TAIL), last)
    return Postmortem(
        step=here,
        at=at,
        layer=found.layer,
        operation=found.operation,
        direction=found.direction,
        sentence=" ".join(filter(None, (found.sentence, trend(curves.step[tail], curves.loss[tail])))),
        taken=found.taken,
        made=found.made,
        chain=found.chain,
        steps=curves.step[tail].copy(),
        losses=curves.loss[tail].copy(),
        norms=curves.gradient_norm[tail].copy(),
    )


# -- where ----------------------------------------------------------------------------------------------


def in_data(run: Run) -> Found | None:
    batch, cases = batch_of(run), run.machine.cases["training"]
    for name, array in (("input", cases.inputs), ("target", cases.targets)):
        rows = array[batch]
        bad = np.argwhere(~np.isfinite(rows))
        if len(bad):
            example, place = int(batch[bad[0, 0]]), int(bad[0, 1])
            value = number(float(rows[tuple(bad[0])]))
            sentence = (
                f"The {name} of training example {example:,} has {value} in {place_of(run, name, place)}."
            )
            return Found(
                "data", name, "data", sentence, (Values.of(f"{name}s of the batch", rows),), (), chain(run)
            )
    return None


def place_of(run: Run, name: str, place: int) -> str:
    """A number's place within its example, in words."""
    dataset = run.prepared.dataset
    _, height, width = dataset.inputs.shape[1:]
    if name == "target" or height * width == 1:
        is_named = name == "input" and place < len(dataset.features)
        return f"column {place}" + (f" ({dataset.features[place]})" if is_named else "")
    channel, rest = divmod(place, height * width)
    at = f"row {rest // width}, column {rest % width}"
    return at if dataset.inputs.shape[1] == 1 else f"channel {channel}, {at}"


def in_weights(run: Run) -> Found | None:
    for name, values in run.program.split(run.params).items():
        if not np.isfinite(values).all():
            layer, _, parameter = name.rpartition(".")
            sentence = f"{name} is not finite" + (", as it was set by hand." if are_set_by_hand(run) else ".")
            return Found(layer, parameter, "weights", sentence, (Values.of(name, values),), (), chain(run))
    return None


def are_set_by_hand(run: Run) -> bool:
    """Whether weights were set at this very step."""
    edit = run.timeline.edit_at(run.step)
    return edit is not None and bool(edit.weights)


def in_forward(run: Run) -> Found:
    broken = RowByRow(run).forward()
    if broken is None:  # on the batch in one piece it is; in others its sum may just be
        return Found("loss", "loss", "loss", "The loss is not finite.", (), (), chain(run))
    return found_of(run, broken)


def in_update(run: Run, after: Array) -> Found:
    """In the update that comes next, which has led to the parameters `after`."""
    rows = RowByRow(run)
    broken = rows.backward()
    if broken is not None:
        return found_of(run, broken)
    split = run.program.split
    name, there = next((name, a) for name, a in split(after).items() if not np.isfinite(a).all())
    taken = (
        Values.of(name, split(run.params)[name]),
        Values.of(f"gradient of {name}", split(rows.gradient)[name]),
    )
    sentence = f"The gradient was finite, but the step made of it at rate {number(run.rate)} took {name} beyond {MOST}."
    made = (Values.of(f"{name} after it", there),)
    return Found(name.rpartition(".")[0], "update", "update", sentence, taken, made, chain(run))


def found_of(run: Run, broken: Broken) -> Found:
    row = broken.row
    direction: Direction = "gradient" if row.direction == "backward" else row.direction
    if row.direction == "loss" and not broken.is_loss:
        direction = "gradient"
    outputs = {name: a for name, a in broken.outputs.items() if name != "loss"}
    return Found(
        row.layer,
        row.operation,
        direction,
        why(broken, direction),
        broken.taken,
        broken.made,
        chain(run, outputs),
    )


def chain(run: Run, outputs: dict[str, Array] | None = None) -> tuple[Link, ...]:
    """All layers, with the outputs that had been come to."""
    named, links = run.program.split(run.params), []
    for node in run.experiment.network.nodes:
        own = [Values.of(name, a) for name, a in named.items() if name.rpartition(".")[0] == node.name]
        y = [Values.of("y", a) for name, a in (outputs or {}).items() if name == node.name]
        reach = [max((v.reach for v in some if v.broken < v.size), default=float("nan")) for some in (own, y)]
        links.append(Link(node.name, reach[0], reach[1], sum(v.broken for v in (*own, *y))))
    return tuple(links)


# -- in words -------------------------------------------------------------------------------------------


UNDEFINED = {
    "logarithm": "numbers have one only above 0",
    "square root": "numbers have one only from 0 on",
    "power": "of numbers up to 0 there is not every one",
    "quotient": "nothing is divided by 0",
}
"""Operations of a formula that have no value everywhere, and where."""


def why(broken: Broken, direction: Direction) -> str:
    """What probably happened in a row that took finite values and gave a number that is not."""
    layer, operation = broken.row.layer, broken.row.operation
    largest = max(broken.taken, key=lambda v: v.reach, default=None)
    if largest is None:
        return f"The {operation} of {layer} is not finite."
    reach = number(largest.reach)
    if direction == "loss":
        return f"The network's output has grown to {reach}; the loss made of it is beyond {MOST}."
    if direction == "gradient":
        return f"The loss was finite, its gradient is not: in {layer}, {largest.name} reaches {reach}."
    least = min(v.least for v in broken.taken)
    if operation in UNDEFINED and least <= 0:
        return f"The {operation} in {layer} was taken of {number(least)}, and {UNDEFINED[operation]}."
    if largest.name in broken.weights:
        return f"{largest.name} has grown to {reach}; sums with it are beyond {MOST}."
    if broken.weights:
        return f"The input of {layer}, {largest.name}, has grown to {reach}; sums with it are beyond {MOST}."
    return f"The {operation} of {layer} took values of up to {reach}; what it makes of them is beyond {MOST}."


def trend(steps: NDArray[np.int64], losses: NDArray[np.float64]) -> str:
    """Whether the error was running away before."""
    if len(losses) < 2 or not np.isfinite(losses).all():
        return ""
    low = int(np.argmin(losses))
    if low == len(losses) - 1 or losses[-1] <= 10 * losses[low]:
        return ""
    rise = f"from {number(losses[low])} at step {steps[low]:,} to {number(losses[-1])} at step {steps[-1]:,}"
    return f"The loss had risen {rise}: the learning rate is probably too high."
