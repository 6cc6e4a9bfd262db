"""The context menu of the graph: everything that can be done with a layer, a connection, or the whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from lab.experiment.repairs import Repair
from lab.gui.editing import ArchitectureEdits
from lab.gui.widgets.layer_menu import LayerMenu
from lab.network.network import INPUT, Analysis


def layer_menu(
    parent: QWidget,
    edits: ArchitectureEdits,
    analysis: Analysis,
    layer: str,
    actions: Sequence[QAction | None],
    repairs: Sequence[Repair],
) -> QMenu:
    """For a layer. `actions` are those for all that is chosen, with None for a line between them."""
    menu = QMenu(parent)
    if repairs:
        mends = menu.addMenu("Mend")
        for repair in repairs:
            _act(mends, repair.text, partial(edits.repair, repair))
        menu.addSeparator()
    _add(menu, "Add after", lambda new: edits.add(new, layer))
    if analysis.nodes and analysis.nodes[-1].name != layer:
        _add(menu, "Add beside", lambda new: edits.add_beside(new, analysis.facts(layer).inputs))
    _fill(menu, actions)
    menu.addSeparator()
    joins, others = takers(analysis, layer)
    connect = menu.addMenu("Connect to")
    connect.setEnabled(bool(joins or others))
    for name in joins:
        _act(connect, name, partial(edits.connect_layers, layer, name))
    if joins and others:
        connect.addSeparator()
    for name in others:
        _act(connect, f"{name}, instead of its input", partial(edits.connect_layers, layer, name))
    disconnect = menu.addMenu("Disconnect from")
    for source in analysis.facts(layer).inputs:
        _act(disconnect, source, partial(edits.disconnect_layers, source, layer))
    return menu


def edge_menu(parent: QWidget, edits: ArchitectureEdits, source: str, target: str) -> QMenu:
    """For a connection; an empty `target` is the output."""
    menu = QMenu(parent)
    if target:
        _add(menu, "Add a layer here", lambda new: edits.add_between(new, source, target))
        _act(menu, "Disconnect", partial(edits.disconnect_layers, source, target))
    else:
        _add(menu, "Add a layer here", lambda new: edits.add(new, source))
    return menu


def paper_menu(parent: QWidget, edits: ArchitectureEdits, actions: Sequence[QAction | None]) -> QMenu:
    """Where there is nothing."""
    menu = QMenu(parent)
    _add(menu, "Add a layer", edits.add)
    _fill(menu, actions)
    return menu


def takers(analysis: Analysis, layer: str) -> tuple[list[str], list[str]]:
    """The joins, and the other layers, that could take the output of `layer`: none that it depends on itself."""
    sources = {facts.name: facts.inputs for facts in analysis.nodes}
    upstream, todo = {layer, INPUT}, [layer]
    while todo:
        fresh = [name for name in sources.get(todo.pop(), ()) if name not in upstream]
        upstream.update(fresh)
        todo += fresh
    free = [f for f in analysis.nodes if f.name not in upstream and layer not in f.inputs]
    joins = [f.name for f in free if f.layer.takes_many]
    return joins, [f.name for f in free if not f.layer.takes_many]


def _add(menu: QMenu, text: str, picked: Callable[..., object]) -> None:
    sub = LayerMenu(menu)
    sub.setTitle(text)
    sub.picked.connect(lambda layer: picked(layer))
    menu.addMenu(sub)


def _act(menu: QMenu, text: str, slot: Callable[[], object]) -> None:
    menu.addAction(text.replace("&", "&&")).triggered.connect(lambda *_: slot())


def _fill(menu: QMenu, actions: Sequence[QAction | None]) -> None:
    menu.addSeparator()
    for action in actions:
        if action is None:
            menu.addSeparator()
        else:
            menu.addAction(action)
