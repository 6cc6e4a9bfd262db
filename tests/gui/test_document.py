from __future__ import annotations

from pathlib import Path
from typing import Never

import msgspec
import pytest

from lab.experiment.experiment import Experiment
from lab.experiment.presets import preset
from lab.gui.document import Document
from lab.gui.playback import Stride
from lab.gui.selection import Selection
from lab.network.network import Network
from lab.problem import Problem, ProblemError
from lab.training.mailbox import Compiling, Diverged, Refused
from lab.training.probes import WeightsProbe


def with_rate(experiment: Experiment, rate: float) -> Experiment:
    return msgspec.structs.replace(
        experiment, optimizer=msgspec.structs.replace(experiment.optimizer, rate=rate)
    )


def with_kernel(experiment: Experiment, kernel: int) -> Experiment:
    first, *rest = experiment.network.nodes
    layer = msgspec.structs.replace(first.layer, kernel=kernel)
    nodes = (msgspec.structs.replace(first, layer=layer), *rest)
    return msgspec.structs.replace(experiment, network=Network(nodes))


def test_an_edit_reaches_the_trainer_and_can_be_undone(document: Document, trainer) -> None:
    before = document.draft
    document.edit(with_rate(before, 0.5), "Change the rate")
    assert trainer.experiment.optimizer.rate == 0.5
    assert document.is_dirty
    document.undo_stack.undo()
    assert trainer.experiment == before
    assert not document.is_dirty
    document.undo_stack.redo()
    assert trainer.experiment.optimizer.rate == 0.5


def test_a_drag_is_one_entry_of_the_undo_stack(document: Document) -> None:
    before = document.draft
    for rate in (0.1, 0.2, 0.3):
        document.edit(with_rate(document.draft, rate), "Change the rate", "rate")
    assert document.undo_stack.count() == 1
    document.undo_stack.undo()
    assert document.draft == before


def test_edits_of_different_fields_stay_apart(document: Document) -> None:
    document.edit(with_rate(document.draft, 0.1), "Rate", "rate")
    document.edit(msgspec.structs.replace(document.draft, batch_size=7), "Batch", "batch_size")
    assert document.undo_stack.count() == 2


def test_a_broken_network_is_kept_as_draft_while_the_last_good_one_runs_on(
    document: Document, trainer
) -> None:
    good = document.draft
    document.edit(with_kernel(good, 99), "Too large a kernel")
    assert document.draft != good
    assert [problem.where for problem in document.problems] == ["conv1"]
    assert document.running == good
    assert trainer.experiment == good
    document.edit(with_kernel(good, 3), "Mended")
    assert document.problems == ()
    assert trainer.experiment == document.draft


def test_a_change_of_name_alone_does_not_disturb_training(document: Document, trainer) -> None:
    document.edit(msgspec.structs.replace(document.draft, name="Mine"), "Rename")
    assert not trainer.named("edit")


def test_opening_begins_a_new_run_and_forgets_the_old_one(document: Document, trainer) -> None:
    document.edit(with_rate(document.draft, 0.5), "Rate")
    document.select(Selection(layer="conv1", unit=2))
    document.open(preset("xor"))
    document.pull()
    assert trainer.named("load")[-1][1] == preset("xor")
    assert not document.is_dirty
    assert document.undo_stack.count() == 0
    assert document.selection == Selection()


def test_an_experiment_opened_with_a_problem_is_loaded_once_it_is_mended(document: Document, trainer) -> None:
    document.open(with_kernel(preset("lenet-28"), 99))
    loads = len(trainer.named("load"))
    document.edit(preset("lenet-28"), "Mend")
    assert len(trainer.named("load")) == loads + 1
    assert not trainer.named("edit")


def test_snapshots_of_the_run_before_are_not_shown_after_opening(document: Document, trainer) -> None:
    shown = []
    trainer.advance(5)
    late = trainer.snapshots.take()
    document.snapshot_changed.connect(shown.append)
    document.open(preset("xor"))
    told, trainer._events = trainer._events, []
    trainer.snapshots.put(late)
    document.pull()
    assert shown == []
    trainer._events = told
    trainer._publish()
    document.pull()
    assert [snapshot.experiment for snapshot in shown] == [preset("xor")]


