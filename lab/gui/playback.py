"""Play, pause, step, step back: the transport's intentions, as commands to the trainer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from lab.training.mailbox import Compiling, Diverged, Event, Failed, Loaded, Paused, Playing
from lab.training.snapshot import Snapshot
from lab.training.trainer import Trainer

Unit = Literal["operation", "update", "epoch", "updates", "until"]
FULL_SPEED = math.inf


@dataclass(frozen=True)
class Stride:
    """How far one step goes: one operation, update or epoch, `count` updates, or until step `count`."""

    unit: Unit = "update"
    count: int = 100


class Playback(QObject):
    """Time as the person at the window commands it. `speed` is in updates a second, or in operations.

    `is_past` says that the run stands before what has been seen of it.
    """

    playing_changed = Signal(bool)
    ready_changed = Signal(bool)
    speed_changed = Signal(float)
    stride_changed = Signal(object)

    def __init__(self, trainer: Trainer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._trainer = trainer
        self._snapshot: Snapshot | None = None
        self.speed = FULL_SPEED
        self.stride = Stride()
        self.playing = False
        self.ready = False
        self.furthest = 0
        self.is_past = False
        self._compiling = False
        self._loaded = False

    @property
    def step_number(self) -> int:
        return self._snapshot.step if self._snapshot else 0

    # --- intentions

    @Slot()
    def toggle(self) -> None:
        if self.playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        if not self.ready:
            return
        if self.stride.unit == "operation":
            self._trainer.play_operations()
        else:
            self._trainer.play()

    @Slot()
    def pause(self) -> None:
        self._trainer.pause()

    @Slot()
    def step(self) -> None:
        """One stride forwards."""
        if not self.ready:
            return
        stride = self.stride
        if stride.unit == "operation":
            self._trainer.advance_operations(1)
        elif stride.unit == "until":
            if stride.count > self.step_number:
                self._trainer.play(stride.count)
        elif stride.unit == "epoch":
            self._trainer.advance_epochs(1)
        else:
            self._trainer.advance(1 if stride.unit == "update" else stride.count)

    @Slot()
    def step_back(self) -> None:
        """One stride backwards; the run is then exactly as it was."""
        if self.stride.unit == "operation":
            self.step_operations(-1)
        elif self.ready and self.step_number > 0:
            self.go_to(self._stride_back())

    def step_operations(self, count: int) -> None:
        """So many operations of the update that comes next; back, where `count` is negative."""
        if self.ready and count:
            self._trainer.advance_operations(count)

    def run_to_operation(self, row: int) -> None:
        """Stand before operation `row` of the listing, within the update that comes next."""
        if self.ready:
            self._trainer.go_to_operation(row)

    @Slot()
    def reset(self) -> None:
        """Begin again from the same start; what was trained is forgotten."""
        if self.ready:
            self.furthest = 0
            self.is_past = False
            self._trainer.reset()

    def go_to(self, step: int) -> None:
        """Stand at `step`: where the run has been already, exactly as it was; else on to it."""
        if not self.ready:
            return
        if step > self.furthest:
            self._trainer.play(step)
        else:
            self.is_past = step < self.furthest
            self._trainer.go_to(max(0, step))

    @Slot()
    def go_to_start(self) -> None:
        """Stand at the start; what was trained stays."""
        self.go_to(0)

    @Slot()
    def go_to_end(self) -> None:
        """Stand at the furthest step that has been seen."""
        if self.is_past:
            self.go_to(self.furthest)

    def go_back(self, step: int) -> None:
        """Go back to `step` even if no snapshot has come from beyond it yet, as after a divergence."""
        if self.ready:
            self.is_past = True
            self._trainer.go_to(max(0, step))

    def set_speed(self, speed: float) -> None:
        if speed != self.speed:
            self.speed = speed
            self._trainer.pace(0.0 if math.isinf(speed) else speed)
            self.speed_changed.emit(speed)

    def set_stride(self, stride: Stride) -> None:
        if stride != self.stride:
            self.stride = stride
            self.stride_changed.emit(stride)

    # --- what comes back

    def see(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.furthest = max(snapshot.furthest, snapshot.step)
        if snapshot.heard >= self._trainer.sent:
            self.is_past = snapshot.is_past

    def receive(self, event: Event) -> None:
        if isinstance(event, Compiling):
            self._compiling = event.done < event.total
            self._set_ready()
        elif isinstance(event, Loaded):
            self._loaded = True
            self._set_ready()
        elif isinstance(event, Playing):
            self._set_playing(True)
        elif isinstance(event, Paused | Diverged | Failed):
            self._set_playing(isinstance(event, Diverged) and event.going)

    def forget(self) -> None:
        """Another experiment is being opened: nothing of this run's time is left."""
        self.forget_time()
        self._loaded = False
        self._set_ready()
        self._set_playing(False)

    def forget_time(self) -> None:
        """Other runs of the document have come in place of those there were: they are not in the past of these."""
        self._snapshot = None
        self.furthest = 0
        self.is_past = False

    def _set_playing(self, playing: bool) -> None:
        if playing != self.playing:
            self.playing = playing
            self.playing_changed.emit(playing)

    def _set_ready(self) -> None:
        ready = self._loaded and not self._compiling
        if ready != self.ready:
            self.ready = ready
            self.ready_changed.emit(ready)

    def _stride_back(self) -> int:
        here, stride = self.step_number, self.stride
        if stride.unit != "epoch" or self._snapshot is None:
            return here - (stride.count if stride.unit == "updates" else 1)
        snapshot = self._snapshot
        if snapshot.epoch <= 0:
            return 0
        # an epoch's last update is read off the curves: the batch size may have changed on the way
        whole = snapshot.examples / snapshot.epoch
        target = (math.ceil(snapshot.epoch - 1e-9) - 1) * whole
        row = int(np.searchsorted(snapshot.curves.examples, target + 0.5, side="right")) - 1
        return int(snapshot.curves.step[row]) if row >= 0 else 0
