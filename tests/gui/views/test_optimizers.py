"""Optimizers: the same weights in every run, what each optimizer had in hand, and its update told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lab.gui.selection import Selection
from lab.gui.theme import DARK, LIGHT
from lab.gui.views.optimizers import WAITING, OptimizersView, short_name
from lab.gui.widgets.runs.internals_table import quantities
from lab.learning.optimizers import SGD, Adam, Momentum, RMSprop
from lab.training.probes import ToldProbe
from lab.training.readings import answer
from lab.training.run import Run
from lab.training.snapshot import Snapshot
from tests.training.problems import LINEAR_NEURON, XOR_MLP

RULES = (SGD(rate=0.1), Momentum(rate=0.05), RMSprop(rate=0.01), Adam(rate=0.01))


def raced(base: Any, weights: tuple[int, ...], steps: int = 5) -> Snapshot:
    """Runs of all rules, with what is asked of each answered."""
    probe, runs = ToldProbe(weights), []
    for k, rule in enumerate(RULES):
        run = Run(msgspec.structs.replace(base, optimizer=rule))
        run.remembers = True
        run.advance(steps)
        reading = answer(probe, run.moment(internals=True))
        runs.append(
            Snapshot(
                run.experiment,
                run.step,
                run.examples,
                run.epoch,
                run.rate,
                0.0,
                run.curves(),
                {} if reading is None else {probe: reading},
                furthest=run.step,
                run=k + 1,
                name=rule.title,
                colour=k,
            )
        )
    return replace(runs[0], runs=tuple(runs))


@pytest.fixture
def view(qtbot: QtBot) -> OptimizersView:
    view = OptimizersView()
    qtbot.addWidget(view)
    view.show_theme(LIGHT)
    view.resize(1100, 700)
    view.show()
    return view


def cells(view: OptimizersView, name: str) -> list[str]:
    model = view.internals.internals
    row = model.names.index(name) + 1
    return [str(model.index(row, k).data()) for k in range(model.columnCount())]


def test_of_two_weights_both_are_told(view: OptimizersView) -> None:
    snapshot = raced(LINEAR_NEURON, (0, 1))
    view.show_snapshot(snapshot)
    assert view.weights(snapshot) == (0, 1)
    model = view.internals.internals
    titles = [str(model.index(0, k).data()) for k in range(model.columnCount())]
    assert titles[:3] == ["SGD weight[0, 0]", "SGD weight[0, 1]", "momentum weight[0, 0]"]
    assert len(titles) == 8
    assert model.names == ("weight", "gradient", "velocity", "running square", "step size", "last update")
    assert cells(view, "velocity")[0] == "–"
    assert "–" not in cells(view, "velocity")[2:4]
    assert cells(view, "running square")[:4] == ["–"] * 4
    assert "–" not in cells(view, "running square")[4:]
    assert "–" not in cells(view, "gradient")


def test_every_run_is_asked_for_the_same_weights(view: OptimizersView, qtbot: QtBot) -> None:
    snapshot = raced(XOR_MLP, (0,))
    assert view.weights(snapshot) == (0,)
    assert view.probes_of_runs(snapshot) == {k: frozenset({ToldProbe((0,))}) for k in range(1, 5)}
    view.show_snapshot(snapshot)
    assert view.which.text().endswith(", the first")
    with qtbot.waitSignal(view.watching_changed):
        view.show_selection(Selection(weight=7))
    assert view.probes_of_runs(snapshot)[2] == frozenset({ToldProbe((7,))})
    assert view.message == WAITING, "the answer is still to come"
    view.show_snapshot(raced(XOR_MLP, (7,)))
    assert view.which.text() == "hidden.weight[3, 1]"
    assert not view.message


def test_each_update_is_told_in_its_card(view: OptimizersView) -> None:
    view.show_snapshot(raced(XOR_MLP, (0,)))
    assert [card.title.text() for card in view.cards] == ["SGD", "momentum", "RMSprop", "Adam"]
    texts = [card.text.text() for card in view.cards]
    assert "Δw = −ε g" in texts[0]
    assert "Δw(t) = α Δw(t−1) − ε g" in texts[1]
    assert "M(t) = β M(t−1)" in texts[2]
    assert "v̂" in texts[3]
    assert all("w ← w + Δw" in text for text in texts)


def test_a_run_alone_is_called_by_its_rule(view: OptimizersView) -> None:
    alone = replace(raced(XOR_MLP, (0,)), runs=())
    view.show_snapshot(alone)
    assert [card.title.text() for card in view.cards] == ["SGD"]


def test_at_the_start_there_is_nothing_to_tell(view: OptimizersView) -> None:
    view.show_snapshot(raced(XOR_MLP, (0,), steps=0))
    assert "No update has been made yet" in view.cards[0].text.text()
    assert set(cells(view, "weight")) != {"–"}


def test_the_table_has_all_numbers_and_terms(view: OptimizersView) -> None:
    assert not view.table().columns
    snapshot = raced(LINEAR_NEURON, (0, 1))
    view.show_snapshot(snapshot)
    columns = view.table().columns
    assert len({len(values) for values in columns.values()}) == 1
    rows = list(zip(*(columns[name] for name in ("run", "what", "value")), strict=True))
    update = snapshot.runs[1].reading(ToldProbe((0, 1))).updates[0]  # type: ignore[union-attr]
    assert ("momentum", "velocity", update.numbers["velocity"]) in [(a, b, float(c)) for a, b, c in rows]
    assert any("the weight moves" in str(what) for what in columns["what"])


def test_runs_come_and_go_themes_change_and_a_figure_has_it_all(view: OptimizersView) -> None:
    whole = raced(LINEAR_NEURON, (0, 1))
    for many in (4, 1, 3):
        view.show_snapshot(replace(whole, runs=whole.runs[:many]))
        assert len(view.cards) == many
        view.show_theme(DARK)
        view.grab()
    with view.posed() as size:
        assert size is not None
        assert size[1] > view.internals.height()
    tip = view.internals.internals.index(1, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert tip.startswith("SGD, weight of neuron.weight[0, 0]: ")


def test_names() -> None:
    assert short_name("f.x[0]", 2) == "x"
    assert short_name("neuron.weight[0, 1]", 2) == "weight[0, 1]"
    assert short_name("conv1.weight[2, 0, 3, 4]", 1) == "conv1.weight[2, 0, 3, 4]"
    assert quantities(()) == ()
    assert np.isfinite(1.0)
