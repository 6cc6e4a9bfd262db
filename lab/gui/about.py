"""Help: the keys, the machine, and what this is."""

from __future__ import annotations

import threading
from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QFontDatabase, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QLabel,
    QMessageBox,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from lab.gui.widgets.copied import as_lines


class ShortcutsDialog(QDialog):
    """Every key of the window, read off its actions, so that the list cannot be out of date."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        body = QWidget()
        grid = QGridLayout(body)
        grid.setHorizontalSpacing(28)
        grid.setVerticalSpacing(7)
        for row, (text, keys) in enumerate(shortcuts(window)):
            name = QLabel(text)
            label = QLabel(keys)
            label.setProperty("caption", True)
            grid.addWidget(name, row, 0)
            grid.addWidget(label, row, 1)
        grid.setRowStretch(grid.rowCount(), 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(body)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setMinimumWidth(body.sizeHint().width() + area.verticalScrollBar().sizeHint().width() + 4)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        copy.setToolTip("The list as text, to the clipboard")
        text = as_lines([list(row) for row in shortcuts(window)])
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(text))
        column = QVBoxLayout(self)
        column.addWidget(area)
        column.addWidget(buttons)
        self.resize(self.sizeHint().width(), 560)


def shortcuts(window: QWidget) -> list[tuple[str, str]]:
    """(what it does, its keys) of every action of `window` that has any."""
    native = QKeySequence.SequenceFormat.NativeText
    found: dict[str, str] = {}
    for action in window.findChildren(QAction):
        if keys := " or ".join(k.toString(native) for k in action.shortcuts()):
            found.setdefault(action.text().replace("&", "").rstrip("…"), keys)
    return list(found.items())


class MachineDialog(QDialog):
    """The doctor's report, made on a thread of its own: some checks start other programs."""

    _found = Signal(str)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setWindowTitle("This machine")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.text = QPlainTextEdit("Looking…")
        self.text.setReadOnly(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.addWidget(self.text)
        column.addWidget(buttons)
        self.resize(680, 420)
        self._found.connect(self.text.setPlainText)
        threading.Thread(target=self._look, name="doctor", daemon=True).start()

    def _look(self) -> None:
        from lab import doctor

        report = doctor.report(doctor.examine())
        try:
            self._found.emit(report)
        except RuntimeError:
            return  # the dialog has been closed meanwhile


def show_about(window: QWidget) -> None:
    try:
        number = version("descent")
    except PackageNotFoundError:
        number = "from a source tree"
    QMessageBox.about(
        window,
        "About Descent",
        f"<h3>Descent {number}</h3><p>A debugger for gradient descent, in a window.</p>"
        "<p>MIT licence. Handwritten digits: E. Alpaydin and C. Kaynak, "
        "UCI Machine Learning Repository, 1998 (CC BY 4.0).</p>",
    )
