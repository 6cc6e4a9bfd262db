from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from lab.data.datasets import DATASETS, Digits
from lab.experiment.of_layer import OfLayer
from lab.gui.widgets.connections import ConnectionsLine, read, written
from lab.gui.widgets.forms import ValueForm, VariantForm, taken_over
from lab.gui.widgets.number_list import NumbersLine
from lab.gui.widgets.numbers import Number, OptionalNumber, WholeNumber, beside, words
from lab.gui.widgets.pairs import PaddingField, PairField
from lab.gui.widgets.sliders import LogSlider
from lab.learning.optimizers import OPTIMIZERS, SGD, Adam, Momentum
from lab.network.activations import LeakyReLU, ReLU
from lab.network.initializers import Given
from lab.network.layers import LAYERS, Conv2D, Dense
from lab.problem import ProblemError
from lab.value import Pair


@pytest.mark.parametrize("cls", [*LAYERS, *DATASETS, *OPTIMIZERS], ids=lambda cls: cls.__name__)
def test_showing_a_value_says_nothing(qtbot: QtBot, cls: Any) -> None:
    form = ValueForm(cls)
    qtbot.addWidget(form)
    said = []
    form.edited.connect(lambda *a: said.append(a))
    form.show_value(cls())
    form.show_value(cls())
    assert said == []


def test_a_field_has_the_range_and_the_words_of_the_value(qtbot: QtBot) -> None:
    form = ValueForm(Conv2D)
    qtbot.addWidget(form)
    filters = form.editor("filters")
    assert isinstance(filters, WholeNumber)
    assert (filters.minimum(), filters.maximum()) == (1, 65_536)
    assert "How many filters" in filters.toolTip()
    assert "1 to 65,536" in filters.toolTip()


def test_an_edit_gives_a_new_value(qtbot: QtBot) -> None:
    form = ValueForm(Conv2D)
    qtbot.addWidget(form)
    form.show_value(Conv2D(filters=3))
    with qtbot.waitSignal(form.edited) as caught:
        form.editor("filters").setValue(5)  # type: ignore[union-attr]
    assert caught.args == [Conv2D(filters=5), "filters"]


def test_typing_a_number_is_one_edit_not_one_a_digit(qtbot: QtBot) -> None:
    form = ValueForm(Dense)
    qtbot.addWidget(form)
    form.show_value(Dense(units=10))
    said: list[Any] = []
    form.edited.connect(lambda value, _: said.append(value.units))
    units = form.editor("units")
    units.selectAll()  # type: ignore[union-attr]
    qtbot.keyClicks(units, "128")  # type: ignore[arg-type]
    assert said == []
    qtbot.keyClick(units, Qt.Key.Key_Return)  # type: ignore[arg-type]
    assert said == [128]


def test_an_echo_leaves_what_is_being_typed_alone(qtbot: QtBot) -> None:
    form = ValueForm(Momentum)
    qtbot.addWidget(form)
    form.show_value(Momentum(rate=0.1))
    rate = form.editor("rate")
    assert isinstance(rate, Number)
    rate.selectAll()
    qtbot.keyClicks(rate, "3e-")
    form.show_value(Momentum(rate=0.1))
    assert rate.text() == "3e-"


def test_scientific_notation_is_taken(qtbot: QtBot) -> None:
    rate = Number(0.0, 1000.0)
    qtbot.addWidget(rate)
    said: list[float] = []
    rate.edited.connect(said.append)
    rate.selectAll()
    qtbot.keyClicks(rate, "3e-4")
    qtbot.keyClick(rate, Qt.Key.Key_Return)
    assert said == [3e-4]
    assert rate.text() == "0.0003"


def test_a_number_out_of_range_says_why_and_changes_nothing(qtbot: QtBot) -> None:
    form = ValueForm(Momentum)
    qtbot.addWidget(form)
    form.show_value(Momentum(momentum=0.9))
    said: list[Any] = []
    form.edited.connect(lambda *a: said.append(a))
    momentum = form.editor("momentum")
    assert isinstance(momentum, Number)
    with qtbot.waitSignal(momentum.complained, check_params_cb=lambda text: text == "Less than 1"):
        momentum.selectAll()
        qtbot.keyClicks(momentum, "1")
    qtbot.keyClick(momentum, Qt.Key.Key_Return)
    assert said == []


