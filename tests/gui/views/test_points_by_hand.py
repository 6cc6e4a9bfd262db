"""Points of the plane set with the mouse: tools in the decision map, and what becomes of the document."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.data.datasets import XOR
from lab.data.datasets.points import Points
from lab.experiment.presets import preset
from lab.gui.document import Document
from lab.gui.keyboard import keeps_key
from lab.gui.points_by_hand import edit_points
from lab.gui.views.decision import DecisionView
from lab.gui.views.point_tools import ADD, DELETE, LOOK, MOVE
from lab.training.probes import DecisionProbe
from tests.gui.fake_snapshots import RINGS, prepared, snapshot
from tests.gui.views.stage import Stage

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


@pytest.fixture
def view(stage: Stage) -> DecisionView:
    return stage.show(DecisionView, "rings")


def take(view: DecisionView, tool: str) -> None:
    view.tools.tool.setCurrentIndex(view.tools.tool.findData(tool))


def mouse(view: DecisionView, kind: QEvent.Type, x: float, y: float) -> None:
    at = QPointF(view.plot.mapFromScene(view.plot.box.mapViewToScene(QPointF(x, y))))
    button, buttons = (NONE, LEFT) if kind == QEvent.Type.MouseMove else (LEFT, LEFT)
    if kind == QEvent.Type.MouseButtonRelease:
        buttons = NONE
    viewport = view.plot.viewport()
    globally = QPointF(viewport.mapToGlobal(at.toPoint()))
    event = QMouseEvent(kind, at, globally, button, buttons, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(viewport, event)


def click(view: DecisionView, x: float, y: float) -> None:
    mouse(view, QEvent.Type.MouseButtonPress, x, y)
    mouse(view, QEvent.Type.MouseButtonRelease, x, y)


def edits(view: DecisionView) -> list[tuple[object, str, str]]:
    seen: list[tuple[object, str, str]] = []
    view.points_edited.connect(lambda *edit: seen.append(edit))
    return seen


def test_a_click_adds_a_point_of_the_class(view: DecisionView) -> None:
    seen = edits(view)
    take(view, f"{ADD} 1")
    click(view, -4, 3)
    ((change, text, _),) = seen
    assert text == "Add a point"
    x, y, label, part = change(Points()).rows[-1]
    assert (x, y) == pytest.approx((-4, 3), abs=0.05)
    assert (label, part) == (1, 0)
    assert "undo brings Rings back" in view.readout.text()


def test_looking_changes_nothing(view: DecisionView) -> None:
    seen = edits(view)
    assert view.tools.tool.currentData() == LOOK
    click(view, 0, 0)
    assert seen == []


def test_a_point_is_taken_hold_of_and_dragged(view: DecisionView) -> None:
    seen = edits(view)
    take(view, MOVE)
    x, y = prepared(RINGS).training.raw[9, :, 0, 0].tolist()
    mouse(view, QEvent.Type.MouseButtonPress, x, y)
    mouse(view, QEvent.Type.MouseMove, 5, 5)
    assert len(view.tools._ring.data) == 1
    mouse(view, QEvent.Type.MouseButtonRelease, 5.5, 5.5)
    assert len(view.tools._ring.data) == 0
    assert {key for _, _, key in seen} == {seen[0][2]} != {""}  # one entry to undo
    before = Points(rows=tuple((0.0, 0.0, 0.0, 0) for _ in range(400)), names=("a", "b"))
    after = seen[-1][0](before)
    (row,) = [k for k in range(400) if after.rows[k] != before.rows[k]]
    assert row == 9  # the training part comes first
    assert after.rows[row][:2] == pytest.approx((5.5, 5.5), abs=0.05)
    mouse(view, QEvent.Type.MouseButtonPress, x, y)
    mouse(view, QEvent.Type.MouseButtonRelease, x, y)
    assert seen[-1][2] != seen[0][2]  # another drag is another entry


def test_deleting_needs_a_point_under_the_mouse(view: DecisionView) -> None:
    seen = edits(view)
    take(view, DELETE)
    click(view, -5.9, 5.9)
    assert seen == []
    assert "no point" in view.readout.text()
    part = prepared(RINGS).validation
    click(view, *part.raw[4, :, 0, 0].tolist())
    ((change, _, _),) = seen
    count = len(prepared(RINGS).training)
    before = Points(rows=tuple((float(k), 0.0, 0.0, 0) for k in range(400)), names=("a", "b"))
    gone = {row[0] for row in before.rows} - {row[0] for row in change(before).rows}
    near = {count + k for k in range(len(part)) if np.hypot(*(part.raw[k] - part.raw[4])[:, 0, 0]) < 0.2}
    assert gone <= near


def test_in_regression_a_number_is_added(stage: Stage) -> None:
    view = stage.show(DecisionView, "waves")
    seen = edits(view)
    take(view, ADD)
    assert not view.tools.value.isHidden()
    view.tools.value.show_value(-0.5)
    click(view, 1, 1)
    assert seen[0][0](Points(names=())).rows[-1][2] == -0.5


def test_tools_bring_the_points_into_sight(view: DecisionView) -> None:
    view._with_points.setChecked(False)
    take(view, MOVE)
    assert view._with_points.isChecked()
    assert view._points


def test_the_resolution_is_chosen(view: DecisionView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.watching_changed):
        view.resolution.setCurrentIndex(2)
    assert view.probes(snapshot("rings"), None) == {DecisionProbe(200)}
    bare = snapshot("rings")
    view.show_snapshot(
        replace(bare, readings=snapshot("rings", probes=frozenset({DecisionProbe(200)})).readings)
    )
    assert view._image.image.shape[:2] == (200, 200)


def test_the_document_takes_it_as_an_edit_that_undo_takes_back(document: Document) -> None:
    plane = msgspec.structs.replace(preset("xor"), data=XOR(points=60))
    document.open(plane)
    edit_points(document, lambda points: points.with_point(1, 2, 1), "Add a point", "")
    assert isinstance(document.draft.data, Points)
    assert len(document.draft.data.rows) == 61
    edit_points(document, lambda points: points.with_moved(60, 3, 3), "Move a point", "point 1")
    edit_points(document, lambda points: points.with_moved(60, 4, 4), "Move a point", "point 1")
    assert document.draft.data.rows[60][:2] == (4, 4)
    assert document.undo_stack.count() == 2
    document.undo_stack.undo()
    assert document.draft.data.rows[60][:2] == (1, 2)
    document.undo_stack.undo()
    assert document.draft.data == XOR(points=60)


def test_of_pictures_there_is_nothing_to_edit(document: Document) -> None:
    edit_points(document, lambda points: points, "Add a point", "")
    assert document.undo_stack.count() == 0


def test_by_keyboard_a_point_is_added_and_moved(view: DecisionView, qtbot: QtBot) -> None:
    seen = edits(view)
    take(view, f"{ADD} 0")
    (x0, x1), (y0, y1) = view.plot.box.viewRange()
    for _ in range(5):
        qtbot.keyClick(view.plot, Qt.Key.Key_Right)
    qtbot.keyClick(view.plot, Qt.Key.Key_Space)
    assert keeps_key(view.plot, Qt.Key.Key_Space)
    x, y, label, _ = seen[-1][0](Points()).rows[-1]
    assert (x, y) == pytest.approx(((x0 + x1) / 2 + 0.1 * (x1 - x0), (y0 + y1) / 2), abs=1e-3)
    assert label == 0
    take(view, MOVE)
    there = prepared(RINGS).training.raw[0, :, 0, 0].tolist()
    view.tools.hand._by_key = there[0], there[1]
    qtbot.keyClick(view.plot, Qt.Key.Key_Space)
    for _ in range(3):
        qtbot.keyClick(view.plot, Qt.Key.Key_Up)
    qtbot.keyClick(view.plot, Qt.Key.Key_Space)
    before = Points(rows=tuple((0.0, 0.0, 0.0, 0) for _ in range(400)), names=("a", "b"))
    after = seen[-1][0](before)
    assert after.rows[0][1] == pytest.approx(there[1] + 0.06 * (y1 - y0), abs=1e-3)
    take(view, LOOK)
    assert not keeps_key(view.plot, Qt.Key.Key_Space)
    assert len(view.tools._ring.data) == 0


def test_while_looking_an_example_is_selected(view: DecisionView, qtbot: QtBot) -> None:
    place = prepared(RINGS).validation.raw[7, :, 0, 0].tolist()
    with qtbot.waitSignal(view.picked) as picked:
        view.plot.pressed.emit(tuple(place))
    found = getattr(prepared(RINGS), picked.args[0].part).raw[picked.args[0].example, :, 0, 0]
    assert np.hypot(*(found - place)) < 0.3
