"""Which keys belong to the widget that has the focus, and where the focus may go."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
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


class OwnKeys(QObject):
    """Sees to it that a window's actions leave the keys to the widget that keeps them.

    A filter, and not the window's `event`: the window paints all it has within one event, and an override in Python
    would hold the interpreter's lock for as long, of which the compute thread needs it.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
            return False
        keeps = keeps_key(QApplication.focusWidget(), event.key())
        if keeps:
            event.accept()
        return keeps


def is_covered(widget: QWidget | None) -> bool:
    """Whether the widget is in a dock that lies behind another tab."""
    while widget is not None:
        if isinstance(widget, TitledDock) and widget.is_covered:
            return True
        widget = widget.parentWidget()
    return False
