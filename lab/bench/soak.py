"""`descent soak`: the real window, used at random for as long as it is told to.

It is opened on one experiment after the other; each is trained, edited, rewound, branched, looked at, saved and closed
as the dice fall. Now and then every run is compared with a fresh replay of its edits, bit for bit, and what the process
takes in memory is written down, and how many widgets the window has: once it has warmed up, neither may grow.
"""

from __future__ import annotations

import gc
import itertools
import os
import random
import statistics
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from lab.bench.hand import Hand
from lab.experiment.presets import preset
from lab.kernels.warmup import compile_all
from lab.training.mailbox import Failed
from lab.training.record import Record
from lab.training.recording import replayed

PRESETS = ("spiral", "xor", "linear-neuron", "lenet", "iris", "waves", "small-encoder-decoder")
SESSION = 25
"""Things done to each experiment."""
ENOUGH = 9
"""Samples from which something can be said about growth: three in each third. The first third is for warming up."""
GROWTH = 1.05
"""The last third of the samples over the third before."""
WORK = 3e11
"""Multiply-adds that a replay may take to be worth it."""


class Sample(NamedTuple):
    """What the process takes when all is quiet: bytes that are its own in the machine's memory, and widgets."""

    memory: int
    widgets: int


def main(minutes: float = 60.0, seed: int = 1) -> int:
    """Use the window for so long; say what was found. Exit status 0 if nothing failed and nothing grew."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from lab.gui.still import quiet

    compile_all()
    with quiet(), tempfile.TemporaryDirectory() as folder:
        soak = Soak(random.Random(seed), Path(folder))
        samples = use(soak, 60 * minutes)
        soak.close()
    print(f"{soak.said()}.")
    grown = judge(samples)
    for fault in soak.faults:
        print(fault, file=sys.stderr)
    return int(bool(soak.faults) or grown)


def use(soak: Soak, seconds: float) -> list[Sample]:
    """At least one session, and one more while there is time; a sample after each round of the experiments."""
    samples: list[Sample] = []
    began, told = time.monotonic(), 0.0
    for name in itertools.cycle(PRESETS):
        soak.session(name)
        gone = time.monotonic() - began
        if name == PRESETS[-1]:
            samples.append(soak.rest())
            if gone - told >= 60 or not told:
                told = gone
                memory = samples[-1].memory / 2**20
                print(f"{gone / 60:6.1f} min: {soak.said()}, {memory:,.0f} MiB", flush=True)
        if gone >= seconds:
            break
    return samples


def judge(samples: Sequence[Sample]) -> bool:
    """Say how much memory and widgets have grown, and whether that was too much."""
    if len(samples) < ENOUGH:
        print(f"{len(samples)} of {ENOUGH} rounds that it takes to say whether memory grows.")
        return False
    grown = False
    for what, values, unit in (
        ("Memory", [sample.memory / 2**20 for sample in samples], " MiB"),
        ("Widgets", [float(sample.widgets) for sample in samples], ""),
    ):
        before, after = growth(values)
        share = 100 * (after / before - 1)
        print(
            f"{what}: {before:,.0f}{unit} in the middle third, {after:,.0f}{unit} in the last ({share:+.1f} %)."
        )
        grown = grown or after > GROWTH * before
    return grown


def growth(values: Sequence[float]) -> tuple[float, float]:
    """The medians of the middle and the last third. Medians, since each sample depends on what was done last."""
    third = max(1, len(values) // 3)
    return statistics.median(values[-2 * third : -third]), statistics.median(values[-third:])


class Soak:
    """The window, the hand on it, and what went wrong."""

    def __init__(self, dice: random.Random, folder: Path) -> None:
        from lab.app import create_application, create_window
        from lab.gui.garbage import Collector

        self.faults: list[str] = []
        self.done = self.replays = 0
        sys.excepthook = self._fail  # Qt goes on after an error in a slot, and so does a thread's owner
        threading.excepthook = lambda seen: self._fail(seen.exc_type, seen.exc_value, seen.exc_traceback)
        self._application = create_application(["descent"])
        self._collector = Collector(self._application)
        self._window = create_window(preset(PRESETS[0]))
        self._document = self._window.document
        self._document.event_arrived.connect(self._hear)
        self._dice, self._hand = dice, Hand(self._window, dice, folder)
        self._window.show()
        self._document.start()
        self._collector.start()
        self._until(lambda: self._document.playback.ready and self._document.snapshot is not None)

    def said(self) -> str:
        return f"{self.done:,} things done, {self.replays:,} runs replayed to the same bits"

    def session(self, name: str) -> None:
        """Some things done to an experiment, and a look at whether its runs are what their edits say."""
        self._open(name)
        for _ in range(SESSION):
            self._hand.do_something()
            self.done += 1
            self._spin(self._dice.choice((0.0, 0.0, 0.02, 0.05)))
        self._document.playback.pause()
        self._settle()
        found: list[tuple[Record, ...]] = []
        self._document.trainer.record(found.append)
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
        if not replayed(record.edits, record.step).state().is_same_as(kept):
            self.faults.append(
                f"{name}: run {record.name} at step {record.step:,} is not what its edits make"
            )

    def rest(self) -> Sample:
        """What the process takes, when all is quiet and the window looks as at the start."""
        self._open(PRESETS[0])
        self._window.reset_layout()
        self._spin(0.2)
        gc.collect()
        self._spin(0.0)  # what the collection has let go of is deleted
        pages = Path("/proc/self/statm")
        memory = int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if pages.exists() else 1
        return Sample(memory, len(self._application.allWidgets()))

    def close(self) -> None:
        self._window.keeping.discard()
        self._window.close()
        sys.excepthook, threading.excepthook = sys.__excepthook__, threading.__excepthook__

    def _open(self, name: str) -> None:
        self._window.keeping.discard()
        self._document.open(preset(name))
        self._settle()

    # -- what goes wrong ----------------------------------------------------------------------------------

    def _hear(self, event: object) -> None:
        if isinstance(event, Failed):
            self.faults.append(event.text)

    def _fail(
        self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.append("".join(traceback.format_exception(kind, error, trace)))

    # -- waiting ------------------------------------------------------------------------------------------

    def _spin(self, seconds: float) -> None:
        """Let the window live for so long: in an event loop as in use, since `processEvents` alone deletes nothing
        that is to be deleted later, and widgets would be more and more."""
        from PySide6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(round(1000 * seconds), loop.quit)
        loop.exec()

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
