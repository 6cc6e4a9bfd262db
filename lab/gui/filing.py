"""Open, save, and the questions in between: what the File menu means."""

from __future__ import annotations

from contextlib import suppress
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QMessageBox, QWidget

from lab.data.files.own_file import OwnFile
from lab.experiment.experiment import Experiment
from lab.export.weights import SUFFIXES
from lab.gui.autosave import INTERVAL, Autosave
from lab.gui.exports import with_suffix
from lab.gui.file_work import PATIENCE
from lab.gui.keeping import Keeping, to_open
from lab.gui.recent import Recent
from lab.gui.recovery import RecoveryDialog
from lab.problem import ProblemError
from lab.training import recovery
from lab.training.archive import Archive
from lab.training.archive_file import load_archive
from lab.training.recovery import LeftBehind

if TYPE_CHECKING:
    from lab.gui.main_window import MainWindow

KINDS = {"descent": "Descent document (*.descent)", "json": "Experiment only (*.json)"}
READABLE = "Documents and experiments (*.descent *.json);;Weights (*.safetensors *.npz);;All files (*)"
ALONE = " (the experiment only: Save as… keeps its runs too)"
Buttons = QMessageBox.StandardButton


class Filing(QObject):
    def __init__(self, window: MainWindow, keeping: Keeping, recent: Recent) -> None:
        super().__init__(window)
        self._window, self.keeping, self.recent = window, keeping, recent
        self.autosave: Autosave | None = None
        self._recovered: LeftBehind | None = None  # being opened, and not there again yet
        keeping.saving.connect(lambda path: window.header.note(f"Saving {path} …"))
        keeping.saved.connect(self._note_saved)
        keeping.failed.connect(self._say_failed)
        keeping.restored.connect(self._forget_recovered)

    # --- in

    def open_experiment(self, experiment: Experiment, path: Path | None = None) -> None:
        self._open(Archive(experiment), path)

    def open_file(self, path: Path) -> None:
        """Open a document or an experiment, read beside the window, or load weights, by what the file is called."""
        if path.suffix.lower() in SUFFIXES:
            self._window.exports.weights_from(path)
            return
        self.keeping.work.do(
            lambda: read(path), lambda archive: self._open(archive, path), self._window.banner.say
        )
        self.keeping.work.wait(PATIENCE)

    def ask_open(self) -> None:
        path = self._window.exports.ask_which("Open", READABLE)
        if path is not None:
            self.open_file(path)

    def _open(self, archive: Archive, path: Path | None) -> None:
        if self.may_leave():
            self._window.banner.hide()
            self._recovered = None
            self.keeping.open(archive, path)
            if path is not None:
                self.recent.add(path)

    # --- out

    def save(self) -> bool:
        """Write to the document's file, or ask for one. True unless nothing is being written."""
        path = self.keeping.document.path
        return self._save_to(path) if path else self.save_as()

    def save_as(self) -> bool:
        document = self.keeping.document
        stem = document.path.stem if document.path else document.draft.name.replace("/", "-")
        where = self._window.exports.ask_where("Save", f"{stem}.descent", ";;".join(KINDS.values()))
        if where is None:
            return False
        path = with_suffix(where[0], KINDS, where[1])
        # the dialog has asked about the name as it was typed
        if path != where[0] and path.exists() and not ask_to_replace(self._window, path):
            return False
        return self._save_to(path)

    def _save_to(self, path: Path) -> bool:
        if path.suffix.lower() != ".json":
            self.keeping.save(path)
            return True
        try:
            self.keeping.save_experiment(path)
        except ProblemError as error:
            self._window.banner.say(str(error))
            return False
        return True

    @Slot(str)
    def _say_failed(self, said: str) -> None:
        self._window.header.note("")
        self._window.banner.say(said)

    @Slot(object)
    def _note_saved(self, path: Path) -> None:
        self.recent.add(path)
        self._window.header.note(f"Saved {path}{ALONE if path.suffix.lower() == '.json' else ''}")

    # --- the questions

    def may_leave(self) -> bool:
        """Ask what to do with what is unsaved, and wait until it is saved; False means: stay."""
        keeping = self.keeping
        if keeping.is_saving and not keeping.finish():
            return False
        if not keeping.is_dirty:
            return True
        edited = keeping.document.is_dirty or not keeping.has_unsaved_training
        minutes = 0 if edited else round(keeping.unsaved_training / 60)
        path = keeping.document.path
        answer = ask_to_save(self._window, path.name if path else keeping.document.draft.name, minutes)
        if answer != Buttons.Save:
            return answer == Buttons.Discard
        # an experiment's file would not keep the training that was asked about
        is_alone = keeping.document.path is not None and keeping.document.path.suffix.lower() == ".json"
        saved = self.save_as() if is_alone and not edited else self.save()
        return saved and keeping.finish()

    def close(self) -> None:
        """An orderly end, after the trainer's: what is being written is waited for, and no autosave stays."""
        if self.autosave is not None:
            self.autosave.close()
        self.keeping.work.wait()

    # --- after a crash

    def keep_in(self, folder: Path, interval: int = INTERVAL) -> None:
        """Autosave into this folder from now on, and offer what lies in it without an owner."""
        left = recovery.left_behind(folder)
        self.autosave = Autosave(self.keeping, recovery.Place(folder), interval, self)
        self.autosave.failed.connect(self._window.header.note)
        self.autosave.start()
        self.offer(left)

    def offer(self, left: tuple[LeftBehind, ...]) -> None:
        """Show what was left behind, if anything was."""
        if left:
            RecoveryDialog(left, self.recover, recovery.discard, self._window).open()

    def recover(self, left: LeftBehind) -> None:
        """Open what was left behind; what cannot be read is set aside."""

        def opened(archive: Archive) -> None:
            if self.may_leave():
                self._recovered = left
                self.keeping.open(archive, left.original, is_recovered=True)
                if not archive.records:
                    self._forget_recovered()

        def broken(said: str) -> None:
            try:
                where = f"It was set aside as {recovery.set_aside(left)}"
            except ProblemError as error:
                where = str(error).rstrip(".")
            self._window.banner.say(f"What was kept of “{left.name}” cannot be opened. {said} {where}.")

        beside = left.original or Path.home() / "x"
        self.keeping.work.do(lambda: read(left.file, beside), opened, broken)

    @Slot()
    def _forget_recovered(self) -> None:
        """It is there again: this process's own autosave takes its place."""
        if self._recovered is not None and self.autosave is not None:
            self.autosave.take_over(self._recovered)
        self._recovered = None


