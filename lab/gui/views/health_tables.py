"""What the view of health shows of a reading: strips and bars as its widgets take them, and tables for files."""

from __future__ import annotations

import numpy as np

from lab.experiment.experiment import Experiment
from lab.gui.views.view import Table
from lab.gui.widgets.health.spreads import Panel
from lab.gui.widgets.health.strips import Strip
from lab.gui.widgets.health.words import HEALTHY_RATIO, RATIO_TIP, layer_words, working
from lab.training.conditions import Alike, Condition, Health, LayerHealth, Preactivations, Starts

SPREADS = (
    (
        "gradient_spread",
        "gradients dE/dy",
        "Standard deviation of each example's own derivative dE/dy over units, places and examples. "
        "Where it falls from the last layer to the first, gradients vanish; where it grows, they explode",
    ),
    ("spread", "outputs y", "Standard deviation of a layer's outputs over units, places and examples"),
    (
        "preactivation_spread",
        "weighted sums z",
        "Standard deviation of what the activation function gets, over units, places and examples",
    ),
)
"""What spreads, best first: its name in a LayerHealth, in words, and what the spread is."""
NAN = float("nan")


def strips_of(e: Experiment, condition: Condition, alike: Alike | None) -> tuple[Strip, ...]:
    """The layers with units that can be seen: with their course along the path."""
    found = []
    moments = (*condition.course, condition.now)
    for name in working(e.analysis):
        now = condition.now.of(name)
        if now is None:
            continue
        twins = alike.layers.get(name, ()) if alike is not None else ()
        then = [one for health in moments if (one := health.of(name)) is not None]
        found.append(
            Strip(
                now,
                layer_words(now, twins),
                twins,
                np.array([health.step for health in moments], np.int64),
                np.array([one.dead_share for one in then]),
                np.array([one.saturated_share for one in then]),
            )
        )
    return tuple(found)


def panels_of(names: tuple[str, ...], condition: Condition) -> tuple[Panel, ...]:
    """Three spreads, and the ratio of the last update to the weights."""
    start = condition.start
    panels = [
        Panel(title, tip, _each(condition.now, names, key), _each(start, names, key) if start else ())
        for key, title, tip in SPREADS
    ]
    ratio = Panel(
        "|Δw| / |w|",
        RATIO_TIP,
        _each(condition.now, names, "update_ratio"),
        (),
        HEALTHY_RATIO,
    )
    return (*panels, ratio)


def _each(health: Health, names: tuple[str, ...], key: str) -> tuple[float, ...]:
    layers = (health.of(name) for name in names)
    return tuple(NAN if one is None else float(getattr(one, key)) for one in layers)


def condition_table(names: tuple[str, ...], condition: Condition, alike: Alike | None) -> Table:
    """A row a layer."""

    def listed(one: LayerHealth | None, which: str) -> str:
        flags = getattr(one, which, None)
        return "" if flags is None else " ".join(map(str, np.flatnonzero(flags)))

    layers = [condition.now.of(name) for name in names]
    columns: dict[str, np.ndarray] = {
        "layer": np.array(names),
        "units": np.array([0 if one is None else one.units for one in layers]),
        "dead share": np.array(_each(condition.now, names, "dead_share")),
        "dead units": np.array([listed(one, "dead") for one in layers]),
        "saturated share": np.array(_each(condition.now, names, "saturated_share")),
        "saturated units": np.array([listed(one, "saturated") for one in layers]),
    }
    for key, title, _ in SPREADS:
        columns[f"spread of {title} (standard deviation)"] = np.array(_each(condition.now, names, key))
        if condition.start is not None:
            columns[f"spread of {title} at the start"] = np.array(_each(condition.start, names, key))
    columns["|update| / |weights|"] = np.array(_each(condition.now, names, "update_ratio"))
    if alike is not None:
        groups = (alike.layers.get(name, ()) for name in names)
        columns["units that are alike"] = np.array(
            ["; ".join(" ".join(map(str, group.units)) for group in some) for some in groups]
        )
    return Table(columns)


def starts_table(names: tuple[str, ...], starts: Starts) -> Table:
    """A row a layer and initializer."""
    many = len(starts.by_name)
    columns: dict[str, np.ndarray] = {
        "initial weights": np.repeat(np.array(list(starts.by_name)), len(names)),
        "layer": np.array(list(names) * many),
    }
    for key, title, _ in SPREADS:
        columns[f"spread of {title} (standard deviation)"] = np.concatenate(
            [np.array(_each(health, names, key)) for health in starts.by_name.values()]
        )
    return Table(columns)


def function_table(found: Preactivations) -> Table:
    """A row a bar of the histogram."""
    return Table(
        {
            f"z of {found.layer}, from": found.edges[:-1],
            f"z of {found.layer}, to": found.edges[1:],
            "numbers": found.counts,
        }
    )
