"""A layer as a block: its name, kind and numbers, what it sees of the input, and what is wrong with it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from lab.gui.widgets.graph.faces import Face, Sight
from lab.gui.widgets.graph.look import (
    MEND_GAP,
    MEND_HEIGHT,
    PAD,
    RADIUS,
    STRIPE,
    WRAPPED,
    Look,
    problem_text,
    wrapped_height,
)
from lab.network.diagram import HEIGHT, Box

LEGIBLE, VISIBLE = 0.42, 0.14
"""Below the first of these scales only names are drawn, larger; below the second nothing is: nobody could read it."""
PORT = 5.0
LINES = (9.0, 27.0, 44.0)
"""Where the three lines of words begin; each is 16 high."""
GLYPH = 15.0
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def shortened(text: str, metrics: QFontMetricsF, room: float) -> str:
    """As many of the parts as there is room for; the tooltip has all of them."""
    parts = text.split(" · ")
    while len(parts) > 1 and metrics.horizontalAdvance(text) > room:
        parts.pop()
        text = " · ".join(parts) + " …"
    return text


class BlockItem(QGraphicsItem):
    """It is told what to show and draws it. What the mouse does is the canvas's affair."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self.box: Box | None = None
        self.face = Face("")
        self.chosen = self.hovered = self.targeted = self.on_port = False
        self.hovered_mend = -1
        self.port = QPointF()
        self._mends: list[QRectF] = []
        self._problem = QRectF()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.setZValue(2)

    def show_box(self, box: Box, face: Face, port: QPointF) -> None:
        """Stand where `box` lies and say what `face` says; `port` is where the output leaves, within the block."""
        if box != self.box:
            if self.box is None or (box.width, box.height) != (self.box.width, self.box.height):
                self.prepareGeometryChange()
            self.setPos(box.x, box.y)
        elif face == self.face and port == self.port:
            return
        self.box, self.face, self.port = box, face, port
        self._lay_out()
        self.update()

    def show_state(self, *, chosen: bool) -> None:
        if chosen != self.chosen:
            self.chosen = chosen
            self.update()

    def show_hovered(self, hovered: bool, *, on_port: bool = False, mend: int = -1) -> None:
        """Whether the mouse is over it, over its port, and over which of its buttons."""
        if (hovered, on_port, mend) != (self.hovered, self.on_port, self.hovered_mend):
            self.hovered, self.on_port, self.hovered_mend = hovered, on_port, mend
            self.update()

    def show_targeted(self, targeted: bool) -> None:
        """Whether a connection would end here."""
        self.targeted = targeted
        self.update()

    def set_look(self, look: Look) -> None:
        self.look = look
        self._lay_out()
        self.update()

    @property
    def index(self) -> int:
        return -2 if self.box is None else self.box.index

    @property
    def is_layer(self) -> bool:
        return self.face.group >= 0

    @property
    def rect(self) -> QRectF:
        return QRectF() if self.box is None else QRectF(0, 0, self.box.width, self.box.height)

    def mend_at(self, point: QPointF) -> int:
        """Which of the buttons lies under a point of the block; -1 for none."""
        return next((number for number, rect in enumerate(self._mends) if rect.contains(point)), -1)

    def mend_rects(self) -> list[QRectF]:
        return list(self._mends)

    def boundingRect(self) -> QRectF:
        return self.rect.adjusted(-3, -3, 3, PORT + 3)

    def _lay_out(self) -> None:
        self._mends, self._problem = [], QRectF()
        if self.box is None or not self.face.problems:
            return
        width = self.box.width - 2 * PAD
        height = wrapped_height(problem_text(self.face), self.look.plain, width)
        self._problem = QRectF(PAD, HEIGHT, width, height + 1)
        y = self._problem.bottom() + MEND_GAP
        for _ in self.face.mends:
            self._mends.append(QRectF(PAD, y, width, MEND_HEIGHT))
            y += MEND_HEIGHT + MEND_GAP

    # --- drawing

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        if self.box is None:
            return
        scale = option.levelOfDetailFromTransform(painter.worldTransform())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, is_far=scale < LEGIBLE)
        if scale < LEGIBLE:
            if scale >= VISIBLE:
                self._paint_from_far(painter)
            return
        if self.is_layer:
            self._paint_words(painter)
            if self.face.problems:
                self._paint_problem(painter)
        else:
            self._paint_end(painter)
        if (self.hovered or self.on_port) and self.port != QPointF():
            self._paint_port(painter)

    def _paint_ground(self, painter: QPainter, *, is_far: bool) -> None:
        look, rect = self.look, self.rect.adjusted(0.5, 0.5, -0.5, -0.5)
        radius = RADIUS if self.is_layer else rect.height() / 2
        fill = look.far[self.face.group] if is_far and self.is_layer else look.block
        if self.face.problems:
            fill = look.wrong
        if self.chosen:
            fill = look.chosen
        elif self.hovered and not self.face.problems:
            fill = look.hovered
        strong = self.chosen or self.targeted
        border = look.accent if strong else look.danger if self.face.problems else look.border
        if self.is_layer:
            shape = QPainterPath()
            shape.addRoundedRect(rect, radius, radius)
            painter.fillPath(shape, fill)
            painter.save()
            painter.setClipPath(shape, Qt.ClipOperation.IntersectClip)
            painter.fillRect(QRectF(rect.left(), rect.top(), STRIPE, rect.height()), self._stripe())
            painter.restore()
            painter.setPen(QPen(border, 2.0 if strong else 1.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(shape)
        else:
            painter.setPen(QPen(border, 2.0 if strong else 1.0))
            painter.setBrush(fill)
            painter.drawRoundedRect(rect, radius, radius)

    def _paint_from_far(self, painter: QPainter) -> None:
        edge = PAD if self.is_layer else 2.0
        look, rect = self.look, self.rect.adjusted(edge, 0, -edge, 0)
        painter.setFont(look.large)
        painter.setPen(look.text if self.is_layer else look.muted)
        name = QFontMetricsF(look.large).elidedText(
            self.face.title, Qt.TextElideMode.ElideRight, rect.width()
        )
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, name)

    def _stripe(self) -> QColor:
        return self.look.danger if self.face.problems else self.look.stripes[self.face.group]

    def _paint_words(self, painter: QPainter) -> None:
        look, face, width = self.look, self.face, self.rect.width()
        room = width - 2 * PAD
        name_room = room
        if face.sight is not None:
            name_room = self._paint_sight(painter, face.sight, QRectF(PAD, LINES[0], room, 16)) - PAD
        self._line(painter, look.bold, look.text, 0, face.title, name_room)
        kind = shortened(face.kind, QFontMetricsF(look.plain), room)
        self._line(painter, look.plain, look.muted, 1, kind, room)
        self._line(
            painter,
            look.figures,
            look.muted if face.numbers[:1] in "n–" else look.text,
            2,
            face.numbers,
            room,
        )

    @staticmethod
    def _line(painter: QPainter, font: QFont, colour: QColor, line: int, text: str, room: float) -> None:
        painter.setFont(font)
        painter.setPen(colour)
        text = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(PAD, LINES[line], room + 2, 16), LEFT, text)

    def _paint_sight(self, painter: QPainter, sight: Sight, line: QRectF) -> float:
        """A small input with the field in it, and the field in words before it; gives where the name must end."""
        look = self.look
        aspect = sight.of.width / sight.of.height
        width, height = (GLYPH, GLYPH / aspect) if aspect >= 1 else (GLYPH * aspect, GLYPH)
        width, height = max(width, 4.0), max(height, 4.0)
        frame = QRectF(line.right() - width, line.center().y() - height / 2, width, height)
        seen = sight.region.clipped(sight.of)
        part = QRectF(
            frame.left() + seen.left / sight.of.width * width,
            frame.top() + seen.top / sight.of.height * height,
            max(seen.width / sight.of.width * width, 1.5),
            max(seen.height / sight.of.height * height, 1.5),
        )
        painter.fillRect(part & frame, look.field)
        painter.setPen(QPen(look.line, 1.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(frame)
        metrics = QFontMetricsF(look.figures)
        words = sight.words
        name = QFontMetricsF(look.bold).horizontalAdvance(self.face.title)
        right = line.right() - GLYPH - 6
        if name + metrics.horizontalAdvance(words) + 12 > right - line.left() and " of " in words:
            words = words.split(" of ")[0]  # the name first; the input tells its own size
        extent = metrics.horizontalAdvance(words) + 1
        painter.setFont(look.figures)
        painter.setPen(look.muted)
        painter.drawText(QRectF(right - extent, line.top(), extent, line.height()), RIGHT, words)
        return right - extent - 8

    def _paint_problem(self, painter: QPainter) -> None:
        look = self.look
        painter.setFont(look.plain)
        painter.setPen(look.danger)
        painter.drawText(self._problem, int(WRAPPED.value), problem_text(self.face))
        metrics = QFontMetricsF(look.plain)
        for number, (rect, text) in enumerate(zip(self._mends, self.face.mends, strict=True)):
            over = number == self.hovered_mend
            painter.setPen(QPen(look.accent, 1.0))
            painter.setBrush(look.accent if over else look.block)
            painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
            painter.setPen(look.accent_text if over else look.accent)
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width() - 16)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_end(self, painter: QPainter) -> None:
        """The input with its shape, or the output."""
        look, rect = self.look, self.rect
        if not self.face.kind:
            painter.setFont(look.bold)
            painter.setPen(look.muted)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self.face.title)
            return
        painter.setFont(look.bold)
        painter.setPen(look.text)
        painter.drawText(QRectF(0, 5, rect.width(), 17), Qt.AlignmentFlag.AlignCenter, self.face.title)
        painter.setFont(look.figures)
        painter.setPen(look.muted)
        painter.drawText(QRectF(0, 22, rect.width(), 16), Qt.AlignmentFlag.AlignCenter, self.face.kind)

    def _paint_port(self, painter: QPainter) -> None:
        painter.setPen(QPen(self.look.accent, 1.5))
        painter.setBrush(self.look.accent if self.on_port else self.look.block)
        painter.drawEllipse(self.port, PORT - 0.5, PORT - 0.5)
