"""What of a layer's arithmetic has been made where the machine stands within an update, and what is still to come."""

from __future__ import annotations

from lab.network.activations import Activation, Linear
from lab.network.network import Analysis
from lab.training.listing import Line
from lab.training.microscope.lines import Role

BACK: tuple[Role, ...] = ("dy", "dz", "dw", "db", "dx")


def to_come(lines: tuple[Line, ...], analysis: Analysis, layer: str, operation: int) -> frozenset[Role]:
    """The roles of lines of `layer` whose numbers are not there before line `operation` of the listing is made.

    Nothing is to come between two updates, where no operation has been made: then all is shown as it would be.
    """
    if operation <= 0:
        return frozenset()
    facts = analysis.facts(layer)
    f = getattr(facts.layer, "activation", None)
    bends = isinstance(f, Activation) and not isinstance(f, Linear)
    ahead, back = numbers_of(lines, layer, "forward"), numbers_of(lines, layer, "backward")
    loss = next(line.number for line in lines if line.direction == "loss")
    made = {
        "z": _done(ahead[:-1] if bends else ahead, operation),
        "y": _done(ahead, operation),
        "E": loss < operation,
        "dy": loss < operation and _arrived(lines, analysis, layer, operation),
        "dz": loss < operation and (_done(back[:1], operation) if bends and back else True),
    }
    made["dz"] = made["dz"] and made["dy"]
    for role in ("dw", "db", "dx"):
        made[role] = made["dz"] and _done(back, operation)
    return frozenset(role for role in ("z", "y", "E", *BACK) if not made[role])


def numbers_of(lines: tuple[Line, ...], layer: str, direction: str) -> list[int]:
    """The lines of a layer in one direction, in order."""
    return [line.number for line in lines if line.layer == layer and line.direction == direction]


def _done(numbers: list[int], operation: int) -> bool:
    return all(number < operation for number in numbers)


def _arrived(lines: tuple[Line, ...], analysis: Analysis, layer: str, operation: int) -> bool:
    """Whether every layer that reads this one's output has passed its derivative back."""
    readers = [facts.name for facts in analysis.nodes if layer in facts.inputs]
    return all(_done(numbers_of(lines, name, "backward"), operation) for name in readers)