def test_a_variant_shows_the_fields_of_the_chosen_class(qtbot: QtBot) -> None:
    form = ValueForm(Dense)
    qtbot.addWidget(form)
    form.show_value(Dense(activation=ReLU()))
    activation = form.editor("activation")
    assert isinstance(activation, VariantForm)
    assert activation.is_bare
    form.show_value(Dense(activation=LeakyReLU(slope=0.2)))
    assert not activation.is_bare
    with qtbot.waitSignal(form.edited) as caught:
        activation.combo.setCurrentText("tanh")
        activation.combo.activated.emit(activation.combo.currentIndex())
    assert caught.args[0].activation.title == "tanh"


def test_a_list_of_numbers_is_a_line(qtbot: QtBot) -> None:
    form = ValueForm(Given)
    qtbot.addWidget(form)
    form.show_value(Given((1.0, -0.5), (2.0,)))
    line = form.editor("weights")
    assert isinstance(line, NumbersLine)
    assert line.text() == "1 -0.5"
    said: list[str] = []
    line.complained.connect(said.append)
    line.selectAll()
    qtbot.keyClicks(line, "3; 1e-2 x")
    assert said[-1].startswith("“x” is no number")
    qtbot.keyClick(line, Qt.Key.Key_Backspace)
    with qtbot.waitSignal(form.edited) as caught:
        qtbot.keyClick(line, Qt.Key.Key_Return)
    assert caught.args[0] == Given((3.0, 0.01), (2.0,))
    assert said[-1] == ""


def test_numbers_can_be_choices_too(qtbot: QtBot) -> None:
    form = ValueForm(Digits)
    qtbot.addWidget(form)
    form.show_value(Digits(size=8))
    size = form.editor("size")
    assert size.currentText() == "8"  # type: ignore[union-attr]
    with qtbot.waitSignal(form.edited) as caught:
        size.activated.emit(1)  # type: ignore[union-attr]
    assert caught.args[0] == Digits(size=28)


def test_another_optimizer_keeps_the_rate_that_was_set_and_only_that() -> None:
    assert taken_over(SGD(rate=0.5), Adam) == Adam(rate=0.5)
    assert taken_over(SGD(), Adam) == Adam()


@pytest.mark.parametrize(
    ("value", "way", "neighbour"),
    [(0.01, 1, 0.02), (0.02, 1, 0.05), (0.05, 1, 0.1), (0.1, -1, 0.05), (0.03, -1, 0.02)],
)
def test_arrows_go_one_two_five(value: float, way: int, neighbour: float) -> None:
    assert beside(value, way) == neighbour


def test_arrows_of_a_share_approach_one(qtbot: QtBot) -> None:
    number = Number(0.0, 1.0, "to one", below=1.0)
    qtbot.addWidget(number)
    number.show_value(0.9)
    number.stepUp()
    number.stepUp()
    assert number.value() == pytest.approx(0.98)


@pytest.mark.parametrize(("number", "text"), [(1e-8, "1e-8"), (0.001, "0.001"), (12000, "12,000"), (0, "0")])
def test_numbers_in_words(number: float, text: str) -> None:
    assert words(number) == text


def test_a_log_slider_reaches_both_ends(qtbot: QtBot) -> None:
    slider = LogSlider(1, 1259, whole=True)
    qtbot.addWidget(slider)
    slider.show_value(1)
    assert slider.number() == 1
    slider.show_value(1259)
    assert slider.number() == 1259
    slider.show_value(64)
    assert slider.number() == pytest.approx(64, abs=1)


class TestNone:
    @pytest.fixture
    def form(self, qtbot: QtBot) -> ValueForm:
        form = ValueForm(OfLayer)
        qtbot.addWidget(form)
        form.show_value(OfLayer())
        form.editor("l2").show_instead(0.01)  # type: ignore[union-attr]
        return form

    def field(self, form: ValueForm) -> OptionalNumber:
        field = form.editor("l2")
        assert isinstance(field, OptionalNumber)
        return field

    def test_an_empty_field_shows_palely_what_holds(self, form: ValueForm) -> None:
        field = self.field(form)
        assert (field.text(), field.lineEdit().placeholderText()) == ("", "0.01")
        form.show_value(OfLayer(l2=0.5))
        assert field.text() == "0.5"
        form.show_value(OfLayer())
        assert field.text() == ""

    @pytest.mark.parametrize(("typed", "wanted"), [("0.2", 0.2), ("0.01", 0.01), ("0", 0.0)])
    def test_a_number_is_typed(self, qtbot: QtBot, form: ValueForm, typed: str, wanted: float) -> None:
        """Also the one that holds anyway: from now on it is the layer's own."""
        field = self.field(form)
        with qtbot.waitSignal(form.edited) as caught:
            qtbot.keyClicks(field, typed)
            qtbot.keyClick(field, Qt.Key.Key_Return)
        assert caught.args == [OfLayer(l2=wanted), "l2"]
        assert float(field.text()) == wanted

    def test_emptied_it_is_none_again(self, qtbot: QtBot, form: ValueForm) -> None:
        form.show_value(OfLayer(l2=0.5))
        field = self.field(form)
        said: list[Any] = []
        form.edited.connect(lambda value, _: said.append(value))
        field.selectAll()
        qtbot.keyClick(field, Qt.Key.Key_Backspace)
        qtbot.keyClick(field, Qt.Key.Key_Return)
        assert said == [OfLayer()]
        assert field.text() == ""
        form.show_value(OfLayer())
        qtbot.keyClick(field, Qt.Key.Key_Return)
        assert said == [OfLayer()]

    def test_arrows_start_from_what_holds(self, form: ValueForm) -> None:
        said: list[Any] = []
        form.edited.connect(lambda value, _: said.append(value.l2))
        self.field(form).stepBy(1)
        assert said == [0.02]

    def test_letters_are_not_taken(self, qtbot: QtBot, form: ValueForm) -> None:
        field = self.field(form)
        said: list[Any] = []
        form.edited.connect(lambda *a: said.append(a))
        qtbot.keyClicks(field, "abc")
        qtbot.keyClick(field, Qt.Key.Key_Return)
        assert said == []


