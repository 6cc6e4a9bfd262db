"""Curves: the right points on the right axes."""

import dataclasses
import time

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.gui.views.curves import FULL, CurvesView, leap, smoothed, smoothing_window, thinned
from lab.gui.widgets.plot import Axis
from lab.training.snapshot import Snapshot
from lab.training.timeline import Edit
from tests.gui.fake_snapshots import LENET, snapshot
from tests.gui.views.stage import Stage


def drawn(view: CurvesView, key: str, line: int) -> tuple[np.ndarray, np.ndarray]:
    data = view._lines[key][line]
    return data.xData, data.yData


def test_all_three_lines(stage: Stage) -> None:
    view = stage.show(CurvesView)
    curves = snapshot().curves
    np.testing.assert_array_equal(drawn(view, "loss", 0)[1], curves.loss)
    np.testing.assert_array_equal(drawn(view, "loss", 2)[0], curves.validation_step)
    np.testing.assert_allclose(drawn(view, "accuracy", 2)[1], 100 * curves.validation_accuracy)
    assert "training, mean of the last 20" in view.legend.names
    assert not view.accuracy.isHidden()


def test_regression_has_no_accuracy(stage: Stage) -> None:
    view = stage.show(CurvesView, "waves")
    assert view.accuracy.isHidden()
    assert view.loss.getAxis("bottom").labelText == "step (updates)"


def test_both_axes_logarithmic(stage: Stage) -> None:
    view = stage.show(CurvesView)
    view.log_x.setChecked(True)
    (left, right), (low, high) = view.loss.box.viewRange()
    assert left == pytest.approx(np.log10(0.9))
    assert right == pytest.approx(np.log10(640))
    assert high == pytest.approx(np.log10(leap(2.3) * 1.02), abs=0.2)
    assert low > -2
    assert np.isnan(drawn(view, "loss", 2)[0][0])  # step 0 has no logarithm
    view.log_y.setChecked(False)
    assert view.loss.box.viewRange()[1][0] == pytest.approx(0)


def test_over_epochs_and_examples(stage: Stage) -> None:
    view = stage.show(CurvesView)
    shot = snapshot()
    view._over.setCurrentIndex(1)
    assert drawn(view, "loss", 0)[0][-1] == pytest.approx(shot.epoch)
    assert view.accuracy.getAxis("bottom").labelText.startswith("epochs")
    view._over.setCurrentIndex(2)
    assert drawn(view, "loss", 0)[0][-1] == shot.examples


def test_the_step_is_marked(stage: Stage) -> None:
    view = stage.show(CurvesView)
    assert [marker.value() for marker in view._markers] == [600, 600]


def test_hover(stage: Stage) -> None:
    view = stage.show(CurvesView)
    plot = view.loss
    position = plot.box.mapViewToScene(QPointF(250.2, -0.5))
    plot._moved(position)
    curves = snapshot().curves
    assert view.readout.text().startswith(f"step 250: batch error {curves.loss[249]:.3f}")
    assert "validation at 240" in view.readout.text() or "validation at 260" in view.readout.text()


def test_ranges_stand_still_while_little_changes(stage: Stage) -> None:
    view = stage.show(CurvesView)
    before = view.loss.box.viewRange()
    view.show_snapshot(snapshot(steps=620))
    assert view.loss.box.viewRange() == before
    view.loss.box.setRange(xRange=(100, 200), padding=0)
    view.loss._let_go()
    view.show_snapshot(snapshot(steps=2000))
    assert view.loss.box.viewRange()[0] == pytest.approx([100, 200])
    view.loss.refit()
    assert view.loss.box.viewRange()[0][1] >= 2000


def test_nothing_yet_and_not_finite(qtbot: QtBot) -> None:
    view = CurvesView()
    qtbot.addWidget(view)
    view.show_snapshot(snapshot(steps=0))
    assert view.message == ""  # the validation at step 0 is there
    shot = snapshot(steps=30)
    shot.curves.loss[-3:] = [np.inf, np.nan, np.nan]
    shot.curves.validation_loss[:] = np.nan
    view.show_snapshot(shot)
    view.show()


