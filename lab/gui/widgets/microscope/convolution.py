"""A convolution: the window on its input, and channel by channel patch, kernel and products as grids of numbers."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QToolButton, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.microscope.cells import LEGIBLE
from lab.gui.widgets.microscope.face import Face, named
from lab.gui.widgets.microscope.grid import NumberGrid
from lab.gui.widgets.microscope.picture import Margin, Scene, shown_channels
from lab.network.network import INPUT, Facts
from lab.training.microscope import Choice, Forward, Patches, Slide, Token, bracketed, said

MOST = 4
"""Channels that are shown in full unless a person asks for all."""
ALL = 64
SMALLEST, LARGEST = 9, 36
"""Pixels of a cell's side."""
GAPS = 88
"""Pixels between the parts of a row, with the signs there."""
COLOURS = ("red", "green", "blue")


class ChannelRows(QWidget):
    """channel | patch × kernel = products | sum"""

    pointed = Signal(object)
    """A Token: a weight or a number of the patch was clicked."""
    picked = Signal(object)
    """A Spot: a number of the patch was clicked."""
    hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._patches: Patches | None = None
        self._chosen = Choice()
        self._all = False
        self._beside = 0.0  # pixels that names and sums take
        self._rows: list[tuple[QLabel, NumberGrid, QLabel, NumberGrid, QLabel, NumberGrid, QLabel]] = []
        self._order: list[int] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(7)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(7, 1)
        for column, words in ((1, "patch"), (3, "kernel"), (5, "products"), (6, "sum")):
            head = QLabel(words)
            head.setProperty("caption", True)
            self._grid.addWidget(head, 0, column)
        self.more = QToolButton()
        self.more.setProperty("link", True)
        self.more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.more.clicked.connect(self._toggle)

    def show_patches(self, patches: Patches, chosen: Choice) -> None:
        before, self._patches, self._chosen = self._patches, patches, chosen
        if before is None or before.source != patches.source:
            self._beside = 0.0
        names, bold = self.fontMetrics(), QFontMetricsF(number_font(bold=True))
        name = max(names.horizontalAdvance(_channel_name(patches, int(c))) for c in patches.channels)
        total = max(bold.horizontalAdvance(f"Σ = {said(s)}") for s in patches.sums.tolist())
        self._beside = max(
            self._beside, name + total
        )  # it does not shrink: cells keep their size from place to place
        self._fill()

    def _toggle(self) -> None:
        self._all = not self._all
        self._fill()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        for row in self._rows:
            for part in row:
                if isinstance(part, NumberGrid):
                    part.show_theme(theme)

    @property
    def sums(self) -> list[str]:
        """What is said of each channel in sight."""
        return [row[6].text() for row in self._rows if not row[6].isHidden()]

    def grids(self, channel: int) -> tuple[NumberGrid, NumberGrid, NumberGrid]:
        """Patch, kernel and products of the channel in row `channel`."""
        row = self._rows[channel]
        return row[1], row[3], row[5]

    def side_for(self, width: float) -> int:
        """A cell's side where there is so much width."""
        if self._patches is None:
            return LARGEST
        cells = 3 * self._patches.kernel.shape[2]
        return int(min(max((width - self._beside - GAPS) / cells, SMALLEST), LARGEST))

    def _shown(self) -> list[int]:
        """Which channels have a row: all of a few, else those with the largest sums."""
        assert self._patches is not None
        many = len(self._patches.channels)
        if many <= MOST or self._all:
            return list(range(min(many, ALL)))
        largest = np.argsort(-np.nan_to_num(np.abs(self._patches.sums)), kind="stable")[:MOST]
        if set(self._order) <= set(range(many)) and len(self._order) == MOST:
            # those in sight stay while they are nearly as large: rows that change places cannot be read
            sums = np.abs(self._patches.sums)
            if sums[self._order].min() >= 0.5 * sums[largest].min():
                return self._order
        return sorted(int(k) for k in largest)

    def _fill(self) -> None:
        patches = self._patches
        if patches is None:
            return
        shown = self._order = self._shown()
        side = self.side_for(self.width())
        while len(self._rows) < len(shown):
            self._add_row()
        x_limit = float(np.nan_to_num(np.abs(patches.patch)).max(initial=0.0))
        w_limit = float(np.nan_to_num(np.abs(patches.kernel)).max(initial=0.0))
        p_limit = float(np.nan_to_num(np.abs(patches.products)).max(initial=0.0))
        sums = patches.sums
        for k, row in enumerate(self._rows):
            for part in row:
                part.setVisible(k < len(shown))
            if k >= len(shown):
                continue
            at = shown[k]
            channel = int(patches.channels[at])
            weight = np.argwhere(patches.weights[at] == self._chosen.weight)
            place = (int(weight[0][0]), int(weight[0][1])) if len(weight) else None
            row[0].setText(_channel_name(patches, channel))
            row[1].show_numbers(patches.patch[at], x_limit, patches.inside, place, side=side)
            row[3].show_numbers(patches.kernel[at], w_limit, None, place, side=side)
            row[5].show_numbers(patches.products[at], p_limit, patches.inside, place, side=side)
            row[6].setText(f"Σ = {said(float(sums[at]))}")
        left_out = np.setdiff1d(np.arange(len(sums)), shown)
        self.more.setVisible(len(sums) > MOST)
        if len(left_out):
            words = f"and {len(left_out)} more channels: Σ = {said(float(sums[left_out].sum()))}.  Show all"
        else:
            words = "Show only the largest"
        self.more.setText(words)
        self._grid.addWidget(self.more, len(self._rows) + 2, 0, 1, 8)

    def _add_row(self) -> None:
        k = len(self._rows)
        label, total = QLabel(), QLabel()
        label.setProperty("caption", True)
        total.setFont(number_font(bold=True))
        total.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        patch, kernel, products = (
            NumberGrid(f"{words} of row {k}") for words in ("Patch", "Kernel", "Products")
        )
        parts = (label, patch, QLabel("×"), kernel, QLabel("="), products, total)
        for column, part in enumerate(parts):
            if isinstance(part, NumberGrid):
                part.show_theme(self._theme)
            self._grid.addWidget(part, k + 1, column, Qt.AlignmentFlag.AlignVCenter)
        patch.clicked.connect(lambda row, column: self._pick(k, row, column))
        kernel.clicked.connect(lambda row, column: self._take(k, row, column))
        products.clicked.connect(lambda row, column: self._take(k, row, column))
        patch.hovered.connect(lambda place: self._hover(k, place, weight=False))
        kernel.hovered.connect(lambda place: self._hover(k, place, weight=True))
        products.hovered.connect(lambda place: self._hover(k, place, weight=True))
        self._rows.append(parts)

    def _take(self, k: int, row: int, column: int) -> None:
        if self._patches is not None:
            self.pointed.emit(Token("", weight=int(self._patches.weights[self._order[k], row, column])))

    def _pick(self, k: int, row: int, column: int) -> None:
        if self._patches is not None:
            spot = self._patches.spot(self._order[k], row, column)
            if spot is not None:
                self.picked.emit(spot)
            self._take(k, row, column)

    def _hover(self, k: int, place: tuple[int, int] | None, weight: bool) -> None:
        if place is None or self._patches is None or k >= len(self._order):
            self.hovered.emit(None)
        elif weight:
            self.hovered.emit(Token("", weight=int(self._patches.weights[(self._order[k], *place)])))
        else:
            self.hovered.emit(self._patches.spot(self._order[k], *place))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fill()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fill()

    def text(self) -> str:
        """Every channel in sight, its products row by row."""
        if self._patches is None:
            return ""
        lines = []
        for at in self._order:
            lines.append(_channel_name(self._patches, int(self._patches.channels[at])))
            for patch, kernel in zip(self._patches.patch[at], self._patches.kernel[at], strict=True):
                pairs = zip(patch.tolist(), kernel.tolist(), strict=True)
                lines.append("    " + "   ".join(f"{said(x)} × {bracketed(w)}" for x, w in pairs))
            lines.append(f"    Σ = {said(float(self._patches.sums[at]))}")
        return "\n".join(lines)


