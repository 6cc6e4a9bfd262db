"""What is chosen in views, kept as text and chosen again."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QCheckBox, QComboBox
from pytestqt.qtbot import QtBot

from lab.gui.views import VIEWS
from lab.gui.views.framed import FramedView
from lab.gui.views.settings import (
    controls_of,
    copy_settings,
    from_text,
    name_of,
    set_settings,
    settings_of,
    to_text,
)
from lab.gui.views.surface import SurfaceView
from tests.gui.fake_snapshots import snapshot
from tests.gui.views.stage import Stage

FRAMED = [view for view in VIEWS if issubclass(view, FramedView)]


def turn_all(view: FramedView) -> None:
    """Choose something else everywhere."""
    for control in controls_of(view):
        if isinstance(control, QComboBox):
            control.setCurrentIndex(control.count() - 1 if control.currentIndex() == 0 else 0)
        elif isinstance(control, QCheckBox):
            control.toggle()
        else:
            control.setValue(control.value() + 1)


@pytest.mark.parametrize("cls", FRAMED, ids=lambda cls: cls.name)
def test_what_is_chosen_comes_back_and_chooses_no_example(qtbot: QtBot, cls: type[FramedView]) -> None:
    one, other = cls(), cls()
    for view in (one, other):
        qtbot.addWidget(view)
        if view.suits(snapshot("lenet")):
            view.show_snapshot(snapshot("lenet"))
    turn_all(one)
    with qtbot.assertNotEmitted(other.picked):
        set_settings(other, from_text(to_text({"a": settings_of(one)}))["a"])
    assert settings_of(other) == settings_of(one)


@pytest.mark.parametrize("cls", FRAMED, ids=lambda cls: cls.name)
def test_no_two_settings_of_a_view_are_called_alike(qtbot: QtBot, cls: type[FramedView]) -> None:
    view = cls()
    qtbot.addWidget(view)
    names = Counter(name_of(control) for control in controls_of(view))
    assert "" not in names
    assert max(names.values(), default=1) == 1, names.most_common(1)


def test_what_a_view_does_not_have_is_passed_over(qtbot: QtBot) -> None:
    view = FRAMED[0]()
    qtbot.addWidget(view)
    before = settings_of(view)
    set_settings(view, {"no such thing": "on"} | dict.fromkeys(before, "neither"))
    assert {name: v for name, v in settings_of(view).items() if before[name] not in ("on", "off")} == {
        name: v for name, v in before.items() if v not in ("on", "off")
    }


@given(st.text())
def test_rubbish_is_no_settings(text: str) -> None:
    found = from_text(text)
    assert isinstance(found, dict)


def test_copying_is_the_same(stage: Stage, qtbot: QtBot) -> None:
    cls = next(view for view in FRAMED if view.name == "surface")
    one, other = cls(), cls()
    for view in (one, other):
        qtbot.addWidget(view)
    turn_all(one)
    copy_settings(one, other)
    assert settings_of(one) == settings_of(other)


def test_which_directions_and_moments_a_plane_has_is_kept_with_its_other_settings(qtbot: QtBot) -> None:
    one, other = SurfaceView(), SurfaceView()
    for view in (one, other):
        qtbot.addWidget(view)
    one.settings.draw.click()
    one.settings.draw.click()
    one.settings.weights.set_pair((5, 3))
    one.settings.anchors.set_anchors(((1, 0), (2, 400)))
    kept = from_text(to_text({"surface": settings_of(one)}))["surface"]
    set_settings(other, kept)
    assert settings_of(other) == settings_of(one)
    for plane in ("random", "weights", "moments"):
        for view in (one, other):
            view.settings.plane.setCurrentIndex(view.settings.plane.findData(plane))
        assert other.probe() == one.probe()
    assert one.probe().anchors == ((1, 0), (2, 400))


@pytest.mark.parametrize(
    ("draw", "moments"),
    [
        ("-1", "1"),
        ("x", "1:0 2"),
        ("²", "1:0 2:3 1:4 2:5"),
        ("9" * 40, "1:²"),
        ("1.5", "1:0  2:1"),
        ("", "\n"),
    ],
)
def test_what_no_plane_can_have_is_not_chosen(qtbot: QtBot, draw: str, moments: str) -> None:
    view = SurfaceView()
    qtbot.addWidget(view)
    set_settings(view, {"Random directions": "7", "Moments": "1:0 2:3"})
    before = view.own_settings()
    set_settings(view, {"Random directions": draw, "Moments": moments})
    assert view.own_settings() == before
    set_settings(view, {})
    assert view.own_settings() == before == {"Random directions": "7", "Moments": "1:0 2:3"}
