"""The condition of units in words."""

from __future__ import annotations

import math

from lab.gui.widgets.wording import counted, number, share
from lab.network.activations import Activation
from lab.network.network import Analysis, Facts
from lab.training.conditions import FLAT, MOSTLY, Health, LayerHealth, Preactivations, Twins

HEALTHY_RATIO = 1e-3
VANISHES = 1e-2
"""A gradient that is spread less than so many times as far in the first layer as in the last has vanished."""
RATIO_TIP = (
    "|Δw| / |w|, the Euclidean norm of the last update of a layer's weights by that of the weights. A rule of thumb: "
    "about 10⁻³ is healthy; much less and the rate may be too low, much more and it may be too high "
    "(A. Karpathy, CS231n: Convolutional Neural Networks for Visual Recognition, notes on neural networks, part 3)"
)
DEAD = "f′(z) = 0 at every place of every example looked at: no gradient passes"
SATURATED = (
    f"|f′(z)| is below {100 * FLAT:.0f} % of its greatest at more than {100 * MOSTLY:.0f} % of its numbers: "
    "hardly any gradient passes"
)


def counts(facts: Facts) -> bool:
    """Whether a layer does something to numbers, and not only to how they lie."""
    return bool(facts.parameters) or hasattr(facts.layer, "activation")


def working(analysis: Analysis) -> tuple[str, ...]:
    """The layers that are shown, in order."""
    return tuple(facts.name for facts in analysis.nodes if counts(facts))


def functions(analysis: Analysis) -> dict[str, Activation]:
    """The activation function of each layer that has one, in order."""
    return {f.name: f.layer.activation for f in analysis.nodes if hasattr(f.layer, "activation")}


def flow_words(health: Health) -> str:
    """How the gradient's spread changes on its way back, from the last layer with one to the first."""
    known = [one for one in health.layers if one.gradient_spread == one.gradient_spread]
    if len(known) < 2:
        return ""
    first, last = known[0], known[-1]
    if not math.isfinite(first.gradient_spread) or not math.isfinite(last.gradient_spread):
        return "⚠ gradients are not finite"
    if not last.gradient_spread > 0:
        return "no gradient at all"
    ratio = first.gradient_spread / last.gradient_spread
    sign = (
        "⚠ it vanishes"
        if ratio < VANISHES
        else "⚠ it explodes"
        if ratio > 1 / VANISHES
        else "it keeps its size"
    )
    return f"dE/dy spreads {number(ratio, 2)} times as far in {first.layer} as in {last.layer}: {sign}"


def layer_words(health: LayerHealth, twins: tuple[Twins, ...]) -> str:
    """120 units · 12 dead (10.0 %) · 3 are copies."""
    words = [counted(health.units, "unit")]
    for flags, name in ((health.dead, "dead"), (health.saturated, "saturated")):
        if flags is not None:
            many = int(flags.sum())
            words.append(f"{many:,} {name}" + (f" ({share(many / health.units)})" if many else ""))
    copies = sum(len(group.units) - 1 for group in twins)
    if copies:
        words.append(counted(copies, "copy", "copies"))
    return " · ".join(words)


def twin_words(layer: str, group: Twins) -> str:
    """Units 0–2 and 5 of dense1 are one and the same."""
    words = f"Units {ranges(group.units)} of {layer} are one and the same"
    if group.read_alike:
        return f"{words}, with equal gradients: they stay so."
    return f"{words}, but what reads them differs: training may part them."


def ranges(units: tuple[int, ...], most: int = 8) -> str:
    """0–2, 5 and 7–9; of very many stretches the first."""
    stretches: list[list[int]] = []
    for unit in units:
        if stretches and unit == stretches[-1][1] + 1:
            stretches[-1][1] = unit
        else:
            stretches.append([unit, unit])
    said = []
    for first, last in stretches:
        said += [f"{first}–{last}"] if last > first + 1 else [str(unit) for unit in range(first, last + 1)]
    if len(said) > most:
        return f"{', '.join(said[:most])} and more"
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def unit_words(health: LayerHealth, unit: int, examples: int, group: Twins | None) -> str:
    """What is the matter with a unit."""
    words = [f"{health.layer}, unit {unit}"]
    if health.dead is not None and health.dead[unit]:
        words.append(f"dead: {DEAD}")
    elif health.saturated is not None and health.saturated[unit]:
        words.append(f"saturated: {SATURATED}")
    elif health.dead is None and health.saturated is None:
        words.append("its function can neither die nor be saturated")
    else:
        words.append(f"works, as far as {counted(examples, 'example')} tell")
    if group is not None:
        words.append(f"the same as {counted(len(group.units) - 1, 'other unit')}")
    return "  ·  ".join(words)


def tail_words(found: Preactivations) -> str:
    """How much of what a function gets is of no use to learning."""
    words = [
        f"{found.layer}: z of {counted(found.examples, 'training example')}, mean {number(found.mean)}, "
        f"standard deviation {number(found.spread)}"
    ]
    if not math.isnan(found.flat):
        words.append(
            f"{share(found.flat)} in the tails, where |f′| is below {100 * FLAT:.0f} % of its greatest"
        )
    if not math.isnan(found.closed):
        words.append(f"{share(found.closed)} where f′ = 0")
    if found.beyond:
        words.append(f"⚠ {counted(found.beyond, 'number is', 'numbers are')} not finite")
    return "  ·  ".join(words)