Size = Annotated[int, Meta(ge=1, le=1024)]
Zeros = Annotated[int, Meta(ge=0, le=99)]


class Window(msgspec.Struct, frozen=True):
    """A layer of two axes."""

    kernel: Annotated[Pair[Size], Meta(description="Extent of the window")] = 3
    padding: Annotated[Literal["valid", "same"] | Pair[Zeros], Meta(description="Zeros around")] = "valid"
    connections: Annotated[tuple[tuple[Zeros, ...], ...], Meta(description="Maps of each filter")] = ()
    hidden: dict[str, int] = {}
    maybe: int | None = None
    units: Annotated[int, Meta(ge=1, le=9)] = 1


class Shown:
    """A form on a window's value that takes every edit, as the document does."""

    def __init__(self, qtbot: QtBot, value: Window) -> None:
        self.bot, self.value, self.edits = qtbot, value, 0
        self.form = ValueForm(Window)
        qtbot.addWidget(self.form)
        self.form.resize(280, 300)
        self.form.edited.connect(self._take)
        self.show(value)
        self.form.show()

    def show(self, value: Window) -> None:
        self.value = value
        self.form.show_value(value)

    def _take(self, value: Window, _field: str) -> None:
        self.edits += 1
        self.show(value)

    def type(self, widget: Any, text: str) -> None:
        widget.setFocus()
        widget.selectAll()
        self.bot.keyClicks(widget, text)
        self.bot.keyClick(widget, Qt.Key.Key_Return)

    @property
    def kernel(self) -> PairField:
        found = self.form.editor("kernel")
        assert isinstance(found, PairField)
        return found

    @property
    def padding(self) -> PaddingField:
        found = self.form.editor("padding")
        assert isinstance(found, PaddingField)
        return found

    @property
    def connections(self) -> ConnectionsLine:
        found = self.form.editor("connections")
        assert isinstance(found, ConnectionsLine)
        return found

    @property
    def complaint(self) -> str:
        return next(
            (
                label.text()
                for label in self.form.findChildren(QLabel)
                if label.property("problem") and label.isVisible()
            ),
            "",
        )

    def choose(self, word: str) -> None:
        self.padding.combo.setCurrentText(word)
        self.padding.combo.activated.emit(self.padding.combo.currentIndex())


def test_what_a_form_cannot_edit_is_left_out_and_breaks_nothing(qtbot: QtBot) -> None:
    shown = Shown(qtbot, Window(hidden={"a": 1}, maybe=None))
    with pytest.raises(KeyError):
        shown.form.editor("hidden")
    with pytest.raises(KeyError):
        shown.form.editor("maybe")
    shown.show(Window(hidden={"b": 1}, maybe=4))
    shown.form.editor("units").setValue(5)  # type: ignore[union-attr]
    assert shown.value == Window(hidden={"b": 1}, maybe=4, units=5)


