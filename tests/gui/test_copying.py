"""Views go to the clipboard as pictures and tables, tables and panels as lines that a spreadsheet takes."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QSortFilterProxyModel, Qt
from PySide6.QtGui import QGuiApplication, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QApplication, QTableView
from pytestqt.qtbot import QtBot

from lab.export.tables import as_text
from lab.gui.main_window import MainWindow
from lab.gui.selection import Selection
from lab.gui.widgets.copied import Copies, CopiesRows, as_lines
from lab.gui.widgets.fact_table import FactTable
from tests.gui.fake_snapshots import snapshot


def clipboard_text() -> str:
    return QGuiApplication.clipboard().text()


@pytest.fixture
def seen(window: MainWindow) -> MainWindow:
    """With numbers in all of its views."""
    window.document.draft = snapshot("lenet").experiment
    for _ in range(2):
        window._show_snapshot(snapshot("lenet", probes=window.workspace.probes()))
        window.workspace.show_all()
    QApplication.processEvents()
    QGuiApplication.clipboard().clear()
    return window


def test_a_view_is_copied_as_a_picture_twice_as_sharp_and_as_its_table(seen: MainWindow) -> None:
    dock = seen.workspace.docks["confusion"]
    seen.copying.copy(dock, True, True)
    data = QGuiApplication.clipboard().mimeData()
    assert data.hasImage()
    image = QGuiApplication.clipboard().image()
    assert image.width() == 2 * dock.view.width()
    rows = list(csv.reader(io.StringIO(data.text()), delimiter="\t"))
    assert rows[0] == list(dock.view.table().columns)
    assert len(rows) - 1 == len(next(iter(dock.view.table().columns.values())))


def test_ctrl_c_copies_the_view_with_the_focus(qtbot: QtBot, seen: MainWindow) -> None:
    view = seen.workspace.bring("maps")
    QApplication.processEvents()
    qtbot.keyClick(view.mosaic, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)  # type: ignore[attr-defined]
    assert clipboard_text().startswith("layer\tunit\trow\tcolumn\toutput\n")
    assert QGuiApplication.clipboard().mimeData().hasImage()


def test_a_picture_alone_and_a_table_alone(seen: MainWindow) -> None:
    dock = seen.workspace.docks["filters"]
    seen.copying.copy(dock, True, False)
    assert QGuiApplication.clipboard().mimeData().hasImage()
    assert not clipboard_text()
    seen.copying.copy(dock, False, True)
    assert not QGuiApplication.clipboard().mimeData().hasImage()
    assert clipboard_text()


def test_a_view_without_numbers_says_so(qtbot: QtBot, seen: MainWindow) -> None:
    said: list[str] = []
    seen.copying.failed.connect(said.append)
    QGuiApplication.clipboard().setText("before")
    seen.copying.copy(seen.workspace.docks["sweep"], False, True)
    assert "no numbers" in said[0]
    assert clipboard_text() == "before"


def test_a_table_too_large_for_a_clipboard_is_for_a_file(
    seen: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.gui.copying.MOST_CELLS", 10)
    said: list[str] = []
    seen.copying.failed.connect(said.append)
    seen.copying.copy(seen.workspace.docks["maps"], False, True)
    assert "CSV" in said[0]


def test_what_is_selected_is_copied_as_lines(seen: MainWindow) -> None:
    seen.document.select(Selection(layer="conv1"))
    text = seen.inspector.as_text()
    assert text.startswith("conv1")
    assert "Parameters\t156" in text


def test_a_table_of_facts_has_a_copy_in_its_menu(qtbot: QtBot) -> None:
    facts = FactTable("Layer")
    qtbot.addWidget(facts)
    facts.show_rows([("Input", "1×32×32", ""), ("Output", "6×28×28", "")])
    facts.actions()[0].trigger()
    assert clipboard_text() == "Layer\nInput\t1×32×32\nOutput\t6×28×28"
    facts.show_rows([])
    assert facts.as_text() == ""


class SomeTable(CopiesRows, QTableView):
    pass


def test_a_table_copies_its_rows_as_they_are_sorted(qtbot: QtBot) -> None:
    model = QStandardItemModel(3, 2)
    model.setHorizontalHeaderLabels(["name", "number"])
    for row, (name, number) in enumerate((("b", "2"), ("a", "1"), ("c", "3"))):
        model.setItem(row, 0, QStandardItem(name))
        model.setItem(row, 1, QStandardItem(number))
    ordered = QSortFilterProxyModel()
    ordered.setSourceModel(model)
    ordered.sort(0)
    table = SomeTable()
    qtbot.addWidget(table)
    table.setModel(ordered)
    table.show()
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard_text() == "name\tnumber\na\t1\nb\t2\nc\t3"
    table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    table.selectRow(0)
    table.selectionModel().select(
        ordered.index(2, 0),
        table.selectionModel().SelectionFlag.Select | table.selectionModel().SelectionFlag.Rows,
    )
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard_text() == "name\tnumber\na\t1\nc\t3"
    table.setColumnHidden(0, True)
    assert table.as_text() == "number\n1\n3"


def test_every_table_of_the_window_copies_rows(seen: MainWindow) -> None:
    tables = seen.findChildren(QTableView)
    assert len(tables) >= 4
    assert [table for table in tables if not isinstance(table, Copies)] == []


@given(st.lists(st.lists(st.text(max_size=6), min_size=2, max_size=2), min_size=1, max_size=5))
def test_lines_have_as_many_cells_as_rows_had(rows: list[list[str]]) -> None:
    lines = as_lines(rows).split("\n")
    assert len(lines) == len(rows)
    assert all(len(line.split("\t")) == 2 for line in lines)


def test_numbers_are_written_in_full() -> None:
    text = as_text({"x": np.array([0.1, np.nan, 3.0]), "n": np.array([1, 2])})
    assert text == "x\tn\n0.1\t1\n\t2\n3\t\n"
