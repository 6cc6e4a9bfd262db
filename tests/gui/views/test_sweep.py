"""Sweep: a card a contestant, the best rate marked, what diverges at the top edge, and the best into a race."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.experiment.variants import ASPECTS, variants
from lab.gui.document import Document
from lab.gui.sweeping import Sweeping
from lab.gui.theme import DARK, LIGHT
from lab.gui.views.sweep import EMPTY, SweepView
from lab.gui.widgets.runs.sweep_card import around, inside
from lab.learning.optimizers import SGD, Adam, Rprop
from lab.training.race import MOST_RUNS
from lab.training.sweep import Contestant, Order, Row, Sweep, Trial, grid, suggested_steps
from tests.gui.conftest import FakeTrainer
from tests.gui.fake_snapshots import LENET, LINEAR

RATES = (0.001, 0.01, 0.1, 1.0, 10.0)


def trial(rate: float, error: float, diverged: int = -1, path: np.ndarray | None = None) -> Trial:
    seen = np.arange(1.0, 101) * 64
    errors = error + (2.3 - error) * np.exp(-seen / 1000) if diverged < 0 else np.full(100, 2.3)
    return Trial(rate, 100, diverged, error, error * 1.1, seen, errors, path)


def row(name: str, optimizer: object, errors: tuple[float | None, ...], paths: bool = False) -> Row:
    base = LINEAR if paths else LENET
    experiment = msgspec.structs.replace(base, optimizer=optimizer)
    path = np.cumsum(np.full((20, 2), 0.1, np.float32), axis=0) if paths else None
    trials = tuple(
        None if error is None else trial(rate, error, 12 if np.isnan(error) else -1, path)
        for rate, error in zip(RATES, errors, strict=True)
    )
    return Row(Contestant(name, experiment, RATES), trials)


NAN = float("nan")
HALF = Sweep(
    (
        row("SGD", SGD(rate=0.1), (2.0, None, 0.4, None, NAN)),
        row("Adam", Adam(), (0.3, None, 0.9, None, 2.2)),
    ),
    6400,
    6.4,
)
WHOLE = Sweep(
    (
        row("SGD", SGD(rate=0.1), (2.0, 1.0, 0.4, 0.5, NAN)),
        row("Adam", Adam(), (0.3, 0.2, 0.9, 2.0, 2.2)),
    ),
    6400,
    10.0,
    going=False,
)


@pytest.fixture
def view(qtbot: QtBot) -> SweepView:
    view = SweepView()
    qtbot.addWidget(view)
    view.show_theme(LIGHT)
    view.resize(700, 600)
    view.show()
    return view


def test_before_anything_it_says_what_a_sweep_is(view: SweepView) -> None:
    assert view.message == EMPTY
    assert not view.race.isEnabled()
    assert not view.table().columns


def test_what_is_wanted(view: SweepView, qtbot: QtBot) -> None:
    view.steps.setValue(123)
    view.aspect.setCurrentIndex(view.aspect.findData("batches"))
    with qtbot.waitSignal(view.wanted) as wanted:
        view.go.click()
    assert wanted.args == ["batches", 123]
    view.show_sweep(HALF)
    assert view.go.text() == "Stop"
    with qtbot.waitSignal(view.stopped):
        view.go.click()
    view.show_sweep(WHOLE)
    assert view.go.text() == "Sweep"
    view.allow(False)
    assert not view.go.isEnabled()


def test_steps_are_suggested_until_a_person_says_otherwise(view: SweepView) -> None:
    view.suggest_steps(200)
    assert view.steps.value() == 200
    view.steps.setValue(77)
    view.suggest_steps(1000)
    assert view.steps.value() == 77


def test_cards_say_the_best_and_what_diverges(view: SweepView) -> None:
    view.show_sweep(HALF)
    assert list(view.cards) == ["SGD", "Adam"]
    assert view.cards["SGD"].words.text() == "best ε 0.1: 0.440; 1 diverges"
    assert view.readout.text().startswith("6 of 10 trials, 64 %")
    view.show_sweep(WHOLE)
    assert view.cards["Adam"].words.text() == "best ε 0.01: 0.220"
    view.judged.setCurrentIndex(view.judged.findData("training"))
    assert view.cards["Adam"].words.text() == "best ε 0.01: 0.200"


def test_what_diverges_stands_at_the_top_edge(view: SweepView) -> None:
    view.show_sweep(WHOLE)
    card = view.cards["SGD"]
    QApplication.processEvents()
    x, y = card._lost.getData()
    assert x.tolist() == [1.0], "log10 of the rate 10"
    (_, (low, high)) = card.errors.box.viewRange()
    assert high - 0.1 * (high - low) < y[0] < high
    x, _ = card._star.getData()
    assert x.tolist() == [-1.0]
    ranges = [card.errors.box.viewRange()[1] for card in view.cards.values()]
    assert ranges[0] == ranges[1], "all have one axis of errors"


def test_the_best_go_into_a_race(view: SweepView, qtbot: QtBot) -> None:
    view.show_sweep(WHOLE)
    with qtbot.waitSignal(view.raced) as raced:
        view.race.click()
    found = raced.args[0]
    assert [(one.name, one.experiment.optimizer.rate) for one in found] == [("SGD", 0.1), ("Adam", 0.01)]
    assert found[0].words == "ε 0.1, from a sweep"


def test_another_rate_can_be_chosen_and_let_go(view: SweepView) -> None:
    view.show_sweep(WHOLE)
    view.cards["SGD"].chosen.emit(1)
    assert view.cards["SGD"].words.text().startswith("chosen ε 0.01: ")
    assert view.best_variants()[0].experiment.optimizer.rate == 0.01
    view.cards["SGD"].chosen.emit(1)
    assert view.best_variants()[0].experiment.optimizer.rate == 0.1


def test_pointing_tells_the_numbers_and_raises_the_way(view: SweepView) -> None:
    view.show_sweep(WHOLE)
    card = view.cards["SGD"]
    card.errors.pointed.emit((0.011, 1.0))
    assert view.readout.text() == (
        "SGD at ε 0.01: training error 1.00, validation error 1.10, after 100 updates"
    )
    card.errors.pointed.emit((9.0, 1.0))
    assert view.readout.text() == "SGD at ε 10: diverged, the loss is not finite at step 12"
    card.errors.pointed.emit(None)
    assert "diverged" not in view.readout.text()


def test_of_two_weights_paths_are_drawn(view: SweepView) -> None:
    errors = (2.0, 1.0, 0.4, 0.5, NAN)
    view.show_sweep(Sweep((row("SGD", SGD(rate=0.1), errors, paths=True),), 640, 5.0, going=False))
    card = view.cards["SGD"]
    assert card.ways.getAxis("bottom").labelText == "first weight"
    x, _ = card._ways[0].getData()
    np.testing.assert_allclose(x, np.arange(1, 21) * 0.1, rtol=1e-5)


def test_who_flies_off_leaves_the_picture() -> None:
    calm = trial(0.1, 0.4, path=np.array([[0, 0], [0.5, 0.2], [1, 1]], np.float32))
    wild = trial(
        1.0, NAN, 4, path=np.array([[0, 0], [0.6, 0.5], [50, 2], [0.5, 0.5], [1e20, np.inf]], np.float32)
    )
    frame = around([calm, wild], calm)
    assert frame[0][1] < 2
    x, _ = inside(wild, frame)
    assert x.tolist() == pytest.approx([0, 0.6, 50])
    assert len(inside(calm, frame)[0]) == 3
    assert around([], None) == ((0.0, 1.0), (0.0, 1.0))


def test_rprop_has_a_first_step(view: SweepView) -> None:
    view.show_sweep(Sweep((row("Rprop", Rprop(), (0.5, 0.4, 0.3, 0.6, NAN)),), 640, 5.0, going=False))
    assert view.cards["Rprop"].errors.getAxis("bottom").labelText in ("first step size Δ₀", "ε")


def test_one_that_cannot_run_says_why(view: SweepView) -> None:
    nothing = Row(Contestant("wrong", LENET, (0.1,)), (None,), "memory: there is not enough of it")
    view.show_sweep(Sweep((nothing,), 640, 1.0, going=False))
    assert view.cards["wrong"].words.text() == "memory: there is not enough of it"
    assert not view.race.isEnabled()


def test_table_and_themes(view: SweepView) -> None:
    view.show_sweep(WHOLE)
    columns = view.table().columns
    assert columns["contestant"].tolist() == ["SGD"] * 5 + ["Adam"] * 5
    assert columns["diverged at"].tolist() == [-1, -1, -1, -1, 12, *[-1] * 5]
    assert columns["learning rate"].tolist() == [*RATES, *RATES]
    view.show_theme(DARK)
    view.grab()
    with view.posed() as size:
        assert size is not None
        assert size[1] > 300


# --- in the window


@pytest.fixture
def sweeping(qtbot: QtBot, document: Document, view: SweepView) -> Iterator[Sweeping]:
    sweeping = Sweeping(document, view)
    yield sweeping
    sweeping.close()


def test_from_the_wish_to_the_cards(
    qtbot: QtBot, sweeping: Sweeping, view: SweepView, document: Document
) -> None:
    aspect = next(one for one in ASPECTS if one.key == "optimizers")
    chosen = [v for v in variants(document.running, aspect, 1259) if v.name in ("SGD", "Adam")]
    sweeping.start(aspect, chosen, 1)

    def tried() -> bool:
        return view.sweep is not None and view.sweep.done >= 2

    qtbot.waitUntil(tried, timeout=60_000)
    assert list(view.cards) == ["SGD", "Adam"]
    assert view.sweep is not None
    assert view.sweep.rows[1].contestant.rates == grid(0.001)
    view.go.click()
    qtbot.waitUntil(lambda: not view.is_going, timeout=60_000)
    assert not sweeping._timer.isActive() or sweeping.sweeper.has_ended


def test_those_that_are_suggested_are_swept(sweeping: Sweeping, view: SweepView, document: Document) -> None:
    orders = []
    sweeping.sweeper.start = orders.append  # type: ignore[method-assign]
    view.wanted.emit("batches", 10)
    (order,) = orders
    assert [c.name for c in order.contestants] == ["online (1)", "batch 64", "all 1,259"]
    assert order.budget == 1259, "as many as the largest batch at least"
    assert len(order.contestants) <= MOST_RUNS
    assert order.beginning is None or order.beginning.weights is None


@pytest.mark.parametrize(("chosen", "rates", "wide"), [("4:3", 13, 1e4), ("6:3", 19, 1e6), ("1:12", 13, 10)])
def test_how_wide_and_how_fine_the_rates_are_can_be_chosen(
    sweeping: Sweeping, view: SweepView, document: Document, chosen: str, rates: int, wide: float
) -> None:
    orders: list[Order] = []
    sweeping.sweeper.start = orders.append  # type: ignore[method-assign]
    view.rates.setCurrentIndex(view.rates.findData(chosen))
    view.go.click()
    for contestant in orders[0].contestants:
        assert len(contestant.rates) == rates
        assert contestant.rates[-1] / contestant.rates[0] == pytest.approx(wide, rel=0.02)
        assert contestant.experiment.optimizer.rate in contestant.rates


def test_it_makes_room_for_training(sweeping: Sweeping, document: Document, trainer: FakeTrainer) -> None:
    document.playback.playing_changed.emit(True)
    assert sweeping.sweeper.training
    document.playback.playing_changed.emit(False)
    assert not sweeping.sweeper.training


def test_a_suggestion_follows_the_experiment(sweeping: Sweeping, view: SweepView, document: Document) -> None:
    document.snapshot_changed.emit(document.snapshot)
    assert view.steps.value() == suggested_steps(document.running, 1259)
