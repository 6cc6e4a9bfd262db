"""Runs: the table says what each run is and how it stands, and the note whether that is fair."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.gui.theme import DARK, LIGHT
from lab.gui.views.runs import ALONE, RunsView
from lab.gui.widgets.runs.runs_table import COLUMNS
from lab.training.probes import Distances, DistancesProbe
from lab.training.snapshot import Snapshot
from tests.gui.fake_snapshots import LENET, race, snapshot

PLACES = {column.key: place for place, column in enumerate(COLUMNS)}


@pytest.fixture
def view(qtbot: QtBot) -> RunsView:
    view = RunsView()
    qtbot.addWidget(view)
    view.show_theme(LIGHT)
    view.resize(1100, 400)
    view.show()
    return view


def shown(view: RunsView, key: str) -> list[str]:
    model = view.table_of_runs.model()
    return [str(model.index(row, PLACES[key]).data()) for row in range(model.rowCount())]


def with_a_slow_one() -> Snapshot:
    half = snapshot(steps=300)
    fields = {"step": 300, "furthest": 300, "examples": 19_200, "seconds": 3.0, "curves": half.curves}
    return race(count=3, B=fields | {"stopped": "the loss is not finite"})


def test_one_row_a_run(view: RunsView) -> None:
    view.show_snapshot(race(count=3, active=2))
    assert shown(view, "name") == ["A", "B", "C"]
    assert shown(view, "difference")[1:] == ["learning rate 0.01 → 0.05", "learning rate 0.01 → 0.025"]
    assert shown(view, "step") == ["600"] * 3
    assert shown(view, "parameters") == [f"{LENET.analysis.parameter_count:,}"] * 3
    assert shown(view, "state") == ["goes on"] * 3
    assert view.note.text() == "✓ Same seed, same start, same batches: a fair comparison."
    selected = view.table_of_runs.selectionModel().selectedRows()
    assert [index.row() for index in selected] == [1]


def test_the_best_is_marked_by_a_star_and_in_words(view: RunsView) -> None:
    view.show_snapshot(race(count=3))
    assert [text.startswith("★") for text in shown(view, "validation_error")] == [True, False, False]
    best = view.table_of_runs.model().index(0, PLACES["validation_error"])
    assert best.data(Qt.ItemDataRole.ToolTipRole).endswith("(the best)")
    assert best.data(Qt.ItemDataRole.FontRole).bold()


def test_a_run_alone_is_told_how_to_have_another(view: RunsView) -> None:
    view.show_snapshot(snapshot())
    assert shown(view, "name") == ["A"]
    assert view.note.text() == ALONE
    assert "★" not in "".join(shown(view, "validation_error"))


def test_equal_examples(view: RunsView) -> None:
    view.show_snapshot(with_a_slow_one())
    assert shown(view, "step") == ["600", "300", "600"]
    assert view.note.text().startswith("⚠ Same seed, same start, same batches.")
    assert "B has seen 19,200 examples, the others 38,400" in view.note.text()
    view.at.setCurrentIndex(1)
    assert shown(view, "step") == ["300", "300", "300"]
    assert "Read at 19,200 examples" in view.note.text()
    view.at.setCurrentIndex(2)
    assert "Read at 2.4 seconds" in view.note.text()
    assert shown(view, "state")[1] == "diverged: the loss is not finite"


def test_clicking_a_row_activates_the_run(view: RunsView, qtbot: QtBot) -> None:
    view.show_snapshot(race(count=3))
    table = view.table_of_runs
    table.sortByColumn(PLACES["validation_error"], Qt.SortOrder.DescendingOrder)
    assert shown(view, "name") == ["C", "B", "A"]
    with qtbot.waitSignal(view.run_picked) as picked:
        qtbot.mouseClick(
            table.viewport(),
            Qt.MouseButton.LeftButton,
            pos=table.visualRect(table.model().index(0, 0)).center(),
        )
    assert picked.args == [3]
    with qtbot.assertNotEmitted(view.run_picked):  # the active one
        qtbot.mouseClick(
            table.viewport(),
            Qt.MouseButton.LeftButton,
            pos=table.visualRect(table.model().index(2, 0)).center(),
        )


def test_the_active_run_stays_marked_when_it_is_sorted_elsewhere(view: RunsView) -> None:
    view.show_snapshot(race(count=3))
    table = view.table_of_runs
    table.sortByColumn(PLACES["validation_error"], Qt.SortOrder.DescendingOrder)
    view.show_snapshot(race(count=3, active=3))
    assert [index.row() for index in table.selectionModel().selectedRows()] == [0]
    table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
    assert shown(view, "name") == ["A", "B", "C"]


def test_unknown_figures_come_last_either_way(view: RunsView) -> None:
    empty = snapshot(steps=0)
    broken = snapshot().curves.validation_loss * np.nan
    curves = race().runs[0].curves
    object.__setattr__(curves, "validation_loss", broken)
    view.show_snapshot(race(count=3, A={"curves": curves}))
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        view.table_of_runs.sortByColumn(PLACES["validation_error"], order)
        assert shown(view, "name")[-1] == "A"
    view.show_snapshot(empty)
    assert shown(view, "training_error") == ["–"]


def test_columns_stand_still_while_numbers_change(view: RunsView) -> None:
    view.show_snapshot(race(count=2, steps=20_000))
    wide = [view.table_of_runs.columnWidth(k) for k in range(len(COLUMNS))]
    view.show_snapshot(race(count=2, steps=20))
    assert [view.table_of_runs.columnWidth(k) for k in range(len(COLUMNS))] == wide


def test_where_it_is_narrow_the_words_leave_room_for_figures(view: RunsView) -> None:
    table = view.table_of_runs
    view.show_snapshot(race(count=3))
    wide = table.columnWidth(PLACES["difference"])
    view.resize(310, 300)
    QApplication.processEvents()
    assert table.columnWidth(PLACES["difference"]) < wide
    end = table.columnViewportPosition(PLACES["validation_error"])
    assert end < table.viewport().width(), "the first figures are in sight"


def test_runs_come_and_go_and_the_theme_changes(view: RunsView) -> None:
    for count in (1, 8, 2):
        view.show_snapshot(race(count=count))
        view.show_theme(DARK)
        view.grab()
        QApplication.processEvents()
        assert len(shown(view, "name")) == count


def test_table(view: RunsView) -> None:
    assert not view.table().columns
    view.show_snapshot(with_a_slow_one())
    columns = view.table().columns
    assert columns["run"].tolist() == ["A", "B", "C"]
    assert columns["examples"].tolist() == [38_400, 19_200, 38_400]
    assert columns["best error"][0] == snapshot().curves.validation_loss.min()
    assert len({len(values) for values in columns.values()}) == 1


def test_a_level_is_suggested_and_can_be_set(view: RunsView) -> None:
    snapshot = race(count=3)
    view.show_snapshot(snapshot)
    suggested = float(view.level.lineEdit().placeholderText())
    assert view.level.text() == ""
    losses = [run.curves.validation_loss for run in snapshot.runs]
    middle = np.sqrt(max(loss[0] for loss in losses) * min(loss.min() for loss in losses))
    assert suggested == pytest.approx(middle, rel=0.5)
    steps = shown(view, "reached_step")
    assert steps[0].startswith("★ ")
    view.level.setValue(1e-6)
    assert shown(view, "reached_step") == ["–"] * 3
    view.judged.setCurrentIndex(view.judged.findData("training"))
    view.level.setValue(1.0)
    assert "–" not in shown(view, "reached_examples")
    assert view.table().columns["steps to level"].min() > 0


def test_columns_that_say_nothing_are_left_out(view: RunsView) -> None:
    view.show_snapshot(race(count=2))
    table = view.table_of_runs
    assert not table.isColumnHidden(PLACES["accuracy"])
    assert table.isColumnHidden(PLACES["to_minimum"])
    readings = {DistancesProbe(): Distances(1.5, 0.25)}
    view.show_snapshot(race(count=2, A={"readings": readings}, B={"readings": readings}))
    assert not table.isColumnHidden(PLACES["to_minimum"])
    assert shown(view, "from_start") == ["1.50", "1.50"]


def test_distances_are_asked_of_every_run(view: RunsView, qtbot: QtBot) -> None:
    snapshot = race(count=3)
    with qtbot.waitSignal(view.watching_changed):
        view.show_snapshot(snapshot)
    assert view.probes_of_runs(snapshot) == {k: frozenset({DistancesProbe()}) for k in (1, 2, 3)}
    with qtbot.assertNotEmitted(view.watching_changed):
        view.show_snapshot(snapshot)


def test_in_a_low_view_the_table_comes_before_the_last_sentences(view: RunsView) -> None:
    stopped = {letter: {"stopped": "the loss is not finite"} for letter in "BCD"}
    view.show_snapshot(race(count=5, **stopped))
    assert view.note.text() == (
        "⚠ Same seed, same start, same batches. B stopped at step 600: the loss is not finite. 2 more: point here."
    )
    assert "D stopped" in view.note.toolTip()
    view.resize(1100, 700)
    view.show_snapshot(race(count=5, **stopped))
    assert "D stopped" in view.note.text()
