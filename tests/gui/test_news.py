"""What the trainer says is said to the person, and no longer than it is true."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint

from lab.gui.main_window import MainWindow
from lab.gui.postmortem import PostmortemDialog
from lab.gui.widgets.banner import Banner
from lab.training.mailbox import Diverged, Paused
from tests.gui.fake_snapshots import snapshot


def see(window: MainWindow, trainer, stopped: str, active: int = 1) -> None:
    """A snapshot of two runs, the first of which has perhaps stopped, after all that was commanded."""
    first = replace(snapshot("lenet", 30), stopped=stopped, heard=trainer.sent)
    second = replace(first, run=2, name="B", colour=1, stopped="")
    front = first if active == 1 else second
    trainer.snapshots.put(replace(front, runs=(first, second)))
    window.document.pull()


def diverge(window: MainWindow, trainer) -> None:
    trainer.say(Diverged(30, "conv2", "convolution", 10))
    see(window, trainer, "the loss is not finite")


def test_it_is_said_until_the_run_has_gone_back(window: MainWindow, trainer) -> None:
    diverge(window, trainer)
    assert window.banner.isVisible()
    see(window, trainer, "")
    assert window.banner.isVisible(), "a picture from before it happened says nothing"
    window.document.playback.go_back(10)
    see(window, trainer, "")
    assert not window.banner.isVisible()


def test_it_stays_while_other_things_are_done(window: MainWindow, trainer) -> None:
    diverge(window, trainer)
    window.document.set_quantities(())
    window.document.playback.set_speed(7.0)
    see(window, trainer, "the loss is not finite")
    assert window.banner.isVisible()


def test_its_offer_is_for_the_run_that_it_was_said_of(window: MainWindow, trainer) -> None:
    diverge(window, trainer)
    assert window.banner.offer.text().startswith("Go back")
    window.document.runs.activate(2)
    see(window, trainer, "the loss is not finite", active=2)
    assert window.banner.offer.text() == "Turn to it"
    window.banner.offer.click()
    assert trainer.orders[-1] == ("activate", 1)


def test_a_stop_is_said_until_it_goes_on(window: MainWindow, trainer) -> None:
    trainer.say(Paused(30, "step 30 is reached"))
    window.document.pull()
    assert window.banner.sentence.text() == "Stopped at step 30: step 30 is reached."
    window.banner.offer.click()
    window.document.pull()
    assert not window.banner.isVisible()
    assert window.findChild(PostmortemDialog) is None


@pytest.mark.parametrize(("width", "beside"), [(1200, True), (420, False)])
def test_buttons_stand_below_a_sentence_that_is_too_long_to_stand_beside_it(qtbot, width, beside) -> None:
    banner = Banner()
    qtbot.addWidget(banner)
    banner.say(
        "The loss is not finite. A lower learning rate often helps.", "Go back to step 20", more="Why?"
    )
    banner.resize(width, banner.heightForWidth(width))
    banner.resize(width, banner.sizeHint().height())
    top_of_buttons = banner.offer.mapTo(banner, QPoint()).y()
    assert (top_of_buttons < banner.sentence.geometry().bottom()) == beside
    assert banner.sentence.height() >= banner.sentence.heightForWidth(banner.sentence.width())
