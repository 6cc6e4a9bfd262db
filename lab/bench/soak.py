"""`descent soak`: the real window, used at random for as long as it is told to.

It is opened on one experiment after the other; each is trained, edited, rewound, branched, stepped and closed as the
dice fall. Now and then every run is compared with a fresh replay of its edits, bit for bit, and what the process takes
in memory is written down: once it has warmed up, it must not grow.
"""

from __future__ import annotations

import gc
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from lab.experiment.experiment import Experiment
from lab.experiment.of_layer import with_network
from lab.experiment.presets import preset
from lab.kernels.warmup import compile_all
from lab.learning.optimizers import Adam, Momentum, RMSprop
from lab.network.layers import Dense
from lab.network.network import Network
from lab.training.mailbox import Failed
from lab.training.record import Record
from lab.training.run import Run

PRESETS = ("spiral", "xor", "linear-neuron", "lenet", "iris", "waves", "small-encoder-decoder")
SESSIONS = 25
"""Things done to each experiment."""
GROWTH = 1.05
"""The last third of the samples of memory over the third before."""
WORK = 3e11
"""Multiply-adds that a replay may take to be worth it."""


def main(minutes: float = 60.0, seed: int = 1) -> int:
    """Use the window for so long; say what was found. Exit status 0 if nothing failed and memory stayed flat."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    compile_all()
    soak = Soak(random.Random(seed))
    began, told = time.monotonic(), 0.0
    samples: list[int] = []
    while (gone := time.monotonic() - began) < 60 * minutes or len(samples) < 3:
        for name in PRESETS:
            soak.session(name)
        samples.append(soak.rest())
        if gone - told >= 60 or not told:
            told = max(gone, 1.0)
            print(f"{gone / 60:6.1f} min: {soak.said()}, {samples[-1] / 2**20:,.0f} MiB", flush=True)
    soak.close()
    third = max(1, len(samples) // 3)
    before, after = statistics.median(samples[-2 * third : -third]), statistics.median(samples[-third:])
    print(f"{soak.said()}.")
    print(
        f"Memory: {before / 2**20:,.0f} MiB in the middle third, {after / 2**20:,.0f} MiB in the last "
        f"({100 * (after / before - 1):+.1f} %)."
    )
    for fault in soak.faults:
        print(fault, file=sys.stderr)
    return int(bool(soak.faults) or after > GROWTH * before)


class Soak:
    """The window, the dice, and what went wrong."""

    def __init__(self, dice: random.Random) -> None:
        from lab.app import create_application, create_window
        from lab.gui.garbage import Collector

        self.dice = dice
        self.faults: list[str] = []
        self.done = self.replays = 0
        self._application = create_application(["descent"])
        self._collector = Collector(self._application)
        self._window = create_window(preset(PRESETS[0]))
        self._document = self._window.document
        self._document.event_arrived.connect(self._hear)
        self._window.show()
        self._document.start()
        self._collector.start()
        self._until(lambda: self._document.playback.ready and self._document.snapshot is not None)

    def said(self) -> str:
        return f"{self.done:,} things done, {self.replays:,} runs replayed to the same bits"

    def session(self, name: str) -> None:
        """Some things done to an experiment, and a look at whether its runs are what their edits say."""
        document = self._document
        document.undo_stack.setClean()
        document.open(preset(name))
        self._settle()
        for _ in range(SESSIONS):
            self.dice.choice(ACTIONS)(self)
            self.done += 1
            self._spin(self.dice.choice((0.0, 0.0, 0.02, 0.05)))
        document.playback.pause()
        self._settle()
        found: list[tuple[Record, ...]] = []
        document.trainer.record(found.append)
        self._until(lambda: bool(found))
        for record in found[0]:
            self._compare(name, record)

    def _compare(self, name: str, record: Record) -> None:
        analysis = record.edits[-1].experiment.analysis
        examples = record.curves.examples
        if len(examples) and int(examples[-1]) * (analysis.multiply_adds or 0) > WORK:
            return
        kept = next(state for state in record.checkpoints if state.step == record.step)
        self.replays += 1
        if not Run.replayed(record.edits, record.step).state().is_same_as(kept):
            self.faults.append(
                f"{name}: run {record.name} at step {record.step:,} is not what its edits make"
            )

    def rest(self) -> int:
        """Bytes that the process takes, when all is quiet."""
        self._document.undo_stack.setClean()
        self._document.open(preset(PRESETS[0]))
        self._settle()
        self._spin(0.2)
        gc.collect()
        pages = Path("/proc/self/statm")
        return int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if pages.exists() else 1

    def close(self) -> None:
        self._document.undo_stack.setClean()
        self._window.close()

    def _hear(self, event: object) -> None:
        if isinstance(event, Failed):
            self.faults.append(event.text)

    # -- the hand at the mouse --------------------------------------------------------------------------

    def _spin(self, seconds: float) -> None:
        until = time.perf_counter() + seconds
        while True:
            self._application.processEvents()
            if time.perf_counter() >= until:
                break
            time.sleep(0.001)

    def _until(self, condition: Callable[[], bool], seconds: float = 120.0) -> None:
        until = time.perf_counter() + seconds
        while not condition():
            self._spin(0.002)
            if time.perf_counter() > until:
                raise TimeoutError("the window does not answer")

    def _settle(self) -> None:
        """Until the trainer has carried out everything, and the window shows it."""
        document = self._document

        def settled() -> bool:
            seen = document.snapshot
            return seen is not None and seen.heard >= document.trainer.sent

        self._until(settled)

    def _edit(self, experiment: Experiment, text: str) -> None:
        self._document.edit(experiment, text)

    def play(self) -> None:
        self._document.playback.toggle()

    def step(self) -> None:
        self._document.trainer.advance(self.dice.randint(1, 40))

    def operate(self) -> None:
        self._document.playback.step_operations(self.dice.randint(-9, 12))

    def scrub(self) -> None:
        furthest = self._document.playback.furthest
        for _ in range(self.dice.randint(1, 6)):
            self._document.playback.go_to(self.dice.randint(0, furthest))

    def retune(self) -> None:
        draft = self._document.draft
        rate = draft.optimizer.rate * self.dice.choice((0.5, 0.9, 1.1, 2.0))
        optimizer = msgspec.structs.replace(draft.optimizer, rate=min(max(rate, 1e-6), 1.0))
        self._edit(msgspec.structs.replace(draft, optimizer=optimizer), "Rate")

    def replace_optimizer(self) -> None:
        optimizer = self.dice.choice((Adam(rate=0.001), Momentum(rate=0.01), RMSprop(rate=0.001)))
        self._edit(msgspec.structs.replace(self._document.draft, optimizer=optimizer), "Optimizer")

    def resize_batch(self) -> None:
        batch = self.dice.choice((4, 10, 16, 32, 64))
        self._edit(msgspec.structs.replace(self._document.draft, batch_size=batch), "Batch")

    def widen(self) -> None:
        """Another width for a hidden dense layer: up, or down."""
        draft = self._document.draft
        nodes = list(draft.network.nodes)
        hidden = [i for i, node in enumerate(nodes[:-1]) if isinstance(node.layer, Dense)]
        if hidden:
            i = self.dice.choice(hidden)
            layer = msgspec.structs.replace(nodes[i].layer, units=self.dice.randint(1, 40))
            nodes[i] = msgspec.structs.replace(nodes[i], layer=layer)
            self._edit(with_network(draft, Network(tuple(nodes))), "Widen")

    def turn_weights(self) -> None:
        self._document.set_weights(
            lambda named: {name: 0.99 * values for name, values in list(named.items())[:1]}, "Shrink"
        )

    def undo(self) -> None:
        self._document.undo_stack.undo()

    def redo(self) -> None:
        self._document.undo_stack.redo()

    def duplicate(self) -> None:
        self._document.duplicate_run()

    def activate(self) -> None:
        if runs := self._document.runs:
            self._document.activate(self.dice.choice(runs).run)

    def close_run(self) -> None:
        if runs := self._document.runs:
            self._document.close_run(self.dice.choice(runs).run)

    def reset(self) -> None:
        self._document.playback.reset()

    def select(self) -> None:
        nodes = self._document.draft.network.nodes
        self._document.select_layer(self.dice.choice(nodes).name if nodes else None)


ACTIONS: tuple[Callable[[Soak], None], ...] = (
    Soak.play, Soak.play, Soak.step, Soak.step, Soak.operate, Soak.scrub, Soak.scrub, Soak.retune, Soak.retune,
    Soak.replace_optimizer, Soak.resize_batch, Soak.widen, Soak.widen, Soak.turn_weights, Soak.undo, Soak.undo,
    Soak.redo, Soak.duplicate, Soak.activate, Soak.close_run, Soak.reset, Soak.select,
)  # fmt: skip
