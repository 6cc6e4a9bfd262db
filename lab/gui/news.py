"""What the trainer says, said to the person: in the banner, in a quiet note, in a dialog where there is more to it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from lab.gui.appearance import Appearance
from lab.gui.crash import CrashDialog
from lab.gui.document import Document
from lab.gui.postmortem import PostmortemDialog
from lab.gui.rescue import offers, rescue, where_first
from lab.gui.widgets.banner import Banner
from lab.training.mailbox import Diverged, Event, Failed, Loaded, Paused, Playing, Refused
from lab.training.snapshot import Snapshot


class News(QObject):
    """`noted` is for what needs no answer. What is said of a divergence goes away once it is no longer so."""

    noted = Signal(str)

    def __init__(self, document: Document, banner: Banner, appearance: Appearance, window: QWidget) -> None:
        super().__init__(window)
        self._document, self._banner, self._appearance, self._window = document, banner, appearance, window
        self._diverged: Diverged | None = None
        self._said: tuple[int, int] = 0, 0  # which run was active then, and how many commands had been given
        document.event_arrived.connect(self._hear)
        document.snapshot_changed.connect(self._see)

    @Slot(object)
    def _hear(self, event: Event) -> None:
        banner = self._banner
        if isinstance(event, Diverged):
            self._tell_diverged(event)
        elif isinstance(event, Refused):
            banner.say(" ".join(map(str, event.problems)))
            self._diverged = None
        elif isinstance(event, Failed):
            if (
                self._window.findChild(CrashDialog) is None
            ):  # one at a time: what fails may fail again at once
                CrashDialog(event.text, self._window).show()
        elif isinstance(event, Paused) and event.reason:
            sentence = f"Stopped at step {event.step:,}: {event.reason}."
            banner.say(sentence, "Go on", self._document.playback.play, "note")
            self._diverged = None
        elif isinstance(event, Playing) and banner.property("tone") == "note":
            banner.hide()
        elif isinstance(event, Loaded) and (said := event.surgery.said()):
            self.noted.emit(said)

    @Slot(object)
    def _see(self, snapshot: Snapshot) -> None:
        """A run that has gone back, or is closed, is a way out taken: nothing is left to offer."""
        event = self._diverged
        active, sent = self._said
        if event is None or snapshot.heard <= sent:
            return
        run = next((one for one in snapshot.runs or (snapshot,) if one.run == event.run), None)
        if run is None or not run.stopped:
            self._diverged = None
            self._banner.hide()
            self._close_dialogs()
        elif self._document.runs.active != active:
            self._close_dialogs()  # its offers were for the run that was active
            if self._banner.isHidden():
                self._diverged = None
            else:
                self._tell_diverged(event)

    def _tell_diverged(self, event: Diverged) -> None:
        document, found = self._document, event.postmortem
        self._diverged, self._said = event, (document.runs.active, document.trainer.sent)
        seen = next((one for one in document.runs.seen if one.run == event.run), document.snapshot)
        whose = f" of run {seen.name}" if seen is not None and len(document.runs.seen) > 1 else ""
        sentence = f"The loss{whose} is not finite at step {event.step:,}: {where_first(event)}."
        if event.going:
            sentence += " The others go on."
        more = "" if found is None else "What happened?"

        def tell() -> None:
            self._tell_what_happened(event)

        if event.run != document.runs.active:
            self._banner.say(
                sentence, "Turn to it", lambda: document.runs.activate(event.run), more=more, tell=tell
            )
        elif found is not None and found.direction in ("data", "weights"):
            self._banner.say(sentence, more=more, tell=tell)  # no rate would help
        else:
            way_out = rescue(None if seen is None else seen.curves, event, document.draft)
            self._banner.say(sentence, way_out.offer, lambda: way_out.take(document), more=more, tell=tell)

    def _tell_what_happened(self, event: Diverged) -> None:
        if event.postmortem is None:
            return
        self._close_dialogs()
        ways = offers(self._document, event) if event.run == self._document.runs.active else ()
        PostmortemDialog(event.postmortem, self._document, ways, self._appearance.theme, self._window).show()

    def _close_dialogs(self) -> None:
        for dialog in self._window.findChildren(PostmortemDialog):
            dialog.close()
