"""Pictures without a screen wait for their answers."""

import time
from typing import cast

from lab.gui.still import Still
from lab.training.comparing import ChangesProbe
from lab.training.filters import FiltersProbe
from lab.training.one_unit import ExcitingProbe
from lab.training.probes import Probe
from lab.training.run import Run
from lab.training.snapshot import Snapshot
from tests.gui.fake_snapshots import snapshot
from tests.training.problems import XOR_MLP


class Slow(Still):
    def snapshot(self, probes: frozenset[Probe]) -> Snapshot:
        time.sleep(0.05)
        self.answered_at = time.monotonic()
        return snapshot("lenet")


def test_quiet_is_counted_from_the_answer() -> None:
    """An answer takes longer than the quiet that is waited for: counted from the question, views stayed empty."""
    trainer = Slow(cast(Run, None))
    trainer.watch(frozenset())
    assert trainer.asked_at >= trainer.answered_at


def test_what_is_compared_with_a_step_or_climbed_to_is_answered_too() -> None:
    run = Run(XOR_MLP)
    run.advance(20)
    probes = (
        ChangesProbe("training", 0, 7),
        FiltersProbe("hidden", "update"),
        FiltersProbe("hidden", "change", since=7),
        ExcitingProbe("hidden", 2, steps=10),
    )
    found = Still(run).snapshot(frozenset(probes))
    for probe in probes:
        reading = found.reading(probe)
        assert reading is not None
        assert not getattr(reading, "why", "")