class TestPair:
    def test_one_number_is_both_axes(self, qtbot: QtBot) -> None:
        shown = Shown(qtbot, Window(kernel=3))
        assert not shown.kernel.width_box.isVisible()
        shown.type(shown.kernel.height_box, "7")
        assert shown.value.kernel == 7
        assert isinstance(shown.value.kernel, int)

    def test_taken_apart_the_second_box_is_the_width(self, qtbot: QtBot) -> None:
        shown = Shown(qtbot, Window(kernel=3))
        qtbot.mouseClick(shown.kernel.link, Qt.MouseButton.LeftButton)
        assert shown.edits == 0, "taking apart alone changes nothing"
        assert shown.kernel.width_box.isVisible()
        shown.type(shown.kernel.width_box, "5")
        assert shown.value.kernel == (3, 5)
        shown.type(shown.kernel.height_box, "1024")
        assert shown.value.kernel == (1024, 5)

    def test_equal_numbers_are_one_and_the_second_box_stays_while_it_is_typed_in(self, qtbot: QtBot) -> None:
        shown = Shown(qtbot, Window(kernel=(3, 5)))
        shown.type(shown.kernel.width_box, "3")
        assert shown.value.kernel == 3
        assert shown.kernel.width_box.isVisible()
        shown.type(shown.kernel.width_box, "4")
        assert shown.value.kernel == (3, 4)

    def test_linked_again_both_have_the_height(self, qtbot: QtBot) -> None:
        shown = Shown(qtbot, Window(kernel=(3, 5)))
        assert shown.kernel.width_box.isVisible()
        qtbot.mouseClick(shown.kernel.link, Qt.MouseButton.LeftButton)
        assert (shown.value.kernel, shown.edits) == (3, 1)
        assert not shown.kernel.width_box.isVisible()
        shown.type(shown.kernel.height_box, "6")
        assert shown.value.kernel == 6

    def test_an_undo_links_them(self, qtbot: QtBot) -> None:
        shown = Shown(qtbot, Window(kernel=(3, 5)))
        shown.show(Window(kernel=3))
        assert shown.kernel.link.isChecked()
        assert not shown.kernel.width_box.isVisible()

    def test_an_echo_leaves_alone_what_is_being_typed(self, qtbot: QtBot) -> None:
        shown = Shown(qtbot, Window(kernel=(3, 5)))
        box = shown.kernel.width_box
        box.selectAll()
        qtbot.keyClicks(box, "12")
        shown.show(shown.value)
        assert box.text() == "12"
        assert shown.edits == 0

    def test_with_the_keyboard_alone(self, qtbot: QtBot) -> None:
        shown = Shown(qtbot, Window(kernel=3))
        qtbot.waitActive(shown.form)
        shown.kernel.setFocus()
        assert shown.form.focusWidget() is shown.kernel.height_box
        qtbot.keyClick(shown.kernel.height_box, Qt.Key.Key_Tab)
        assert shown.form.focusWidget() is shown.kernel.link
        qtbot.keyClick(shown.kernel.link, Qt.Key.Key_Space)
        qtbot.keyClick(shown.kernel.link, Qt.Key.Key_Tab, Qt.KeyboardModifier.ShiftModifier)
        assert shown.form.focusWidget() is shown.kernel.width_box
        qtbot.keyClick(shown.kernel.width_box, Qt.Key.Key_Up)
        assert shown.value.kernel == (3, 4)

    def test_its_parts_are_named_and_explained(self, qtbot: QtBot) -> None:
        shown = Shown(qtbot, Window(kernel=3))
        kernel = shown.kernel
        assert kernel.height_box.accessibleName() == "Kernel"
        assert kernel.height_box.toolTip() == "Extent of the window. From 1 to 1,024. Default: 3."
        assert (kernel.link.accessibleName(), kernel.link.toolTip()) == (
            "Kernel: same height and width",
            "Same height and width",
        )
        kernel.link.click()
        assert kernel.height_box.accessibleName() == "Kernel, height"
        assert kernel.width_box.accessibleName() == "Kernel, width"
        assert kernel.width_box.toolTip().startswith("Width. Extent of the window.")
        assert kernel.link.toolTip() == "Height and width apart"

    def test_it_keeps_its_limits(self, qtbot: QtBot) -> None:
        kernel = Shown(qtbot, Window(kernel=(3, 5))).kernel
        assert (kernel.width_box.minimum(), kernel.width_box.maximum()) == (1, 1024)

    def test_four_digits_in_both_boxes_fit_a_narrow_form(self, qtbot: QtBot) -> None:
        shown = Shown(qtbot, Window(kernel=(1024, 1000)))
        for box in (shown.kernel.height_box, shown.kernel.width_box):
            room = box.lineEdit().width()
            assert box.fontMetrics().horizontalAdvance("1024") <= room


