"""What all views of this house look like: controls above, the picture, one line of numbers below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget

from lab.gui.theme import LIGHT, Theme, palette
from lab.gui.views.view import View
from lab.gui.widgets.flow import FlowBar
from lab.gui.widgets.readout import Readout
from lab.gui.widgets.voice import Voice


class FramedView(View):
    """A View with `controls`, a `picture` in the middle or a sentence where there is none, and a `readout`."""

    hint: ClassVar[str] = ""
    """What a person can do with the picture, said while there is nothing else to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # nothing has to be painted under it
        self.theme = LIGHT
        self.controls = FlowBar()
        self.readout = Readout()
        self.voice = Voice(self, self.summary)
        self.readout.rested.connect(self.voice.say)
        self._pages = QStackedWidget()
        self._message = QLabel()
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._message.setWordWrap(True)
        self._message.setMargin(24)
        self._message.setProperty("caption", True)
        self._message.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # who hears the window reads it so
        self._pages.addWidget(self._message)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 4)
        layout.setSpacing(6)
        layout.addWidget(self.controls)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.readout)
        self.setMinimumSize(220, 160)
        self.setAccessibleName(self.title)
        self.setAccessibleDescription(self.summary)
        self.say("Press play: the picture appears here")

    def set_picture(self, picture: QWidget) -> None:
        self._pages.addWidget(picture)
        self.voice.picture = picture

    def say(self, sentence: str) -> None:
        """Show a calm sentence in place of the picture."""
        self._message.setText(sentence)
        self._message.setAccessibleName(sentence)
        self._pages.setCurrentIndex(0)
        self.readout.hint = ""
        self.readout.rest("")

    def show_picture(self, picture: QWidget | None = None) -> None:
        if picture is not None:
            self._pages.setCurrentWidget(picture)
        elif self._pages.currentIndex() == 0:
            self._pages.setCurrentIndex(1)
        self.readout.hint = self.hint
        if not self.readout.text():
            self.readout.rest("")

    @property
    def message(self) -> str:
        """The sentence shown now, "" while there is a picture."""
        return self._message.text() if self._pages.currentIndex() == 0 else ""

    def own_settings(self) -> dict[str, str]:
        """What is chosen in the view, by name, that none of its controls holds: it is copied and kept as theirs is."""
        return {}

    def choose_own(self, settings: Mapping[str, str]) -> None:
        """Choose what is there of these; what cannot be read says nothing."""

    def copy_from(self, other: FramedView) -> None:
        """Take over the settings of a view of the same class that neither a list nor a switch of the controls holds."""

    def stand_in_pane(self) -> None:
        """Be one of several pictures side by side, each of another run."""

    def choosing(self) -> tuple[QWidget, ...]:
        """In what lies what can be chosen in the view: that is copied, and kept with a document."""
        return (self.controls,)

    def furniture(self) -> tuple[QWidget, ...]:
        return (self.controls, self.readout)

    def show_theme(self, theme: Theme) -> None:
        self.theme = theme
        colours = QPalette(palette(theme))
        colours.setColor(QPalette.ColorRole.Window, QColor(theme.surface))
        self.setPalette(colours)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), QColor(self.theme.surface))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self.controls.arrange()
