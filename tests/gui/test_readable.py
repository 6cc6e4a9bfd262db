"""What a person reads is whole: sentences broken, names shortened, numbers written out where they have room."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QUndoStack
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from lab.gui.widgets.legend import Entry, Legend
from lab.gui.widgets.mosaic import Group, Mosaic, Place
from lab.gui.widgets.numbers import WholeNumber
from lab.gui.widgets.plot import Plot
from lab.gui.widgets.readout import ONE_LINE, Readout, broken, shortened
from lab.gui.widgets.wording import tick


def test_a_sentence_is_broken_between_words(qtbot: QtBot) -> None:
    readout = Readout()
    qtbot.addWidget(readout)
    metrics = QFontMetrics(readout.font())
    text = "step 881: error 0.00407  ·  0.072 off the plane  ·  first 57 examples"
    lines = broken(text, metrics, metrics.horizontalAdvance(text) * 2 // 3, 2)
    assert len(lines) == 2
    assert not lines[0].endswith("·")
    assert not lines[1].startswith("·")
    assert broken(text, metrics, 10_000, 2) == [text]
    assert broken("", metrics, 100, 2) == [""]


def test_a_sentence_is_broken_at_its_dots_where_all_has_room_then(qtbot: QtBot) -> None:
    readout = Readout()
    qtbot.addWidget(readout)
    metrics = readout.fontMetrics()
    first, second = "B at step 2,588: error 0.0447  ·  on the plane", "A 0.148  ·  first 57 examples"
    room = metrics.horizontalAdvance(f"{first}  ·  A") + 1
    assert broken(f"{first}  ·  {second}", metrics, room, 2) == [first, second]
    text = "step 3  ·  the greatest number of the layer is 12 in row 4, column 7"
    room = metrics.horizontalAdvance(text) * 3 // 5
    lines = broken(text, metrics, room, 2)
    assert all(metrics.horizontalAdvance(line) <= room for line in lines)
    assert "the greatest" in lines[0]


def test_what_just_fits_is_not_elided(qtbot: QtBot) -> None:
    readout = Readout()
    qtbot.addWidget(readout)
    text, metrics = "B at step 2,585: error 0.0785  ·  on the", readout.fontMetrics()
    wide = metrics.horizontalAdvance(text)
    assert shortened(text, metrics, wide) == text
    assert shortened(text, metrics, wide - 1).endswith("…")


def test_two_lines_where_it_is_narrow(qtbot: QtBot) -> None:
    readout = Readout()
    qtbot.addWidget(readout)
    readout.resize(ONE_LINE, 20)
    wide = readout.sizeHint().height()
    readout.resize(ONE_LINE - 1, 20)
    assert readout.sizeHint().height() > wide


def test_long_numbers_below_powers_beside() -> None:
    assert tick(150_000, 6) == "150,000"
    assert tick(150_000) == "1.5·10⁵"
    assert tick(50_000, 6) == "50,000"
    assert tick(-0.25) == "−0.25"


def test_an_axis_takes_the_longest_name_that_fits(qtbot: QtBot) -> None:
    plot = Plot()
    qtbot.addWidget(plot)
    plot.resize(400, 400)
    plot.show()
    plot.name_axes("step (updates)", ("accuracy (%)", "%"))
    qtbot.waitUntil(lambda: plot.getAxis("left").labelText == "accuracy (%)")
    plot.resize(400, 70)
    qtbot.waitUntil(lambda: plot.getAxis("left").labelText == "%")
    # no factor such as (x0.001) is ever put beside a name
    plot.frame((0, 1e6), (0, 1e-6))
    assert plot.getAxis("bottom").autoSIPrefix is False


def test_equal_units_without_bands(qtbot: QtBot) -> None:
    plot = Plot()
    qtbot.addWidget(plot)
    plot.resize(300, 600)
    plot.show()
    plot.keep_units_equal(True)
    plot.frame((0.0, 2.0), (0.0, 1.0))
    qtbot.waitUntil(lambda: abs(plot.box.width() / max(plot.box.height(), 1) - 2) < 0.05)
    (left, right), (low, high) = plot.box.viewRange()
    np.testing.assert_allclose((left, right, low, high), (0, 2, 0, 1), atol=0.05)


def test_a_legend_uses_brief_names_before_a_second_line(qtbot: QtBot) -> None:
    legend = Legend()
    qtbot.addWidget(legend)
    colour = lambda theme: theme.text  # noqa: E731
    legend.show_entries((Entry("training batch", colour, brief="batch"), Entry("validation", colour)))
    legend.resize(600, 20)
    assert legend._texts() == ["training batch", "validation"]
    legend.resize(190, 20)
    assert legend._texts() == ["batch", "validation"]
    assert {place.y() for place, _ in legend._places()} == {0.0}


def test_several_numbers_all_fit(qtbot: QtBot) -> None:
    """Four features of one flower, in a square: none is out of sight."""
    mosaic = Mosaic(fits=True, colour_bars=False)
    qtbot.addWidget(mosaic)
    mosaic.resize(72, 72)
    mosaic.show_groups((Group("input", "", "", np.ones((4, 1, 1, 1), np.float32), np.ones(1)),))
    for tile in range(4):
        area = mosaic.area_of(Place("input", tile))
        assert area is not None
        assert area.width() > 20
        assert mosaic.rect().contains(area.toRect())


def test_undo_in_a_field_is_the_windows(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    column, stack, field = QVBoxLayout(window), QUndoStack(), WholeNumber(1, 100)
    column.addWidget(field)
    undo = stack.createUndoAction(window)
    undo.setShortcut("Ctrl+Z")
    undo.setEnabled(True)
    window.addAction(undo)
    window.show()
    window.activateWindow()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    qtbot.keyClicks(field.lineEdit(), "7")
    with qtbot.waitSignal(undo.triggered, timeout=2000):
        qtbot.keyClick(field, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
