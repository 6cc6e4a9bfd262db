"""A trainer that needs no thread and no engine, and a window on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from lab.app import create_window
from lab.experiment.experiment import Experiment
from lab.experiment.presets import preset
from lab.gui.document import Document
from lab.gui.main_window import MainWindow
from lab.problem import ProblemError
from lab.training.history import History
from lab.training.mailbox import Event, Loaded, Mailbox, Paused, Playing, Refused
from lab.training.probes import Probe
from lab.training.race import Entrant
from lab.training.record import Record
from lab.training.snapshot import Snapshot

Weights = dict[str, NDArray[np.float32]]
SET = 1000
"""Training examples that the fake pretends to have."""


class FakeTrainer:
    """Does at once what it is told, and writes down the orders. While it plays, each look in trains 10 updates."""

    def __init__(self) -> None:
        self.threads = 1
        self.orders: list[tuple[object, ...]] = []
        self.snapshots: Mailbox[Snapshot] = Mailbox()
        self.watched: frozenset[Probe] = frozenset()
        self.experiment: Experiment | None = None
        self.step = self.furthest = 0
        self.playing = False
        self.until: int | None = None
        self.history = History()
        self.weights: Weights = {"conv1.weight": np.ones((2, 3), np.float32)}
        self._events: list[Event] = []

    @property
    def sent(self) -> int:
        return len(self.orders)

    def say(self, event: Event) -> None:
        self._events.append(event)

    def start(self) -> None:
        self.orders.append(("start",))

    def close(self) -> None:
        self.orders.append(("close",))

    def events(self) -> list[Event]:
        if self.playing:
            self._train(10 if self.until is None else min(10, self.until - self.step))
            if self.step == self.until:
                self.pause()
        events, self._events = self._events, []
        return events

    def load(self, experiment: Experiment) -> None:
        self.orders.append(("load", experiment))
        self.experiment, self.step, self.playing, self.history = experiment, 0, False, History()
        self.furthest = 0
        self.say(Loaded(experiment, 0))
        self._publish()

    def edit(self, experiment: Experiment) -> None:
        self.orders.append(("edit", experiment))
        self.experiment = experiment
        self.say(Loaded(experiment, self.step))
        self._publish()

    def play(self, until: int | None = None) -> None:
        self.orders.append(("play", until))
        self.playing, self.until = True, until
        self.say(Playing())

    def pause(self) -> None:
        self.orders.append(("pause",))
        if self.playing:
            self.playing = False
            self.say(Paused(self.step))

    def advance(self, updates: int) -> None:
        self.orders.append(("advance", updates))
        self.say(Playing())
        self._train(updates)
        self.say(Paused(self.step))

    def advance_epochs(self, epochs: int) -> None:
        self.orders.append(("advance_epochs", epochs))
        assert self.experiment is not None
        each = -(-SET // self.experiment.batch_size)
        self._train(each - self.step % each)
        self.say(Paused(self.step))

    def go_to(self, step: int) -> None:
        self.orders.append(("go_to", step))
        self.step, self.playing = step, False
        assert self.experiment is not None
        self.say(Loaded(self.experiment, step))
        self._publish()

    def branch(self, run: int, experiment: Experiment | None = None, origin: int | None = None) -> None:
        self.orders.append(("branch", run, experiment, origin))

    def close_run(self, run: int) -> None:
        self.orders.append(("close_run", run))

    def activate(self, run: int) -> None:
        self.orders.append(("activate", run))

    def reopen_run(self, run: int) -> None:
        self.orders.append(("reopen_run", run))

    def race(
        self,
        entrants: tuple[Entrant, ...],
        active: int,
        from_here: bool = False,
        kept: Callable[[object], None] | None = None,
    ) -> None:
        self.orders.append(("race", entrants, active, from_here))
        if kept is not None:
            kept("the runs that were there")

    def swap(self, wanted: Callable[[], object], kept: Callable[[object], None]) -> None:
        self.orders.append(("swap", wanted()))
        kept("the runs of the race")

    def rename_run(self, run: int, name: str) -> None:
        self.orders.append(("rename_run", run, name))

    def restore(self, records: tuple[Record, ...], active: int) -> None:
        self.orders.append(("restore", records, active))

    def record(self, receive: Callable[[tuple[Record, ...]], None]) -> None:
        self.orders.append(("record",))
        receive(())

    def play_operations(self) -> None:
        self.orders.append(("play_operations",))

    def advance_operations(self, count: int) -> None:
        self.orders.append(("advance_operations", count))

    def go_to_operation(self, row: int) -> None:
        self.orders.append(("go_to_operation", row))

    def guard(self, breakpoints: tuple[object, ...]) -> None:
        self.orders.append(("guard", breakpoints))

    def watch_list(self, quantities: tuple[object, ...]) -> None:
        self.orders.append(("watch_list", quantities))

    def start_from(self, starts: Mapping[int, object], final: bool = True) -> None:
        self.orders.append(("start_from", dict(starts), final))

    def reset(self) -> None:
        self.orders.append(("reset",))
        assert self.experiment is not None
        self.load(self.experiment)

    def watch(self, probes: frozenset[Probe], of_runs: Mapping[int, frozenset[Probe]] | None = None) -> None:
        self.watched = probes

    def pace(self, updates_per_second: float) -> None:
        self.orders.append(("pace", updates_per_second))

    def change(self, work: Callable[[FakeTrainer], None]) -> None:
        self.orders.append(("change",))
        try:
            work(self)
        except ProblemError as error:
            self.say(Refused(error.problems, self.sent))

    @property
    def parameters(self) -> Weights:
        return self.weights

    def set_parameters(self, weights: Weights) -> None:
        self.weights = {**self.weights, **weights}

    def unset_parameters(self, names: Weights) -> None:
        self.weights = {**self.weights, **names}

    def save_weights(self, write: Callable[[Weights], None], done: Callable[[], None] | None = None) -> None:
        try:
            write(self.weights)
        except ProblemError as error:
            self.say(Refused(error.problems))
            return
        if done is not None:
            done()

    def named(self, order: str) -> list[tuple[object, ...]]:
        """The orders of one kind, in order."""
        return [given for given in self.orders if given[0] == order]

    def _train(self, updates: int) -> None:
        assert self.experiment is not None
        steps = np.arange(self.furthest + 1, self.step + updates + 1)
        updates_logged = len(steps)
        self.history.append(
            step=steps,
            examples=steps * self.experiment.batch_size,
            loss=np.exp(-steps / 100),
            accuracy=1 - np.exp(-steps / 100),
            rate=np.full(updates_logged, self.experiment.optimizer.rate),
            gradient_norm=np.exp(-steps / 100),
            seconds=steps * 0.001,
        )
        self.step += updates
        self.furthest = max(self.furthest, self.step)
        self._publish()

    def _publish(self) -> None:
        assert self.experiment is not None
        examples = self.step * self.experiment.batch_size
        self.snapshots.put(
            Snapshot(
                experiment=self.experiment,
                step=self.step,
                examples=examples,
                epoch=examples / SET,
                rate=self.experiment.optimizer.rate,
                steps_per_second=1234.0,
                curves=self.history.curves(),
                furthest=self.furthest,
                heard=self.sent,
            )
        )


@pytest.fixture
def trainer() -> FakeTrainer:
    return FakeTrainer()


@pytest.fixture
def document(qtbot: QtBot, trainer: FakeTrainer) -> Iterator[Document]:
    """LeNet on digits, started, its first snapshot taken. Frames come when a test asks, not by the clock."""
    document = Document(trainer, preset("lenet"))  # type: ignore[arg-type]
    document.start()
    document.pace.stop()
    document.pull()
    yield document
    document.close()


@pytest.fixture
def window(qtbot: QtBot, trainer: FakeTrainer, tmp_path: Path) -> MainWindow:
    """The whole window on LeNet, shown and started. Frames come when a test asks, not by the clock."""
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    window = create_window(preset("lenet"), settings, trainer=trainer)  # type: ignore[arg-type]
    qtbot.addWidget(window, before_close_func=lambda w: w.keeping.discard())
    window.document.start()
    window.document.pace.stop()
    window.show()
    qtbot.waitExposed(window)
    window.document.pull()
    return window
