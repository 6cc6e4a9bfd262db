"""What a crash left behind, offered calmly at the next start."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from lab.training.recovery import LeftBehind

WIDTH, MOST_HEIGHT = 560, 420
MOST_ROWS = 6
DAY = 86_400


class RecoveryDialog(QDialog):
    """One line for each document that was kept: open it, discard it, or leave it for the next start."""

    def __init__(
        self,
        left: tuple[LeftBehind, ...],
        open_it: Callable[[LeftBehind], None],
        discard: Callable[[LeftBehind], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Recover")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.rows: dict[LeftBehind, QWidget] = {}
        self._open, self._discard = open_it, discard
        what = "this document was" if len(left) == 1 else f"these {len(left)} documents were"
        title = QLabel(f"<b>Descent ended unexpectedly; {what} kept.</b>")
        title.setWordWrap(True)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self._list.setContentsMargins(0, 0, 0, 0)
        for one in left:
            self._list.addWidget(self._row(one))
        buttons = QDialogButtonBox()
        self.later = buttons.addButton("Later", QDialogButtonBox.ButtonRole.RejectRole)
        self.later.setToolTip("Leave what is listed for the next start")
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addWidget(title)
        column.addWidget(self._scrolled() if len(left) > MOST_ROWS else self._plain())
        column.addStretch(1)
        column.addWidget(buttons)
        self.rows[left[0]].findChildren(QPushButton)[0].setDefault(True)

    def _plain(self) -> QWidget:
        body = QWidget()
        body.setLayout(self._list)
        return body

    def _scrolled(self) -> QWidget:
        self._list.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._plain())
        area.setFixedHeight(MOST_HEIGHT)
        return area

    def showEvent(self, event: QShowEvent) -> None:
        # words have their sizes only once they wear the style sheet
        super().showEvent(event)
        layout = self.layout()
        self.resize(WIDTH, layout.heightForWidth(WIDTH) if layout is not None else self.height())

    def _row(self, one: LeftBehind) -> QWidget:
        row = QFrame()
        row.setProperty("block", True)
        name = QLabel(f"{one.name}")
        name.setTextFormat(Qt.TextFormat.PlainText)
        name.setWordWrap(True)
        detail = QLabel(told(one))
        detail.setTextFormat(Qt.TextFormat.PlainText)
        detail.setProperty("caption", True)
        detail.setWordWrap(True)
        detail.setToolTip(str(one.original or one.file))
        open_it, discard = QPushButton("Open"), QPushButton("Discard")
        open_it.setProperty("primary", not self.rows)
        open_it.setToolTip("Open it in this window, as it was then")
        discard.setToolTip("Delete what was kept of it; a file that you saved yourself stays as it is")
        open_it.setAccessibleName(f"Open {one.name}")
        discard.setAccessibleName(f"Discard {one.name}")
        open_it.clicked.connect(lambda: self._take(one, self._open))
        discard.clicked.connect(lambda: self._take(one, self._discard))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(name)
        words.addWidget(detail)
        line = QHBoxLayout(row)
        line.setContentsMargins(12, 10, 10, 10)
        line.setSpacing(8)
        line.addLayout(words, 1)
        line.addWidget(open_it)
        line.addWidget(discard)
        self.rows[one] = row
        return row

    def _take(self, one: LeftBehind, what: Callable[[LeftBehind], None]) -> None:
        self.rows.pop(one).hide()
        if what is self._open or not self.rows:
            self.close()  # the window holds one document; the others wait for the next start
        what(one)


def told(left: LeftBehind) -> str:
    """When it was kept, and what of it: "Kept today at 14:03, step 12,400, 3 runs", and from which file."""
    about = left.about
    parts = [f"Kept {when(left.at, time.time())}"]
    if about is not None:
        parts += [f"step {about.step:,}"] if about.step else []
        parts += [f"{about.runs} runs"] if about.runs > 1 else []
    origin = f"From {left.original}" if left.original else "Never saved to a file"
    return ", ".join(parts) + f"\n{origin}"


def when(then: float, now: float) -> str:
    """A moment of the last days as a person says it."""
    clock, date = time.strftime("%H:%M", time.localtime(then)), time.localtime(then)
    today, yesterday = time.localtime(now), time.localtime(now - DAY)
    if date[:3] == today[:3]:
        return f"today at {clock}"
    if date[:3] == yesterday[:3]:
        return f"yesterday at {clock}"
    return f"on {time.strftime('%Y-%m-%d', date)} at {clock}"
