"""What is copied to the clipboard: a view as a picture and as a table, a panel's numbers as lines."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QWidget

from lab.gui.view_dock import ViewDock
from lab.gui.views.view import Table
from lab.gui.widgets.copied import Copies
from lab.gui.workspace import Workspace
from lab.wording import counted

MOST_CELLS = 2_000_000
"""Of a table that goes to the clipboard; a larger one is for a file."""


class Copying(QObject):
    """`done` and `failed` carry a sentence."""

    done = Signal(str)
    failed = Signal(str)

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        workspace.copy_wanted.connect(self.copy)

    def copy_focused(self) -> None:
        """What has the focus: a table or a panel as text, else the view in use as a picture and a table."""
        widget = QApplication.focusWidget()
        while widget is not None and not isinstance(widget, ViewDock):
            if isinstance(widget, Copies):
                self._copy_text(widget, widget.as_text())
                return
            widget = widget.parentWidget()
        self.copy_used(True, True)

    def copy_used(self, picture: bool, table: bool) -> None:
        """The view that has the focus, or had it last."""
        dock = self._workspace.dock_in_use()
        if dock is not None:
            self.copy(dock, picture, table)

    def copy(self, dock: ViewDock, picture: bool, table: bool) -> None:
        """Where both are wanted, who pastes takes what it can use."""
        from lab.gui import figures

        data, said = QMimeData(), []
        if picture:
            image: QImage = figures.picture_of(dock.view)
            data.setImageData(image)
            said.append("a picture")
        if table:
            shown = dock.view.table()
            why = self._why_not(dock, shown)
            if not why:
                from lab.export.tables import as_text

                data.setText(as_text(shown.columns))
                said.append(f"a table of {counted(rows_of(shown), 'row')}")
            elif not picture:
                self.failed.emit(why)
                return
        QGuiApplication.clipboard().setMimeData(data)
        self.done.emit(f"Copied {dock.heading} as {' and '.join(said)}")

    @staticmethod
    def _why_not(dock: ViewDock, table: Table) -> str:
        """Why a table cannot be copied; "" if it can."""
        if not table.columns or not rows_of(table):
            return f"{dock.heading}: there are no numbers to copy yet. Press play first."
        if rows_of(table) * len(table.columns) > MOST_CELLS:
            many = counted(rows_of(table), "row")
            return f"{dock.heading}: {many} are too many for the clipboard. Export them as CSV instead."
        return ""

    def _copy_text(self, widget: QWidget, text: str) -> None:
        name = widget.accessibleName() or "the table"
        if text:
            QGuiApplication.clipboard().setText(text)
            self.done.emit(f"Copied {name} as text")
        else:
            self.failed.emit(f"{name}: there is nothing to copy yet.")


def rows_of(table: Table) -> int:
    return max(map(len, table.columns.values()), default=0)
