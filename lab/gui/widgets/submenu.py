"""Submenus of a menu that is filled anew whenever it opens."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu


def submenu(menu: QMenu, title: str) -> QMenu:
    """An empty submenu at the end of `menu`; the one that it had under this title before, if it had one.

    `QMenu.clear` takes submenus out and leaves them alive, with all their actions: made anew at each opening, they
    would be more and more.
    """
    known = menu.findChildren(QMenu, title, Qt.FindChildOption.FindDirectChildrenOnly)
    sub = known[0] if known else QMenu(title, menu)
    sub.setObjectName(title)
    sub.clear()
    menu.addMenu(sub)
    return sub
