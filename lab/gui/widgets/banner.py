"""A calm line at the top of the window for what went wrong and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QWidget,
)

ON_TWO_LINES = 1.8
"""So many times its width a sentence may be long that has to be broken between words."""


class Banner(QFrame):
    """One sentence, at most one offer, a way to know more, and Dismiss. A newer message takes an older one's place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("banner", True)
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.offer = QPushButton()
        self.offer.setProperty("primary", True)
        self.offer.clicked.connect(self._take_offer)
        self.more = QPushButton()
        self.more.clicked.connect(self._tell_more)
        self.dismiss = QPushButton("Dismiss")
        self.dismiss.clicked.connect(self.hide)
        self._do: Callable[[], None] | None = None
        self._tell: Callable[[], None] | None = None
        self._buttons = QWidget()
        buttons = QHBoxLayout(self._buttons)
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setSpacing(8)
        buttons.addStretch(1)
        for button in (self.more, self.offer, self.dismiss):
            buttons.addWidget(button)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(14, 8, 10, 8)
        self._row.setSpacing(8)
        self._row.addWidget(self.sentence, 1)
        self._row.addWidget(self._buttons)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    def say(
        self,
        sentence: str,
        offer: str = "",
        do: Callable[[], None] | None = None,
        tone: str = "problem",
        more: str = "",
        tell: Callable[[], None] | None = None,
    ) -> None:
        """Show `sentence`; `tone` is "problem" or "note". `do` takes the offer, `tell` says more and leaves it."""
        self.sentence.setText(sentence)
        self.offer.setText(offer)
        self.offer.setVisible(bool(offer))
        self.more.setText(more)
        self.more.setVisible(bool(more))
        self._do, self._tell = do, tell
        if self.property("tone") != tone:
            self.setProperty("tone", tone)
            self.style().polish(self)
        self._arrange()
        self.show()

    def _arrange(self) -> None:
        """Buttons stand beside a sentence that has room there on two lines, else below it."""
        margins = self._row.contentsMargins()
        room = self.width() - margins.left() - margins.right() - self._row.spacing()
        needs = self.sentence.fontMetrics().horizontalAdvance(self.sentence.text())
        fits = needs <= ON_TWO_LINES * (room - self._buttons.sizeHint().width())
        direction = QBoxLayout.Direction.LeftToRight if fits else QBoxLayout.Direction.TopToBottom
        if self._row.direction() != direction:
            self._row.setDirection(direction)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    @Slot()
    def _take_offer(self) -> None:
        self.hide()
        if self._do is not None:
            self._do()

    @Slot()
    def _tell_more(self) -> None:
        if self._tell is not None:
            self._tell()


PATIENCE = 700
"""Milliseconds for which loading the engine needs no words."""


class CompileBar(QFrame):
    """Progress of the engine's first compilation. The rest of the window can be used meanwhile."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("banner", True)
        self.setProperty("tone", "note")
        self.sentence = QLabel("Preparing the engine (first launch only)")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 14, 8)
        row.setSpacing(12)
        row.addWidget(self.sentence)
        row.addWidget(self.bar, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(PATIENCE)
        self._patience.timeout.connect(self.show)

    @Slot(int, int)
    def show_progress(self, done: int, total: int) -> None:
        """Nothing is shown where it is over at once, as from the second launch on."""
        self.sentence.setText(f"Preparing the engine (first launch only)  {done}/{total}")
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        if done >= total:
            self._patience.stop()
            self.hide()
        elif self.isHidden() and not self._patience.isActive():
            self._patience.start()
