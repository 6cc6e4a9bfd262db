"""How the window is laid out, as text that a document can carry."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, get_args

from PySide6.QtCore import QByteArray

from lab.gui.arrangement import Kind

if TYPE_CHECKING:
    from lab.gui.main_window import MainWindow

WINDOW_VERSION = 1
GEOMETRY, STATE, KIND, VIEWS = "window/geometry", "window/state", "workspace/kind", "workspace/views"
OPEN, PINS, SETTINGS = "workspace/open", "workspace/pins", "workspace/settings"


def captured(window: MainWindow) -> dict[str, str]:
    """Where everything is."""
    return {
        GEOMETRY: _text(window.saveGeometry()),
        STATE: _text(window.saveState(WINDOW_VERSION)),
        KIND: window.workspace.kind,
        VIEWS: _text(window.workspace.state()),
        OPEN: window.workspace.in_sight,
        PINS: window.workspace.pins,
        SETTINGS: window.workspace.settings,
    }


def restore_geometry(window: MainWindow, layout: Mapping[str, str]) -> None:
    """Size and place, for a window that has not been shown yet: nobody wants it to jump under their hands."""
    if state := _bytes(layout.get(GEOMETRY, "")):
        window.restoreGeometry(state)


def restore(window: MainWindow, layout: Mapping[str, str]) -> None:
    """Put panels and views as they were, as far as this version knows how; else they stay as they are."""
    if state := _bytes(layout.get(STATE, "")):
        window.restoreState(state, WINDOW_VERSION)
    kind, views = layout.get(KIND), _bytes(layout.get(VIEWS, ""))
    for known in get_args(Kind):
        if kind == known and views:
            if window.workspace.kind != known:
                window.workspace.arrange(known)
            if not window.workspace.restore(views, layout.get(OPEN)):
                window.workspace.arrange(known)
            window.workspace.restore_pins(layout.get(PINS, ""))
    window.workspace.restore_settings(layout.get(SETTINGS, ""))


def _text(state: QByteArray) -> str:
    return base64.b64encode(state.data()).decode("ascii")


def _bytes(text: str) -> QByteArray | None:
    try:
        return QByteArray(base64.b64decode(text, validate=True)) if text else None
    except (binascii.Error, ValueError):
        return None
