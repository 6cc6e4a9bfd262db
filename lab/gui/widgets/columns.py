"""What tables of records have in common: figures stand at the right, words at the left, and so do their headings."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt


def side(words: bool) -> Qt.AlignmentFlag:
    """Where a cell's content stands."""
    across = Qt.AlignmentFlag.AlignLeft if words else Qt.AlignmentFlag.AlignRight
    return across | Qt.AlignmentFlag.AlignVCenter


def heading(title: str, tip: str, words: bool, role: int) -> Any:
    """What a model says of a column in its header."""
    if role == Qt.ItemDataRole.DisplayRole:
        return title
    if role == Qt.ItemDataRole.ToolTipRole:
        return tip
    return side(words) if role == Qt.ItemDataRole.TextAlignmentRole else None
