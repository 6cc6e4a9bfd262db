"""The numbers of the moment: step, epoch, loss, validation, rate and pace, of the run that is active."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.numbers import words
from lab.gui.widgets.wording import number, share
from lab.training.snapshot import Snapshot

LONGEST_NAME = 76
"""Pixels."""


class Reading(QWidget):
    """A number that stands still while it changes, under its name."""

    def __init__(self, title: str, sample: str, tooltip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        name = QLabel(title)
        name.setProperty("caption", True)
        self.value = QLabel("–")
        self.value.setAccessibleName(title)
        font = number_font()
        self.value.setFont(font)
        for label in (name, self.value):
            label.setAlignment(Qt.AlignmentFlag.AlignRight)
            column.addWidget(label)
        metrics = QFontMetrics(font)
        self.setMinimumWidth(max(metrics.horizontalAdvance(sample), name.sizeHint().width()) + 2)
        self.setToolTip(tooltip)

    def show_text(self, text: str) -> None:
        if text != self.value.text():
            self.value.setText(text)


class RunTag(QWidget):
    """Whose numbers these are: a run's name behind a bar in its colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._colour, self._theme = "", 0, LIGHT
        self.hide()

    @property
    def name(self) -> str:
        return self._name

    def show_run(self, name: str, colour: int) -> None:
        if (name, colour) != (self._name, self._colour):
            self._name, self._colour = name, colour
            self.setToolTip(f"The numbers here are of run {name}")
            self.setAccessibleName(f"Run {name}")
            self.updateGeometry()
            self.update()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(12 + min(self.fontMetrics().horizontalAdvance(self._name), LONGEST_NAME), 30)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.runs[self._colour % len(self._theme.runs)]))
        painter.drawRoundedRect(QRectF(0, self.height() / 2 - 13, 4, 26), 2, 2)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        name = self.fontMetrics().elidedText(self._name, Qt.TextElideMode.ElideRight, self.width() - 10)
        painter.drawText(
            self.rect().adjusted(10, 0, 0, 0), int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), name
        )  # fmt: skip


class ReadingsRow(QWidget):
    """What was true at the step where the run stands, not at the furthest that it has reached."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tag = RunTag()
        self.step = Reading("step", "1,234,567", "Updates of the weights so far")
        self.epoch = Reading("epoch", "1,234.56", "How often every training example has been seen")
        self.loss = Reading("loss", "1.234·10⁻¹⁰", "Error of the last batch, before its update")
        self.validation = Reading(
            "validation", "100.0 %", "On the validation examples: the share that is right, or the error"
        )
        self.rate = Reading("rate ε", "0.00001", "Learning rate of the next update, its schedule included")
        self.pace = Reading("steps/s", "123,456", "Updates a second")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.tag)
        for reading in (self.step, self.epoch, self.loss, self.validation, self.rate, self.pace):
            row.addWidget(reading)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        curves, row, judged = snapshot.curves, snapshot.row, snapshot.validation_row
        self.step.show_text(f"{snapshot.step:,}")
        self.epoch.show_text(f"{snapshot.epoch:,.2f}")
        self.loss.show_text(number(float(curves.loss[row]), 4) if row >= 0 else "–")
        validation = "–"
        if judged >= 0:
            accuracy = float(curves.validation_accuracy[judged])
            loss = number(float(curves.validation_loss[judged]), 4)
            validation = loss if math.isnan(accuracy) else share(accuracy)
        self.validation.show_text(validation)
        self.rate.show_text(words(float(f"{snapshot.rate:.3g}")))
        self.tag.show_run(snapshot.name, snapshot.colour)
        self.tag.setVisible(len(snapshot.runs) > 1)

    def show_pace(self, updates_per_second: float | None) -> None:
        self.pace.show_text("–" if updates_per_second is None else f"{updates_per_second:,.0f}")

    def show_theme(self, theme: Theme) -> None:
        self.tag.show_theme(theme)
