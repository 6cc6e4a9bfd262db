"""The worst mistakes as pictures and as rows; cells of the confusion matrix; figures of each class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lab.gui.selection import Selection
from lab.gui.theme import LIGHT
from lab.gui.views.confusion import ConfusionView
from lab.gui.views.mistakes import MistakesView
from lab.gui.widgets.cards import Pointed
from lab.training.mistaken import MistakesProbe
from tests.gui.fake_snapshots import mistakes, prepared, snapshot
from tests.gui.views.stage import Stage


def put_up(stage: Stage, name: str, size: tuple[int, int] = (700, 500)) -> MistakesView:
    view = MistakesView()
    stage.qtbot.addWidget(view)
    view.show_theme(LIGHT)
    view.resize(*size)
    view.show()
    feed(view, name)
    view.picked.connect(view.show_selection)
    return view


def feed(view: MistakesView, name: str) -> None:
    bare = snapshot(name)
    (probe,) = view.probes(bare, view._selection)
    view.show_snapshot(replace(bare, readings={probe: mistakes(name, probe)}))


@pytest.fixture
def view(stage: Stage) -> MistakesView:
    return put_up(stage, "lenet")


def test_pictures_say_what_was_taken_for_what(view: MistakesView) -> None:
    labels = prepared(snapshot("lenet").experiment).validation.labels
    first = view.cards.cards[0]
    assert first.caption == f"{labels[0]} → {(labels[0] + 1) % 10} 99.0 %"
    assert first.words == (
        f"Example 0 of the validation part: {labels[0]}, taken for {(labels[0] + 1) % 10} (99.0 %); "
        f"{labels[0]} has 1.0 %; E = 5.00"
    )
    assert len(view.cards.cards) == 10
    assert "10 examples of the part taken for a wrong class" in view.readout.text()


def test_a_click_selects_the_example_everywhere(view: MistakesView, qtbot: QtBot) -> None:
    area = view.cards.card_area(2)
    with qtbot.waitSignal(view.picked) as picked:
        qtbot.mouseClick(view.cards, Qt.MouseButton.LeftButton, pos=area.center().toPoint())
    assert (picked.args[0].part, picked.args[0].example) == ("validation", 6)
    view.show_selection(Selection(part="validation", example=9))
    assert view.cards.chosen == 3
    view.show_selection(Selection(part="training", example=9))
    assert view.cards.chosen == -1


def test_what_is_asked_for(view: MistakesView, qtbot: QtBot) -> None:
    assert view.probes(snapshot("lenet"), Selection()) == {MistakesProbe()}
    with qtbot.waitSignal(view.watching_changed):
        view.order.setCurrentIndex(1)
    assert view.probes(snapshot("lenet"), Selection()) == {MistakesProbe(order="sure")}


def test_a_cell_of_the_matrix_leaves_its_examples_alone(view: MistakesView, qtbot: QtBot) -> None:
    chosen = Selection(part="training", example=4, cell=(3, 8))
    view.show_selection(chosen)
    assert view.probes(snapshot("lenet"), chosen) == {MistakesProbe("training", cell=(3, 8))}
    assert not view.all.isHidden()
    assert view.all.text().startswith("3 → 8")
    with qtbot.waitSignal(view.picked) as picked:
        view.all.click()
    assert picked.args[0].cell is None
    assert view.all.isHidden()


def test_nothing_wrong_is_said(view: MistakesView) -> None:
    view.order.setCurrentIndex(1)
    (probe,) = view.probes(snapshot("lenet"), Selection())
    whole = mistakes("lenet", probe)
    none = np.zeros(0, np.int64)
    fields = ("inputs", "raw", "errors", "scores", "targets", "labels", "predicted", "score", "score_of_true")
    empty = replace(
        whole, indices=none, wrong=0, among=0, **{name: getattr(whole, name)[:0] for name in fields}
    )
    view.show_snapshot(replace(snapshot("lenet"), readings={probe: empty}))
    assert view.message == "No example is taken for a wrong class"


def test_points_of_a_plane_are_rows_of_numbers(stage: Stage, qtbot: QtBot) -> None:
    view = put_up(stage, "rings")
    records = view.records.records
    assert [column.title for column in records.columns] == [
        "#",
        "true",
        "taken for",
        "score",
        "E",
        "x1",
        "x2",
    ]
    raw = prepared(snapshot("rings").experiment).validation.raw
    assert records.rows[1][5:] == pytest.approx(tuple(raw[3].ravel()))
    view.records.sortByColumn(4, Qt.SortOrder.AscendingOrder)  # the smallest error on top
    with qtbot.waitSignal(view.picked) as picked:
        view.records.setCurrentIndex(view.records.model().index(0, 0))
    assert picked.args[0].example == 27


def test_of_regression_targets_and_outputs(stage: Stage) -> None:
    view = put_up(stage, "waves")
    assert [column.title for column in view.records.records.columns][:4] == ["#", "target", "output", "E"]
    assert set(view.table().columns) == {"example", "error"}


def test_its_table(view: MistakesView) -> None:
    columns = view.table().columns
    assert list(columns) == [
        "example", "error", "true class", "predicted class", "score of predicted", "score of true",
    ]  # fmt: skip
    view._hover(Pointed(1, 0, 0, 0))
    assert view.readout.text() == view.sentence(1)


def test_figures_of_each_class_beside_the_matrix(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(ConfusionView, "lenet")
    assert not view.matrix.isHidden()
    assert not view.classes.isHidden()
    counts = view.matrix.counts
    rows = view.classes.records.rows
    assert rows[4][0] == "4"
    assert rows[4][2] == pytest.approx(counts[4, 4] / counts[4].sum())
    view.resize(300, 400)
    assert view.classes.isHidden()
    view.shown.setCurrentIndex(2)
    assert view.matrix.isHidden()
    assert not view.classes.isHidden()
    assert {"precision", "recall", "F1"} < set(view.table().columns)


def test_the_matrix_says_which_cell_and_shows_it(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(ConfusionView, "lenet")
    cell = tuple(np.argwhere(view.matrix.counts)[0].tolist())
    with qtbot.waitSignal(view.picked) as picked:
        view.matrix.clicked.emit(cell)
    assert picked.args[0].cell == cell
    view.show_selection(picked.args[0])
    assert view.matrix._chosen == cell


def test_a_layer_is_selected_without_letting_go_of_the_cell() -> None:
    chosen = Selection("conv1", 3, 1, 2, "test", 5, 77, (1, 7))
    assert chosen.at_layer("conv2") == Selection("conv2", part="test", example=5, cell=(1, 7))
