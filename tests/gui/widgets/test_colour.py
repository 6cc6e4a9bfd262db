"""Pictures made of pixels look the same whichever way they are held."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter

from lab.gui.widgets.colour import image_of


def painted(image: QImage, ground: str) -> list[QColor]:
    """What is seen of a row of pixels on a ground."""
    canvas = QImage(image.size(), QImage.Format.Format_RGB32)
    canvas.fill(QColor(ground))
    painter = QPainter(canvas)
    painter.drawImage(QPointF(0, 0), image)
    painter.end()
    return [canvas.pixelColor(x, 0) for x in range(image.width())]


def test_opaque_pixels_and_none() -> None:
    pixels = np.array([[0xFF123456, 0x00000000, 0xFFFFFFFF]], np.uint32)
    seen = painted(image_of(pixels), "#abcdef")
    assert [colour.name() for colour in seen] == ["#123456", "#abcdef", "#ffffff"]


def test_a_veil_lets_the_ground_through() -> None:
    (half,) = painted(image_of(np.array([[0x80FF0000]], np.uint32), veiled=True), "#ffffff")
    assert half.red() == 255
    assert abs(half.green() - 127) <= 1


def test_it_is_a_picture_of_its_own() -> None:
    pixels = np.full((2, 3), 0xFF00FF00, np.uint32)
    image = image_of(pixels)
    pixels[:] = 0
    assert image.pixelColor(2, 1).name() == "#00ff00"
