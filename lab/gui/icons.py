"""The window's icons: line drawings in the theme's own colours, crisp at every scale."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtSvg import QSvgRenderer

from lab.gui.theme import Theme, blended, icon_folder

SIZES = (16, 20, 24, 32, 48)
DOT = 10
"""Pixels that a run's dot takes at 100 %."""


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


@lru_cache(maxsize=64)
def run_dot(theme: Theme, colour: int, hollow: bool = False) -> QIcon:
    """A disc in a run's colour; a ring for a run that has stopped."""
    result = QIcon()
    for ratio in (1, 2, 3):
        size = DOT * ratio
        pixmap = QPixmap(size, size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shade = QColor(theme.run(colour))
        painter.setPen(QPen(shade, 2 * ratio))
        painter.setBrush(QColor(0, 0, 0, 0) if hollow else shade)
        painter.drawEllipse(QPointF(size / 2, size / 2), 3.5 * ratio, 3.5 * ratio)
        painter.end()
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):  # Qt would tint what is selected
            result.addPixmap(pixmap, mode)
    return result


def window_icon() -> QIcon:
    result = QIcon()
    for size in (16, 32, 48, 64, 128, 256):
        result.addPixmap(drawn("descent", "#000000", size))
    return result
