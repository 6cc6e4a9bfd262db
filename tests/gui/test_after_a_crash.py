"""The whole way with the real engine: a window is killed, and the next one has what it had."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from lab.app import create_window
from lab.experiment.presets import preset
from lab.gui.main_window import MainWindow
from lab.gui.recovery import RecoveryDialog
from lab.training.archive_file import load_archive
from lab.training.recording import replayed, restored
from lab.training.recovery import LeftBehind, left_behind

LONG = 120_000
"""Milliseconds: the engine may have to be compiled first."""
INTERVAL = 200

WINDOW = f"""
import sys
from pathlib import Path
import msgspec
from PySide6.QtCore import QTimer
from lab.app import create_application, create_window
from lab.experiment.presets import preset
from lab.gui.garbage import Collector

application = create_application()
window = create_window(preset("spiral"))
collector = Collector(application)
window.show()
window.document.start()
window.filing.keep_in(Path(sys.argv[1]), {INTERVAL})
window.document.playback.set_speed(400)
collector.start()

def edit():
    draft = window.document.draft
    window.document.edit(msgspec.structs.replace(draft, batch_size=7), "Batch size")
    window.document.runs.duplicate()

def begin(ready):
    if ready:
        window.document.playback.play()
        QTimer.singleShot(400, edit)

window.document.playback.ready_changed.connect(begin)
application.exec()
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[LeftBehind, float]:
    """What a window left behind that trained, was edited and was killed; and when it was."""
    folder = tmp_path_factory.mktemp("state")
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    child = subprocess.Popen([sys.executable, "-c", WINDOW, str(folder)], env=environment)
    try:
        until(lambda: _has_two_runs(folder), child)
        time.sleep(3 * INTERVAL / 1000)  # so that what is found must have been written again and again
        assert left_behind(folder) == (), "its process is alive"
    finally:
        at = time.time()
        child.send_signal(signal.SIGKILL)
        child.wait()
    (left,) = left_behind(folder)
    return left, at


def until(condition, child: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + LONG / 1000
    while not condition():
        assert child.poll() is None, "it ended by itself"
        assert time.monotonic() < end
        time.sleep(0.02)


def _has_two_runs(folder: Path) -> bool:
    words = list(folder.glob("*.json"))
    return bool(words) and msgspec.json.decode(words[0].read_bytes())["runs"] == 2


def test_what_was_kept_is_as_old_as_the_interval_at_most(killed):
    left, at = killed
    assert left.about is not None
    assert left.about.step > 0
    assert at - left.about.at < INTERVAL / 1000 + 2, "the rest is for a busy machine"


def test_it_is_what_the_runs_were_bit_for_bit(killed):
    archive = load_archive(killed[0].file)
    assert [record.name for record in archive.records] == ["A", "B"]
    assert archive.draft.batch_size == 7
    for record in archive.records:
        there = restored(record)
        straight = replayed(record.edits, record.step)
        assert there.step == record.step > 0
        assert there.state().is_same_as(straight.state())


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    window = create_window(preset("xor"), settings)
    window.show()
    window.document.start()
    qtbot.waitUntil(
        lambda: window.document.playback.ready and window.document.snapshot is not None, timeout=LONG
    )
    yield window
    window.keeping.discard()
    window.close()
    window.deleteLater()


def test_the_next_window_offers_it_goes_on_with_it_and_saves_it(qtbot, window, killed, tmp_path):
    left, _ = killed
    kept = load_archive(left.file)
    window.filing.keep_in(left.file.parent, 1_000_000)
    dialog = window.findChild(RecoveryDialog)
    next(button for button in dialog.findChildren(QPushButton) if button.text() == "Open").click()
    qtbot.waitUntil(lambda: len(window.document.runs.seen) == 2, timeout=LONG)
    assert kept.active_record is not None
    assert window.document.snapshot.run == kept.active
    assert window.document.snapshot.step == kept.active_record.step
    assert np.array_equal(window.document.snapshot.curves.loss, kept.active_record.curves.loss)
    assert window.document.draft == kept.draft
    assert window.isWindowModified()
    qtbot.waitUntil(lambda: left_behind(left.file.parent) == () and not left.file.exists(), timeout=10_000)

    before = window.document.snapshot.step
    window.document.playback.play()
    qtbot.waitUntil(lambda: window.document.snapshot.step > before + 20, timeout=LONG)
    window.document.playback.pause()
    qtbot.waitUntil(lambda: not window.document.playback.playing, timeout=LONG)
    window.keeping.save(tmp_path / "a.descent")
    assert window.keeping.finish()
    assert not window.isWindowModified()
    saved = load_archive(tmp_path / "a.descent")
    for record in saved.records:
        assert restored(record).state().is_same_as(replayed(record.edits, record.step).state())
    window.open_file(tmp_path / "a.descent")
    qtbot.waitUntil(
        lambda: window.document.path == tmp_path / "a.descent" and len(window.document.runs.seen) == 2
    )
    assert window.close()
    # what was being written when it was killed is cleared away once it is old
    assert [name for name in os.listdir(left.file.parent) if not name.endswith(".tmp")] == []
