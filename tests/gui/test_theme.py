"""Colours that can be read, and told apart."""

import numpy as np
import pytest
from PySide6.QtGui import QColor, QPalette

from lab.gui.theme import DARK, LIGHT, Theme, diverging, icon_folder, palette, sequential, stylesheet

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    c = np.array(QColor(colour).getRgbF()[:3])
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@THEMES
def test_text_can_be_read(theme: Theme) -> None:
    for ground in (theme.background, theme.surface, theme.raised):
        for text in (theme.text, theme.muted, theme.good, theme.warning, theme.danger, theme.accent):
            assert contrast(text, ground) >= 4.5, (text, ground)
    assert contrast(theme.accent_text, theme.accent) >= 4.5


@THEMES
def test_lines_and_points_stand_off_their_ground(theme: Theme) -> None:
    for colour in theme.runs + theme.classes:
        assert contrast(colour, theme.surface) >= 3, colour
    assert len(set(theme.runs)) == 8
    assert len(set(theme.classes)) == 10


def as_seen_by_deuteranopes(colour: str) -> np.ndarray:
    """H. Brettel, F. Vienot, J. Mollon 1997 as simplified by Vienot 1999, in linear RGB."""
    c = np.array(QColor(colour).getRgbF()[:3]) ** 2.2
    return np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]) @ c


@THEMES
def test_the_first_runs_differ_for_the_colour_blind(theme: Theme) -> None:
    seen = [as_seen_by_deuteranopes(colour) for colour in theme.runs[:4]]
    apart = [np.abs(a - b).max() for k, a in enumerate(seen) for b in seen[:k]]
    assert min(apart) > 0.07


@THEMES
def test_maps(theme: Theme) -> None:
    signed, magnitudes = diverging(theme), sequential(theme)
    assert signed.shape == magnitudes.shape == (256, 3)
    assert signed[20, 2] > signed[20, 0]  # negative is blue
    assert signed[235, 0] > signed[235, 2]  # positive is orange
    ground = np.array(QColor(theme.surface).getRgb()[:3])
    assert np.abs(signed[127].astype(int) - ground).max() < 12  # nothing looks like nothing
    np.testing.assert_array_equal(signed[127], signed[128])
    brightness = magnitudes @ [0.2126, 0.7152, 0.0722]
    steps = np.diff(brightness if theme.name == "dark" else brightness[::-1])
    assert (steps > -0.8).all()
    assert steps.sum() > 180


@THEMES
def test_every_icon_of_the_sheet_is_there(theme: Theme) -> None:
    sheet = stylesheet(theme)
    assert "$" not in sheet
    for line in sheet.split("url(")[1:]:
        assert (icon_folder() / line.split(")")[0].split("/")[-1]).is_file()
    assert palette(theme).color(QPalette.ColorRole.Text) == QColor(theme.text)
