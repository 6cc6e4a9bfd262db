"""Bugs: caught on any thread, shown by the window's, with the traceback to copy. Nothing else comes here."""

from __future__ import annotations

import platform
import sys
import threading
import traceback
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget


class CrashDialog(QDialog):
    """What happened, word for word, to select and copy."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Something went wrong in Descent")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(720, 420)
        sentence = QLabel(
            "This is a mistake in Descent, not yours. The experiment is still open: save it, and send this text along."
        )
        sentence.setWordWrap(True)
        self.text = QPlainTextEdit(f"Python {platform.python_version()}, {platform.platform()}\n\n{text}")
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(self._copy)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.addWidget(sentence)
        column.addWidget(self.text, 1)
        column.addWidget(buttons)

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())


class CrashReporter(QObject):
    """The hooks only queue: they may run on any thread, and inside a slot."""

    happened = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.happened.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self._dialog: CrashDialog | None = None

    def install(self) -> None:
        sys.excepthook = self._hook
        threading.excepthook = self._thread_hook

    def _hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        print(text, file=sys.stderr)
        self.happened.emit(text)

    def _thread_hook(self, seen: threading.ExceptHookArgs) -> None:
        if seen.exc_value is not None and not issubclass(seen.exc_type, SystemExit):
            self._hook(seen.exc_type, seen.exc_value, seen.exc_traceback)

    @Slot(str)
    def _show(self, text: str) -> None:
        # one at a time: an error that comes every frame must not bury the window
        if self._dialog is not None and self._dialog.isVisible():
            return
        parent = self.parent()
        self._dialog = CrashDialog(text, parent if isinstance(parent, QWidget) else None)
        self._dialog.destroyed.connect(self._forget)
        self._dialog.show()

    @Slot()
    def _forget(self) -> None:
        self._dialog = None
