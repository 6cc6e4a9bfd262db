"""The menu of all layers that can be added, by what they do."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from lab.network.layers import LAYERS
from lab.network.layers.layer import Layer

OTHER = "Other"


def grouped(classes: Iterable[type[Layer]]) -> dict[str, list[type[Layer]]]:
    """Layers by what they do, as each says in its `group`, in the order of the first of each; the rest comes last."""
    groups: dict[str, list[type[Layer]]] = {}
    for cls in classes:
        groups.setdefault(getattr(cls, "group", OTHER), []).append(cls)
    if OTHER in groups:
        groups[OTHER] = groups.pop(OTHER)
    return groups


class LayerMenu(QMenu):
    """A submenu for each group. `picked` gives a layer as it is by default."""

    picked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.groups: dict[str, QMenu] = {}
        for group, classes in grouped(LAYERS).items():
            menu = self.groups[group] = QMenu(group, self)
            self.addMenu(menu)
            for cls in classes:
                action = menu.addAction(f"{cls.title}\t{cls.summary}")
                action.triggered.connect(lambda _=False, cls=cls: self.picked.emit(cls()))
