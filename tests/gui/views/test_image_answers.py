"""Networks whose answer is an image: what can be shown is shown, and the other views say why they are empty."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.data.dataset import pixel_labels
from lab.data.datasets import InkMask, Photographs, RandomImages
from lab.data.prepare import prepare
from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.theme import LIGHT
from lab.gui.views import VIEWS
from lab.gui.views.confusion import ConfusionView
from lab.gui.views.decision import DecisionView
from lab.gui.views.maps import MapsView
from lab.gui.views.predictions import PredictionsView
from lab.gui.views.units import UnitsView
from lab.gui.views.view import View
from lab.learning.losses import SquaredError
from lab.network.layers import Conv2D, Dense, Flatten
from lab.network.network import Network, Node
from lab.training.probes import (
    Activations,
    ActivationsProbe,
    Outputs,
    OutputsProbe,
    Probe,
    Reading,
    Weights,
    WeightsProbe,
)
from lab.training.snapshot import Snapshot
from tests.gui.fake_snapshots import curves

PHOTOGRAPHS = Experiment(
    data=Photographs(patches=40),
    network=Network((Node("conv", Conv2D(3, 3, padding=1)),)),
    loss=SquaredError(),
)
INK = Experiment(data=InkMask(), network=Network((Node("conv", Conv2D(2, 3, padding=1)),)))
MANY = Experiment(
    data=RandomImages(channels=1, height=8, width=8, examples=20, number_of_classes=5000),
    network=Network((Node("flat", Flatten()), Node("dense", Dense(5000)))),
)


def answer(experiment: Experiment, probe: Probe) -> Reading | None:
    data = prepare(experiment.data, experiment.preprocessing, experiment.split, experiment.seed)
    target, classes = experiment.target, len(experiment.data.classes())
    shape = (target.size,) if target.is_vector else (target.channels, target.height, target.width)
    draw = np.random.default_rng(1)
    if isinstance(probe, WeightsProbe):
        return Weights({p.name: draw.random(p.shape, np.float32) for p in experiment.analysis.parameters})
    part = data.validation if len(data.validation) else data.training
    scores = draw.random((len(part), *shape), np.float32)
    targets = np.zeros_like(scores) if part.targets is None else part.targets.reshape(scores.shape)
    if isinstance(probe, ActivationsProbe):
        last = experiment.network.nodes[-1].name
        maps = scores[0][:, None, None] if target.is_vector else scores[0]
        label = None if part.labels is None else int(part.labels[0])
        return Activations(part.inputs[0], part.raw[0], {last: maps}, {}, scores[0], targets[0], label)
    if isinstance(probe, OutputsProbe):
        if not classes:
            return Outputs(scores, targets, None, None, None, 0.1, float("nan"))
        labels = pixel_labels(targets) if part.labels is None else part.labels
        predicted = scores.argmax(1)
        pairs = (labels * classes + predicted).ravel()
        confusion = np.bincount(pairs, minlength=4).reshape(2, 2) if classes == 2 else None
        return Outputs(scores, targets, predicted, labels, confusion, 0.1, 0.5)
    return None


def snapshot(experiment: Experiment, probes: frozenset[Probe] = frozenset()) -> Snapshot:
    readings = {p: r for p in probes if (r := answer(experiment, p)) is not None}
    has_classes = bool(experiment.data.classes())
    return Snapshot(experiment, 50, 500, 1.0, 0.1, 100.0, curves(50, classes=has_classes), readings)


def show(view_class: type[View], experiment: Experiment, qtbot: QtBot) -> View:
    view = view_class()
    qtbot.addWidget(view)
    view.show_theme(LIGHT)
    view.resize(700, 500)
    selection = Selection()
    view.show_selection(selection)
    view.show()
    view.show_snapshot(snapshot(experiment, view.probes(snapshot(experiment), selection)))
    QApplication.processEvents()
    return view


@pytest.mark.parametrize("experiment", [PHOTOGRAPHS, INK, MANY], ids=["numbers", "classes", "many classes"])
@pytest.mark.parametrize("view_class", VIEWS, ids=lambda view: view.name)
def test_no_view_breaks(view_class: type[View], experiment: Experiment, qtbot: QtBot) -> None:
    view = show(view_class, experiment, qtbot)
    assert not view.grab().isNull()
    view.table()


@pytest.mark.parametrize("experiment", [PHOTOGRAPHS, INK])
def test_what_makes_no_sense_says_so(experiment: Experiment, qtbot: QtBot) -> None:
    for view_class in (DecisionView, UnitsView):
        view = show(view_class, experiment, qtbot)
        assert not view.suits(snapshot(experiment))
        assert view.message == "This view is for problems with two inputs and answers that are no images"
    predictions = show(PredictionsView, experiment, qtbot)
    assert not predictions.suits(snapshot(experiment))
    assert predictions.message
    assert predictions.probes(snapshot(experiment), Selection()) == frozenset()
    assert bool(show(ConfusionView, experiment, qtbot).message) == (experiment is PHOTOGRAPHS)


def test_the_example_of_an_answer_that_is_an_image(qtbot: QtBot) -> None:
    for experiment in (PHOTOGRAPHS, INK):
        view = show(MapsView, experiment, qtbot)
        assert view.panel.verdict.text() == "The answer is an image: the maps of the last layer"
        assert view.panel.bars.bars == ()


def test_pixels_are_counted_and_clicked_through(qtbot: QtBot) -> None:
    view = show(ConfusionView, INK, qtbot)
    reading = answer(INK, OutputsProbe("validation"))
    assert isinstance(reading, Outputs)
    assert reading.confusion is not None
    count = reading.confusion[1, 0]
    assert view.sentence((1, 0)).startswith(f"{count:,} pixels of class ink were taken for paper")
    with qtbot.waitSignal(view.picked) as picked:
        qtbot.mouseClick(
            view.matrix, Qt.MouseButton.LeftButton, pos=view.matrix.area_of((1, 0)).center().toPoint()
        )
    example = picked.args[0].example
    assert ((reading.labels[example] == 1) & (reading.predicted[example] == 0)).any()


def test_too_many_classes_for_a_matrix(qtbot: QtBot) -> None:
    assert show(ConfusionView, MANY, qtbot).message == "5,000 classes are too many for a matrix"
