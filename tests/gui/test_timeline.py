"""The timeline: what it asks for by mouse and keys, what it says and draws."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QColor, QHelpEvent, QPixmap, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.gui.theme import DARK, LIGHT
from lab.gui.widgets.time.run_clock import RunClock, alongside
from lab.gui.widgets.time.scrubbing import Scrubbing
from lab.gui.widgets.time.time_axis import CLOSEST, TimeAxis, spread
from lab.gui.widgets.time.timeline import Timeline, history_words
from lab.gui.widgets.time.track_layout import BAR, HALF, MARKS, Marks, Placed
from lab.training.snapshot import Snapshot
from lab.training.timeline import Edit
from tests.gui.fake_snapshots import RINGS, snapshot

LEFT = Qt.MouseButton.LeftButton


def shot(step: int, furthest: int, **more: object) -> Snapshot:
    """A run of rings that went to `furthest` and stands at `step`; an epoch has 280 examples, a batch 64."""
    full = snapshot("rings", furthest)
    return replace(full, step=step, furthest=furthest, examples=step * 64, epoch=step * 64 / 280, **more)  # type: ignore[arg-type]


def edits(*steps: int) -> tuple[Edit, ...]:
    """A lower rate at each of these steps."""
    made = [Edit(0, RINGS)]
    for step in steps:
        before = made[-1].experiment
        optimizer = msgspec.structs.replace(before.optimizer, rate=before.optimizer.rate / 2)
        made.append(Edit(step, msgspec.structs.replace(before, optimizer=optimizer)))
    return tuple(made)


class Asked:
    """Writes down what a timeline asks for."""

    def __init__(self, timeline: Timeline) -> None:
        self.scrubbed: list[int] = []
        self.chosen: list[int] = []
        self.stepped: list[int] = []
        self.runs: list[int] = []
        timeline.scrubbed.connect(self.scrubbed.append)
        timeline.chosen.connect(self.chosen.append)
        timeline.stepped.connect(self.stepped.append)
        timeline.run_chosen.connect(self.runs.append)


@pytest.fixture(autouse=True)
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What tool tips would say: there is no screen to put them on."""
    texts: list[str] = []

    class Tips:
        @staticmethod
        def showText(_where: QPoint, text: str, _of: object) -> None:
            texts.append(text.replace("\xa0", " "))

    monkeypatch.setattr("lab.gui.widgets.time.track.QToolTip", Tips)
    return texts


@pytest.fixture
def timeline(qtbot: QtBot) -> Timeline:
    timeline = Timeline()
    qtbot.addWidget(timeline)
    timeline.show_theme(LIGHT)
    timeline.resize(1280, timeline.sizeHint().height())
    timeline.show()
    qtbot.waitExposed(timeline)
    return timeline


@pytest.fixture
def asked(timeline: Timeline) -> Asked:
    return Asked(timeline)


def at(timeline: Timeline, step: float, y: float = BAR) -> QPoint:
    return QPoint(round(timeline.track.axis.x(float(step))), round(y))


