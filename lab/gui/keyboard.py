"""Which keys belong to the widget that has the focus, and where the focus may go."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QTabBar,
    QWidget,
)

from lab.gui.widgets.dock import TitledDock

OWN_KEYS: tuple[tuple[type[QWidget], frozenset[Qt.Key]], ...] = (
    (QAbstractButton, frozenset({Qt.Key.Key_Space})),
    *(
        (cls, frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End}))
        for cls in (QAbstractSlider, QAbstractSpinBox, QLineEdit, QAbstractItemView, QTabBar, QComboBox)
    ),
)
"""What a widget of Qt's that has the focus keeps for itself, though the window has an action on the same key. A
widget of this house that reads such keys names them in its `own_keys`."""


def keeps_key(focus: QWidget | None, key: int) -> bool:
    """Whether the widget with the focus keeps a key for itself."""
    if key in getattr(focus, "own_keys", ()):
        return True
    return any(isinstance(focus, cls) and key in keys for cls, keys in OWN_KEYS)


def is_covered(widget: QWidget | None) -> bool:
    """Whether the widget is in a dock that lies behind another tab."""
    while widget is not None:
        if isinstance(widget, TitledDock) and widget.is_covered:
            return True
        widget = widget.parentWidget()
    return False
