"""What can be put on the watch list: of the run, of each layer, of weights, and of what is selected."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from PySide6.QtWidgets import QMenu

from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.views.weights import place_of
from lab.gui.widgets.submenu import submenu
from lab.network.network import Analysis, Facts
from lab.training.breakpoints import can_die, can_saturate
from lab.training.quantities import (
    OF_LAYER,
    OF_PARAMETER,
    OF_RUN,
    ActivationSpread,
    AnyQuantity,
    DeadShare,
    LayerGradientNorm,
    Quantity,
    SaturatedShare,
    UpdateRatio,
    WeightValue,
)

Add = Callable[[Iterable[AnyQuantity]], None]


def suits(kind: type[Quantity], facts: Facts) -> bool:
    """Whether there is such a quantity of a layer."""
    if kind in (LayerGradientNorm, UpdateRatio):
        return any(p.learned for p in facts.parameters)
    if kind is DeadShare:
        return can_die(facts.layer)
    return can_saturate(facts.layer) if kind is SaturatedShare else True


def fill_watch_menu(menu: QMenu, experiment: Experiment, followed: tuple[AnyQuantity, ...], add: Add) -> None:
    """Everything that can be followed of the experiment; what is followed already is greyed out."""
    menu.clear()

    def entry(of: QMenu, words: str, quantity: AnyQuantity) -> None:
        action = of.addAction(words)
        action.setToolTip(quantity.summary)
        action.setEnabled(quantity not in followed)
        action.triggered.connect(lambda _=False: add((quantity,)))

    def submenu_of(kind: type[Quantity]) -> QMenu:
        sub = submenu(menu, kind.title[0].upper() + kind.title[1:])
        sub.setToolTipsVisible(True)
        sub.menuAction().setToolTip(kind.summary)
        return sub

    for kind in OF_RUN:
        entry(menu, kind.title[0].upper() + kind.title[1:], cast(AnyQuantity, kind()))
    menu.addSeparator()
    nodes = experiment.analysis.nodes
    for of_layer in OF_LAYER:
        fitting = [facts.name for facts in nodes if suits(of_layer, facts)]
        if fitting:
            sub = submenu_of(of_layer)
            for name in fitting:
                entry(sub, name, cast(AnyQuantity, of_layer(layer=name)))
    parameters = experiment.analysis.parameters
    for of_parameter in OF_PARAMETER:
        if parameters:
            sub = submenu_of(of_parameter)
            for parameter in parameters:
                entry(sub, parameter.name, cast(AnyQuantity, of_parameter(parameter=parameter.name)))
    menu.addSeparator()
    hint = menu.addAction("A single weight: select it first")
    hint.setEnabled(False)


def of_selection(analysis: Analysis, selection: Selection) -> tuple[str, tuple[AnyQuantity, ...]]:
    """The name of what is selected, and what there is to follow of it: a weight's value, or how a layer is."""
    if (place := place_of(analysis, selection.weight)) is not None:
        weight = WeightValue(*place)
        return weight.words, (weight,)
    facts = next((f for f in analysis.nodes if f.name == selection.layer), None)
    if facts is None:
        return "", ()
    kinds = (UpdateRatio, DeadShare, SaturatedShare, ActivationSpread)
    return facts.name, tuple(kind(layer=facts.name) for kind in kinds if suits(kind, facts))
