"""Cards: small pictures that belong together, side by side under one caption, in as many columns as there is room."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.gui.theme import LIGHT, Theme, diverging, number_font
from lab.gui.widgets.colour import image_of, pixel_table, pixels_of, rows_of_map
from lab.network.receptive_field import Region

GAP, MARGIN, BETWEEN = 12, 4, 4
"""Pixels: between cards, around them all, and between the pictures of one."""
ROOMY, SMALL, LARGE = 460, 62, 132
"""Pixels of width below which pictures are smaller, how high they are then, and how high they may be."""
MOST_WORDS = 104
"""Pixels of width that a caption may ask for."""


@dataclass(frozen=True, eq=False)
class Picture:
    """Numbers [height, width] with a sign, from `low` to `high` of the diverging colours, or [3, height, width] as red,
    green and blue. `field` is outlined, and what lies outside is dimmed; `spot` (row, column) is outlined."""

    values: NDArray[np.floating]
    low: float
    high: float
    field: Region | None = None
    spot: tuple[int, int] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in numbers."""
        height, width = self.values.shape[-2:]
        return height, width

    def image(self, theme: Theme) -> QImage:
        if self.values.ndim == 3:
            return image_of(pixels_of(np.moveaxis(self.values, 0, -1), self.low, self.high, theme.danger))
        table = pixel_table(diverging(theme), theme.danger)
        return image_of(table[rows_of_map(self.values, self.low, self.high)])


@dataclass(frozen=True, eq=False)
class Card:
    """`pictures` are as high as one another. `caption` stands below, `words` say it all to who cannot see."""

    pictures: tuple[Picture, ...]
    caption: str
    words: str


@dataclass(frozen=True)
class Pointed:
    """A number of a card's picture."""

    card: int
    picture: int
    row: int
    column: int


