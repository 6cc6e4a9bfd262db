"""The input that excites a unit most, while it is climbed to: the picture, the objective, and all settings."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.enlarged import WIDE, Enlarged
from lab.gui.widgets.flow import FlowBar
from lab.gui.widgets.legend import Entry, Legend
from lab.gui.widgets.mosaic import Group
from lab.gui.widgets.numbers import Number, WholeNumber
from lab.gui.widgets.plot import Plot
from lab.gui.widgets.wording import number
from lab.training.one_unit import Beginning, Exciting, ExcitingProbe
from lab.training.probes import PartOf

BEGINNINGS: tuple[tuple[Beginning, str], ...] = (
    ("noise", "noise"),
    ("grey", "mean"),
    ("example", "example"),
)
NARROW, HIGH = 460, 300
"""Pixels: the width below which the curve may lie under the picture, the height from which the formula has room."""
BELOW, BETWEEN, LOWEST, WITH_LEGEND = 34, 14, 104, 150
"""Pixels: the height that a picture's title and numbers take, less the width that its scale does; the gaps above it;
the height that it has at the least; and that from which the curves have a legend.
"""
FORMULA = (
    "J = a/s − {decay}/2 · mean u² − {variation} · mean |∇u|,  with u = (x − mean) / deviation of the data, "
    "and s the deviation of a over the data"
)


class Climb(QWidget):
    """`settings` is the question as it is set here; `changed` says that it is another one."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self.settings = ExcitingProbe("", 0)
        self.running = True
        """False where a person has stopped it: then nobody asks."""
        self.bar, self.fields = FlowBar(), FlowBar()
        self._begin = self.bar.choice("From", BEGINNINGS, "Where the ascent begins", self._begin_at)
        self.stop = self.bar.button("stop", "Climb no further", self._stop)
        self.bar.button("again", "Climb once more from the beginning", self._again, "Climb again")
        self._numbers = {
            key: self._field(key, words, field, tip)
            for key, words, field, tip in (
                ("step", "step", Number(above=0.0, most=10.0), "How far x moves at most in a pass, in deviations"),
                ("decay", "decay", Number(0.0, 1000.0), "How much large numbers cost: the factor of mean u² / 2"),
                ("variation", "variation", Number(0.0, 1000.0), "How much roughness costs: that of mean |∇u|"),
                ("steps", "passes", WholeNumber(1, 100_000), "How many passes through the network are made at most"),
                ("seed", "noise number", WholeNumber(0, 999_999), "Another one begins from other random numbers"),
                ("pace", "a picture", WholeNumber(1, 1000), "So many between two pictures, while the run stands"),
            )
        }  # fmt: skip
        self._bounded = self.fields.switch(
            "within the data",
            "Numbers stay between the least and the greatest of the training examples, channel by channel",
            lambda on: self._change(bounded=on),
            on=True,
        )
        self._more = self.bar.switch("settings", "Step, costs and number of passes", self._show_fields)
        self.fields.hide()
        self.picture = Enlarged()
        self.picture.picture.setAccessibleName("The input that excites the unit most")
        self.plot = Plot()
        self.plot.name_axes("passes through the network", ("J and a, in deviations s", "J, a/s"))
        self.plot.setAccessibleName("The objective by passes")
        colours = ((lambda t: t.accent, Qt.PenStyle.SolidLine), (lambda t: t.muted, Qt.PenStyle.DashLine))
        self._lines = [self.plot.add_line(colour, style, 2, smooth=True) for colour, style in colours]
        self.legend = Legend()
        self.legend.show_entries(
            tuple(
                Entry(name, colour, style)
                for name, (colour, style) in zip(
                    ("J, the objective", "a/s, the unit's answer"), colours, strict=True
                )
            )
        )
        self.status = ""
        """How far the climb has come."""
        self.formula = QLabel()
        self.formula.setWordWrap(True)
        self.formula.setFont(number_font())
        self.formula.setProperty("caption", True)
        self._curve = QWidget()
        right = QVBoxLayout(self._curve)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(2)
        right.addWidget(self.legend)
        right.addWidget(self.plot, 1)
        self._sides = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._sides.setSpacing(12)
        self._sides.addWidget(self.picture)
        self._sides.addWidget(self._curve, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self.controls = QWidget()
        above = QVBoxLayout(self.controls)
        above.setContentsMargins(0, 0, 0, 0)
        above.setSpacing(4)
        above.addWidget(self.bar)
        above.addWidget(self.fields)
        layout.addWidget(self.controls)
        layout.addWidget(self.formula)
        layout.addLayout(self._sides, 1)
        self._show_settings()

    def _field(self, key: str, words: str, field: Number | WholeNumber, tip: str) -> Number | WholeNumber:
        field.setToolTip(tip)
        field.setAccessibleName(words)
        field.setMaximumWidth(92)
        pair = QWidget()
        row = QHBoxLayout(pair)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        caption = QLabel(words, pair)
        caption.setProperty("caption", True)
        caption.setBuddy(field)
        row.addWidget(caption)
        row.addWidget(field)
        self.fields.add(pair)
        field.edited.connect(lambda value: self._change(**{key: value}))
        return field

    # settings

    def question(
        self, layer: str, unit: int, spot: tuple[int, int] | None, before: bool, part: PartOf, example: int
    ) -> ExcitingProbe:
        """What is asked of a unit, with these settings."""
        asked = replace(self.settings, layer=layer, unit=unit, spot=spot, before=before)
        # from elsewhere, another example makes no difference
        return replace(asked, part=part, example=example) if asked.beginning == "example" else asked

    def go_on(self) -> None:
        """Of another unit a person has stopped nothing."""
        self.running = True

    def _change(self, **of: object) -> None:
        self.settings, self.running = replace(self.settings, **of), True  # type: ignore[arg-type]
        self._show_settings()
        self.changed.emit()

    def _begin_at(self, beginning: str) -> None:
        self._change(beginning=cast(Beginning, beginning))

    def _again(self) -> None:
        self._change(again=self.settings.again + 1)

    def _stop(self) -> None:
        self.running = False
        self.stop.setEnabled(False)
        self.status = f"Stopped. {self.status}"
        self.changed.emit()

    def _show_settings(self) -> None:
        for name, field in self._numbers.items():
            field.blockSignals(True)
            field.setValue(getattr(self.settings, name))
            field.blockSignals(False)
        self._begin.blockSignals(True)
        self._begin.setCurrentIndex(self._begin.findData(self.settings.beginning))
        self._begin.blockSignals(False)
        self.stop.setEnabled(self.running)
        said = FORMULA.format(decay=number(self.settings.decay), variation=number(self.settings.variation))
        self.formula.setText(said)
        self.plot.setToolTip(said)

    # what is shown

    def show_climb(self, found: Exciting, group: Group, title: str) -> None:
        """`group` is the picture as it is drawn."""
        self.picture.show_map(group, title, "x")
        answers = found.answers / found.deviation
        for line, values in zip(self._lines, (found.objective, answers), strict=True):
            line.setData(found.passes, values)
        both = np.concatenate([found.objective, answers])
        both = both[np.isfinite(both)]
        low, high = (float(both.min()), float(both.max())) if len(both) else (0.0, 1.0)
        room = 0.06 * max(high - low, 1e-9)
        self.plot.frame((0.0, float(max(self.settings.steps, 2))), (low - room, high + room))
        self.stop.setEnabled(self.running and not found.done)
        self.status = words_of(found, self.settings)
        self.setAccessibleDescription(self.status)

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.picture.show_theme(theme)
        self.plot.show_theme(theme)
        self.legend.show_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    def _share_room(self) -> None:
        holder = self.parentWidget()
        seen = self.height() if holder is None else holder.height()  # it may be scrolled
        upright = self.width() < NARROW and seen > self.width()
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._sides.setDirection(down if upright else across)
        self.formula.setVisible(seen >= HIGH)
        # both are told their heights: what is scrolled would grow with what it holds
        above = 0 if self.controls.isHidden() else self.controls.sizeHint().height()
        above += self.formula.heightForWidth(self.width()) if seen >= HIGH else 0
        room = seen - above - BETWEEN
        high = max((room - BETWEEN) // 2 if upright else room, LOWEST)
        self.picture.setFixedHeight(high)
        self._curve.setFixedHeight(high)
        self.legend.setVisible(high >= WITH_LEGEND)
        side = min(self.width() * 11 // 20, room - BELOW)
        self.picture.setFixedWidth(self.width() if upright else max(side, min(WIDE, self.width() // 2)))

    def _show_fields(self, on: bool) -> None:
        self.fields.setVisible(on)
        self.fields.arrange()
        self._share_room()


def words_of(found: Exciting, asked: ExcitingProbe) -> str:
    """How far the climb has come, in numbers."""
    last, passes = len(found.passes) - 1, int(found.passes[-1])
    if found.stuck and found.gradient == 0:
        return (
            "The slope is 0 everywhere: the unit does not answer to this input. "
            "Begin from an example or from another noise number, or look at z before the activation."
        )
    if not np.isfinite(found.objective[last]):
        return "The unit's answer is not finite: there is nothing to climb."
    state = "done" if found.done else "climbing"
    if found.stuck:
        state = "no step leads further up"
    answer = float(found.answers[last])
    return (
        f"{state}: taken up {last} steps in {passes:,} of {asked.steps:,} passes, "
        f"J {number(float(found.objective[0]))} → {number(float(found.objective[last]))}, "
        f"a = {number(answer)} ({number(answer / found.deviation)} s), weights of step {found.at:,}"
    )