def test_saving_and_the_dirty_mark(document: Document, tmp_path: Path) -> None:
    document.edit(with_rate(document.draft, 0.5), "Rate")
    document.save(tmp_path / "mine.json")
    assert not document.is_dirty
    document.undo_stack.undo()
    assert document.is_dirty
    with pytest.raises(ProblemError):
        document.save(tmp_path)
    assert document.path == tmp_path / "mine.json"


def test_only_a_change_of_probes_is_told_to_the_trainer(document: Document, trainer) -> None:
    document.watch(frozenset({WeightsProbe()}))
    trainer.watched = frozenset()
    document.watch(frozenset({WeightsProbe()}))
    assert trainer.watched == frozenset()


def test_a_unit_that_an_edit_removed_is_no_longer_selected(document: Document) -> None:
    document.select(Selection(layer="conv1", unit=5, row=1, column=1))
    first, *rest = document.draft.network.nodes
    layer = msgspec.structs.replace(first.layer, filters=3)
    nodes = (msgspec.structs.replace(first, layer=layer), *rest)
    document.edit(msgspec.structs.replace(document.draft, network=Network(nodes)), "Fewer filters")
    assert document.selection.layer == "conv1"
    assert document.selection.unit == -1


class TestPlayback:
    def test_play_and_pause(self, document: Document, trainer) -> None:
        document.playback.toggle()
        document.pull()
        document.pull()
        assert document.playback.playing
        assert document.playback.step_number > 0
        document.playback.toggle()
        document.pull()
        assert not document.playback.playing

    @pytest.mark.parametrize(
        ("stride", "order"),
        [
            (Stride("update"), ("advance", 1)),
            (Stride("updates", 40), ("advance", 40)),
            (Stride("epoch"), ("advance_epochs", 1)),
            (Stride("until", 500), ("play", 500)),
        ],
    )
    def test_a_step_is_as_long_as_its_stride(self, document: Document, trainer, stride, order) -> None:
        document.playback.set_stride(stride)
        document.playback.step()
        assert trainer.orders[-1] == order

    def test_a_step_back_by_epoch_ends_where_the_epoch_before_ended(
        self, document: Document, trainer
    ) -> None:
        trainer.advance(40)  # 64 of 1,000 examples an update: the second epoch ended within update 32
        document.pull()
        document.playback.set_stride(Stride("epoch"))
        document.playback.step_back()
        assert trainer.orders[-1] == ("go_to", 31)

    def test_a_step_back_never_goes_before_the_start(self, document: Document, trainer) -> None:
        document.playback.step_back()
        assert not trainer.named("go_to")
        trainer.advance(3)
        document.pull()
        document.playback.set_stride(Stride("updates", 10))
        document.playback.step_back()
        assert trainer.orders[-1] == ("go_to", 0)

    def test_nothing_can_be_played_while_the_engine_is_made(self, document: Document, trainer) -> None:
        trainer.say(Compiling(1, 3))
        document.pull()
        document.playback.play()
        assert not document.playback.ready
        assert not trainer.named("play")
        trainer.say(Compiling(3, 3))
        document.pull()
        assert document.playback.ready

    def test_a_diverged_run_no_longer_plays(self, document: Document, trainer) -> None:
        document.playback.play()
        document.pull()
        trainer.playing = False
        trainer.say(Diverged(12, "conv1", "conv2d", 0))
        document.pull()
        assert not document.playback.playing

    def test_speed_is_handed_to_the_trainer(self, document: Document, trainer) -> None:
        document.playback.set_speed(5.0)
        document.playback.set_speed(float("inf"))
        assert trainer.named("pace") == [("pace", 5.0), ("pace", 0.0)]


def test_a_refusal_leaves_the_window_listening(document: Document, trainer) -> None:
    document.open(preset("xor"))
    trainer._events = [Refused(())]
    document.pull()
    trainer.advance(1)
    document.pull()
    assert document.snapshot is not None


def refuse(*_: object) -> Never:
    raise ProblemError(Problem("weights.npz", "does not fit", "Choose another"))


