"""A race set up in the window: what is offered, what comes of it, and how it is undone."""

from __future__ import annotations

import msgspec
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lab.experiment.presets import preset
from lab.experiment.variants import ASPECTS, Aspect, Variant, variants
from lab.gui.document import Document
from lab.gui.main_window import MainWindow
from lab.gui.race import RaceDialog, in_words
from lab.gui.runs import MOST_LETTERS
from lab.gui.theme import LIGHT
from lab.network.network import Network
from lab.training.race import MOST_RUNS
from tests.gui.conftest import FakeTrainer

ASPECT = {aspect.key: aspect for aspect in ASPECTS}
ROW = {aspect.key: row for row, aspect in enumerate(ASPECTS)}


class Asked:
    """Writes down which sweep was asked for."""

    def __init__(self) -> None:
        self.sweeps: list[tuple[Aspect, tuple[Variant, ...]]] = []

    def __call__(self, aspect: Aspect, chosen: tuple[Variant, ...]) -> None:
        self.sweeps.append((aspect, chosen))


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def dialog(qtbot: QtBot, document: Document, asked: Asked) -> RaceDialog:
    dialog = RaceDialog(document, LIGHT, asked)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def test_it_offers_what_there_is_to_vary(dialog: RaceDialog, document: Document) -> None:
    assert dialog.aspect.key == "optimizers"
    found = variants(document.running, dialog.aspect, 1259)
    assert [variant.name for _, variant in dialog.boxes] == [one.name for one in found]
    assert [box.isChecked() for box, _ in dialog.boxes] == [one.suggested for one in found]
    assert dialog.race_button.text() == "Race 7 runs"
    assert dialog.note.text() == "✓ Same seed, same start, same batches: a fair comparison."


def test_more_than_eight_cannot_be_chosen(dialog: RaceDialog) -> None:
    for box, _ in dialog.boxes:
        if box.isEnabled():
            box.setChecked(True)
    assert len(dialog.chosen) == MOST_RUNS
    left = [box for box, _ in dialog.boxes if not box.isChecked()]
    assert left
    assert not any(box.isEnabled() for box in left)
    assert "leave one out" in left[0].toolTip()
    dialog.boxes[0][0].setChecked(False)
    assert all(box.isEnabled() for box, _ in dialog.boxes)


def test_nothing_chosen_is_no_race(dialog: RaceDialog) -> None:
    for box, _ in dialog.boxes:
        box.setChecked(False)
    assert not dialog.race_button.isEnabled()
    assert not dialog.sweep_button.isEnabled()
    assert dialog.note.text().startswith("Choose")


def test_what_is_compared_is_no_unfairness(dialog: RaceDialog) -> None:
    dialog.aspects.setCurrentRow(ROW["batches"])
    assert dialog.note.text().startswith("✓ Same seed, same start. ")
    assert "other batch size" in dialog.note.text()
    dialog.aspects.setCurrentRow(ROW["signs"])
    assert dialog.note.text().startswith("⚠")
    assert in_words(dialog.chosen[:1], dialog.aspect) == "Choose two or more to compare them."


def test_rates_need_no_sweep(dialog: RaceDialog) -> None:
    assert dialog.sweep_button.isEnabled()
    dialog.aspects.setCurrentRow(ROW["rates"])
    assert not dialog.sweep_button.isEnabled()


def test_the_race_begins(dialog: RaceDialog, document: Document, trainer: FakeTrainer) -> None:
    chosen = dialog.chosen
    dialog.race_button.click()
    ((_, entrants, active, from_here),) = trainer.named("race")
    assert [e.name for e in entrants] == [one.name for one in chosen]
    assert [e.experiment for e in entrants] == [one.experiment for one in chosen]
    assert [e.number for e in entrants] == list(range(2, 2 + len(chosen)))
    assert not from_here
    assert [e.name for e in entrants if e.number == active] == ["Momentum"], "it is as the run was"
    assert document.runs.active == active
    assert document.undo_stack.undoText() == "Race 7 runs"


def test_from_here_only_where_there_is_a_here(qtbot: QtBot, document: Document, trainer: FakeTrainer) -> None:
    early = RaceDialog(document, LIGHT, Asked())
    qtbot.addWidget(early)
    assert not early.from_here.isEnabled()
    early.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    trainer.advance(120)
    document.pull()
    later = RaceDialog(document, LIGHT, Asked())
    later.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(later)
    assert later.from_here.text() == "from here, step 120"
    later.from_here.setChecked(True)
    later.race_button.click()
    assert trainer.named("race")[0][3] is True


def test_a_sweep_is_asked_for(dialog: RaceDialog, asked: Asked, trainer: FakeTrainer) -> None:
    chosen = dialog.chosen
    dialog.sweep_button.click()
    assert asked.sweeps == [(ASPECT["optimizers"], chosen)]
    assert not trainer.named("race")


# --- in the document


def test_one_undo_brings_the_runs_back_and_redo_the_race(document: Document, trainer: FakeTrainer) -> None:
    before = document.draft
    found = variants(document.running, ASPECT["rates"], 1259)[4:]
    document.runs.race(found)
    assert document.draft == found[0].experiment, "none is as the run was: the first is active"
    document.undo_stack.undo()
    assert trainer.named("swap") == [("swap", "the runs that were there")]
    assert (document.runs.active, document.draft) == (1, before)
    document.undo_stack.redo()
    assert trainer.named("swap")[-1] == ("swap", "the runs of the race")
    assert len(trainer.named("race")) == 1, "it goes on where it was left"
    assert (document.runs.active, document.draft) == (2, found[0].experiment)


def test_a_race_of_none_or_too_many_is_none(document: Document, trainer: FakeTrainer) -> None:
    one = Variant("x" * 100, "", document.running)
    document.runs.race(())
    document.runs.race([one] * (MOST_RUNS + 1))
    assert not trainer.named("race")
    document.runs.race([one])
    assert trainer.named("race")[0][1][0].name == "x" * MOST_LETTERS


def test_variants_with_a_start_of_their_own_keep_it(document: Document, trainer: FakeTrainer) -> None:
    document.runs.race(variants(document.running, ASPECT["starts"], 1259)[:2], own_start=True)
    assert all(entrant.own_start for entrant in trainer.named("race")[0][1])


def test_what_was_seen_before_is_not_of_the_race(document: Document, trainer: FakeTrainer) -> None:
    """A late snapshot of the runs that were there is passed over."""
    trainer.advance(50)
    late = trainer.snapshots.take()
    document.runs.race(variants(document.running, ASPECT["rates"], 1259)[:2])
    seen: list[object] = []
    document.snapshot_changed.connect(seen.append)
    trainer.snapshots.put(late)
    document.pull()
    assert seen == []
    trainer._publish()
    document.pull()
    assert len(seen) == 1


# --- in the window


def test_the_window_asks_once(window: MainWindow, qtbot: QtBot) -> None:
    window.chips.race_action.trigger()
    window.chips.race.click()
    open_ones = [d for d in window.findChildren(RaceDialog) if d.isVisible()]
    assert len(open_ones) == 1
    open_ones[0].close()


def test_with_a_broken_network_there_is_no_race(window: MainWindow) -> None:
    broken = msgspec.structs.replace(preset("lenet"), network=Network(()))
    window.document.edit(broken, "Empty")
    window.ask_race()
    assert not [d for d in window.findChildren(RaceDialog) if d.isVisible()]
    assert "mend" in window.banner.sentence.text()
