"""Curves: the right points on the right axes."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.gui.theme import DARK, LIGHT
from lab.gui.views.curves import CurvesView
from lab.gui.views.smoothing import FULL, leap, smoothed, smoothing_window, sparse_means, thinned
from lab.gui.widgets.plot import Axis
from lab.gui.widgets.runs.run_lines import apart_from_each_other
from lab.gui.widgets.wording import number
from lab.training.snapshot import Snapshot
from lab.training.timeline import Edit
from tests.gui.fake_snapshots import LENET, race, snapshot
from tests.gui.views.stage import Stage


def drawn(view: CurvesView, key: str, line: int) -> tuple[np.ndarray, np.ndarray]:
    """Of a run alone: batches, their mean, the validation."""
    lines = view.lines[key]
    data = (lines.batches, lines.slots[0].mean, lines.slots[0].validation)[line]
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


def test_means_in_blocks_are_the_means() -> None:
    values = np.random.default_rng(4).normal(size=30_017)
    values[20_000] = np.inf
    window = smoothing_window(len(values))
    places, means = sparse_means(values, window)
    assert len(places) < len(values) / 10
    assert places[-1] == len(values) - 1
    np.testing.assert_allclose(means, smoothed(values, window)[places], atol=1e-9)
    for count in (0, 1, 60, 2_000):
        np.testing.assert_array_equal(sparse_means(values[:count], 1)[1], values[:count])


def several(stage: Stage, **of: object) -> CurvesView:
    view = stage.show(CurvesView)
    view.show_snapshot(race(**of))  # type: ignore[arg-type]
    return view


def test_every_run_has_its_lines_in_its_colour(stage: Stage) -> None:
    view = several(stage, count=3, active=2)
    runs = race(count=3).runs
    for run, slot in zip(runs, view.lines["loss"].slots, strict=True):
        np.testing.assert_allclose(slot.mean.yData, smoothed(run.curves.loss, 20))
        np.testing.assert_array_equal(slot.validation.yData, run.curves.validation_loss)
        for line in (slot.mean, slot.validation):
            assert line.opts["pen"].color().name() == LIGHT.runs[run.colour]
        assert slot.label.isVisible()
        assert slot.label.toPlainText().strip() == run.name
    np.testing.assert_array_equal(view.lines["loss"].batches.yData, runs[1].curves.loss)
    strong = [slot.mean.opts["pen"].width() for slot in view.lines["loss"].slots]
    assert strong == [1, 2, 1]
    above = [slot.mean.zValue() for slot in view.lines["loss"].slots]
    assert above[1] > max(above[0], above[2])


def test_the_legend_says_how_runs_differ(stage: Stage) -> None:
    view = several(stage, count=2)
    assert view.legend.names[:2] == ("A: the beginning", "B: learning rate 0.01 → 0.05")
    view.show_snapshot(snapshot())
    assert view.legend.names[0] == "training batch"
    assert not view.lines["loss"].slots[1].mean.isVisible()
    assert not view.lines["loss"].slots[0].label.isVisible()


def test_runs_that_stand_still_keep_their_lines(stage: Stage) -> None:
    view = several(stage, count=8)
    slots = view.lines["loss"].slots
    before = [slot.mean for slot in slots]
    view.show_snapshot(race(count=8, steps=610, B={"curves": race(count=8).runs[1].curves}))
    assert [slot.mean for slot in slots] == before, "lines are taken over, not made anew"
    assert len(slots[1].mean.yData) == 600
    assert len(slots[2].mean.yData) == 610


def test_runs_over_seconds(stage: Stage) -> None:
    curves = race().runs[1].curves
    view = several(stage, B={"curves": replace(curves, seconds=curves.seconds * 3)})
    view._over.setCurrentIndex(3)
    ends = [slot.mean.xData[-1] for slot in view.lines["loss"].slots]
    assert ends == pytest.approx([2.4, 7.2])
    assert view.accuracy.getAxis("bottom").labelText == "seconds of training"


def test_names_at_the_ends_do_not_cover_one_another(stage: Stage) -> None:
    view = several(stage, count=8)
    plot = view.loss
    places = sorted(plot.box.mapViewToScene(slot.label.pos()).y() for slot in view.lines["loss"].slots)
    assert np.diff(places).min() > 7
    assert apart_from_each_other([(1.0, 0), (1.0, 1)], 1.0, 0.0, 9.0) == [(0.5, 0), (1.5, 1)]
    assert apart_from_each_other([(9.0, 0), (9.0, 1)], 1.0, 0.0, 9.0) == [(8.0, 0), (9.0, 1)]
    crowd = apart_from_each_other([(1.0, k) for k in range(5)], 1.0, 0.0, 2.0)
    assert [y for y, _ in crowd] == pytest.approx([0, 0.5, 1, 1.5, 2])


def test_hover_tells_of_every_run(stage: Stage) -> None:
    view = several(stage, count=2)
    view.loss._moved(view.loss.box.mapViewToScene(QPointF(250.0, -0.5)))
    runs = race().runs
    text = view.readout.text()
    assert text.startswith("steps 250")
    for run in runs:
        mean = smoothed(run.curves.loss, 20)[249]
        assert f"{run.name} {number(mean)}, " in text
    view.accuracy._moved(view.accuracy.box.mapViewToScene(QPointF(250.0, 50.0)))
    assert view.readout.text().count("%") == 4


def test_table_of_all_runs(stage: Stage) -> None:
    columns = several(stage, count=2).table().columns
    runs = race().runs
    of_b = columns["run"] == "B"
    np.testing.assert_array_equal(columns["training loss"][of_b][1:], runs[1].curves.loss)
    assert list(columns)[:2] == ["run", "step"]


def test_axis_numbers_are_round() -> None:
    axis = Axis("left")
    axis.setLogMode(x=False, y=True)
    values = axis.tickValues(-2.3, 0.4, 200)[0][1]
    assert axis.tickStrings(values, 1, 1) == ["0.01", "0.1", "1"] or len(values) > 3
    assert all(float(t) > 0 for t in axis.tickStrings(values, 1, 1))


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
    return replace(snapshot(steps=furthest), step=step, furthest=furthest, edits=tuple(edits))


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


def test_a_run_keeps_its_colour_when_the_theme_is_given_again(stage: Stage) -> None:
    view = stage.show(CurvesView)
    for theme in (LIGHT, LIGHT, DARK):
        view.show_theme(theme)
        for lines in view.lines.values():
            assert lines.slots[0].mean.opts["pen"].color().name() == theme.run(0)
