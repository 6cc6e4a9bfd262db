"""Pictures without a screen wait for their answers."""

import time
from typing import cast

from lab.gui.still import Still
from lab.training.probes import Probe
from lab.training.run import Run
from lab.training.snapshot import Snapshot
from tests.gui.fake_snapshots import snapshot


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
