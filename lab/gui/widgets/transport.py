"""The transport bar: reset, step back, play, step, how far, how fast, and where the run stands."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QAction, QFontMetrics, QKeySequence
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QToolButton, QVBoxLayout, QWidget

from lab.gui.icons import icon
from lab.gui.playback import FULL_SPEED, Playback, Stride, Unit
from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.numbers import WholeNumber, words
from lab.gui.widgets.timeline import Timeline
from lab.gui.widgets.wording import number, share
from lab.training.snapshot import Snapshot

STRIDES: tuple[tuple[Unit, str, str], ...] = (
    ("update", "update", "One update of the weights: one batch"),
    ("epoch", "epoch", "To the end of the epoch: every training example once"),
    ("updates", "N updates", "So many updates"),
    ("until", "until step", "Run until this step"),
)
SPEEDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class Readout(QWidget):
    """A number that stands still while it changes, under its name."""

    def __init__(self, title: str, sample: str, tooltip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        name = QLabel(title)
        name.setProperty("caption", True)
        self.value = QLabel("–")
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


class Transport(QWidget):
    """Intentions out to the playback, snapshots in. The actions are the window's too: its menu shows them."""

    def __init__(self, playback: Playback, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._playback = playback
        self._theme: Theme = LIGHT
        self._suggested = False
        self._buttons: list[tuple[QToolButton, str]] = []
        self.pace = Readout("steps/s", "123,456", "Updates a second")
        self.actions_in_order = self._actions()
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 14, 8)
        row.setSpacing(4)
        for action, name in zip(
            (self.reset_action, self.back_action, self.play_action, self.step_action),
            ("reset", "step-back", "play", "step"),
            strict=True,
        ):
            row.addWidget(self._button(action, name))
        row.addSpacing(8)
        row.addWidget(self._caption("by"))
        self.stride = QComboBox()
        for unit, title, tip in STRIDES:
            self.stride.addItem(title, unit)
            self.stride.setItemData(self.stride.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.stride.setToolTip("How far one step goes, forwards and back")
        self.stride.setAccessibleName("Step by")
        self.stride.activated.connect(self._take_stride)
        row.addWidget(self.stride)
        self.count = WholeNumber(1, 2**31 - 1)
        self.count.setValue(playback.stride.count)
        self.count.setFixedWidth(92)
        self.count.setToolTip("N, or the step to stop at")
        self.count.edited.connect(self._take_stride)
        self.count.hide()
        row.addWidget(self.count)
        row.addSpacing(12)
        row.addWidget(self._caption("speed"))
        self.speed = QSlider(Qt.Orientation.Horizontal)
        self.speed.setRange(0, len(SPEEDS))
        self.speed.setValue(len(SPEEDS))
        self.speed.setPageStep(1)
        self.speed.setFixedWidth(84)
        self.speed.setAccessibleName("Speed")
        self.speed.setToolTip("Steps a second while playing; at the right end as fast as it goes")
        self.speed.valueChanged.connect(self._take_speed)
        row.addWidget(self.speed)
        self._speed_text = self._caption("full")
        self._speed_text.setFont(number_font())
        self._speed_text.setMinimumWidth(QFontMetrics(number_font()).horizontalAdvance("1,000/s") + 2)
        row.addWidget(self._speed_text)
        row.addSpacing(8)
        self.timeline = Timeline()
        self.timeline.chosen.connect(playback.go_to)
        row.addWidget(self.timeline, 1)
        row.addSpacing(8)
        self.step = Readout("step", "1,234,567", "Updates of the weights so far")
        self.epoch = Readout("epoch", "1,234.56", "How often every training example has been seen")
        self.loss = Readout("loss", "1.234·10⁻¹⁰", "Error of the last batch, before its update")
        self.validation = Readout(
            "validation", "100.0 %", "On the validation examples: the share that is right, or the error"
        )
        self.rate = Readout("rate ε", "0.00001", "Learning rate of the last update, its schedule included")
        for readout in (self.step, self.epoch, self.loss, self.validation, self.rate, self.pace):
            row.addWidget(readout)
            row.addSpacing(8)

        playback.playing_changed.connect(self._show_playing)
        playback.ready_changed.connect(self._show_ready)
        playback.stride_changed.connect(self._show_stride)
        self._show_ready(playback.ready)
        self.set_theme(LIGHT)

    # --- actions

    def _actions(self) -> tuple[QAction, ...]:
        playback = self._playback
        self.play_action = self._action("Play", "Space", playback.toggle)
        self.step_action = self._action("Step", ".", playback.step)
        self.back_action = self._action("Step back", ",", playback.step_back)
        self.reset_action = self._action("Reset", "Home", playback.reset)
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
            self.reset_action,
            self.slower_action,
            self.faster_action,
        )

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
        button.setFixedSize(42 if name == "play" else 34, 34)
        button.setProperty("primary" if name == "play" else "flat", True)
        # Space is for play, also while a button has the focus
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus if name == "play" else Qt.FocusPolicy.NoFocus)
        self._buttons.append((button, name))
        return button

    @staticmethod
    def _caption(text: str) -> QLabel:
        label = QLabel(text)
        label.setProperty("caption", True)
        return label

    @Slot()
    def _one_epoch(self) -> None:
        stride = self._playback.stride
        self._playback.set_stride(Stride("epoch", stride.count))
        self._playback.step()
        self._playback.set_stride(stride)

    # --- intentions

    @Slot()
    def _take_stride(self) -> None:
        self._playback.set_stride(Stride(self.stride.currentData(), self.count.value()))

    @Slot(int)
    def _take_speed(self, place: int) -> None:
        self._suggested = False
        speed = FULL_SPEED if place == len(SPEEDS) else float(SPEEDS[place])
        self._speed_text.setText("full" if math.isinf(speed) else f"{speed:,.0f}/s")
        self._playback.set_speed(speed)

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
        named = {"update": "one update", "epoch": "one epoch", "updates": f"{stride.count:,} updates"}
        far = named.get(stride.unit, f"until step {stride.count:,}")
        self._set_tip(self.step_action, f"Step {far}")
        self._set_tip(
            self.back_action, f"Step back {named.get(stride.unit, 'one update')}, exactly as it was"
        )

    @Slot(bool)
    def _show_playing(self, playing: bool) -> None:
        self.play_action.setText("Pause" if playing else "Play")
        self._set_tip(self.play_action, "Pause" if playing else "Play: train until told otherwise")
        self.pace.show_text("–")
        self._paint_icons()

    @Slot(bool)
    def _show_ready(self, ready: bool) -> None:
        for action in self.actions_in_order[:5]:
            action.setEnabled(ready)
        self.timeline.setEnabled(ready)
        self._show_playing(self._playback.playing)
        self._show_stride(self._playback.stride)
        self._set_tip(self.reset_action, "Reset: back to the same start")

    @staticmethod
    def _set_tip(action: QAction, text: str) -> None:
        keys = " or ".join(k.toString(QKeySequence.SequenceFormat.NativeText) for k in action.shortcuts())
        action.setToolTip(f"{text} ({keys})")

    def show_snapshot(self, snapshot: Snapshot) -> None:
        curves = snapshot.curves
        self.timeline.show_progress(snapshot.step, self._playback.furthest, snapshot.epoch)
        self.step.show_text(f"{snapshot.step:,}")
        self.epoch.show_text(f"{snapshot.epoch:,.2f}")
        self.loss.show_text(number(float(curves.loss[-1]), 4) if len(curves.loss) else "–")
        accuracies = curves.validation_accuracy
        if len(accuracies) and not math.isnan(accuracies[-1]):
            self.validation.show_text(share(float(accuracies[-1])))
        else:
            losses = curves.validation_loss
            self.validation.show_text(number(float(losses[-1]), 4) if len(losses) else "–")
        self.rate.show_text(words(float(f"{snapshot.rate:.3g}")))
        self.pace.show_text(f"{snapshot.steps_per_second:,.0f}" if self._playback.playing else "–")

    def set_theme(self, theme: Theme) -> None:
        self._theme = self.timeline.theme = theme
        self.timeline.update()
        self._paint_icons()

    def _paint_icons(self) -> None:
        for button, name in self._buttons:
            shown = "pause" if name == "play" and self._playback.playing else name
            colour = self._theme.accent_text if name == "play" else None
            button.defaultAction().setIcon(icon(shown, self._theme, colour))