def read(path: Path, beside: Path | None = None) -> Archive:
    """The document, and the person's own data that it stands on, so that it is at hand when it is asked for."""
    archive = load_archive(path, beside)
    data = to_open(archive).data
    if isinstance(data, OwnFile):
        with suppress(ProblemError):  # that is said where the experiment is looked at
            data.load(0)
    return archive


def ask_to_save(window: QWidget, name: str, minutes: int = 0) -> QMessageBox.StandardButton:
    """Save, Discard or Cancel. With `minutes`, training of so long is all that would be lost."""
    what = "training" if minutes else "changes"
    title = f"<b>Save the {'training of' if minutes else 'changes to'} “{escape(name)}”?</b>"
    box = QMessageBox(QMessageBox.Icon.NoIcon, f"Save {what}?", title)
    box.setParent(window, Qt.WindowType.Dialog)
    lost = (
        f"It has trained for about {minutes}\N{NO-BREAK SPACE}min since it was last saved." if minutes else ""
    )
    box.setInformativeText(
        f"{lost} Without saving this is lost.".strip() if minutes else "Without saving they are lost."
    )
    box.setStandardButtons(Buttons.Save | Buttons.Discard | Buttons.Cancel)
    box.setDefaultButton(Buttons.Save)
    try:
        return Buttons(box.exec())
    finally:
        box.deleteLater()


def ask_to_replace(window: QWidget, path: Path) -> bool:
    """Whether a file that is there may be written over."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, "Replace?", f"<b>Replace “{escape(path.name)}”?</b>")
    box.setParent(window, Qt.WindowType.Dialog)
    box.setInformativeText("A file of this name is there already.")
    replace = box.addButton("Replace", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(box.addButton(Buttons.Cancel))
    try:
        box.exec()
        return box.clickedButton() is replace
    finally:
        box.deleteLater()
