"""What the network says to whole parts: confusion matrix and predictions."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from pytestqt.qtbot import QtBot

from lab.gui.selection import Selection
from lab.gui.views.confusion import ConfusionView
from lab.gui.views.predictions import PredictionsView
from lab.gui.widgets.matrix import Matrix
from lab.training.probes import OutputsProbe
from tests.gui.fake_snapshots import LENET, outputs, prepared, snapshot
from tests.gui.views.stage import Stage


def a_mistake() -> tuple[int, int]:
    confusion = outputs("lenet", "validation").confusion.copy()
    np.fill_diagonal(confusion, 0)
    return tuple(int(k) for k in np.unravel_index(confusion.argmax(), confusion.shape))


def test_hover_tells_it_in_words(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(ConfusionView)
    true, predicted = a_mistake()
    counts = outputs("lenet", "validation").confusion
    qtbot.mouseMove(view.matrix, view.matrix.area_of((true, predicted)).center().toPoint())
    count = int(counts[true, predicted])
    assert view.readout.text() == (
        f"{count} example{'s' * (count > 1)} of class {true} {'were' if count > 1 else 'was'} taken for {predicted}, "
        f"out of {counts[true].sum()}"
    )
    right = np.trace(counts)
    assert view.total.text().endswith(f"right: {right} of {counts.sum()}")


def test_click_turns_to_such_an_example_and_on_to_the_next(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(ConfusionView)
    reading = outputs("lenet", "validation")
    such = np.flatnonzero((reading.labels == 3) & (reading.predicted == 3))
    at = view.matrix.area_of((3, 3)).center().toPoint()
    found = []
    for _ in range(3):
        with qtbot.waitSignal(view.picked) as picked:
            qtbot.mouseClick(view.matrix, Qt.MouseButton.LeftButton, pos=at)
        found.append(picked.args[0].example)
        view.show_selection(picked.args[0])
    assert found == [int(k) for k in (such[such > 0])[:3]]
    assert (prepared(LENET).validation.labels[found] == 3).all()


def test_keyboard(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(ConfusionView)
    qtbot.keyClick(view.matrix, Qt.Key.Key_Down)
    qtbot.keyClick(view.matrix, Qt.Key.Key_Right)
    assert view.matrix._chosen == (1, 1)


def test_another_part(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(ConfusionView)
    with qtbot.waitSignal(view.watching_changed):
        view._box.setCurrentIndex(2)
    assert view.probes(snapshot(), Selection()) == {OutputsProbe("test")}


def test_table_is_the_matrix(stage: Stage) -> None:
    columns = stage.show(ConfusionView).table().columns
    assert list(columns)[:2] == ["true class", "predicted 0"]
    counts = np.stack([columns[f"predicted {k}"] for k in range(10)], axis=1)
    np.testing.assert_array_equal(counts, outputs("lenet", "validation").confusion)


def test_each_view_has_its_kind_of_problem(stage: Stage) -> None:
    confusion, predictions = stage.show(ConfusionView, "waves"), stage.show(PredictionsView, "lenet")
    assert "Predictions" in confusion.message
    assert "Confusion" in predictions.message
    assert confusion.probes(snapshot("waves"), Selection()) == frozenset()
    assert not predictions.suits(snapshot("lenet"))


def test_predictions(stage: Stage) -> None:
    view = stage.show(PredictionsView, "waves")
    reading = outputs("waves", "validation")
    np.testing.assert_allclose(view._points.getData()[1], reading.scores[:, 0], rtol=1e-6)
    t, y = reading.targets[:, 0].astype(float), reading.scores[:, 0].astype(float)
    r2 = 1 - ((t - y) ** 2).sum() / ((t - t.mean()) ** 2).sum()
    assert f"R² = {r2:.3f}" in view.readout.text()
    position = view.plot.box.mapViewToScene(QPointF(float(t[4]), float(y[4])))
    view.plot._moved(position)
    assert view.readout.text().startswith("example 4: true")
    assert list(view.table().columns) == ["true 0", "predicted 0"]


def test_a_hundred_classes_fit_into_a_small_matrix(qtbot: QtBot) -> None:
    matrix = Matrix()
    qtbot.addWidget(matrix)
    matrix.resize(260, 220)
    matrix.show_counts(np.eye(100, dtype=np.int64), tuple(f"class {k}" for k in range(100)))
    matrix.grab()
    assert QRectF(matrix.rect()).contains(matrix.area_of((99, 99)))
