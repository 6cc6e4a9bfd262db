"""How long a person who draws waits for the network's word: in a window without a screen, by mouse events."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from lab.experiment.experiment import Experiment
from lab.kernels.warmup import compile_all


def moves(experiment: Experiment, count: int) -> list[float]:
    """Milliseconds from each of `count` moves of the pen to the bars that answer it."""
    from PySide6.QtCore import QEvent, QPointF, Qt
    from PySide6.QtGui import QMouseEvent

    from lab.app import create_application, create_window
    from lab.gui.views.pad import PadView

    compile_all()
    application = create_application(["descent"])
    window = create_window(experiment)
    window.show()
    document = window.document
    document.start()

    def until(condition: Callable[[], bool]) -> None:
        end = time.perf_counter() + 60
        while not condition():
            application.processEvents()
            time.sleep(0.0002)
            if time.perf_counter() > end:
                raise TimeoutError

    until(lambda: document.playback.ready and document.snapshot is not None)
    view = window.workspace.bring("pad")
    assert isinstance(view, PadView)
    rest = time.perf_counter() + 2  # the error surface is filled in
    until(lambda: view.pad.isVisible() and time.perf_counter() > rest)
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton

    def send(kind: QEvent.Type, k: int) -> None:
        sheet, angle = view.pad.sheet, 2 * math.pi * k / 80
        x, y = 0.5 + 0.3 * math.cos(angle), 0.5 + 0.35 * math.sin(angle)
        at = QPointF(sheet.left() + x * sheet.width(), sheet.top() + y * sheet.height())
        buttons = none if kind == QEvent.Type.MouseButtonRelease else left
        button = none if kind == QEvent.Type.MouseMove else left
        event = QMouseEvent(kind, at, at, button, buttons, Qt.KeyboardModifier.NoModifier)
        application.sendEvent(view.pad, event)

    send(QEvent.Type.MouseButtonPress, 0)
    until(lambda: not view.is_awaited)
    taken = []
    for k in range(1, count + 1):
        began = time.perf_counter()
        send(QEvent.Type.MouseMove, k)
        until(lambda: not view.is_awaited)
        view.panel.bars.repaint()
        taken.append(1000 * (time.perf_counter() - began))
        wait = time.perf_counter() + 0.012
        until(lambda wait=wait: time.perf_counter() > wait)  # type: ignore[misc]
    send(QEvent.Type.MouseButtonRelease, count)
    document.close()
    return taken
