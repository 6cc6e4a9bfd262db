"""A row of small controls that breaks into more rows where the window is narrow."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

SPACING = 5
WIDE_ENOUGH_FOR_CAPTIONS = 400


class FlowBar(QWidget):
    """Holds widgets left to right, row under row; its height follows its width."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[QWidget] = []
        self._captions: list[QLabel] = []
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def add(self, widget: QWidget, before: QWidget | None = None) -> QWidget:
        widget.setParent(self)
        self._items.insert(len(self._items) if before is None else self._items.index(before), widget)
        return widget

    def choice(
        self,
        label: str,
        options: tuple[tuple[str, str], ...],
        tip: str,
        chosen: Callable[[str], None],
        *,
        captioned: bool = True,
    ) -> QComboBox:
        """A named list of (key, words); `chosen` gets the key. Without its caption the words speak for themselves."""
        box = QComboBox()
        for key, words in options:
            box.addItem(words, key)
        box.setToolTip(tip)
        box.setAccessibleName(label)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        box.currentIndexChanged.connect(lambda: chosen(str(box.currentData())))
        pair = QWidget()
        row = QHBoxLayout(pair)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        caption = QLabel(label, pair)
        caption.setProperty("caption", True)
        caption.setBuddy(box)
        caption.setVisible(captioned)
        if captioned:
            row.addWidget(caption)
            self._captions.append(caption)
        row.addWidget(box)
        self.add(pair)
        return box

    def switch(self, label: str, tip: str, switched: Callable[[bool], None], on: bool = False) -> QCheckBox:
        box = QCheckBox(label)
        box.setChecked(on)
        box.setToolTip(tip)
        box.toggled.connect(switched)
        self.add(box)
        return box

    def button(self, label: str, tip: str, pressed: Callable[[], object], name: str = "") -> QToolButton:
        button = QToolButton()
        button.setText(label)
        button.setToolTip(tip)
        button.setAccessibleName(name or label)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: pressed())
        self.add(button)
        return button

    def _placed(self, width: int) -> tuple[list[tuple[QWidget, QRect]], int]:
        x = y = tallest = 0
        rows: list[list[tuple[QWidget, QRect]]] = [[]]
        found: list[tuple[QWidget, QRect]] = []

        def finish() -> None:
            for widget, area in rows[-1]:
                found.append((widget, area.translated(0, (tallest - area.height()) // 2)))

        for item in self._items:
            if item.isHidden():
                continue
            size = item.sizeHint()
            if x and x + size.width() > width:
                finish()
                rows.append([])
                x, y, tallest = 0, y + tallest + SPACING, 0
            rows[-1].append((item, QRect(x, y, min(size.width(), max(width, 40)), size.height())))
            x += size.width() + 2 * SPACING
            tallest = max(tallest, size.height())
        finish()
        return found, y + tallest

    def arrange(self) -> None:
        placed, height = self._placed(self.width())
        for item, area in placed:
            item.setGeometry(area)
        if height != self.height():
            self.setFixedHeight(height)

    def sizeHint(self) -> QSize:
        return QSize(260, self._placed(max(self.width(), 200))[1])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for caption in self._captions:
            caption.setVisible(self.width() >= WIDE_ENOUGH_FOR_CAPTIONS)
        self.arrange()
