"""The soak: that it finds nothing, that it would, and what it calls growth."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.bench.soak import ENOUGH, Sample, judge

ROOT = Path(__file__).resolve().parents[2]


def alone(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in a process of its own, without a screen."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False
    )


class TestShortSoak:
    def test_nothing_goes_wrong(self):
        done = alone("-m", "lab", "soak", "--minutes", "0.1", "--seed", "5")
        assert (done.returncode, done.stderr) == (0, "")
        assert "runs replayed to the same bits." in done.stdout
        assert " 0 runs replayed" not in done.stdout

    def test_an_error_in_a_slot_is_found(self):
        """One session, in which a thing that is done asks for what goes wrong only later, in Qt's event loop."""
        code = (
            "from PySide6.QtCore import QTimer\n"
            "from lab.bench import hand, soak\n"
            "hand.ACTIONS = (lambda hand: QTimer.singleShot(0, lambda: 1 / 0),)\n"
            "raise SystemExit(soak.main(minutes=0))\n"
        )
        done = alone("-c", code)
        assert done.returncode == 1
        assert "ZeroDivisionError" in done.stderr


class TestGrowth:
    @staticmethod
    def samples(memory, widgets=None) -> list[Sample]:
        widgets = widgets or [1000] * len(memory)
        return [Sample(int(m * 2**20), w) for m, w in zip(memory, widgets, strict=True)]

    @pytest.mark.parametrize(
        "memory",
        [
            [300, 400, 450, *[500] * 6],
            [500] * 3 + [500, 530, 480, 505, 490, 525],
            [600] * 3 + [560] * 3 + [500] * 3,
        ],
        ids=["warming up", "noise", "less"],
    )
    def test_flat(self, memory, capsys):
        assert not judge(self.samples(memory))
        assert "in the last" in capsys.readouterr().out

    def test_memory_that_grows(self, capsys):
        assert judge(self.samples([500 + 20 * k for k in range(12)]))
        assert "+" in capsys.readouterr().out

    def test_widgets_that_grow(self):
        assert judge(self.samples([500] * 12, [1000 + 50 * k for k in range(12)]))

    def test_too_few_to_say(self, capsys):
        assert not judge(self.samples([500 * 2**k for k in range(ENOUGH - 1)]))
        assert f"{ENOUGH - 1} of {ENOUGH} rounds" in capsys.readouterr().out