class TestWhatIsRefusedIsNotOnTheUndoStack:
    def test_weights_that_do_not_fit(self, document: Document) -> None:
        document.runs.set_weights(refuse, "Load weights")
        assert document.undo_stack.undoText() == "Load weights", "until it has been tried"
        document.pull()
        assert document.undo_stack.count() == 0
        assert not document.is_dirty

    def test_an_earlier_entry_stays_and_can_be_undone(self, document: Document, trainer) -> None:
        before = document.draft
        document.edit(with_rate(before, 0.5), "Rate")
        document.runs.set_weights(refuse, "Load weights")
        document.pull()
        assert document.undo_stack.undoText() == "Rate"
        document.undo_stack.undo()
        assert trainer.experiment == before

    def test_an_entry_that_others_lie_on_is_passed_over(self, document: Document, trainer) -> None:
        before = document.draft
        document.runs.set_weights(refuse, "Load weights")
        document.edit(with_rate(before, 0.5), "Rate")
        document.pull()
        document.undo_stack.undo()
        assert trainer.experiment == before
        document.undo_stack.undo()
        assert document.undo_stack.count() == 1, "only the change of the rate can be done again"

    def test_undone_before_the_answer_came(self, document: Document) -> None:
        document.runs.set_weights(refuse, "Load weights")
        document.undo_stack.undo()
        document.pull()
        assert document.undo_stack.count() == 0

    def test_a_run_for_which_there_is_no_room(self, document: Document, trainer) -> None:
        document.runs.duplicate()
        trainer.say(Refused((), trainer.sent))
        document.pull()
        assert document.undo_stack.count() == 0

    def test_of_a_drag_only_the_part_that_was_refused(self, document: Document, trainer) -> None:
        before = document.draft
        for batch in (10, 20, 30):
            document.edit(msgspec.structs.replace(document.draft, batch_size=batch), "Batch", "batch")
        trainer.say(Refused((), trainer.sent))
        document.pull()
        document.undo_stack.undo()
        assert document.draft == before
        document.undo_stack.redo()
        assert document.draft.batch_size == 20
        trainer.say(Refused((), trainer.sent))
        document.pull()
        assert document.undo_stack.count() == 0

    def test_of_several_in_one_that_part_alone(self, document: Document, trainer) -> None:
        before = document.draft
        document.undo_stack.beginMacro("Two things")
        document.edit(with_rate(before, 0.5), "Rate")
        document.edit(msgspec.structs.replace(document.draft, batch_size=7), "Batch")
        document.undo_stack.endMacro()
        trainer.say(Refused((), trainer.sent))
        document.pull()
        assert document.undo_stack.undoText() == "Two things"
        trainer.say(Refused((), trainer.sent - 1))
        document.pull()
        assert document.undo_stack.count() == 0

    def test_refused_when_it_is_done_again(self, document: Document, trainer) -> None:
        document.edit(with_rate(document.draft, 0.5), "Rate")
        document.pull()
        document.undo_stack.undo()
        document.undo_stack.redo()
        trainer.say(Refused((), trainer.sent))
        document.pull()
        assert not document.undo_stack.canUndo()
        assert not document.undo_stack.canRedo()


def test_a_file_of_ones_own_is_read_beside_the_window(
    qtbot, document: Document, trainer, tmp_path: Path, monkeypatch
) -> None:
    import threading

    import numpy as np

    from lab.data.datasets import ArrayFile
    from lab.gui import reader

    monkeypatch.setattr(reader, "PATIENCE", 0.0)
    np.savez(tmp_path / "own.npz", x=np.zeros((20, 1, 32, 32), np.float32), y=np.arange(20) % 10)
    on: list[str] = []
    read = ArrayFile._read
    monkeypatch.setattr(
        ArrayFile, "_read", lambda self: on.append(threading.current_thread().name) or read(self)
    )
    data = ArrayFile(path=str(tmp_path / "own.npz"))
    document.edit(msgspec.structs.replace(document.draft, data=data), "Own file")
    qtbot.waitUntil(lambda: document.pull() or document.draft.data == data)
    assert on[0] == "reader"


def test_a_first_snapshot_that_comes_between_two_looks_is_shown(
    document: Document, trainer, monkeypatch
) -> None:
    """The trainer works on while the window looks: it loads and publishes right after its events were asked for."""
    look, snapshots = trainer.events, trainer.snapshots
    answers, held = [], []

    def events_just_before_it_loads():
        found = look()
        if held:
            trainer._events += answers
            snapshots.put(held.pop())
        return found

    document.open(preset("iris"))
    answers += look()
    held.append(snapshots.take())
    monkeypatch.setattr(trainer, "events", events_just_before_it_loads)
    document.pull()
    document.pull()
    assert document.snapshot is not None
    assert document.snapshot.experiment.name == preset("iris").name
