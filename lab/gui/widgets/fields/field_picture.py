"""The input with a receptive field on it: the theory's box, and over it what was measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.gui.theme import LIGHT, Theme, diverging, rgb, sequential
from lab.gui.widgets.colour import image_of, pixel_table, rows_of_map, with_alpha
from lab.gui.widgets.microscope.grid import ARROWS
from lab.network.receptive_field import Region
from lab.training.fields import Effective

MARGIN = 6

Values = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Shown:
    """`image` is [channels, height, width]; `measured` [height, width], or None, is `signed` or not."""

    image: Values
    region: Region
    around: int
    """Pixels of padding to be shown on each side."""
    measured: Values | None = None
    signed: bool = False
    effective: Effective | None = None


class FieldPicture(QWidget):
    """`pointed` carries (row, column) of the input, in pixels, while the mouse is pressed; `stepped` how many units to
    go (down, right) by the arrow keys; `hovered` the pixel under the mouse, or None."""

    pointed = Signal(float, float)
    stepped = Signal(int, int)
    hovered = Signal(object)

    own_keys = frozenset(ARROWS)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._shown: Shown | None = None
        self._painted: tuple[Values, object, QImage] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(70, 60)
        self.setAccessibleName("The input with the receptive field of the selected unit")

    def show_field(self, shown: Shown, words: str) -> None:
        self._shown = shown
        self.setAccessibleDescription(words)
        self.update()

    @property
    def shown(self) -> Shown | None:
        return self._shown

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(260, 240)

    # where it lies

    def _scale(self) -> tuple[float, QPointF]:
        """Pixels of the widget to one of the input, and where the input's first one lies."""
        assert self._shown is not None
        _, h, w = self._shown.image.shape
        around = self._shown.around
        room = self.width() - 2 * MARGIN, self.height() - 2 * MARGIN
        scale = max(min(room[0] / (w + 2 * around), room[1] / (h + 2 * around)), 0.1)
        if 3 < scale < 8:  # whole pixels, where one more or less would be seen
            scale = float(int(scale))
        return scale, QPointF((self.width() - w * scale) / 2, (self.height() - h * scale) / 2)

    def area_of(self, top: float, left: float, height: float, width: float) -> QRectF:
        """Where a rectangle of input pixels lies in the widget."""
        scale, corner = self._scale()
        return QRectF(corner.x() + left * scale, corner.y() + top * scale, width * scale, height * scale)

    def pixel_at(self, point: QPointF) -> tuple[float, float]:
        """(row, column) of the input under a point of the widget; 0 is the middle of the first pixel."""
        scale, corner = self._scale()
        return (point.y() - corner.y()) / scale - 0.5, (point.x() - corner.x()) / scale - 0.5

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        shown, theme = self._shown, self._theme
        if shown is None:
            return
        painter = QPainter(self)
        _, h, w = shown.image.shape
        whole = self.area_of(0, 0, h, w)
        painter.drawImage(whole, self._ground_image(shown))
        if shown.measured is not None:
            painter.drawImage(whole, image_of(self._overlay(shown.measured, shown.signed), veiled=True))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawRect(whole.adjusted(-0.5, -0.5, 0.5, 0.5))
        self._paint_field(painter, shown, whole)
        if shown.effective is not None and shown.effective.pixels:
            self._paint_ellipse(painter, shown.effective)

    def _ground_image(self, shown: Shown) -> QImage:
        """Remembered, because a field that is dragged stands on the same example."""
        kind = shown.measured is None, self._theme.name
        known = self._painted
        if known is None or known[0] is not shown.image or known[1] != kind:
            known = self._painted = shown.image, kind, image_of(self._ground(shown))
        return known[2]

    def _ground(self, shown: Shown) -> NDArray[np.uint32]:
        """The example: in the colours of all data; in grey, and fainter, where something lies over it."""
        mean = shown.image.mean(0)
        limit = float(np.abs(shown.image).max(initial=0.0)) or 1.0
        if shown.measured is None:
            table = pixel_table(diverging(self._theme), self._theme.danger)
            return table[rows_of_map(mean, -limit, limit)]
        low, high = float(mean.min()), float(mean.max())
        grey = np.clip((mean - low) / max(high - low, 1e-12), 0, 1)
        if self._theme.name == "light":
            grey = 1 - grey
        ends = zip(rgb(self._theme.surface), rgb(self._theme.muted), strict=True)
        red, green, blue = (((1 - 0.5 * grey) * a + 0.5 * grey * b).astype(np.uint32) for a, b in ends)
        pixels: NDArray[np.uint32] = (
            np.uint32(0xFF000000) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue
        )
        return pixels

    def _overlay(self, values: Values, signed: bool) -> NDArray[np.uint32]:
        """The measured field, see-through where it is 0."""
        limit = float(np.abs(values).max(initial=0.0))
        if not np.isfinite(limit) or limit <= 0:
            return np.zeros(values.shape, np.uint32)
        colours = diverging(self._theme) if signed else sequential(self._theme)
        table = pixel_table(colours, self._theme.danger)
        pixels = table[rows_of_map(values, -limit if signed else 0.0, limit)]
        opaque = np.clip(np.abs(values) / limit, 0, 1) ** 0.5  # so that faint borders are seen
        return (pixels & np.uint32(0x00FFFFFF)) | ((255 * opaque * 0.92).astype(np.uint32) << np.uint32(24))

    def _paint_field(self, painter: QPainter, shown: Shown, whole: QRectF) -> None:
        theme, region = self._theme, shown.region
        if not region.height or not region.width:
            return
        field = self.area_of(region.top, region.left, region.height, region.width)
        veil = with_alpha(theme.surface, 0.45)
        inside = field.intersected(whole)
        for strip in (
            QRectF(whole.left(), whole.top(), whole.width(), inside.top() - whole.top()),
            QRectF(whole.left(), inside.bottom(), whole.width(), whole.bottom() - inside.bottom()),
            QRectF(whole.left(), inside.top(), inside.left() - whole.left(), inside.height()),
            QRectF(inside.right(), inside.top(), whole.right() - inside.right(), inside.height()),
        ):
            if strip.width() > 0 and strip.height() > 0:
                painter.fillRect(strip, veil)
        painter.setPen(QPen(QColor(theme.surface), 4))
        painter.drawRect(field)
        painter.setPen(QPen(QColor(theme.accent), 2))
        painter.drawRect(field)

    def _paint_ellipse(self, painter: QPainter, found: Effective) -> None:
        (y, x), (down, across) = found.centre, found.deviation
        area = self.area_of(y + 0.5 - 2 * down, x + 0.5 - 2 * across, 4 * down, 4 * across)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for colour, width, style in (
            (self._theme.surface, 3.5, Qt.PenStyle.SolidLine),
            (self._theme.text, 1.5, Qt.PenStyle.DashLine),
        ):
            painter.setPen(QPen(QColor(colour), width, style))
            painter.drawEllipse(area)

    # pointing

    def _point(self, event: QMouseEvent) -> None:
        if self._shown is not None:
            self.pointed.emit(*self.pixel_at(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._point(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._shown is None:
            return
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._point(event)
        y, x = (round(v) for v in self.pixel_at(event.position()))
        _, h, w = self._shown.image.shape
        self.hovered.emit((y, x) if 0 <= y < h and 0 <= x < w else None)

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = ARROWS.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        far = 5 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        self.stepped.emit(step[0] * far, step[1] * far)
