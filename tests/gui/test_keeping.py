"""Documents in the window: saved beside it, dirty when it matters, autosaved, and offered after a crash."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QMimeData, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QMenu, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from lab.experiment.presets import preset
from lab.gui import layout
from lab.gui.autosave import Autosave
from lab.gui.file_work import FileWork
from lab.gui.main_window import MainWindow
from lab.gui.recent import Recent
from lab.gui.recovery import RecoveryDialog, told, when
from lab.problem import Problem, ProblemError
from lab.training import recovery
from lab.training.archive import Archive
from lab.training.archive_file import load_archive, save_archive
from lab.training.breakpoints import AtStep
from lab.training.mailbox import Refused
from lab.training.quantities import WeightValue, WholeGradientNorm
from lab.training.recovery import LeftBehind, Place
from tests.gui.conftest import FakeTrainer
from tests.training.documents import LINEAR, RINGS, same, trained

Buttons = QMessageBox.StandardButton


@pytest.fixture(scope="module")
def document() -> Archive:
    return trained()


def change_something(window: MainWindow) -> None:
    draft = window.document.draft
    window.document.edit(msgspec.structs.replace(draft, batch_size=draft.batch_size + 1), "Change")


def train(window: MainWindow, seconds: float) -> None:
    """The fake trainer takes a millisecond for an update."""
    window.document.trainer.advance(round(seconds * 1000))
    window.document.pull()


def saved_to(qtbot: QtBot, window: MainWindow, path: Path) -> Archive:
    with qtbot.waitSignal(window.keeping.saved):
        window.keeping.save(path)
    return load_archive(path)


def asked(monkeypatch: pytest.MonkeyPatch, button: QMessageBox.StandardButton) -> list[int]:
    """Answers the question whether to save; the minutes of training that each question was about."""
    questions: list[int] = []

    def ask(_window: object, _name: str, minutes: int = 0) -> QMessageBox.StandardButton:
        questions.append(minutes)
        return button

    monkeypatch.setattr("lab.gui.filing.ask_to_save", ask)
    return questions


def chosen(monkeypatch: pytest.MonkeyPatch, path: Path, kind: str = "") -> None:
    monkeypatch.setattr("lab.gui.exports.QFileDialog.getSaveFileName", lambda *_: (str(path), kind))


def with_records(monkeypatch: pytest.MonkeyPatch, trainer: FakeTrainer, document: Archive) -> None:
    monkeypatch.setattr(trainer, "record", lambda receive: receive(document.records))


# -- saving


def test_a_document_is_saved_with_its_runs_and_its_layout(
    qtbot, window, trainer, monkeypatch, tmp_path, document
):
    with_records(monkeypatch, trainer, document)
    window.document.set_breakpoints((AtStep(7),))
    window.document.set_quantities((WholeGradientNorm(),))
    change_something(window)
    assert window.isWindowModified()
    found = saved_to(qtbot, window, tmp_path / "a.descent")
    assert same(found.records, document.records)
    assert found.draft == window.document.draft
    assert found.active == window.document.snapshot.run
    assert [each["breakpoint"] for each in found.breakpoints] == ["loss_not_finite", "at_step"]
    assert found.quantities == tuple(msgspec.to_builtins((WholeGradientNorm(),)))
    assert found.layout[layout.KIND] == "image"
    assert not window.isWindowModified()
    assert window.document.path == tmp_path / "a.descent"
    assert window.filing.recent.paths == (tmp_path / "a.descent",)


def test_writing_is_done_beside_the_window(qtbot, window, tmp_path, monkeypatch):
    """The window goes on while the disk is slow, and closing waits for it."""
    gate, threads = threading.Event(), []

    def slow(archive: Archive, path: Path) -> None:
        threads.append(threading.current_thread())
        gate.wait(10)
        save_archive(archive, path)

    monkeypatch.setattr("lab.gui.keeping.save_archive", slow)
    change_something(window)
    window.keeping.save(tmp_path / "a.descent")
    assert window.keeping.is_saving
    assert window.isWindowModified()
    change_something(window)
    threading.Timer(0.2, gate.set).start()
    assert window.keeping.finish()
    assert threads[0] is not threading.main_thread()
    assert (tmp_path / "a.descent").exists()
    assert window.isWindowModified(), "what was edited meanwhile is not in the file"


def test_what_goes_wrong_is_said_and_the_document_stays_dirty(qtbot, window, tmp_path):
    change_something(window)
    with qtbot.waitSignal(window.keeping.failed):
        window.keeping.save(tmp_path / "nowhere" / "a.descent")
    assert "its folder does not exist" in window.banner.sentence.text()
    assert window.isWindowModified()
    assert window.document.path is None
    assert not window.keeping.finish()


def test_a_trainer_that_does_not_answer_is_not_waited_for(
    qtbot, window, trainer, monkeypatch, tmp_path, document
):
    late = []
    monkeypatch.setattr(trainer, "record", late.append)
    monkeypatch.setattr("lab.gui.keeping.ANSWER_WITHIN", 20)
    change_something(window)
    with qtbot.waitSignal(window.keeping.failed):
        window.keeping.save(tmp_path / "a.descent")
    late[0](document.records)
    window.keeping.work.wait()
    assert not (tmp_path / "a.descent").exists()


def test_save_as_offers_a_document_first(window, monkeypatch, tmp_path):
    offered = []

    def ask(_parent, _title, start, filters):
        offered.append((Path(start).name, filters.split(";;")[0]))
        return str(tmp_path / "typed"), filters.split(";;")[0]

    monkeypatch.setattr("lab.gui.exports.QFileDialog.getSaveFileName", ask)
    assert window.filing.save()
    window.keeping.finish()
    assert offered == [(f"{window.document.draft.name}.descent", "Descent document (*.descent)")]
    assert (tmp_path / "typed.descent").exists()


def test_an_experiment_alone_is_json(window, monkeypatch, tmp_path):
    chosen(monkeypatch, tmp_path / "a", "Experiment only (*.json)")
    change_something(window)
    assert window.filing.save_as()
    assert load_archive(tmp_path / "a.json").draft == window.document.draft
    assert not window.isWindowModified()
    assert "the experiment only" in window.header._note.text()


def test_a_name_that_was_not_typed_is_not_written_over_unasked(window, monkeypatch, tmp_path):
    (tmp_path / "a.descent").write_bytes(b"mine")
    chosen(monkeypatch, tmp_path / "a", "Descent document (*.descent)")
    for answer in (False, True):
        monkeypatch.setattr("lab.gui.filing.ask_to_replace", lambda *_, answer=answer: answer)
        assert window.filing.save_as() == answer
        window.keeping.finish()
        assert ((tmp_path / "a.descent").read_bytes() == b"mine") == (not answer)


# -- dirty


def test_a_few_steps_are_worth_no_question_and_a_minute_is(window, monkeypatch):
    questions = asked(monkeypatch, Buttons.Cancel)
    train(window, 30)
    assert not window.isWindowModified()
    assert window.filing.may_leave()
    train(window, 60)
    assert window.isWindowModified()
    assert not window.filing.may_leave()
    assert questions == [2]
    change_something(window)
    assert not window.filing.may_leave()
    assert questions == [2, 0]
    window.document.undo_stack.undo()
    asked(monkeypatch, Buttons.Discard)
    assert window.close()


def test_training_is_counted_from_the_last_save(qtbot, window, tmp_path):
    train(window, 90)
    assert window.keeping.is_dirty
    saved_to(qtbot, window, tmp_path / "a.descent")
    assert not window.keeping.is_dirty
    assert not window.keeping.has_news
    train(window, 30)
    assert not window.keeping.is_dirty
    assert window.keeping.has_news
    train(window, 40)
    assert window.keeping.is_dirty


def test_another_document_starts_clean(window, monkeypatch):
    train(window, 90)
    asked(monkeypatch, Buttons.Discard)
    window.open_experiment(preset("xor"))
    window.document.pull()
    assert not window.keeping.is_dirty
    assert not window.keeping.has_news


def test_training_is_not_saved_as_an_experiment_alone(window, monkeypatch, tmp_path):
    """Where it was opened from .json, saving what was trained asks for a document."""
    chosen(monkeypatch, tmp_path / "a", "Descent document (*.descent)")
    window.document.path = tmp_path / "a.json"
    train(window, 90)
    asked(monkeypatch, Buttons.Save)
    assert window.filing.may_leave()
    assert (tmp_path / "a.descent").exists()
    assert not (tmp_path / "a.json").exists()


def test_leaving_waits_until_it_is_saved_and_stays_where_it_cannot_be(window, monkeypatch, tmp_path):
    asked(monkeypatch, Buttons.Save)
    change_something(window)
    window.document.path = tmp_path / "nowhere" / "a.descent"
    assert not window.close()
    window.document.path = tmp_path / "a.descent"
    assert window.close()
    assert load_archive(tmp_path / "a.descent").draft == window.document.draft


def test_the_questions_can_be_read(qtbot, window, monkeypatch):
    from lab.gui.filing import ask_to_replace, ask_to_save

    said = []

    def answer(box: QMessageBox) -> int:
        said.append(f"{box.text()} {box.informativeText()}")
        return Buttons.Cancel

    monkeypatch.setattr(QMessageBox, "exec", answer)
    assert ask_to_save(window, "a<b") == Buttons.Cancel
    assert ask_to_save(window, "LeNet", 7) == Buttons.Cancel
    assert not ask_to_replace(window, Path("/home/me/a.descent"))
    assert "Save the changes to “a&lt;b”?" in said[0]
    assert "trained for about 7\N{NO-BREAK SPACE}min" in said[1]
    assert "Replace “a.descent”?" in said[2]


# -- opening


def test_a_document_brings_its_runs_back(qtbot, window, trainer, tmp_path, document):
    path = tmp_path / "a.descent"
    save_archive(document, path)
    opened = []
    window.keeping.opened.connect(opened.append)
    window.open_file(path)
    qtbot.waitUntil(lambda: bool(trainer.named("restore")))
    ((_, records, active),) = trainer.named("restore")
    assert same(records, document.records)
    assert active == 2
    assert window.document.path == path
    assert window.document.draft == LINEAR
    assert opened[0].breakpoints == document.breakpoints
    assert window.filing.recent.paths == (path,)


def test_what_its_runs_follow_is_said_before_they_come(window, trainer, document):
    """Or they would forget what they have seen of it."""
    followed = replace(document, quantities=tuple(msgspec.to_builtins((WeightValue("out.bias", (0,)),))))
    window.keeping.open(followed, None)
    names = [order[0] for order in trainer.orders]
    at = trainer.orders.index(("watch_list", (WeightValue("out.bias", (0,)),)))
    assert at < names.index("restore")
    assert window.document.quantities == (WeightValue("out.bias", (0,)),)


def test_until_its_runs_are_there_again_saving_keeps_those_of_the_file(qtbot, window, tmp_path, document):
    """The engine may still be compiled: a save before it is there must not lose what the file had."""
    window.keeping.open(document, None)
    assert same(saved_to(qtbot, window, tmp_path / "b.descent").records, document.records)


def test_runs_that_cannot_be_had_here_leave_their_file_alone(window, trainer, tmp_path, document):
    window.document.path = tmp_path / "before.descent"
    window.keeping.open(document, tmp_path / "a.descent")
    refused = []
    window.keeping.not_restored.connect(lambda: refused.append(True))
    trainer.say(Refused((Problem("memory", "there is not enough of it", "Make it smaller"),)))
    trainer._publish()
    window.document.pull()
    assert refused
    assert window.document.path == tmp_path / "before.descent"
    assert "not enough" in window.banner.sentence.text()


def test_a_draft_with_problems_comes_back_as_it_was(window, document):
    draft = msgspec.structs.replace(LINEAR, network=msgspec.structs.replace(LINEAR.network, nodes=()))
    window.keeping.open(replace(document, draft=draft), None)
    assert window.document.draft == draft
    assert window.document.problems
    assert not window.document.is_dirty


def test_the_name_that_the_draft_has_by_now_comes_back(window, document):
    window.keeping.open(replace(document, draft=msgspec.structs.replace(LINEAR, name="Renamed")), None)
    assert window.document.draft.name == "Renamed"
    assert not window.document.is_dirty


def test_a_damaged_document_is_a_sentence_and_the_window_stays_as_it_was(
    qtbot, window, trainer, tmp_path, document
):
    path = tmp_path / "a.descent"
    save_archive(document, path)
    path.write_bytes(path.read_bytes()[:-100])
    window.open_file(path)
    qtbot.waitUntil(window.banner.isVisible)
    assert "a.descent" in window.banner.sentence.text()
    assert window.document.draft == preset("lenet")
    assert not trainer.named("restore")


def test_a_document_dropped_on_the_window_is_opened(qtbot, window, trainer, tmp_path, document):
    path = tmp_path / "a.descent"
    save_archive(document, path)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    none = Qt.KeyboardModifier.NoModifier
    window.dropEvent(
        QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, none)
    )
    qtbot.waitUntil(lambda: bool(trainer.named("restore")))


def test_the_layout_comes_back_with_the_document(qtbot, window, trainer, tmp_path):
    path = tmp_path / "a.descent"
    window.workspace.docks["maps"].hide()
    window.inspector_dock.hide()
    kept = saved_to(qtbot, window, path)
    window.reset_layout()
    assert not window.inspector_dock.isHidden()
    window.keeping.open(kept, path)
    window.document.pull()
    assert window.inspector_dock.isHidden()
    assert window.workspace.docks["maps"].isHidden()


def test_what_is_kept_while_a_document_is_being_opened_has_its_own_layout(window: MainWindow) -> None:
    """Views are arranged with the first picture of its runs; what was open before says nothing about them."""
    window.keeping.open(Archive(preset("spiral"), layout={layout.KIND: "plane"}), None)
    assert window.workspace.kind == "image"
    found: list[Archive] = []
    window.keeping.collect(found.append, pytest.fail)
    assert found[0].layout[layout.KIND] == "plane"
    window.document.pull()
    assert layout.captured(window)[layout.KIND] == "plane"


@pytest.mark.parametrize("text", ["", "!", "AAAA", "/////w==", "é"])
def test_a_layout_that_says_nothing_changes_nothing(window, text):
    layout.restore(
        window, {layout.STATE: text, layout.VIEWS: text, layout.KIND: "plane", layout.GEOMETRY: text}
    )
    layout.restore_geometry(window, {layout.GEOMETRY: text})
    layout.restore(window, {layout.KIND: "no such kind", layout.VIEWS: "AAAA"})
    assert window.workspace.open_views
    assert not window.inspector_dock.isHidden()


# -- recent


def test_the_last_ten_are_listed_and_what_is_gone_is_grey(tmp_path, qapp):
    recent = Recent(QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat))
    for number in range(12):
        (tmp_path / f"{number}.descent").touch()
        recent.add(tmp_path / f"{number}.descent")
    recent.add(tmp_path / "5.descent")
    assert [path.stem for path in recent.paths] == ["5", "11", "10", "9", "8", "7", "6", "4", "3", "2"]
    (tmp_path / "11.descent").unlink()
    menu, opened = QMenu(), []
    recent.fill(menu, opened.append)
    first, second, *_ = menu.actions()
    assert "5.descent" in first.text()
    assert first.isEnabled()
    assert not second.isEnabled()
    assert "not there any more" in second.toolTip()
    first.trigger()
    assert opened == [tmp_path / "5.descent"]
    menu.actions()[-1].trigger()
    assert recent.paths == ()
    recent.fill(menu, opened.append)
    assert menu.actions()[0].text() == "Nothing yet"


def test_one_is_remembered_as_well_as_many_and_nonsense_is_none(tmp_path, qapp):
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    Recent(settings).add(tmp_path / "a, b.descent")
    settings.sync()
    again = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    assert Recent(again).paths == (tmp_path / "a, b.descent",)
    for nonsense in ("{", "3", '{"a": 1}', "[1, null]"):
        again.setValue("recent", nonsense)
        assert Recent(again).paths == ()


def test_files_of_one_name_show_their_folders(tmp_path, qapp):
    recent = Recent(QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat))
    recent.add(tmp_path / "one" / "a.descent")
    recent.add(tmp_path / "two" / "a.descent")
    menu = QMenu()
    recent.fill(menu, print)
    assert str(tmp_path / "two") in menu.actions()[0].text()


# -- autosave


@pytest.fixture
def autosave(window: MainWindow, tmp_path: Path) -> Autosave:
    """When a test asks for it, not by the clock."""
    window.filing.keep_in(tmp_path / "state", 1_000_000)
    assert window.filing.autosave is not None
    return window.filing.autosave


def files(folder: Path) -> list[str]:
    return sorted(name.rpartition(".")[2] for name in os.listdir(folder)) if folder.exists() else []


def kept(window: MainWindow) -> None:
    assert window.filing.autosave is not None
    window.filing.autosave.keep()
    window.keeping.work.wait()


def test_only_what_is_new_is_kept(window, trainer, autosave, tmp_path, monkeypatch):
    written = []
    autosave.written.connect(lambda: written.append(True))
    kept(window)
    assert files(tmp_path / "state") == []
    change_something(window)
    kept(window)
    assert files(tmp_path / "state") == ["descent", "json"]
    kept(window)
    assert len(written) == 1
    train(window, 1)
    kept(window)
    assert len(written) == 2


def test_what_is_saved_needs_no_autosave(qtbot, window, autosave, tmp_path):
    change_something(window)
    kept(window)
    saved_to(qtbot, window, tmp_path / "a.descent")
    window.keeping.work.wait()
    assert files(tmp_path / "state") == []
    train(window, 1)
    kept(window)
    assert files(tmp_path / "state") == ["descent", "json"]


def test_an_orderly_end_leaves_nothing(window, autosave, tmp_path, monkeypatch):
    change_something(window)
    kept(window)
    asked(monkeypatch, Buttons.Discard)
    assert window.close()
    assert files(tmp_path / "state") == []


def test_another_document_forgets_the_autosave_of_the_last(window, autosave, tmp_path, monkeypatch):
    change_something(window)
    kept(window)
    asked(monkeypatch, Buttons.Discard)
    window.open_experiment(preset("xor"))
    window.keeping.work.wait()
    assert files(tmp_path / "state") == []


def test_never_two_at_once(window, autosave, monkeypatch):
    gate, at_work, most = threading.Event(), [], []

    def slow(_self, _archive, _path) -> None:
        at_work.append(1)
        most.append(len(at_work))
        gate.wait(10)
        at_work.pop()

    monkeypatch.setattr(Place, "write", slow)
    for _ in range(3):
        change_something(window)
        autosave.keep()
    gate.set()
    window.keeping.work.wait()
    assert most == [1]
    autosave.keep()
    window.keeping.work.wait()
    assert most == [1, 1]


def test_a_place_that_cannot_be_written_is_said_once(window, autosave, tmp_path, monkeypatch):
    said = []
    autosave.failed.connect(said.append)

    def full(_self, _archive, _path) -> None:
        raise ProblemError(Problem("/state/a", "the disk is full", "Make room"))

    whole = Place.write
    monkeypatch.setattr(Place, "write", full)
    for _ in range(3):
        change_something(window)
        kept(window)
    assert len(said) == 1
    assert "No autosave for now: /state/a: the disk is full" in said[0]
    monkeypatch.setattr(Place, "write", whole)
    kept(window)
    monkeypatch.setattr(Place, "write", full)
    change_something(window)
    kept(window)
    assert len(said) == 2


# -- after a crash


@pytest.fixture
def left(tmp_path: Path, document: Archive) -> LeftBehind:
    return leave(tmp_path / "state", document, "999999-1", tmp_path / "mine.descent")


def leave(folder: Path, document: Archive, name: str, original: Path | None = None) -> LeftBehind:
    place = Place(folder)
    place.file = folder / f"{name}.descent"
    place.write(document, original)
    return next(one for one in recovery.left_behind(folder) if one.file == place.file)


def dialog(window: MainWindow) -> RecoveryDialog:
    found = window.findChild(RecoveryDialog)
    assert found is not None
    return found


def press(dialog: RecoveryDialog, row: int, text: str) -> None:
    widget = list(dialog.rows.values())[row]
    next(button for button in widget.findChildren(QPushButton) if button.text() == text).click()


def test_what_was_left_behind_is_offered_and_opened(qtbot, window, trainer, tmp_path, left, document):
    window.filing.keep_in(tmp_path / "state", 1_000_000)
    press(dialog(window), 0, "Open")
    qtbot.waitUntil(lambda: bool(trainer.named("restore")))
    assert window.document.path == tmp_path / "mine.descent"
    assert window.keeping.is_dirty, "it is in no file of the person's yet"
    trainer._publish()
    window.document.pull()
    window.keeping.work.wait()
    assert recovery.left_behind(tmp_path / "state") == (), "this process's own autosave has taken its place"
    assert files(tmp_path / "state") == ["descent", "json"]
    window.keeping.save(tmp_path / "mine.descent")
    assert window.keeping.finish()
    assert not window.keeping.is_dirty


def test_it_can_be_left_for_later_or_discarded(qtbot, window, tmp_path, left):
    window.filing.keep_in(tmp_path / "state", 1_000_000)
    dialog(window).later.click()
    assert recovery.left_behind(tmp_path / "state") == (left,)
    window.filing.offer((left,))
    press(window.findChildren(RecoveryDialog)[-1], 0, "Discard")
    assert recovery.left_behind(tmp_path / "state") == ()


def test_several_are_a_list(window, tmp_path, document, left):
    leave(tmp_path / "state", Archive(RINGS), "999998-1")
    window.filing.keep_in(tmp_path / "state", 1_000_000)
    shown = dialog(window)
    assert len(shown.rows) == 2
    press(shown, 0, "Discard")
    assert shown.isVisible()
    assert len(recovery.left_behind(tmp_path / "state")) == 1
    press(shown, 0, "Discard")
    assert not shown.isVisible()


def test_a_broken_one_is_said_and_set_aside(qtbot, window, trainer, tmp_path, left):
    left.file.write_bytes(left.file.read_bytes()[:500])
    window.filing.keep_in(tmp_path / "state", 1_000_000)
    press(dialog(window), 0, "Open")
    qtbot.waitUntil(window.banner.isVisible)
    assert "set aside" in window.banner.sentence.text()
    assert recovery.left_behind(tmp_path / "state") == ()
    assert files(tmp_path / "state") == ["broken"]
    assert not trainer.named("restore")


def test_nothing_left_is_no_dialog(window, tmp_path):
    window.filing.keep_in(tmp_path / "state", 1_000_000)
    assert window.findChild(RecoveryDialog) is None


def test_its_words(left):
    assert "step 40" in told(left)
    assert "2 runs" in told(left)
    assert "mine.descent" in told(left)
    now = 1_700_000_000.0
    assert when(now, now).startswith("today at ")
    assert when(now - 86_400, now).startswith("yesterday at ")
    assert when(now - 10 * 86_400, now).startswith("on 2023-11-0")


# -- the thread


def test_a_bug_in_a_job_is_not_swallowed_and_the_thread_goes_on(qtbot):
    work, refused = FileWork(), []
    with qtbot.captureExceptions() as seen:
        work.do(lambda: 1 / 0, print, refused.append)
        qtbot.waitUntil(lambda: bool(refused))
    assert "ZeroDivisionError" in str(seen[0][1])
    done = []
    work.do(lambda: threading.current_thread(), done.append, print)
    work.wait()
    assert done[0] is not threading.main_thread()


def test_it_is_done_in_order(qtbot):
    work, done = FileWork(), []
    for number in range(100):
        work.do(lambda number=number: number, done.append, print)
    work.wait()
    assert done == list(range(100))