def turn_wheel(timeline: Timeline, step: float, notches: int) -> None:
    none, where = Qt.MouseButton.NoButton, QPointF(at(timeline, step))
    event = QWheelEvent(
        where, where, QPoint(), QPoint(0, 120 * notches), none, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(timeline.track, event)


class TestMouse:
    def test_a_pointer_at_rest_is_told_what_is_there_and_what_can_be_done(
        self, qtbot: QtBot, timeline: Timeline, said: list[str]
    ) -> None:
        timeline.show_snapshot(shot(500, 500))
        where = at(timeline, 100)
        QApplication.sendEvent(
            timeline.track, QHelpEvent(QEvent.Type.ToolTip, where, timeline.track.mapToGlobal(where))
        )
        assert said[-1].startswith("<qt>step 100 ")
        assert "Drag: any step again" in said[-1]

    def test_a_drag_scrubs_and_letting_go_chooses(
        self, qtbot: QtBot, timeline: Timeline, asked: Asked
    ) -> None:
        timeline.show_snapshot(shot(500, 500))
        qtbot.mousePress(timeline.track, LEFT, pos=at(timeline, 100))
        assert asked.scrubbed == [timeline.track.step]
        assert abs(timeline.track.step - 100) <= 1
        timeline.show_snapshot(shot(timeline.track.step, 500))
        qtbot.mouseMove(timeline.track, at(timeline, 300))
        qtbot.waitUntil(lambda: len(asked.scrubbed) == 2)
        assert abs(asked.scrubbed[1] - 300) <= 1
        assert asked.chosen == []
        qtbot.mouseRelease(timeline.track, LEFT, pos=at(timeline, 320))
        assert len(asked.chosen) == 1
        assert abs(asked.chosen[0] - 320) <= 1

    def test_the_handle_stays_under_the_pointer_until_the_run_is_there(
        self, qtbot: QtBot, timeline: Timeline
    ) -> None:
        timeline.show_snapshot(shot(500, 500))
        qtbot.mousePress(timeline.track, LEFT, pos=at(timeline, 100))
        held = timeline.track.step
        timeline.show_snapshot(shot(480, 500))  # of before
        assert timeline.track.step == held
        qtbot.mouseRelease(timeline.track, LEFT, pos=at(timeline, held))
        timeline.show_snapshot(shot(470, 500))
        assert timeline.track.step == held
        timeline.show_snapshot(shot(held, 500))
        timeline.show_snapshot(shot(held + 1, 500))
        assert timeline.track.step == held + 1

    def test_nothing_is_asked_of_a_run_that_has_not_begun(
        self, qtbot: QtBot, timeline: Timeline, asked: Asked
    ) -> None:
        qtbot.mouseClick(timeline.track, LEFT, pos=QPoint(300, 18))
        timeline.show_snapshot(shot(0, 0))
        qtbot.mouseClick(timeline.track, LEFT, pos=QPoint(300, 18))
        assert asked.scrubbed == asked.chosen == []

    def test_it_snaps_to_edits_where_steps_cannot_be_told_apart(
        self, qtbot: QtBot, timeline: Timeline, asked: Asked
    ) -> None:
        timeline.show_snapshot(shot(10_000, 10_000, edits=edits(4_321)))
        x = at(timeline, 4_321).x()
        for off, snaps in ((3, True), (-3, True), (9, False)):
            qtbot.mouseClick(timeline.track, LEFT, pos=QPoint(x + off, 18))
            assert (asked.chosen[-1] == 4_321) == snaps

    def test_a_hundred_thousand_steps_can_be_scrubbed_to_one(
        self, qtbot: QtBot, timeline: Timeline, asked: Asked
    ) -> None:
        timeline.show_snapshot(shot(100_000, 100_000))
        for _ in range(40):
            turn_wheel(timeline, 54_321, 1)
        axis = timeline.track.axis
        assert axis.last - axis.first < 100
        assert axis.sees(54_321)
        qtbot.mouseClick(timeline.track, LEFT, pos=at(timeline, 54_321))
        qtbot.mouseClick(timeline.track, LEFT, pos=at(timeline, 54_322))
        assert asked.chosen == [54_321, 54_322]

    def test_a_double_click_shows_all_and_stays(self, qtbot: QtBot, timeline: Timeline, asked: Asked) -> None:
        timeline.show_snapshot(shot(800, 1_000))
        turn_wheel(timeline, 800, 5)
        assert timeline.track.axis.window is not None
        where = at(timeline, 790)
        qtbot.mouseClick(timeline.track, LEFT, pos=where)
        qtbot.mouseDClick(timeline.track, LEFT, pos=where)
        assert timeline.track.axis.window is None
        assert asked.chosen[-1] == 800

    def test_another_run_is_chosen_by_its_line(self, qtbot: QtBot, timeline: Timeline, asked: Asked) -> None:
        a, b = shot(300, 500), shot(300, 500, run=2, name="B", colour=1, origin=(1, 200))
        timeline.show_snapshot(replace(a, runs=(a, b)))
        timeline.track.grab()
        lane = timeline.track._placed
        assert lane is not None
        _, area, hook = lane.others[0]
        assert hook is not None  # it is tied to where it left
        assert area.left() == pytest.approx(timeline.track.axis.x(200.0))
        qtbot.mouseClick(timeline.track, LEFT, pos=area.center().toPoint())
        assert asked.runs == [2]
        assert asked.scrubbed == asked.chosen == []

    def test_what_is_pointed_at_is_said_in_words(
        self, qtbot: QtBot, timeline: Timeline, said: list[str]
    ) -> None:
        weights = {"dense1.weight": np.zeros((8, 2), np.float32)}
        changes = (*edits(120), Edit(121, edits(120)[1].experiment, weights))
        timeline.show_snapshot(shot(500, 500, edits=changes))
        timeline.show_breakpoints((122,))
        qtbot.mouseMove(timeline.track, at(timeline, 120))
        qtbot.waitUntil(lambda: bool(said))
        assert "step 120 · epoch 27.43 · loss" in said[-1]
        assert "learning rate 0.01 → 0.005; weights set by hand" in said[-1]
        assert "breakpoint at step 122" in said[-1]


class TestKeys:
    def test_a_stride_an_epoch_and_the_ends(self, qtbot: QtBot, timeline: Timeline, asked: Asked) -> None:
        timeline.show_snapshot(shot(120, 500))
        for key in (Qt.Key.Key_Right, Qt.Key.Key_Left):
            qtbot.keyClick(timeline.track, key)
        assert asked.stepped == [1, -1]
        # 280 examples: epoch 27 ended with update 119 (7,616 of 7,560), the 28th with 123
        for key in (Qt.Key.Key_PageUp, Qt.Key.Key_Home, Qt.Key.Key_End):
            qtbot.keyClick(timeline.track, key)
        assert asked.chosen == [123, 0, 500]
        timeline.show_snapshot(shot(500, 500))
        timeline.show_snapshot(shot(123, 500))
        qtbot.keyClick(timeline.track, Qt.Key.Key_PageDown)
        assert asked.chosen[-1] == 119

    def test_plus_minus_and_nought_zoom_around_the_handle(self, qtbot: QtBot, timeline: Timeline) -> None:
        timeline.show_snapshot(shot(900, 1_000))
        qtbot.keyClick(timeline.track, Qt.Key.Key_Plus)
        axis = timeline.track.axis
        assert axis.last - axis.first == pytest.approx(800)
        assert axis.sees(900)
        qtbot.keyClick(timeline.track, Qt.Key.Key_Minus)
        assert timeline.track.axis.window is None
        qtbot.keyClick(timeline.track, Qt.Key.Key_Plus)
        qtbot.keyClick(timeline.track, Qt.Key.Key_0)
        assert timeline.track.axis.window is None


class TestScrubbing:
    def test_the_next_step_waits_for_the_last_one(self, qtbot: QtBot) -> None:
        scrubbing, asked = Scrubbing(), []
        scrubbing.asked.connect(asked.append)
        for step in (10, 20, 30):
            scrubbing.want(step)
        assert asked == [10]
        scrubbing.seen(5)  # of before
        assert asked == [10]
        scrubbing.seen(10)
        qtbot.waitUntil(lambda: asked == [10, 30])

    def test_one_that_is_never_answered_is_not_waited_for_long(self, qtbot: QtBot) -> None:
        scrubbing, asked = Scrubbing(), []
        scrubbing.asked.connect(lambda step: asked.append((step, time.monotonic())))
        scrubbing.want(10)
        scrubbing.want(20)
        qtbot.waitUntil(lambda: len(asked) == 2)
        assert asked[1][1] - asked[0][1] > 0.09

    def test_what_was_chosen_otherwise_is_not_asked_for(self, qtbot: QtBot) -> None:
        scrubbing, asked = Scrubbing(), []
        scrubbing.asked.connect(asked.append)
        scrubbing.want(10)
        scrubbing.want(20)
        scrubbing.stop()
        scrubbing.seen(10)
        qtbot.wait(130)
        assert asked == [10]


class TestWords:
    def test_it_is_a_slider_to_a_screen_reader(self, timeline: Timeline) -> None:
        timeline.show_snapshot(shot(120, 500))
        reader = QAccessible.queryAccessibleInterface(timeline.track)
        assert reader.role() == QAccessible.Role.Slider
        assert reader.text(QAccessible.Text.Name) == "Timeline"
        assert reader.text(QAccessible.Text.Description) == "step 120 of 500"
        assert (timeline.track.value(), timeline.track.maximum()) == (120, 500)

    def test_where_it_stands_and_what_history_takes(self, timeline: Timeline) -> None:
        timeline.show_snapshot(shot(1_234, 5_000, history_bytes=18_400_000, history_limit=201_000_000))
        assert timeline.position.text() == "step 1,234 / 5,000"
        assert timeline.history.text() == "history 18 of 201 MB"
        assert "exactly" in timeline.history.toolTip()
        assert history_words(0, 0) == ""
        assert history_words(488_000_000, 201_000_000) == "history 488 MB"
        assert history_words(120_000, 9_000_000) == "history 0.1 of 9.0 MB"

    def test_the_track_stands_still_while_numbers_grow(self, timeline: Timeline) -> None:
        timeline.show_snapshot(shot(1, 1, history_bytes=1, history_limit=201_000_000))
        QApplication.processEvents()
        before = timeline.track.width()
        timeline.show_snapshot(shot(9_000, 9_000, history_bytes=200_000_000, history_limit=201_000_000))
        QApplication.processEvents()
        assert timeline.track.width() == before


class TestPicture:
    def test_the_past_the_future_and_the_marks(self, timeline: Timeline) -> None:
        for theme in (LIGHT, DARK):
            timeline.show_theme(theme)
            timeline.show_snapshot(shot(250, 500, colour=2, edits=edits(100)))
            image = timeline.track.grab().toImage()
            ratio = image.devicePixelRatio()

            def colour(step: int, y: float, image=image, ratio=ratio) -> QColor:
                point = QPointF(at(timeline, step, y)) * ratio
                return image.pixelColor(point.toPoint())

            assert colour(50, BAR).name() == theme.runs[2]
            assert colour(400, BAR).name() not in (theme.runs[2], theme.background)
            assert colour(400, BAR + 2).name() != colour(50, BAR + 2).name()  # the future is thinner too
            assert colour(100, MARKS).name() == theme.text
            assert colour(300, MARKS).name() != theme.text

    def test_a_thousand_edits_can_be_painted(self, timeline: Timeline) -> None:
        steps = sorted(np.random.default_rng(1).integers(1, 99_000, 1_000).tolist())
        many = edits(1)[:1] + tuple(Edit(step, RINGS) for step in steps)
        run = shot(60_000, 100_000, edits=many, checkpoints=tuple(range(0, 100_000, 250)))
        timeline.show_snapshot(run)
        canvas = QPixmap(timeline.track.size())
        timeline.track.render(canvas)

    def test_every_state_can_be_painted(self, timeline: Timeline) -> None:
        one = shot(0, 1)
        for state in (shot(0, 0), one, replace(one, epoch=0.0, examples=0), shot(3, 7, checkpoints=(0, 5))):
            timeline.show_snapshot(state)
            timeline.track.grab()
        timeline.setEnabled(False)
        timeline.track.grab()


class TestAxis:
    def test_there_and_back(self) -> None:
        axis = TimeAxis(100_000, left=12, width=1_000)
        for _ in range(12):
            axis = axis.zoomed(700.0, 0.5)
        assert axis.pixels_a_step > 1
        for step in range(round(axis.first) + 1, round(axis.last)):
            assert axis.step(axis.x(float(step))) == step

    def test_zooming_holds_what_is_under_the_pointer_and_has_ends(self) -> None:
        axis = TimeAxis(1_000, left=0, width=500)
        held = axis.step(300)
        near = axis.zoomed(300, 0.25)
        assert near.step(300) == held
        assert near.zoomed(300, 1e-9).last - near.zoomed(300, 1e-9).first == CLOSEST
        assert near.zoomed(300, 100).window is None
        assert TimeAxis(5, width=500).zoomed(10, 0.5).window is None

    def test_a_window_on_the_end_goes_along_with_a_growing_run(self) -> None:
        end = TimeAxis(1_000, width=500).zoomed(500, 0.1)
        assert end.last == 1_000
        assert end.over(1_050).last == 1_050
        assert end.over(1_050).first == end.first + 50
        middle = TimeAxis(1_000, width=500).zoomed(250, 0.1)
        assert middle.over(1_050).window == middle.window
        assert end.over(500).last <= 500  # what was beyond is no longer there

    def test_marks_keep_apart(self) -> None:
        xs = np.sort(np.random.default_rng(2).uniform(0, 900, 2_000))
        kept = spread(xs, 6.0)
        assert min(np.diff(kept)) >= 6
        assert len(kept) > 70
        assert spread(np.empty(0), 6.0) == []


class TestClock:
    def test_epochs_end_with_the_update_that_completes_them(self) -> None:
        clock = RunClock(shot(500, 500).curves, 280)
        assert [clock.epoch_end(k) for k in (0, 1, 2)] == [0, 5, 9]
        assert clock.next_epoch(0, 1) == 5
        assert clock.next_epoch(5, 1) == 9
        assert clock.next_epoch(7, -1) == 5
        assert clock.next_epoch(5, -1) == 0
        assert clock.next_epoch(500, 1) is None

    def test_epochs_are_known_at_the_start_once_they_were(self, timeline: Timeline) -> None:
        timeline.show_snapshot(shot(300, 500))
        timeline.show_snapshot(shot(0, 500))
        assert timeline.track._clock is not None
        assert timeline.track._clock.epoch_size == 280

    def test_runs_with_other_batches_lie_along_by_examples(self) -> None:
        a = shot(300, 500)
        wide = msgspec.structs.replace(a.experiment, batch_size=128)
        b = replace(shot(250, 250, run=2, name="B"), experiment=wide, examples=250 * 64)
        c = shot(300, 400, run=3, name="C", origin=(1, 120))
        found = alongside(replace(a, runs=(a, b, c)), RunClock(a.curves, 280))
        assert [(one.run, one.first, one.last) for one in found] == [(2, 0, 250), (3, 120, 400)]


def test_branches_at_one_step_stand_beside_one_another() -> None:
    axis, room = TimeAxis(furthest=100, left=12, width=1000), 7.0
    names = ("A", "low rate", "C")
    branches = tuple((0, name, k, "") for k, name in enumerate(names))
    placed = Placed(axis, Marks(edits=(0,), branches=branches), RunClock.none(), room)
    covered = [(axis.x(0.0) - HALF, axis.x(0.0) + HALF)]
    covered += [(fork.boundingRect().left(), x + room * len(name)) for fork, _, x, name in placed.branches]
    assert all(before[1] <= after[0] for before, after in pairwise(covered))


def test_what_it_says_always_has_room(qtbot: QtBot) -> None:
    timeline = Timeline()
    qtbot.addWidget(timeline)
    for furthest in (7, 9_999, 10_000, 99_999, 100_000, 88_888_888):
        seen = replace(shot(50, 50), step=furthest, furthest=furthest)
        timeline.show_snapshot(replace(seen, history_bytes=200_000_000, history_limit=201_000_000))
        for label in (timeline.position, timeline.history):  # one below the other, in one column
            assert label.fontMetrics().horizontalAdvance(label.text()) <= timeline.position.minimumWidth()
