"""The transport bar: reset, to the start, back, play, step, to the end; how far, how fast; the moment in numbers."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QAction, QActionGroup, QFontMetrics, QKeySequence
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from lab.gui.icons import icon
from lab.gui.playback import FULL_SPEED, Playback, Stride, Unit
from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.numbers import WholeNumber
from lab.gui.widgets.time.readings_row import ReadingsRow
from lab.gui.widgets.time.whereabouts import Whereabouts
from lab.training.snapshot import Snapshot

STRIDES: tuple[tuple[Unit, str, str], ...] = (
    ("operation", "operation", "One operation of an update: a layer forwards, the loss, a layer backwards, the step"),
    ("update", "update", "One update of the weights: one batch"),
    ("epoch", "epoch", "To the end of the epoch: every training example once"),
    ("updates", "N updates", "So many updates"),
    ("until", "until step", "Run until this step"),
)  # fmt: skip
SPEEDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
FASTEST = "1,000 op/s"


class Transport(QWidget):
    """Intentions out to the playback, snapshots in. The actions are the window's too: its menu shows them."""

    def __init__(self, playback: Playback, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._playback = playback
        self._theme: Theme = LIGHT
        self._suggested = False
        self._is_past = False
        self._buttons: list[tuple[QToolButton, str]] = []
        self.actions_in_order = self._actions()
        self.stride_actions = self._stride_actions()
        self.whereabouts, self.readings = Whereabouts(), ReadingsRow()
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 2, 14, 6)
        row.setSpacing(4)
        for action, name in (
            (self.reset_action, "reset"),
            (self.start_action, "to-start"),
            (self.back_action, "step-back"),
            (self.play_action, "play"),
            (self.step_action, "step"),
            (self.end_action, "to-end"),
        ):
            row.addWidget(self._button(action, name))
        row.addSpacing(6)
        self._add_stride(row)
        row.addSpacing(8)
        self._add_speed(row)
        row.addSpacing(8)
        row.addWidget(self.whereabouts, 1)
        row.addSpacing(8)
        row.addWidget(self.readings)

        playback.playing_changed.connect(self._show_playing)
        playback.ready_changed.connect(self._show_ready)
        playback.stride_changed.connect(self._show_stride)
        playback.speed_changed.connect(self._say_speed)
        self._show_ready(playback.ready)
        self.set_theme(LIGHT)

    def _add_stride(self, row: QHBoxLayout) -> None:
        row.addWidget(_caption("by"))
        self.stride = QComboBox()
        for number, (unit, title, tip) in enumerate(STRIDES, 1):
            self.stride.addItem(title, unit)
            place = self.stride.count() - 1
            self.stride.setItemData(place, f"{tip} (Alt+{number})", Qt.ItemDataRole.ToolTipRole)
        self.stride.setToolTip(f"How far one step goes, forwards and back (Alt+1 to Alt+{len(STRIDES)})")
        self.stride.setAccessibleName("Step by")
        self.stride.activated.connect(self._take_stride)
        row.addWidget(self.stride)
        self.count = WholeNumber(1, 2**31 - 1)
        self.count.setValue(self._playback.stride.count)
        self.count.setFixedWidth(86)
        self.count.setToolTip("N, or the step to stop at")
        self.count.setAccessibleName("N, or the step to stop at")
        self.count.edited.connect(self._take_stride)
        self.count.hide()
        row.addWidget(self.count)

    def _add_speed(self, row: QHBoxLayout) -> None:
        row.addWidget(_caption("speed"))
        self.speed = QSlider(Qt.Orientation.Horizontal)
        self.speed.setRange(0, len(SPEEDS))
        self.speed.setValue(len(SPEEDS))
        self.speed.setPageStep(1)
        self.speed.setFixedWidth(76)
        self.speed.setAccessibleName("Speed")
        self.speed.setToolTip(
            "Updates, or operations, a second while playing; at the right end as fast as it goes "
            "(Ctrl+Up, Ctrl+Down)"
        )
        self.speed.valueChanged.connect(self._take_speed)
        row.addWidget(self.speed)
        self.speed_text = _caption("full")
        self.speed_text.setFont(number_font())
        self.speed_text.setMinimumWidth(QFontMetrics(number_font()).horizontalAdvance(FASTEST) + 2)
        row.addWidget(self.speed_text)

    # --- actions

    def _actions(self) -> tuple[QAction, ...]:
        playback = self._playback
        self.play_action = self._action("Play", "Space", playback.toggle)
        self.step_action = self._action("Step", ".", playback.step)
        self.back_action = self._action("Step back", ",", playback.step_back)
        # a bare key may take nothing away: what has been trained is forgotten by a reset alone
        self.reset_action = self._action("Reset", "Ctrl+Home", playback.reset)
        self.start_action = self._action("To the start", "Home", playback.go_to_start)
        self.end_action = self._action("To the furthest step", "End", playback.go_to_end)
        self.epoch_action = self._action("Step one epoch", "Shift+.", self._one_epoch)
        self.slower_action = self._action(
            "Slower", "Ctrl+Down", lambda: self.speed.setValue(self.speed.value() - 1)
        )
        self.faster_action = self._action(
            "Faster", "Ctrl+Up", lambda: self.speed.setValue(self.speed.value() + 1)
        )
        # on many keyboards Shift and the full stop make another character
        self.epoch_action.setShortcuts([QKeySequence("Ctrl+."), QKeySequence("Shift+Right")])
        self.step_action.setShortcuts([QKeySequence("."), QKeySequence("Right")])
        self.back_action.setShortcuts([QKeySequence(","), QKeySequence("Left")])
        return (
            self.play_action,
            self.step_action,
            self.back_action,
            self.epoch_action,
            self.start_action,
            self.end_action,
            self.reset_action,
            self.slower_action,
            self.faster_action,
        )

    def _stride_actions(self) -> tuple[QAction, ...]:
        group, found = QActionGroup(self), []
        for number, (unit, title, tip) in enumerate(STRIDES, 1):
            words = title.capitalize() if unit == "until" else f"By {title}"
            action = self._action(words, f"Alt+{number}", lambda *_, unit=unit: self._choose_stride(unit))
            action.setCheckable(True)
            action.setData(unit)
            self._set_tip(action, tip)
            group.addAction(action)
            found.append(action)
        return tuple(found)

    def _action(self, text: str, keys: str, slot: object) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(slot)
        return action

    def _button(self, action: QAction, name: str) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(action)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setIconSize(QSize(20, 20))
        button.setFixedSize(42 if name == "play" else 32, 34)
        button.setProperty("primary" if name == "play" else "flat", True)
        # Space is for play, also while a button has the focus
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus if name == "play" else Qt.FocusPolicy.NoFocus)
        self._buttons.append((button, name))
        return button

    @Slot()
    def _one_epoch(self) -> None:
        stride = self._playback.stride
        self._playback.set_stride(Stride("epoch", stride.count))
        self._playback.step()
        self._playback.set_stride(stride)

    # --- intentions

    def _choose_stride(self, unit: Unit) -> None:
        self._playback.set_stride(Stride(unit, self.count.value()))

    @Slot()
    def _take_stride(self) -> None:
        self._choose_stride(self.stride.currentData())

    @Slot(int)
    def _take_speed(self, place: int) -> None:
        self._suggested = False
        self._playback.set_speed(FULL_SPEED if place == len(SPEEDS) else float(SPEEDS[place]))

    def suggest_speed(self, speed: float | None) -> None:
        """Go at `speed` until it is changed by hand or taken back by None; a hand-set speed stays."""
        if speed is None and self._suggested:
            self.speed.setValue(len(SPEEDS))
        elif speed is not None and math.isinf(self._playback.speed):
            self.speed.setValue(SPEEDS.index(int(speed)))
            self._suggested = True

    # --- what is shown

    @Slot(object)
    def _show_stride(self, stride: Stride) -> None:
        self.stride.setCurrentIndex(self.stride.findData(stride.unit))
        self.count.setVisible(stride.unit in ("updates", "until"))
        self.count.show_value(stride.count)
        for action in self.stride_actions:
            action.setChecked(action.data() == stride.unit)
        named = {
            "operation": "one operation",
            "update": "one update",
            "epoch": "one epoch",
            "updates": f"{stride.count:,} updates",
        }
        far = named.get(stride.unit, f"until step {stride.count:,}")
        self._set_tip(self.step_action, f"Step {far}")
        self._set_tip(
            self.back_action, f"Step back {named.get(stride.unit, 'one update')}, exactly as it was"
        )
        self._say_speed()

    @Slot()
    def _say_speed(self) -> None:
        speed = self._playback.speed
        unit = " op/s" if self._playback.stride.unit == "operation" else "/s"
        self.speed_text.setText("full" if math.isinf(speed) else f"{speed:,.0f}{unit}")

    @Slot(bool)
    def _show_playing(self, playing: bool) -> None:
        self.play_action.setText("Pause" if playing else "Play")
        self._set_tip(self.play_action, "Pause" if playing else "Play: train until told otherwise")
        self.readings.show_pace(None)
        self._paint_icons()

    @Slot(bool)
    def _show_ready(self, ready: bool) -> None:
        for action in (
            self.play_action,
            self.step_action,
            self.back_action,
            self.epoch_action,
            self.start_action,
            self.reset_action,
        ):
            action.setEnabled(ready)
        self._enable_end()
        self._show_playing(self._playback.playing)
        self._show_stride(self._playback.stride)
        self._set_tip(
            self.reset_action, "Reset: begin again from the same start, and forget what was trained"
        )
        self._set_tip(self.start_action, "To the start; what was trained stays, to go on from")
        self._set_tip(self.end_action, "To the end: the furthest step there has been")
        self._set_tip(self.epoch_action, "Step one epoch")
        self._set_tip(self.slower_action, "Slower")
        self._set_tip(self.faster_action, "Faster")

    def _enable_end(self) -> None:
        self.end_action.setEnabled(self._playback.ready and self._is_past)

    @staticmethod
    def _set_tip(action: QAction, text: str) -> None:
        keys = " or ".join(k.toString(QKeySequence.SequenceFormat.NativeText) for k in action.shortcuts())
        action.setToolTip(f"{text} ({keys})")

    def show_operation(self, text: str) -> None:
        """What to say while the run stands within an update: "operation 7 of 31: conv2 backward"."""
        self.whereabouts.show_operation(text)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        if snapshot.is_past != self._is_past:
            self._is_past = snapshot.is_past
            self._enable_end()
        self.whereabouts.show_snapshot(snapshot)
        self.readings.show_snapshot(snapshot)
        self.readings.show_pace(snapshot.steps_per_second if self._playback.playing else None)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.readings.show_theme(theme)
        self.whereabouts.show_theme(theme)
        self._paint_icons()

    def _paint_icons(self) -> None:
        for button, name in self._buttons:
            shown = "pause" if name == "play" and self._playback.playing else name
            colour = self._theme.accent_text if name == "play" else None
            button.defaultAction().setIcon(icon(shown, self._theme, colour))


def _caption(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("caption", True)
    return label
