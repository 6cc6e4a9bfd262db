"""Play, pause, step, step back: the transport's intentions, as commands to the trainer."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from lab.training.mailbox import Compiling, Diverged, Event, Failed, Loaded, Paused, Playing, Refused
from lab.training.snapshot import Snapshot
from lab.training.trainer import Trainer

Unit = Literal["update", "epoch", "updates", "until"]
FULL_SPEED = math.inf


@dataclass(frozen=True)
class Stride:
    """How far one press of the step button goes: one update, one epoch, `count` updates, or until step `count`."""

    unit: Unit = "update"
    count: int = 100


class Playback(QObject):
    """Time as the window's person commands it.

    `speed` is in steps a second. Below full speed a run is played by short advances, each given only when
    the one before has been done, so that a slow machine is never flooded.
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
        self._compiling = False
        self._loaded = False
        self._paced = False
        self._until: int | None = None
        self._owed = 0.0
        self._last_tick = 0.0
        self._awaited: int | None = None  # the step at which the advance under way will stand

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

    def play(self, until: int | None = None) -> None:
        if not self.ready:
            return
        self._until = until
        if math.isinf(self.speed):
            self._paced = False
            self._trainer.play(until)
        else:
            self._paced = True
            self._owed, self._last_tick, self._awaited = 1.0, time.monotonic(), None
            self._set_playing(True)

    @Slot()
    def pause(self) -> None:
        self._paced = False
        self._trainer.pause()
        if self._awaited is not None:
            self._awaited = None
            self._set_playing(False)

    @Slot()
    def step(self) -> None:
        """One stride forwards."""
        if not self.ready:
            return
        if self._paced:
            self.pause()
        stride = self.stride
        if stride.unit == "until":
            if stride.count > self.step_number:
                self._trainer.play(stride.count)
        elif stride.unit == "epoch":
            self._trainer.advance_epochs(1)
        else:
            self._trainer.advance(1 if stride.unit == "update" else stride.count)

    @Slot()
    def step_back(self) -> None:
        """One stride backwards; the run is then exactly as it was."""
        if self.ready and self.step_number > 0:
            self.go_to(self._stride_back())

    @Slot()
    def reset(self) -> None:
        """Back to the same start."""
        if self.ready:
            self._stop_pacing()
            self.furthest = 0
            self._trainer.reset()

    def go_to(self, step: int) -> None:
        """Stand at `step`: back to it if it is past, on to it if it is still to come."""
        if not self.ready:
            return
        self._stop_pacing()
        if step > self.step_number:
            self._trainer.play(step)
        else:
            self._trainer.rewind(max(0, step))

    def go_back(self, step: int) -> None:
        """Go back to `step` even if no snapshot has come from beyond it yet, as after a divergence."""
        if self.ready:
            self._stop_pacing()
            self._trainer.rewind(max(0, step))

    def set_speed(self, speed: float) -> None:
        if speed == self.speed:
            return
        was_playing, until = self.playing, self._until
        self.speed = speed
        self.speed_changed.emit(speed)
        if was_playing and math.isinf(speed) == self._paced:
            self._trainer.pause()
            self.play(until)

    def set_stride(self, stride: Stride) -> None:
        if stride != self.stride:
            self.stride = stride
            self.stride_changed.emit(stride)

    # --- what comes back

    def see(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.furthest = max(self.furthest, snapshot.step)
        if self._awaited is not None and snapshot.step >= self._awaited:
            self._awaited = None

    def receive(self, event: Event) -> None:
        if isinstance(event, Compiling):
            self._compiling = event.done < event.total
            self._set_ready()
        elif isinstance(event, Loaded):
            self._loaded = True
            self.furthest = max(event.step, self.furthest)
            self._set_ready()
        elif isinstance(event, Playing):
            self._set_playing(True)
        elif isinstance(event, Paused):
            self._awaited = None
            # between two short advances the trainer stands, the person's run does not
            if not self._paced or event.reason:
                self._paced = False
                self._set_playing(False)
        elif isinstance(event, Diverged | Failed | Refused):
            self._stop_pacing()
            if not isinstance(event, Refused):
                self._set_playing(False)

    def tick(self) -> None:
        """Called every frame: give the next short advance when it is due."""
        if not self._paced:
            return
        now = time.monotonic()
        self._owed = min(self._owed + (now - self._last_tick) * self.speed, max(1.0, self.speed / 4))
        self._last_tick = now
        here = self.step_number
        if self._until is not None and here >= self._until:
            self._stop_pacing()
            return
        if self._owed >= 1 and self._awaited is None:
            count = int(self._owed)
            if self._until is not None:
                count = min(count, self._until - here)
            self._owed -= count
            self._awaited = here + count
            self._trainer.advance(count)

    def forget(self) -> None:
        """Another experiment is being opened: nothing of this run's time is left."""
        self._stop_pacing()
        self._snapshot = None
        self.furthest = 0
        self._loaded = False
        self._set_ready()
        self._set_playing(False)

    def _stop_pacing(self) -> None:
        if self._paced:
            self._paced, self._awaited = False, None
            self._set_playing(False)

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