class Cards(QWidget):
    """As high as its cards need. Arrow keys turn from card to card."""

    hovered = Signal(object)
    """A Pointed, or None."""
    clicked = Signal(object)
    """A Pointed."""

    own_keys = frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right})

    def __init__(self, side: int = 84, parent: QWidget | None = None) -> None:
        """`side`: the height of pictures, in pixels."""
        super().__init__(parent)
        self._theme, self._side, self._wished = LIGHT, side, side
        self._cards: tuple[Card, ...] = ()
        self._images: list[list[QImage]] = []
        self._areas: list[list[QRectF]] = []
        self._columns, self._across, self._each = 1, 0, 0.0
        self._chosen = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)

    @property
    def cards(self) -> tuple[Card, ...]:
        return self._cards

    @property
    def chosen(self) -> int:
        return self._chosen

    def show_cards(self, cards: tuple[Card, ...], across: int = 0) -> None:
        """As large as lets so many stand `across`, where that is not 0."""
        self._cards, self._across = cards, across
        self._paint_images()
        self._arrange()
        self.choose(self._chosen)

    def choose(self, card: int) -> None:
        """Outline a card, as if it had been clicked; -1: none."""
        self._chosen = card if card < len(self._cards) else -1
        self.setAccessibleDescription(self._cards[card].words if self._chosen >= 0 else "")
        self.update()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._paint_images()
        self.update()

    def _paint_images(self) -> None:
        self._images = [[picture.image(self._theme) for picture in card.pictures] for card in self._cards]

    # where it lies

    def _fit(self) -> None:
        """How high the pictures are."""
        self._side = self._wished if self.width() >= ROOMY else min(self._wished, SMALL)
        if self._across and self._cards:
            # widths grow as heights do, so one look at them says how high they may be
            each = (self.width() - 2 * MARGIN + GAP) / self._across - GAP - BETWEEN
            self._side = round(
                max(min(self._side * each / max(map(self._wide_of, self._cards)), LARGE), SMALL)
            )

    def _wide_of(self, card: Card) -> float:
        return sum(self._wide(picture) + BETWEEN for picture in card.pictures) - BETWEEN

    def _wide(self, picture: Picture) -> float:
        height, width = picture.size
        return max(min(self._side * width / height, 3.0 * self._side), 6.0)

    def _arrange(self) -> None:
        self._fit()
        line = self.fontMetrics().height()
        each = max(map(self._wide_of, self._cards), default=1.0)
        words = max((self.fontMetrics().horizontalAdvance(card.caption) for card in self._cards), default=0)
        each = max(each, min(words, MOST_WORDS))
        self._each = each
        pitch = each + GAP, self._side + line + 4 + GAP
        self._columns = max(int((self.width() - 2 * MARGIN + GAP) // pitch[0]), 1)
        self._areas = []
        for k, card in enumerate(self._cards):
            down, across = divmod(k, self._columns)
            x, y = MARGIN + across * pitch[0], MARGIN + down * pitch[1]
            areas = []
            for picture in card.pictures:
                areas.append(QRectF(round(x), round(y), round(self._wide(picture)), self._side))
                x += self._wide(picture) + BETWEEN
            self._areas.append(areas)
        self.setMinimumHeight(round(-(-len(self._cards) // self._columns) * pitch[1] + MARGIN))
        self.updateGeometry()

    def card_area(self, card: int) -> QRectF:
        areas = self._areas[card]
        return QRectF(areas[0].topLeft(), areas[-1].bottomRight())

    def sizeHint(self) -> QSize:
        return QSize(240, self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            self._arrange()

    def spot_area(self, at: Pointed) -> QRectF:
        """Where a number lies in the widget."""
        area, picture = self._areas[at.card][at.picture], self._cards[at.card].pictures[at.picture]
        return self._cells(area, picture, Region(at.row, at.column, 1, 1))

    @staticmethod
    def _cells(area: QRectF, picture: Picture, region: Region) -> QRectF:
        height, width = picture.size
        y, x = area.height() / height, area.width() / width
        return QRectF(
            area.left() + region.left * x, area.top() + region.top * y, region.width * x, region.height * y
        )

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(number_font(max(self.font().pointSizeF() - 0.5, 6)))
        line = self.fontMetrics().height()
        seen = QRectF(event.rect())
        for k, (card, areas, images) in enumerate(zip(self._cards, self._areas, self._images, strict=True)):
            whole = self.card_area(k)
            if not whole.adjusted(-4, -4, 4, line + 6).intersects(seen):
                continue
            for picture, area, image in zip(card.pictures, areas, images, strict=True):
                painter.drawImage(area, image)
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(QColor(self._theme.border), 1))
                painter.drawRect(area.adjusted(-0.5, -0.5, 0.5, 0.5))
                self._paint_marks(painter, picture, area)
            if k == self._chosen:
                self._outline(painter, whole.adjusted(-2, -2, 2, 2))
            painter.setPen(QColor(self._theme.text if k == self._chosen else self._theme.muted))
            below = QRectF(whole.left(), whole.bottom() + 3, max(whole.width(), self._each), line)
            text = painter.fontMetrics().elidedText(
                card.caption, Qt.TextElideMode.ElideRight, int(below.width())
            )
            painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_marks(self, painter: QPainter, picture: Picture, area: QRectF) -> None:
        if picture.field is not None:
            field = self._cells(area, picture, picture.field).intersected(area)
            if field.size() != area.size():
                veil = QColor(self._theme.surface)
                veil.setAlphaF(0.5)
                painter.save()
                painter.setClipRect(area)
                for strip in (
                    QRectF(area.left(), area.top(), area.width(), field.top() - area.top()),
                    QRectF(area.left(), field.bottom(), area.width(), area.bottom() - field.bottom()),
                    QRectF(area.left(), field.top(), field.left() - area.left(), field.height()),
                    QRectF(field.right(), field.top(), area.right() - field.right(), field.height()),
                ):
                    if strip.isValid():
                        painter.fillRect(strip, veil)
                painter.restore()
                self._outline(painter, field)
        if picture.spot is not None:
            self._outline(painter, self._cells(area, picture, Region(*picture.spot, 1, 1)))

    def _outline(self, painter: QPainter, area: QRectF) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, wide in ((self._theme.surface, 4), (self._theme.accent, 2)):
            painter.setPen(QPen(QColor(colour), wide))
            painter.drawRect(area)

    # pointing

    def place_at(self, point: QPointF) -> Pointed | None:
        for card, areas in enumerate(self._areas):
            for number_of, area in enumerate(areas):
                if area.contains(point):
                    height, width = self._cards[card].pictures[number_of].size
                    row = int((point.y() - area.top()) * height / area.height())
                    column = int((point.x() - area.left()) * width / area.width())
                    return Pointed(card, number_of, min(row, height - 1), min(column, width - 1))
        return None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hovered.emit(self.place_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.place_at(event.position())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self.choose(place.card)
            self.clicked.emit(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -self._columns,
            Qt.Key.Key_Down: self._columns,
        }.get(Qt.Key(event.key()))
        if step is None or not self._cards:
            super().keyPressEvent(event)
            return
        wanted = self._chosen + step if self._chosen >= 0 else 0
        if 0 <= wanted < len(self._cards):
            self.choose(wanted)
            self.clicked.emit(Pointed(wanted, 0, 0, 0))
