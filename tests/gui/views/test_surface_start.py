"""The start of runs of two weights, dragged on the surface: from the mouse to the trainer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from pytestqt.qtbot import QtBot

from lab.experiment.presets import preset
from lab.gui.document import Document
from lab.gui.main_window import MainWindow
from lab.gui.views.surface import SurfaceView
from lab.gui.widgets.surface.trails import as_walked
from lab.network.layers import Dense
from lab.training.snapshot import Snapshot, Walk
from lab.training.timeline import Edit
from tests.gui import fake_snapshots as fake
from tests.gui.conftest import FakeTrainer
from tests.gui.views.stage import Stage
from tests.gui.views.test_surface import flat_of

NEURON = msgspec.structs.replace(fake.LINEAR, network=fake.chain(("neuron", Dense(1, bias=False))))


@pytest.fixture(autouse=True)
def _two_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fake.EXPERIMENTS, "neuron", NEURON)


def raced(count: int, walks: tuple[Walk, ...]) -> Snapshot:
    runs = fake.race("neuron", count=count, steps=9).runs
    runs = tuple(replace(run, walks=(walk,)) for run, walk in zip(runs, walks, strict=True))
    return replace(runs[0], runs=runs)


def shown(stage: Stage, count: int = 4) -> tuple[SurfaceView, tuple[Walk, ...]]:
    view = stage.show(SurfaceView, "neuron")
    reading, walks = fake.bowl_surface(count)
    view.show_snapshot(replace(raced(count, walks), readings={view.probe(): reading}))
    return view, walks


def on_screen(view: SurfaceView, x: float, y: float) -> QPoint:
    flat = flat_of(view)
    return flat.mapFromScene(flat.box.mapViewToScene(QPointF(x, y)))


def test_all_of_weight_space_needs_no_choice_of_planes_and_has_equal_units(stage: Stage) -> None:
    view, _ = shown(stage)
    assert view.settings.plane.parentWidget().isHidden()
    wide, tall = (abs(v) for v in flat_of(view).box.viewPixelSize())
    assert wide == pytest.approx(tall, rel=1e-3)
    assert "plane" not in view.readout.text()


def test_the_start_follows_the_mouse_and_is_let_go_once(stage: Stage, qtbot: QtBot) -> None:
    view, walks = shown(stage)
    flat = flat_of(view)
    given: list[tuple[Any, bool]] = []
    view.start_dragged.connect(lambda values, final: given.append((values, final)))
    start = walks[0].points[0]
    qtbot.mousePress(flat.viewport(), Qt.MouseButton.LeftButton, pos=on_screen(view, *start))
    for x in (-1.5, -1.0, -0.5):
        qtbot.mouseMove(flat.viewport(), on_screen(view, x, 1.0))
    qtbot.mouseRelease(flat.viewport(), Qt.MouseButton.LeftButton, pos=on_screen(view, 0.0, 1.0))
    assert [final for _, final in given] == [False, False, False, True]
    values = given[-1][0]
    assert list(values) == ["neuron.weight"]
    assert values["neuron.weight"].dtype == np.float32
    np.testing.assert_allclose(values["neuron.weight"], [[0.0, 1.0]], atol=0.02)


def test_a_click_on_the_start_and_a_drag_elsewhere_move_nothing(stage: Stage, qtbot: QtBot) -> None:
    view, walks = shown(stage)
    flat = flat_of(view)
    with qtbot.assertNotEmitted(view.start_dragged):
        qtbot.mouseClick(flat.viewport(), Qt.MouseButton.LeftButton, pos=on_screen(view, *walks[0].points[0]))
        qtbot.mousePress(flat.viewport(), Qt.MouseButton.LeftButton, pos=on_screen(view, 2.5, -2.0))
        qtbot.mouseMove(flat.viewport(), on_screen(view, 1.0, -1.0))
        qtbot.mouseRelease(flat.viewport(), Qt.MouseButton.LeftButton, pos=on_screen(view, 1.0, -1.0))


def test_escape_gives_the_drag_up(stage: Stage, qtbot: QtBot) -> None:
    view, walks = shown(stage)
    flat = flat_of(view)
    qtbot.mousePress(flat.viewport(), Qt.MouseButton.LeftButton, pos=on_screen(view, *walks[0].points[0]))
    qtbot.mouseMove(flat.viewport(), on_screen(view, 1.0, 1.0))
    with qtbot.waitSignal(view.start_dragged) as given:
        qtbot.keyClick(flat, Qt.Key.Key_Escape)
    assert given.args == [None, True]
    with qtbot.assertNotEmitted(view.start_dragged):
        qtbot.mouseRelease(flat.viewport(), Qt.MouseButton.LeftButton, pos=on_screen(view, 1.0, 1.0))


def test_keys_move_the_start(stage: Stage, qtbot: QtBot) -> None:
    view, walks = shown(stage)
    with qtbot.waitSignal(view.start_dragged) as given:
        qtbot.keyClick(flat_of(view), Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    values, final = given.args
    assert final
    np.testing.assert_allclose(values["neuron.weight"], [walks[0].points[0] + (6.5 / 40, 0)], atol=0.02)


def test_a_network_of_more_weights_has_no_start_to_drag(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(SurfaceView)
    flat, start = flat_of(view), fake.surface().path[0]
    with qtbot.assertNotEmitted(view.start_dragged):
        qtbot.mousePress(flat.viewport(), Qt.MouseButton.LeftButton, pos=on_screen(view, *start))
        qtbot.mouseMove(flat.viewport(), on_screen(view, 0.0, 0.0))
        qtbot.mouseRelease(flat.viewport(), Qt.MouseButton.LeftButton, pos=on_screen(view, 0.0, 0.0))
        qtbot.keyClick(flat, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)


def test_while_the_start_is_in_the_hand_the_ground_stands_still_and_paths_follow(stage: Stage) -> None:
    view, walks = shown(stage)
    land = view.scenes[0].land
    view._drag((1.0, 1.0), False)
    moved = tuple(Walk(w.steps, w.points + 0.5) for w in walks)
    reading, _ = fake.bowl_surface(4)
    elsewhere = replace(reading, x=reading.x * 2, y=reading.y * 2)
    view.show_snapshot(replace(raced(4, moved), readings={view.probe(): elsewhere}))
    assert view.scenes[0].land is land
    for path, walk in zip(flat_of(view).paths, (*moved[1:3], moved[0]), strict=False):
        np.testing.assert_allclose(path.start, walk.points[0])
    view._drag((1.0, 1.0), True)
    view.show_snapshot(replace(raced(4, moved), readings={view.probe(): elsewhere}))
    assert view.scenes[0].land.frame == ((-6.0, 7.0), (-4.8, 6.0))


def test_a_walk_keeps_the_true_errors_of_the_points_it_shares() -> None:
    reading, (walk,) = fake.bowl_surface(1)
    view_trail = fake_trail(reading)
    same = as_walked(view_trail, walk)
    np.testing.assert_array_equal(same.errors, reading.path_errors)
    longer = Walk(np.append(walk.steps, 10), np.vstack([walk.points, [[1.0, 0.5]]]))
    errors = as_walked(view_trail, longer).errors
    np.testing.assert_array_equal(errors[:-1], reading.path_errors)
    assert np.isnan(errors[-1])
    assert np.isnan(as_walked(view_trail, Walk(walk.steps, walk.points + 1)).errors).all()


def fake_trail(reading: Any) -> Any:
    from lab.gui.widgets.surface.trails import Trail

    return Trail(1, "A", 0, reading.path, reading.path_errors, reading.path_steps, reading.path_distances)


# from the view to the trainer


NAMED = {"dense1.weight": np.array([[1.0, 2.0]], np.float32)}


def two_runs(document: Document) -> None:
    """As after a start of the second run was set by hand."""
    seen = document.snapshot
    assert seen is not None
    edit = Edit(0, seen.experiment, {"dense1.weight": np.array([[7.0, 8.0]], np.float32)})
    runs = replace(seen, edits=(Edit(0, seen.experiment),)), replace(seen, run=2, edits=(edit,))
    document.snapshot = replace(seen, runs=runs)


def starts(trainer: FakeTrainer) -> list[tuple[dict[int, Any], bool]]:
    return [
        ({run: None if w is None else w["dense1.weight"].ravel().tolist() for run, w in moved.items()}, final)
        for _, moved, final in trainer.named("start_from")
    ]


def test_a_drag_is_one_entry_of_the_undo_stack(document: Document, trainer: FakeTrainer) -> None:
    two_runs(document)
    for x in (0.0, 0.5):
        document.runs.start_from({"dense1.weight": np.array([[x, 2.0]], np.float32)}, False)
    assert document.undo_stack.count() == 0
    document.runs.start_from(NAMED, True)
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "Move the start"
    document.undo_stack.undo()
    document.undo_stack.redo()
    both = {1: [1.0, 2.0], 2: [1.0, 2.0]}
    assert starts(trainer) == [
        ({1: [0.0, 2.0], 2: [0.0, 2.0]}, False),
        ({1: [0.5, 2.0], 2: [0.5, 2.0]}, False),
        (both, True),
        ({1: None, 2: [7.0, 8.0]}, True),
        (both, True),
    ]


def test_a_drag_that_is_given_up_puts_every_run_back(document: Document, trainer: FakeTrainer) -> None:
    two_runs(document)
    document.runs.start_from(NAMED, False)
    document.runs.start_from(None, True)
    assert starts(trainer)[-1] == ({1: None, 2: [7.0, 8.0]}, True)
    assert document.undo_stack.count() == 0


def test_the_window_hands_a_dragged_start_to_the_trainer(window: MainWindow, trainer: FakeTrainer) -> None:
    window.open_experiment(preset("linear-neuron"))
    window.document.pull()
    two_runs(window.document)
    surface = window.workspace.docks["surface"].view
    assert isinstance(surface, SurfaceView)
    surface.start_dragged.emit(NAMED, False)
    assert starts(trainer)[-1] == ({1: [1.0, 2.0], 2: [1.0, 2.0]}, False)


def test_arrows_stand_where_the_run_was_looked_at(stage: Stage) -> None:
    view, walks = shown(stage, 1)
    reading, _ = fake.bowl_surface(1)
    further = Walk(np.arange(12), np.vstack([walks[0].points, [[1.0, 0.5], [1.1, 0.6]]]))
    view.show_snapshot(replace(raced(1, (further,)), readings={view.probe(): reading}))
    arrow = flat_of(view).compass.arrows["descent"]
    assert arrow.isVisible()
    assert (arrow.pos().x(), arrow.pos().y()) == tuple(reading.path[-1])
    assert view.scenes[0].front.end == (1.1, 0.6)


def test_arrows_are_gone_while_the_start_moves_and_come_back_where_the_runs_stand_then(stage: Stage) -> None:
    view, walks = shown(stage)
    compass = flat_of(view).compass
    assert compass.arrows["descent"].isVisible()
    assert compass.others
    others = len(compass.others)
    view._drag((1.0, 1.0), False)
    moved = tuple(Walk(w.steps, w.points + 0.1) for w in walks)
    reading, _ = fake.bowl_surface(4)
    view.show_snapshot(
        replace(raced(4, moved), readings={view.probe(): replace(reading, why="run B is gone")})
    )
    assert not any(arrow.isVisible() for arrow in compass.arrows.values())
    assert not compass.others
    assert "gone" not in view.readout.text(), "what was said is of another start"
    view.show_snapshot(replace(raced(4, walks), readings={view.probe(): reading}))
    assert compass.arrows["descent"].isVisible()
    assert len(compass.others) == others
    assert all(arrow.isVisible() for arrow in compass.others)


def test_a_true_error_is_said_with_its_step_and_that_of_the_surface_with_a_sign(stage: Stage) -> None:
    view, walks = shown(stage)
    reading, _ = fake.bowl_surface(4)
    true = f"step 9: error {float(f'{reading.path_errors[-1]:.3g}'):g}"
    assert true in view.readout.text()
    ahead = tuple(Walk(np.append(w.steps, 50), np.vstack([w.points, w.points[-1] + 0.4])) for w in walks)
    view.show_snapshot(replace(raced(4, ahead), readings={view.probe(): reading}))
    assert true in view.readout.text(), "that of the step up to which it is known"
    elsewhere = tuple(Walk(w.steps, w.points + 0.4) for w in walks)
    view.show_snapshot(replace(raced(4, elsewhere), readings={view.probe(): reading}))
    assert "error ≈ " in view.readout.text()
