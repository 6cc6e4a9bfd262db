"""What a person wants of the architecture, in the list or in the graph: one place for what both do to the draft."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication

from lab.experiment.experiment import Experiment
from lab.experiment.of_layer import OfLayer, of_layer, with_layer, with_network
from lab.experiment.repairs import Repair, repairs
from lab.gui.document import Document
from lab.gui.selection import Selection
from lab.gui.widgets.layer_block import spoken
from lab.network import editing
from lab.network.layers import AnyLayer
from lab.network.layers.layer import Layer
from lab.network.network import Network
from lab.network.refits import with_join
from lab.network.refits import with_layer as with_other_layer
from lab.problem import Problem, ProblemError
from lab.value import fields


class ArchitectureEdits(QObject):
    """Intentions as entries of the undo stack, and which layers they are meant for.

    `chosen` are all layers that are chosen; the selection's own layer is always one of them. What cannot be done
    leaves the draft as it was and is said by `refused`; a draft with problems is no such thing.
    """

    chosen_changed = Signal()
    refused = Signal(object)  # tuple[Problem, ...]: why what was asked for last was not done

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.chosen: frozenset[str] = frozenset()
        self._repairs: tuple[Experiment, dict[Problem, tuple[Repair, ...]]] | None = None
        document.selection_changed.connect(self._follow)
        document.experiment_changed.connect(self._keep_real)
        self._follow(document.selection)

    @property
    def network(self) -> Network:
        return self._document.draft.network

    @property
    def names(self) -> list[str]:
        """All layers, in order."""
        return [node.name for node in self.network.nodes]

    @property
    def last(self) -> str | None:
        """The last of the chosen layers in the network's order: new ones come after it."""
        return next((name for name in reversed(self.names) if name in self.chosen), None)

    # --- which layers are meant

    def choose(self, names: Iterable[str], first: str | None = None) -> None:
        """Choose these layers; `first`, else the last of them, is the one whose numbers the window shows."""
        chosen = frozenset(names)
        order = [name for name in self.names if name in chosen]
        self._set_chosen(frozenset(order))
        self._document.select_layer(first if first in chosen else order[-1] if order else None)

    def toggle(self, name: str) -> None:
        """Choose one more layer, or one less."""
        more = name not in self.chosen
        self.choose(self.chosen | {name} if more else self.chosen - {name}, name if more else self._first())

    def choose_up_to(self, name: str) -> None:
        """Choose all layers from the selected one to this one."""
        first, names = self._first() or name, self.names
        ends = sorted((names.index(first), names.index(name)))
        self.choose(names[ends[0] : ends[1] + 1], first)

    def choose_all(self) -> None:
        self.choose(self.names, self._first())

    def _first(self) -> str | None:
        return self._document.selection.layer

    def _set_chosen(self, chosen: frozenset[str]) -> None:
        if chosen != self.chosen:
            self.chosen = chosen
            self.chosen_changed.emit()

    @Slot(object)
    def _follow(self, selection: Selection) -> None:
        if selection.layer is None:
            self._set_chosen(frozenset())
        elif selection.layer not in self.chosen:
            self._set_chosen(frozenset({selection.layer}))

    @Slot()
    def _keep_real(self) -> None:
        self._set_chosen(self.chosen & set(self.names))

    # --- layers

    def add(self, layer: Layer, after: str | None = None) -> None:
        """Put a layer behind `after`, else behind the last chosen one, else at the end.

        A join takes the nearest earlier output that fits, too.
        """
        after = after or self.last

        def added() -> tuple[Network, str]:
            if layer.takes_many:
                return with_join(self.network, self._document.draft.analysis.input, layer, after)
            return editing.inserted(self.network, layer, after)

        self._put(added, "Add {}")

    def add_beside(self, layer: Layer, sources: tuple[str, ...]) -> None:
        """Begin a branch: a layer that takes these, and whose output goes nowhere yet."""
        self._put(lambda: editing.beside(self.network, layer, sources), "Add {}")

    def add_between(self, layer: Layer, source: str, target: str) -> None:
        """Put a layer on one connection."""
        self._put(lambda: editing.between(self.network, layer, source, target), "Add {}")

    def remove(self) -> None:
        """Take the chosen layers out; what took one takes its source."""
        names = self.names
        gone = [name for name in names if name in self.chosen]
        if gone and self._take(lambda: editing.removed(self.network, gone), f"Remove {some(gone)}"):
            left = self.names
            self.choose(left[min(names.index(gone[0]), len(left) - 1) :][:1])

    def duplicate(self) -> None:
        """Copies of the chosen layers behind the last of them, with what they have of their own in learning."""
        originals = [name for name in self.names if name in self.chosen]
        if originals:
            there, copies = editing.duplicated(self.network, originals)
            experiment = with_network(self._document.draft, there)
            for original, copy in zip(originals, copies, strict=True):
                experiment = with_layer(experiment, copy, of_layer(experiment, original))
            self._edit(experiment, f"Duplicate {some(originals)}")
            self.choose(copies)

    def copy(self) -> bool:
        """Put the chosen layers on the clipboard, as text."""
        try:
            text = editing.copied(self.network, self.chosen)
        except ProblemError as error:
            self.refused.emit(error.problems)
            return False
        QGuiApplication.clipboard().setText(text.decode())
        return True

    def cut(self) -> None:
        if self.copy():
            self.remove()

    def paste(self) -> None:
        """Put the layers of the clipboard behind the last chosen one, else at the end."""
        text = QGuiApplication.clipboard().text().encode()
        new: tuple[str, ...] = ()

        def pasted() -> Network:
            nonlocal new
            there, new = editing.pasted(self.network, text, self.last)
            return there

        if self._take(pasted, "Paste layers"):
            self.choose(new)

    def move_to(self, name: str, place: int) -> None:
        """Make it the layer number `place`."""
        self._take(lambda: editing.moved(self.network, name, place), f"Move {name}")

    def shift(self, way: int) -> None:
        """Move the selected layer one place up (-1) or down (+1)."""
        name, names = self._first(), self.names
        if name in names and 0 <= names.index(name) + way < len(names):
            self.move_to(name, names.index(name) + way)

    def rename(self, old: str, new: str) -> None:
        if self._take(
            lambda: editing.renamed(self.network, old, new), f"Rename {old} to {new}", renamed={old: new}
        ):
            self.choose({new})

    def edit_layer(self, name: str, layer: AnyLayer, field: str) -> None:
        text = f"{name}: {field.replace('_', ' ')} {spoken(getattr(layer, field))}"
        self._take(lambda: with_other_layer(self.network, name, layer), text, f"{name}.{field}")

    def edit_learning(self, name: str, own: OfLayer, field: str) -> None:
        title = next(f.title for f in fields(OfLayer) if f.name == field)
        value = getattr(own, field)
        text = f"{name}: {title} {'as all layers' if value is None else spoken(value)}"
        self._edit(with_layer(self._document.draft, name, own), text, f"{name}.{field}")

    # --- connections

    def connect_layers(self, source: str, target: str, place: int | None = None) -> None:
        """Let `source` flow into `target`, instead of its input number `place` where one is given."""
        self._take(
            lambda: editing.connected(self.network, source, target, place), f"Connect {source} to {target}"
        )

    def disconnect_layers(self, source: str, target: str) -> None:
        self._take(
            lambda: editing.disconnected(self.network, source, target), f"Disconnect {source} from {target}"
        )

    # --- problems

    def repairs(self) -> dict[Problem, tuple[Repair, ...]]:
        """What puts each problem of the draft right."""
        draft = self._document.draft
        if not self._document.problems:
            return {}
        if self._repairs is None or self._repairs[0] is not draft:
            self._repairs = draft, repairs(draft)
        return self._repairs[1]

    def repair(self, repair: Repair) -> None:
        self._edit(repair.experiment, repair.text)

    # --- to the document

    def _put(self, edit: Callable[[], tuple[Network, str]], text: str) -> None:
        """Make an edit that brings one layer, and choose that."""
        try:
            network, name = edit()
        except ProblemError as error:
            self.refused.emit(error.problems)
            return
        self._edit(with_network(self._document.draft, network), text.format(name))
        self.choose({name})

    def _take(
        self,
        edit: Callable[[], Network],
        text: str,
        merge_key: str | None = None,
        renamed: Mapping[str, str] | None = None,
    ) -> bool:
        """Make an edit; what a layer has of its own in learning goes where it goes. Whether it could be made."""
        try:
            network = edit()
        except ProblemError as error:
            self.refused.emit(error.problems)
            return False
        self._edit(with_network(self._document.draft, network, renamed), text, merge_key)
        return True

    def _edit(self, experiment: Experiment, text: str, merge_key: str | None = None) -> None:
        self._document.edit(experiment, text, merge_key)


def some(names: Collection[str]) -> str:
    """Layers as they are named in the undo menu."""
    return ", ".join(names) if len(names) < 3 else f"{len(names)} layers"
