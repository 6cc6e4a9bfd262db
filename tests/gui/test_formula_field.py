"""The field for a formula, and what panels and views make of a network that is one."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QMimeData, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QApplication, QTextEdit
from pytestqt.qtbot import QtBot

from lab.experiment.presets import GROUPS, preset
from lab.gui.arrangement import ARRANGEMENTS, kind_of
from lab.gui.selection import Selection
from lab.gui.still import Still
from lab.gui.theme import LIGHT
from lab.gui.views.confusion import ConfusionView
from lab.gui.views.decision import DecisionView
from lab.gui.views.maps import MapsView
from lab.gui.views.predictions import PredictionsView
from lab.gui.views.units import UnitsView
from lab.gui.widgets.forms import ValueForm
from lab.gui.widgets.formula_field import FormulaField
from lab.gui.widgets.formula_words import formula_of, told_formula
from lab.gui.widgets.layer_block import sentence
from lab.network.formula.known import KNOWN
from lab.network.layers import Conv2D, Formula
from lab.training.run import Run


class Shown:
    """A form of the layer, with its edits."""

    def __init__(self, qtbot: QtBot, layer: Formula = Formula()) -> None:  # noqa: B008
        self.bot, self.edits = qtbot, list[Formula]()
        self.form = ValueForm(Formula)
        qtbot.addWidget(self.form)
        self.form.edited.connect(lambda layer, _: self.edits.append(layer))
        self.form.resize(320, 300)
        self.form.show()
        self.form.show_value(layer)
        found = self.form.editor("f")
        assert isinstance(found, FormulaField)
        self.field = found

    def type(self, text: str, enter: bool = True) -> None:
        self.field.text.setFocus()
        self.field.text.selectAll()
        self.bot.keyClicks(self.field.text, text)
        if enter:
            self.bot.keyClick(self.field.text, Qt.Key.Key_Return)

    @property
    def marked(self) -> list[tuple[int, int]]:
        found: list[QTextEdit.ExtraSelection] = self.field.text.extraSelections()
        return [(one.cursor.selectionStart(), one.cursor.selectionEnd()) for one in found]


def test_enter_hands_the_formula_over(qtbot: QtBot) -> None:
    shown = Shown(qtbot)
    shown.type("x^2 + 3*y^2")
    assert [layer.f for layer in shown.edits] == ["x^2 + 3*y^2"]
    assert shown.field.said.text() == "read as x² + 3·y²"
    assert shown.marked == []
    qtbot.keyClick(shown.field.text, Qt.Key.Key_Return)
    assert len(shown.edits) == 1  # it is known


def test_leaving_does_so_too(qtbot: QtBot) -> None:
    shown = Shown(qtbot)
    shown.type("x + y", enter=False)
    assert shown.edits == []
    QApplication.sendEvent(shown.field.text, QFocusEvent(QEvent.Type.FocusOut))
    assert [layer.f for layer in shown.edits] == ["x + y"]


@pytest.mark.parametrize(
    ("text", "marked", "said"),
    [
        ("x + 2y", (5, 6), "At character 6, there is no sign between “2” and “y”. Write 2 * y."),
        ("sinn(x)", (0, 4), "At character 1, “sinn” is not known. Write sin."),
        ("(x + y", (5, 6), "At character 7, the formula ends"),
        ("x + ", (3, 4), "At character 5, the formula ends after “+”"),
    ],
)
def test_what_makes_no_sense_is_marked_and_stays(qtbot: QtBot, text: str, marked: object, said: str) -> None:
    shown = Shown(qtbot)
    shown.type(text)
    assert shown.edits == []
    assert shown.marked == [marked]
    assert shown.field.complaint.startswith(said)
    assert shown.field.text.toPlainText() == text
    shown.type("x*y")
    assert shown.marked == []
    assert shown.field.complaint == ""
    assert [layer.f for layer in shown.edits] == ["x*y"]


def test_an_empty_field_says_what_to_write(qtbot: QtBot) -> None:
    shown = Shown(qtbot)
    shown.field.text.clear()
    assert "Write a formula in x and y" in shown.field.complaint
    assert shown.marked == []


def test_an_echo_leaves_alone_what_is_being_typed(qtbot: QtBot) -> None:
    shown = Shown(qtbot, Formula("x^2 + y^2"))
    shown.type("x^2 + ", enter=False)
    shown.form.show_value(Formula("x^2 + y^2", 5.0, 5.0))
    assert shown.field.text.toPlainText() == "x^2 + "
    shown.form.show_value(Formula("x*y"))  # undo
    assert shown.field.text.toPlainText() == "x*y"


def test_pasted_lines_become_one(qtbot: QtBot) -> None:
    shown = Shown(qtbot)
    data = QMimeData()
    data.setText("x^2\n  + y^2\n")
    shown.field.text.clear()
    shown.field.text.insertFromMimeData(data)
    assert shown.field.text.toPlainText() == "x^2 + y^2"


def test_the_field_grows_with_its_text(qtbot: QtBot) -> None:
    shown = Shown(qtbot, Formula("x"))
    low = shown.field.text.sizeHint().height()
    shown.form.show_value(Formula(KNOWN["beale"].formula))
    qtbot.waitUntil(lambda: shown.field.text.height() > low)


def test_known_surfaces_are_a_menu(qtbot: QtBot) -> None:
    shown = Shown(qtbot)
    menu = shown.field.surfaces.menu()
    assert [action.text() for action in menu.actions()] == [one.title for one in KNOWN.values()]
    next(action for action in menu.actions() if action.text() == "Himmelblau").trigger()
    assert [layer.f for layer in shown.edits] == [KNOWN["himmelblau"].formula]
    assert (shown.edits[0].x, shown.edits[0].y) == (Formula().x, Formula().y)


def test_it_is_named(qtbot: QtBot) -> None:
    shown = Shown(qtbot)
    assert shown.field.text.accessibleName() == "Formula f(x, y)"
    assert "sin, cos" in shown.field.text.toolTip()


def test_panels_tell_a_formula_as_it_is_read() -> None:
    assert sentence(Formula("(1-x)^2")) == "Formula · (1 − x)²"
    assert told_formula("2x") == "2x"
    assert formula_of(Formula("x*y^2")) == "f = x·y²;∂f/∂x = y²;∂f/∂y = 2·(x·y)"
    assert formula_of(Formula("2x")) == ""
    assert "ReLU" not in formula_of(Conv2D())


# -- views -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GROUPS["Surfaces by formula"])
def test_surfaces_have_an_arrangement_of_their_own(name: str) -> None:
    assert kind_of(preset(name)) == "formula"
    assert ARRANGEMENTS["formula"].cells[0][0] == "surface"


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (PredictionsView, "the output is the error itself"),
        (DecisionView, "answers that are no images"),
        (UnitsView, "answers that are no images"),
        (MapsView, "A formula has no maps"),
        (ConfusionView, ""),
    ],
)
def test_views_that_do_not_suit_say_so(qtbot: QtBot, view: type, words: str) -> None:
    snapshot = Still(Run(preset("rosenbrock"))).snapshot(frozenset())
    shown = view()
    qtbot.addWidget(shown)
    shown.show_theme(LIGHT)
    assert not shown.suits(snapshot)
    assert shown.probes(snapshot, Selection()) == frozenset()
    shown.show_snapshot(snapshot)
    assert words in shown.message
