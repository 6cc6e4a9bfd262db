from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lab.data.datasets import DATASETS, Digits
from lab.experiment.of_layer import OfLayer
from lab.gui.widgets.forms import ValueForm, VariantForm, taken_over
from lab.gui.widgets.numbers import Number, OptionalNumber, WholeNumber, beside, words
from lab.gui.widgets.sliders import LogSlider
from lab.learning.optimizers import OPTIMIZERS, SGD, Adam, Momentum
from lab.network.activations import LeakyReLU, ReLU
from lab.network.layers import LAYERS, Conv2D, Dense


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
    kernel = form.editor("kernel")
    assert isinstance(kernel, WholeNumber)
    assert (kernel.minimum(), kernel.maximum()) == (1, 1024)
    assert "Width and height of the window" in kernel.toolTip()
    assert "1 to 1,024" in kernel.toolTip()


def test_an_edit_gives_a_new_value(qtbot: QtBot) -> None:
    form = ValueForm(Conv2D)
    qtbot.addWidget(form)
    form.show_value(Conv2D(kernel=3))
    with qtbot.waitSignal(form.edited) as caught:
        form.editor("kernel").setValue(5)  # type: ignore[union-attr]
    assert caught.args == [Conv2D(kernel=5), "kernel"]


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