def _channel_name(patches: Patches, channel: int) -> str:
    """channel 3; of a colour image red, green and blue."""
    if patches.source == INPUT and len(patches.channels) == 3:
        return COLOURS[channel]
    return f"channel {channel}"


class ConvolutionFace(Face):
    """The window can be dragged over what comes in; what it sees is multiplied below."""

    share = 10

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = ChannelRows()
        self.rows.pointed.connect(self.pointed)
        self.rows.picked.connect(self.chosen)
        self.rows.hovered.connect(self.hovered)
        self.middle.addWidget(self.rows, 0, Qt.AlignmentFlag.AlignTop)

    def scenes(self, slide: Slide, facts: Facts, forward: Forward, chosen: Choice) -> tuple[Scene, ...]:
        patches = forward.patches
        if patches is None or slide.shape(patches.source).is_vector:
            return ()
        order = np.argsort(-np.nan_to_num(np.abs(patches.sums)), kind="stable")
        some = tuple(int(patches.channels[k]) for k in order)
        channels = tuple(sorted(some)) if len(some) <= 8 else shown_channels(max(some) + 1, some[:8])
        return (
            Scene(
                title=f"{named(patches.source)}, channel",
                layer=patches.source,
                values=slide.y(patches.source),
                channels=channels,
                margin=margin_of(slide, facts),
                rows=patches.rows,
                columns=patches.columns,
                chosen=chosen.pixel,
            ),
        )

    def show_middle(self, slide: Slide, forward: Forward, chosen: Choice) -> None:
        if forward.patches is not None:
            self.rows.show_patches(forward.patches, chosen)

    def stacks(self) -> bool:
        """Also where the numbers would have no room beside the lines, and have with the whole width."""
        beside = self.rows.side_for((self.width() - 20) * self.share / (self.share + 5))
        return super().stacks() or (beside < LEGIBLE <= self.rows.side_for(self.width()))

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.rows.show_theme(theme)

    def text(self) -> str:
        return f"{self.rows.text()}\n{super().text()}"


def margin_of(slide: Slide, facts: Facts) -> Margin:
    """The padding that a window reaches: above, on the left, below and on the right."""
    x, y = slide.inputs(facts.name)[0], slide.shape(facts.name)
    window = facts.layer.window(x)
    if window is None:
        return (0, 0, 0, 0)
    found = []
    for axis, (extent, out) in enumerate(((x.height, y.height), (x.width, y.width))):
        before = max(window.padding[axis], 0)
        reach = (out - 1) * window.stride[axis] - window.padding[axis] + window.size[axis] - extent
        found.append((before, max(reach, 0)))
    return found[0][0], found[1][0], found[0][1], found[1][1]
