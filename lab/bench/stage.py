"""The window without a screen, for the benches: it lives as it does before a person, in an event loop that sleeps where
nothing happens.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from lab.experiment.experiment import Experiment
from lab.kernels.warmup import compile_all
from lab.training.run import Run

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from lab.gui.main_window import MainWindow

TURNS = 3
"""Training alone and beside the window, in turns: what else the machine does falls on both."""


class Stage:
    """The window with an experiment open, once it is ready and something is to be seen."""

    def __init__(self, experiment: Experiment, size: tuple[int, int] | None = None) -> None:
        from lab.app import create_application, create_window
        from lab.gui.garbage import Collector

        compile_all()
        self.application: QApplication = create_application(["descent"])
        self.window: MainWindow = create_window(experiment)
        if size is not None:
            self.window.resize(*size)
        self.window.show()
        self.document = self.window.document
        self.document.start()
        Collector(self.application).start()
        self._filters: list[Any] = []
        self.until(lambda: self.document.playback.ready and self.document.snapshot is not None)

    @property
    def step(self) -> int:
        return 0 if self.document.snapshot is None else self.document.snapshot.step

    def spin(self, seconds: float) -> None:
        """Let it live for so long."""
        from PySide6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(round(1000 * seconds), loop.quit)
        loop.exec()

    def until(self, condition: Callable[[], bool]) -> None:
        """Let it live until something is so; TimeoutError after a minute and a half."""
        from PySide6.QtCore import QEventLoop, QTimer

        if condition():
            return
        loop, clock, began = QEventLoop(), QTimer(), time.perf_counter()
        clock.timeout.connect(
            lambda: loop.quit() if condition() or time.perf_counter() - began > 90 else None
        )
        clock.start(1)
        loop.exec()
        clock.stop()
        if not condition():
            raise TimeoutError

    def paints(self, widget: Any, counts: Callable[[], bool] = lambda: True) -> list[float]:
        """The moments at which a widget has been painted, from now on, where that `counts`."""
        moments: list[float] = []
        paint = widget.paintEvent

        def see(event: object) -> None:
            paint(event)
            if counts():
                moments.append(time.perf_counter())

        widget.paintEvent = see
        return moments

    def frames(self) -> list[float]:
        """The moments at which the window begins to paint what has changed in it, from now on."""
        from PySide6.QtCore import QEvent

        moments: list[float] = []
        self._listen(self.window, QEvent.Type.UpdateRequest, lambda: moments.append(time.perf_counter()))
        return moments

    def _listen(self, widget: Any, kind: object, hear: Callable[[], object]) -> None:
        from PySide6.QtCore import QEvent, QObject

        class Listener(QObject):
            def eventFilter(self, watched: QObject, event: QEvent) -> bool:
                if event.type() == kind:
                    hear()
                return False

        self._filters.append(Listener())
        widget.installEventFilter(self._filters[-1])

    def beside_training(
        self, lasting: float, turn: Callable[[float], object] = lambda seconds: None
    ) -> dict[str, float]:
        """Training alone on one thread and in the window, in turns of so many seconds: frames a second, the 99th
        percentile of the `gap` between them in seconds, updates a second `alone` and `live`, and their ratio, `speed`.

        `turn` is called with 0 before each turn of the window, and with its seconds after it.
        """
        frames, run = self.frames(), Run(self.document.draft, threads=1)
        run.advance(50)
        speeds, alone, gaps, rates = [], [], [], []
        for _ in range(TURNS):
            began, at = time.perf_counter(), run.step
            while time.perf_counter() - began < lasting / 2:
                run.advance(20)
            alone.append((run.step - at) / (time.perf_counter() - began))
            self.document.playback.play()
            self.spin(1.0)
            at, began = self.step, time.perf_counter()
            frames.clear()
            turn(0.0)
            self.spin(lasting)
            taken = time.perf_counter() - began
            turn(taken)
            speeds.append((self.step - at) / taken)
            rates.append(len(frames) / taken)
            gaps += list(np.diff(frames))
            self.document.playback.pause()
            self.spin(0.5)
        return {
            "frames": statistics.median(rates),
            "gap": float(np.percentile(gaps, 99)) if gaps else float("inf"),
            "live": statistics.median(speeds),
            "alone": statistics.median(alone),
            "speed": statistics.median(a / b for a, b in zip(speeds, alone, strict=True)),
        }

    def end(self, numbers: Mapping[str, object]) -> None:
        """Print what was found, and close."""
        self.document.close()
        print(msgspec.json.encode(dict(numbers)).decode(), flush=True)
