"""The pad: a pen that draws, an example that follows it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from lab.gui.selection import Selection
from lab.gui.views.maps import MapsView
from lab.gui.views.pad import PadView
from lab.training.drawing import Drawing
from lab.training.probes import Activations, ActivationsProbe
from tests.gui.fake_snapshots import snapshot
from tests.gui.views.stage import Stage


@pytest.fixture
def view(stage: Stage) -> PadView:
    """On digits; what it picks it is told, as the window does."""
    view = stage.show(PadView, "lenet")
    view.picked.connect(view.show_selection)
    return view


def drag(view: PadView, qtbot: QtBot, *places: tuple[float, float], button=Qt.MouseButton.LeftButton) -> None:
    """Along places of the sheet from 0 to 1."""
    points = [spot(view, *place) for place in places]
    qtbot.mousePress(view.pad, button, pos=points[0])
    for point in points[1:]:
        move(view, point, button)
    qtbot.mouseRelease(view.pad, button, pos=points[-1])


def move(view: PadView, point: QPoint, button) -> None:
    from PySide6.QtCore import QEvent, QPointF
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    at = QPointF(point)
    QApplication.sendEvent(
        view.pad,
        QMouseEvent(
            QEvent.Type.MouseMove, at, at, Qt.MouseButton.NoButton, button, Qt.KeyboardModifier.NoModifier
        ),
    )


def spot(view: PadView, x: float, y: float) -> QPoint:
    sheet = view.pad.sheet
    return QPoint(round(sheet.left() + x * sheet.width()), round(sheet.top() + y * sheet.height()))


def answered(view: PadView, selection: Selection, *scores: float) -> None:
    """The answer to what is drawn now arrives."""
    (probe,) = view.probes(snapshot("lenet"), selection)
    values = np.zeros(10, np.float32)
    values[: len(scores)] = scores
    raw = probe.part.raw
    reading = Activations(raw, raw, {}, {}, values, np.full(10, np.nan, np.float32), None)
    view.show_snapshot(replace(snapshot("lenet"), readings={probe: reading}))


def test_a_stroke_becomes_the_selected_example(view: PadView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.picked) as picked:
        drag(view, qtbot, (0.3, 0.3), (0.7, 0.3))
    drawing = picked.args[0].part
    assert isinstance(drawing, Drawing)
    assert drawing.shape == (1, 32, 32)
    assert drawing.label is None
    assert drawing.raw.max() > 8
    assert view.probes(snapshot("lenet"), picked.args[0]) == {ActivationsProbe(view._drawing, 0)}


def test_bars_follow_and_a_later_move_is_sent_after_the_answer(view: PadView, qtbot: QtBot) -> None:
    drag(view, qtbot, (0.3, 0.3), (0.5, 0.3), (0.7, 0.3), (0.7, 0.7))
    first = view._drawing
    answered(view, view._selection, 0.1, 0.2, 0.7)
    assert [bar.strong for bar in view.panel.bars.bars].index(True) == 2
    assert view.panel.verdict.text() == "What you drew.  Predicted: 2"
    assert view._drawing != first  # the rest of the stroke was waiting
    answered(view, view._selection, 0.9)
    last = view._drawing
    answered(view, view._selection, 0.9)
    assert view._drawing == last
    assert view.table().columns["score"][0] == np.float32(0.9)


def test_what_it_is_meant_to_be_is_its_label(view: PadView, qtbot: QtBot) -> None:
    drag(view, qtbot, (0.3, 0.3), (0.7, 0.7))
    answered(view, view._selection, 1.0)
    answered(view, view._selection, 1.0)
    with qtbot.waitSignal(view.picked) as picked:
        view.meant.setCurrentIndex(view.meant.findText("meant: 7"))
    assert picked.args[0].part.label == 7


def test_undo_and_clear(view: PadView, qtbot: QtBot) -> None:
    drag(view, qtbot, (0.3, 0.3), (0.7, 0.3))
    one = view.pad.ink.copy()
    drag(view, qtbot, (0.3, 0.6), (0.7, 0.6))
    qtbot.keyClick(view.pad, Qt.Key.Key_Backspace)
    np.testing.assert_array_equal(view.pad.ink, one)
    view._asked_at = 0.0
    with qtbot.waitSignal(view.picked) as picked:
        view.clear.click()
    assert not view.pad.has_ink
    assert (picked.args[0].part, picked.args[0].example) == ("validation", 0)
    assert view.probes(snapshot("lenet"), Selection()) == frozenset()
    view.undo.click()
    np.testing.assert_array_equal(view.pad.ink, one)


def test_rubbing_out(view: PadView, qtbot: QtBot) -> None:
    drag(view, qtbot, (0.3, 0.3), (0.7, 0.3))
    before = view.pad.ink.sum()
    drag(view, qtbot, (0.3, 0.3), (0.5, 0.3), button=Qt.MouseButton.RightButton)
    after = view.pad.ink.sum()
    assert after < 0.8 * before
    view.tool.setCurrentIndex(1)
    drag(view, qtbot, (0.2, 0.3), (0.8, 0.3))
    assert view.pad.ink.sum() < 0.1 * before


def test_by_keyboard(view: PadView, qtbot: QtBot) -> None:
    qtbot.keyClick(view.pad, Qt.Key.Key_Left)
    assert not view.pad.has_ink
    qtbot.keyClick(view.pad, Qt.Key.Key_Space)
    for _ in range(8):
        qtbot.keyClick(view.pad, Qt.Key.Key_Up)
    qtbot.keyClick(view.pad, Qt.Key.Key_Space)
    rows = np.flatnonzero(view.pad.ink.max(1))
    assert np.ptp(rows) > 8 * 280 / 40
    assert view.pad.strokes == 1
    assert view.pad.accessibleDescription() == "Something is drawn on it"


def test_starting_from_an_example_shows_that_example(stage: Stage, qtbot: QtBot) -> None:
    from lab.gui.views.examples import data_of

    selection = Selection(part="training", example=11)
    view = stage.show(PadView, "lenet", selection)
    with qtbot.waitSignal(view.picked) as picked:
        view._start_from()
    data = data_of(snapshot("lenet").experiment)
    np.testing.assert_allclose(picked.args[0].part.raw, data.training.raw[11], atol=1e-4)
    assert not view.fitted.isChecked()


def test_a_pen_twice_as_thick_leaves_twice_as_much(view: PadView, qtbot: QtBot) -> None:
    drag(view, qtbot, (0.2, 0.5), (0.8, 0.5))
    thin = view.pad.ink.sum()
    view.pad.clear()
    view.thickness.setValue(18)
    drag(view, qtbot, (0.2, 0.5), (0.8, 0.5))
    assert view.pad.ink.sum() == pytest.approx(2 * thin, rel=0.15)


def test_not_for_a_plane(stage: Stage) -> None:
    view = stage.show(PadView, "rings")
    assert "image" in view.message
    assert not view.suits(snapshot("rings"))


def test_where_it_is_narrow_the_sheet_has_the_room_of_the_bars(view: PadView, qtbot: QtBot) -> None:
    drag(view, qtbot, (0.3, 0.3), (0.7, 0.7))
    view.resize(230, 300)
    answered(view, view._selection, 0.1, 0.2, 0.7)
    assert view.panel.bars.isHidden()
    assert view.readout.text() == "2: 70.0 %,  1: 20.0 %"
    qtbot.waitUntil(lambda: view.pad.sheet.width() > 90)
    view.resize(700, 400)
    assert not view.panel.bars.isHidden()


def test_the_next_example_leads_from_a_drawing_back_to_the_data(stage: Stage, qtbot: QtBot) -> None:
    drawn = Selection(part=Drawing.of(np.ones((1, 32, 32), np.float32)))
    view = stage.show(MapsView, "lenet", drawn)
    assert view._part.currentIndex() == -1
    assert view._part.placeholderText() == "what you drew"
    with qtbot.waitSignal(view.picked) as picked:
        view._turn(1)
    assert (picked.args[0].part, picked.args[0].example) == ("validation", 0)