class TestPadding:
    def test_a_word(self, qtbot: QtBot) -> None:
        shown = Shown(qtbot, Window())
        assert shown.padding.combo.currentText() == "valid"
        assert not shown.padding.isVisible()
        shown.choose("same")
        assert shown.value.padding == "same"
        assert not shown.padding.isVisible()

    def test_by_hand_starts_at_zero_and_keeps_the_last_pair(self, qtbot: QtBot) -> None:
        shown = Shown(qtbot, Window(padding="same"))
        shown.choose("by hand")
        assert shown.value.padding == 0
        assert shown.padding.isVisible()
        shown.padding.pair.link.click()
        shown.type(shown.padding.pair.width_box, "2")
        assert shown.value.padding == (0, 2)
        shown.choose("same")
        assert shown.value.padding == "same"
        shown.choose("by hand")
        assert shown.value.padding == (0, 2)

    def test_numbers_of_a_file_are_by_hand(self, qtbot: QtBot) -> None:
        shown = Shown(qtbot, Window(padding=(1, 2)))
        assert shown.padding.combo.currentText() == "by hand"
        assert shown.padding.pair.width_box.value() == 2

    def test_with_the_keyboard_alone(self, qtbot: QtBot) -> None:
        shown = Shown(qtbot, Window())
        shown.padding.combo.setFocus()
        for word in ("same", 0):
            qtbot.keyClick(shown.padding.combo, Qt.Key.Key_Down)
            assert shown.value.padding == word
        qtbot.keyClick(shown.padding.combo, Qt.Key.Key_Tab)
        assert shown.form.focusWidget() is shown.padding.pair.height_box

    def test_it_is_named(self, qtbot: QtBot) -> None:
        padding = Shown(qtbot, Window(padding=1)).padding
        assert padding.combo.accessibleName() == "Padding"
        assert padding.pair.height_box.accessibleName() == "Padding"


class TestConnections:
    def test_they_are_typed_as_in_the_paper(self, qtbot: QtBot) -> None:
        shown = Shown(qtbot, Window())
        assert (shown.connections.text(), shown.connections.placeholderText()) == ("", "all")
        assert not shown.connections.picture.isVisible()
        shown.type(shown.connections, "012 321")
        assert shown.value.connections == ((0, 1, 2), (1, 2, 3))
        assert shown.connections.text() == "012 123"
        assert shown.connections.picture.isVisible()
        shown.connections.clear()
        qtbot.keyClick(shown.connections, Qt.Key.Key_Return)
        assert shown.value.connections == ()

    def test_nonsense_is_said_and_stays_to_be_mended(self, qtbot: QtBot) -> None:
        shown = Shown(qtbot, Window())
        shown.type(shown.connections, "012 12x")
        assert shown.edits == 0
        assert shown.complaint == "“12x” for filter 1 is no list of maps. Write 012 123, or 0,1,12 3,4"
        shown.show(shown.value)
        assert shown.connections.text() == "012 12x"
        qtbot.keyClick(shown.connections, Qt.Key.Key_Backspace)
        assert shown.complaint == ""
        qtbot.keyClick(shown.connections, Qt.Key.Key_Return)
        assert shown.value.connections == ((0, 1, 2), (1, 2))

    def test_it_is_named_and_explained(self, qtbot: QtBot) -> None:
        line = Shown(qtbot, Window()).connections
        assert line.accessibleName() == "Connections"
        assert "Maps of each filter" in line.toolTip()
        assert "012 123 234" in line.toolTip()

    @pytest.mark.parametrize(
        ("text", "table"),
        [
            ("", ()),
            ("all", ()),
            ("012 123", ((0, 1, 2), (1, 2, 3))),
            ("3", ((3,),)),
            ("12,", ((12,),)),
            ("0,1,12 3,4", ((0, 1, 12), (3, 4))),
            ("0,1,12 3, 4,5", ((0, 1, 12), (3,), (4, 5))),
            ("01 – 2", ((0, 1), (), (2,))),
        ],
    )
    def test_text_and_table(self, text: str, table: Any) -> None:
        assert read(text) == table
        assert read(written(table)) == table
        if text != "all":
            assert written(table) == text

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("01 1 2a", "“2a” for filter 2 is no list of maps"),
            ("0,,1", "“0,,1” for filter 0 is no list of maps"),
            (",", "is no list of maps"),
            ("0.1", "is no list of maps"),
            ("²", "is no list of maps"),
            ("01 1 00", "Filter 2 has map 0 twice. Name it once"),
            ("0,100", "Filter 0 has map 100. Maps are counted from 0, to 99 at most"),
        ],
    )
    def test_nonsense(self, text: str, said: str) -> None:
        with pytest.raises(ProblemError, match=said.replace(".", r"\.")):
            read(text, 99)
