"""The composition root: the one file that knows everyone."""

from __future__ import annotations

import atexit
import faulthandler
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TextIO

from platformdirs import user_log_path
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from lab.experiment.experiment import Experiment
from lab.gui import layout
from lab.gui.appearance import Appearance
from lab.gui.crash import CrashReporter
from lab.gui.document import Document
from lab.gui.garbage import Collector
from lab.gui.icons import window_icon
from lab.gui.keeping import to_open
from lab.gui.main_window import MainWindow
from lab.heap import return_large_blocks
from lab.training.archive import Archive
from lab.training.recovery import autosave_folder
from lab.training.trainer import Trainer


def run(archive: Archive | None = None, path: Path | None = None, argv: list[str] | None = None) -> int:
    """Open the window on a document, by default the first preset, and return the exit status once it closes.

    `path` is the file that the document was read from.
    """
    application = create_application(argv)
    log = keep_crash_log()
    window = create_window(to_open(archive) if archive else None, QSettings("Descent", "Descent"), path)
    if archive:
        layout.restore_geometry(window, archive.layout)
    reporter = CrashReporter(window)
    reporter.install()
    collector = Collector(application)
    window.show()
    # the window is painted before the engine loads its kernels, or compiles them at the first launch
    application.processEvents()
    window.document.start()
    if archive and archive.records:
        window.keeping.open(archive, path)
    if path:
        window.filing.recent.add(path)
    window.filing.keep_in(autosave_folder())
    collector.start()
    status = application.exec()
    sys.excepthook = sys.__excepthook__
    if log is not None:
        faulthandler.disable()
        log.close()
    return status


def create_application(argv: list[str] | None = None) -> QApplication:
    """The one QApplication, made if there is none yet, in Qt's Fusion style."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    return_large_blocks()
    application = QApplication(sys.argv[:1] if argv is None else argv)
    application.setStyle("Fusion")
    application.setApplicationName("Descent")
    application.setOrganizationName("Descent")
    application.setDesktopFileName("descent")
    application.setWindowIcon(window_icon())
    return application


def create_window(
    experiment: Experiment | None = None,
    settings: QSettings | None = None,
    path: Path | None = None,
    trainer: Trainer | None = None,
) -> MainWindow:
    """The window and all that belongs to it, not shown and not started: `window.document.start()` does that.

    Without `settings` nothing is remembered from one window to the next, as tests and pictures want it.
    """
    from lab.experiment.presets import DEFAULT, preset
    from lab.gui.views import VIEWS

    application = create_application()
    kept = settings if settings is not None else passing_settings()
    appearance = Appearance(application, kept)
    document = Document(trainer or Trainer(spare_cores()), experiment or preset(DEFAULT), path)
    window = MainWindow(document, appearance, kept, VIEWS)
    document.setParent(window)
    appearance.setParent(window)
    return window


def spare_cores() -> int:
    """Cores for training: one is left to the window, and small networks have no use for more than four."""
    return max(1, min(4, (os.cpu_count() or 1) - 1))


def passing_settings() -> QSettings:
    """Settings that the process forgets. (Not os.devnull: QSettings renames, and root's would replace the device.)"""
    folder = tempfile.mkdtemp(prefix="descent-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return QSettings(str(Path(folder) / "settings.ini"), QSettings.Format.IniFormat)


def keep_crash_log() -> TextIO | None:
    """Have the interpreter write down where it was if it dies; None where no log can be kept."""
    try:
        folder = user_log_path("descent", ensure_exists=True)
        log = (folder / "crash.log").open("a", encoding="utf-8")
    except OSError:
        return None
    faulthandler.enable(log)
    return log
