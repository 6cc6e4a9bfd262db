"""The settings of a view: what of its controls can be chosen, as values that are copied and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

import msgspec
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QSpinBox, QWidget

from lab.gui.views.framed import FramedView

Control = QComboBox | QCheckBox | QSpinBox | QDoubleSpinBox
CONTROLS = QComboBox, QCheckBox, QSpinBox, QDoubleSpinBox
Settings = Mapping[str, str]
"""What is chosen, by what the control is called."""
ON, OFF = "on", "off"
ELSEWHERE = "chosen elsewhere"
"""The property of a control, or of what it is a part of, that shows what is not the view's own: the selection, the
network, or whether the view is split by run."""


def settings_of(view: FramedView) -> dict[str, str]:
    """What is chosen in a view. Lists of which nothing can be named, and what is chosen elsewhere, are left out."""
    found = {name: _chosen(control) for name, control in _controls(view).items()}
    return {name: chosen for name, chosen in found.items() if chosen is not None} | view.own_settings()


def set_settings(view: FramedView, settings: Settings) -> None:
    """Choose these, as far as the view has them; the others stay."""
    for name, control in _controls(view).items():
        if name in settings and _chosen(control) != settings[name]:
            _choose(control, settings[name])
    view.choose_own(settings)


def copy_settings(source: FramedView, to: FramedView) -> None:
    """Set the controls of one view as those of another of the same class are."""
    set_settings(to, settings_of(source))
    to.copy_from(source)


def to_text(settings: Mapping[str, Settings]) -> str:
    """Those of several views, by their keys."""
    return msgspec.json.encode({key: dict(each) for key, each in settings.items()}).decode()


def from_text(text: str) -> dict[str, dict[str, str]]:
    """Empty where the text says nothing to this version."""
    try:
        return msgspec.json.decode(text, type=dict[str, dict[str, str]]) if text else {}
    except msgspec.MsgspecError:
        return {}


def controls_of(view: FramedView) -> list[Control]:
    """What can be chosen in a view alone."""
    found = (c for part in view.choosing() for c in part.findChildren(QWidget) if isinstance(c, CONTROLS))
    return [control for control in found if not _is_elsewhere(control, view)]


def _is_elsewhere(control: QWidget, view: FramedView) -> bool:
    at: QWidget | None = control
    while at is not None and at is not view:
        if at.property(ELSEWHERE) is not None:
            return True
        at = at.parentWidget()
    return False


def when_chosen(control: Control, call: Callable[..., object]) -> None:
    """Call it, with what Qt says of it, whenever something else is chosen there.

    A method of something of Qt's is forgotten with it, which a lambda that holds it would not be.
    """
    if isinstance(control, QComboBox):
        control.currentIndexChanged.connect(call)
    elif isinstance(control, QCheckBox):
        control.toggled.connect(call)
    else:
        control.valueChanged.connect(call)


def name_of(control: Control) -> str:
    return control.accessibleName() or (control.text() if isinstance(control, QCheckBox) else "")


def _controls(view: FramedView) -> dict[str, Control]:
    return {name: control for control in controls_of(view) if (name := name_of(control))}


def _chosen(control: Control) -> str | None:
    if isinstance(control, QComboBox):
        data = control.currentData()
        return data if isinstance(data, str) else None
    if isinstance(control, QCheckBox):
        return ON if control.isChecked() else OFF
    return repr(control.value())


def _choose(control: Control, wanted: str) -> None:
    if isinstance(control, QComboBox):
        place = control.findData(wanted)
        if place >= 0:
            control.setCurrentIndex(place)
    elif isinstance(control, QCheckBox):
        control.setChecked(wanted == ON)
    else:
        with suppress(ValueError):
            control.setValue(float(wanted)) if isinstance(control, QDoubleSpinBox) else control.setValue(
                int(wanted)
            )