def test_smoothing_is_the_mean_it_says() -> None:
    values = np.random.default_rng(2).normal(size=300)
    window = smoothing_window(300)
    assert window == 10
    plain = [values[max(k - 9, 0) : k + 1].mean() for k in range(300)]
    np.testing.assert_allclose(smoothed(values, window), plain)
    values[100] = np.nan
    holes = np.isnan(smoothed(values, window))
    np.testing.assert_array_equal(np.flatnonzero(holes), np.arange(100, 110))


def test_thinning_keeps_extremes() -> None:
    y = np.random.default_rng(3).normal(size=200_000)
    y[150_001] = 99
    x, kept = thinned(np.arange(len(y), dtype=float), y)
    assert len(x) == len(kept) < 4 * FULL
    assert kept.max() == 99
    np.testing.assert_array_equal(kept[:FULL], y[:FULL])
    assert (np.diff(x) >= 0).all()


def test_axis_numbers_are_round() -> None:
    axis = Axis("left")
    axis.setLogMode(x=False, y=True)
    values = axis.tickValues(-2.3, 0.4, 200)[0][1]
    assert axis.tickStrings(values, 1, 1) == ["0.01", "0.1", "1"] or len(values) > 3
    assert all(float(t) > 0 for t in axis.tickStrings(values, 1, 1))


def test_speed(stage: Stage) -> None:
    view = stage.show(CurvesView)
    shots = [snapshot(steps=n) for n in range(20_000, 20_020)]
    times = []
    for shot in shots:
        start = time.perf_counter()
        view.show_snapshot(shot)
        times.append(time.perf_counter() - start)
    assert np.median(times) < 0.02


def test_table(stage: Stage) -> None:
    columns = stage.show(CurvesView).table().columns
    curves = snapshot().curves
    assert columns["step"][0] == 0
    assert np.isnan(columns["training loss"][0])
    np.testing.assert_array_equal(columns["training loss"][1:], curves.loss)


def changed(step: int, furthest: int, *steps: int) -> Snapshot:
    """A run that went to `furthest`, stands at `step` and had its learning rate halved at `steps`."""
    edits = [Edit(0, LENET)]
    for at in steps:
        before = edits[-1].experiment
        optimizer = msgspec.structs.replace(before.optimizer, rate=before.optimizer.rate / 2)
        edits.append(Edit(at, msgspec.structs.replace(before, optimizer=optimizer)))
    return dataclasses.replace(snapshot(steps=furthest), step=step, furthest=furthest, edits=tuple(edits))


@pytest.mark.parametrize("log", [False, True])
def test_changes_are_marked_and_said(stage: Stage, log: bool) -> None:
    view = stage.show(CurvesView)
    view.log_x.setChecked(log)
    view.show_snapshot(changed(600, 600, 150, 400))
    box = view.loss.box
    for x, said in ((150, "◆ step 150: learning rate 0.01 → 0.005"), (400, "◆ step 400: "), (270, "")):
        place = np.log10(x) if log else x
        view.loss._moved(box.mapViewToScene(QPointF(place, -0.5)))
        assert view.readout.text().startswith(said)
        assert said or "◆" not in view.readout.text()


def test_the_recorded_future_is_paler(stage: Stage) -> None:
    view = stage.show(CurvesView)
    ink = {}
    for step in (600, 300):
        view.show_snapshot(changed(step, 600))
        QApplication.processEvents()
        picture = view.loss.grab().toImage()
        darkest = {"past": 0.0, "future": 0.0}
        for x in range(picture.width()):
            point = view.loss.box.mapSceneToView(view.loss.mapToScene(x, 100))
            for part, (first, last) in (("past", (20, 290)), ("future", (320, 590))):
                if first < point.x() < last:
                    column = [
                        255 - picture.pixelColor(x, y).lightness() for y in range(5, picture.height() - 30)
                    ]
                    darkest[part] = max(darkest[part], *column)
        ink[step] = darkest
    assert ink[300]["past"] == ink[600]["past"]
    assert ink[300]["future"] < 0.6 * ink[600]["future"]


def test_over_seconds_of_training(stage: Stage) -> None:
    view = stage.show(CurvesView)
    view._over.setCurrentIndex(3)
    view.show_snapshot(changed(300, 600, 150))
    curves = snapshot().curves
    np.testing.assert_allclose(drawn(view, "loss", 0)[0], curves.seconds)
    assert view._markers[0].value() == pytest.approx(curves.seconds[299])
    assert view.accuracy.getAxis("bottom").labelText == "seconds of training"
