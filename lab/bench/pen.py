"""How long a person who draws waits for the network's word: in a window without a screen, by mouse events."""

from __future__ import annotations

import math
import time

from lab.bench.stage import Stage
from lab.experiment.experiment import Experiment


def moves(experiment: Experiment, count: int) -> list[float]:
    """Milliseconds from each of `count` moves of the pen to the bars that answer it."""
    from PySide6.QtCore import QEvent, QPointF, Qt
    from PySide6.QtGui import QMouseEvent

    from lab.gui.views.pad import PadView

    stage = Stage(experiment)
    view = stage.window.workspace.bring("pad")
    assert isinstance(view, PadView)
    stage.spin(2)  # the error surface is filled in
    stage.until(view.pad.isVisible)
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton

    def send(kind: QEvent.Type, k: int) -> None:
        sheet, angle = view.pad.sheet, 2 * math.pi * k / 80
        x, y = 0.5 + 0.3 * math.cos(angle), 0.5 + 0.35 * math.sin(angle)
        at = QPointF(sheet.left() + x * sheet.width(), sheet.top() + y * sheet.height())
        buttons = none if kind == QEvent.Type.MouseButtonRelease else left
        button = none if kind == QEvent.Type.MouseMove else left
        event = QMouseEvent(kind, at, at, button, buttons, Qt.KeyboardModifier.NoModifier)
        stage.application.sendEvent(view.pad, event)

    send(QEvent.Type.MouseButtonPress, 0)
    stage.until(lambda: not view.is_awaited)
    taken = []
    for k in range(1, count + 1):
        began = time.perf_counter()
        send(QEvent.Type.MouseMove, k)
        stage.until(lambda: not view.is_awaited)
        view.panel.bars.repaint()
        taken.append(1000 * (time.perf_counter() - began))
        stage.spin(0.012)
    send(QEvent.Type.MouseButtonRelease, count)
    stage.document.close()
    return taken
