"""The example that the maps are of: its picture, what it is, and what the network takes it for."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from lab.gui.theme import Theme
from lab.gui.widgets.bars import Bar, Bars
from lab.gui.widgets.mosaic import Group, Mark, Mosaic
from lab.gui.widgets.wording import number, share
from lab.network.network import INPUT
from lab.network.receptive_field import Region
from lab.training.probes import Activations

WIDE, NUMBERS, VERDICT = 160, 120, 64
"""Pixels: width of the panel standing at the left, and the height that its words and bars need, or words alone."""
NARROW, HIGH = 500, 270
"""Pixels: below this width the panel lies above the maps; from this height on it may take more of it."""
SLIM = 72
"""Pixels of width without the bars."""
WITH_MORE = 520
"""Pixels of width from which there is room for more beside the maps."""
LYING, LYING_LOW, LOWEST, MAPS = 104, 72, 34, 48
"""Pixels: height of the panel where it lies, where there is less room, at the least; and what it leaves the maps."""


class ExamplePanel(QWidget):
    """Stands beside the maps where there is room, lies above them where it is narrow."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture = Mosaic(fits=True, colour_bars=False)
        self.picture.setAccessibleName("Input of the network")
        self._panes, self._wide = 1, WIDE
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.verdict.setTextFormat(Qt.TextFormat.PlainText)
        self.bars = Bars()
        self.bars.setToolTip("The network's outputs; p = softmax(y) where the error is a cross-entropy")
        text = QVBoxLayout()
        text.setSpacing(4)
        text.addWidget(self.verdict)
        text.addWidget(self.bars, 1)
        self._layout = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(10)
        self._layout.addWidget(self.picture)
        self._layout.addLayout(text, 1)
        self.stand()

    def stand(self) -> None:
        self._layout.setDirection(QBoxLayout.Direction.TopToBottom)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(self._wide, 0)
        self.setMaximumSize(self._wide, 16_777_215)
        self._fit_picture()

    def be_slim(self, slim: bool) -> None:
        """Without bars, and less than half as wide: where there is hardly any room beside."""
        if self.bars.isHidden() != slim:
            self._wide = SLIM if slim else WIDE
            self.bars.setVisible(not slim)
            self.stand()

    def _fit_picture(self) -> None:
        words = NUMBERS if self._wide == WIDE else VERDICT
        side = min(max(self.height() - words, 40), self._wide)
        self.picture.setFixedSize(self._wide, side)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._layout.direction() == QBoxLayout.Direction.TopToBottom:
            self._fit_picture()

    def lie(self, height: int) -> None:
        self._layout.setDirection(QBoxLayout.Direction.LeftToRight)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumSize(0, height)
        self.setMaximumSize(16_777_215, height)
        self._lie_picture()

    def _lie_picture(self) -> None:
        """Channels lie side by side, as far as they have room."""
        height = self.maximumHeight()
        self.picture.setFixedSize(min(max(WIDE, height), height * self._panes), height)

    def show_theme(self, theme: Theme) -> None:
        self.picture.show_theme(theme)
        self.bars.show_theme(theme)

    def show_field(self, region: Region | None) -> None:
        """Draw a receptive field on the input."""
        self.picture.mark(
            None if region is None else Mark(INPUT, region.top, region.left, region.height, region.width)
        )

    def show_nothing(self, words: str) -> None:
        """There is no example yet: `words` say how one comes to be."""
        self.picture.show_groups(())
        self.verdict.setText(words)
        self.bars.show_bars(())

    def show_example(self, reading: Activations, classes: tuple[str, ...]) -> None:
        values = reading.input
        if values.shape[1:] == (1, 1):
            values = values[:, None]
        else:
            values = values[None]
        limit = float(np.abs(values).max(initial=0.0)) or 1.0
        if self._panes != len(values[0]):
            self._panes = len(values[0])
            if self._layout.direction() == QBoxLayout.Direction.LeftToRight:
                self._lie_picture()
        self.picture.show_groups((Group(INPUT, "", "", values, np.array([limit]), 28),))
        scores = reading.scores
        if scores.ndim > 1:
            self.verdict.setText("The answer is an image: the maps of the last layer")
            self.bars.show_bars(())
        elif classes and (reading.label is not None or np.isnan(reading.target).any()):
            self._show_classes(scores, reading.label, classes)
        else:
            self._show_numbers(scores, reading.target)

    def _show_classes(self, scores: np.ndarray, label: int | None, classes: tuple[str, ...]) -> None:
        """`label` is None where nobody knows: of a drawing."""
        true = "What you drew" if label is None else f"True: {classes[label]}"
        if len(scores) == len(classes):
            best = int(np.argmax(scores))
            bars = tuple(
                Bar(name, float(p), share(float(p)), k == best, "  ✓" if k == label else "")
                for k, (name, p) in enumerate(zip(classes, scores, strict=True))
            )
            right = "" if label is None else " (right)" if best == label else " (wrong)"
            said = f"Predicted: {classes[best]}{right}" if np.isfinite(scores).all() else "No prediction: NaN"
            self.verdict.setText(f"{true}.  {said}")
        else:
            bars = tuple(Bar(f"output {k}", abs(float(v)), number(float(v))) for k, v in enumerate(scores))
            self.verdict.setText(true)
        self.bars.show_bars(bars)

    def _show_numbers(self, scores: np.ndarray, target: np.ndarray) -> None:
        known = not np.isnan(target).any()
        largest = float(
            max(np.abs(scores).max(initial=0), np.abs(target[: known * len(target)]).max(initial=0), 1e-12)
        )
        bars: list[Bar] = []
        for k, (y, t) in enumerate(zip(scores, target, strict=False)):
            name = f" {k}" if len(scores) > 1 else ""
            bars.append(Bar(f"output{name}", abs(float(y)) / largest, number(float(y)), strong=True))
            if known:
                bars.append(Bar(f"target{name}", abs(float(t)) / largest, number(float(t))))
        self.verdict.setText("Output and target" if known else "What you drew: the output")
        self.bars.show_bars(tuple(bars))


class Beside(QWidget):
    """The panel beside the maps, or above them where it is narrow: never over them, however low the window is.

    There may be `more` at their other side: shown where it is wanted, there is something to show, and there is room.
    """

    def __init__(
        self,
        panel: ExamplePanel,
        maps: QScrollArea,
        more: QWidget | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._panel = panel
        maps.setMinimumHeight(1)
        self._sides = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._sides.setContentsMargins(0, 0, 0, 0)
        self._sides.setSpacing(12)
        self._sides.addWidget(panel)
        self._sides.addWidget(maps, 1)
        self._more, self._wants_more, self._has_more = more, True, False
        if more is not None:
            self._sides.addWidget(more)
            more.hide()

    def want_more(self, wanted: bool) -> None:
        self._wants_more = wanted
        self._show_more()

    def have_more(self, there: bool) -> None:
        self._has_more = there
        self._show_more()

    def _show_more(self) -> None:
        if self._more is not None:
            self._more.setVisible(self._wants_more and self._has_more and self.width() >= WITH_MORE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_more()
        narrow = self.width() < NARROW
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        if (self._sides.direction() == down) != narrow:
            self._sides.setDirection(down if narrow else across)
            self._sides.setSpacing(6 if narrow else 12)
            if not narrow:
                self._panel.stand()
        if narrow:
            wanted = LYING if self.height() > HIGH else LYING_LOW
            self._panel.lie(max(min(wanted, self.height() - MAPS), LOWEST))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, LOWEST)
