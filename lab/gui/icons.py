"""The window's icons: line drawings in the theme's own colours, crisp at every scale."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from lab.gui.theme import Theme, blended, icon_folder

SIZES = (16, 20, 24, 32, 48)


def drawn(name: str, colour: str, size: int) -> QPixmap:
    """The icon `name` in one colour, `size` device pixels wide."""
    text = (icon_folder() / f"{name}.svg").read_text("utf-8").replace("currentColor", QColor(colour).name())
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(text.encode())).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap


@lru_cache(maxsize=128)
def icon(name: str, theme: Theme, colour: str | None = None) -> QIcon:
    """The icon `name` in the theme's text colour or in `colour`, paler while disabled."""
    result = QIcon()
    pale = blended(theme.muted, theme.background, 0.5)
    for size in SIZES:
        result.addPixmap(drawn(name, colour or theme.text, size))
        result.addPixmap(drawn(name, pale, size), QIcon.Mode.Disabled)
    return result


def window_icon() -> QIcon:
    result = QIcon()
    for size in (16, 32, 48, 64, 128, 256):
        result.addPixmap(drawn("descent", "#000000", size))
    return result
