"""Puts docks where an arrangement has them, and closes those that a saved state did not have open."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow

from lab.gui.arrangement import Arrangement
from lab.gui.view_dock import ViewDock

ACROSS, DOWN = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
APART = 260
"""Pixels that a view needs at least to stand beside another one instead of behind it."""


def arrange(window: QMainWindow, docks: Mapping[str, ViewDock], arrangement: Arrangement) -> None:
    """The first of each cell in front; what has no place is closed."""
    along, across = (ACROSS, DOWN) if arrangement.upright else (DOWN, ACROSS)
    for dock in docks.values():
        dock.setFloating(False)
        window.removeDockWidget(dock)
    firsts = [docks[line.cells[0][1][0]] for line in arrangement.lines]
    window.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, firsts[0])
    for before, first in pairwise(firsts):
        window.splitDockWidget(before, first, along)
    for line in arrangement.lines:
        for (_, left), (_, right) in pairwise(line.cells):
            window.splitDockWidget(docks[left[0]], docks[right[0]], across)
    for cell in arrangement.cells:
        for name in cell[1:]:
            window.tabifyDockWidget(docks[cell[0]], docks[name])
    for name, dock in docks.items():
        if name not in arrangement.names:  # without a place it would lie across the others once it is opened
            window.tabifyDockWidget(docks[arrangement.spare], dock)
            dock.hide()
    for cell in arrangement.cells:
        for name in cell:
            docks[name].show()
        docks[cell[0]].raise_()
    size = {ACROSS: max(window.width(), 600), DOWN: max(window.height(), 400)}
    window.resizeDocks(firsts, [round(line.share * size[along]) for line in arrangement.lines], along)
    for line in arrangement.lines:
        shares = [round(share * size[across]) for share, _ in line.cells]
        window.resizeDocks([docks[cell[0]] for _, cell in line.cells], shares, across)


def place_beside(window: QMainWindow, dock: ViewDock, other: ViewDock) -> None:
    """Beside the other one where both have room, else as a tab in front of it."""
    alone = not window.tabifiedDockWidgets(other) and not other.isFloating()
    wide, high = other.width(), other.height()
    if alone and max(wide, high) >= 2 * APART:
        window.splitDockWidget(other, dock, ACROSS if wide >= high else DOWN)
    elif other.isFloating():
        window.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, dock)
    else:
        window.tabifyDockWidget(other, dock)
    dock.show()
    dock.raise_()


def close_others(
    window: QMainWindow,
    docks: Mapping[str, ViewDock],
    kept: list[str],
    state: bytes,
    arranged: list[str],
    arrangement: Arrangement,
) -> None:
    """Close the views that were not open: Qt opens all, those that are not in its state in a place of their own.

    A view that the state does not know is newer than it, and goes where the arrangement has it.
    """
    for name, dock in docks.items():
        is_new = dock.objectName().encode("utf-16-be") not in state  # as Qt writes names
        near = [n for cell in arrangement.cells if name in cell for n in cell if n != name and n in kept]
        if is_new and name in arranged and near and not docks[near[0]].isFloating():
            window.tabifyDockWidget(docks[near[0]], dock)
            docks[near[0]].raise_()
        elif is_new or name not in kept:
            dock.hide()
