"""Colours, colour maps, palette and style sheet of the window: light and dark, one visual language.

Meant for Qt's "Fusion" style. Colour is never the only carrier of meaning; text on its ground has a contrast
of at least 4.5 : 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette

from lab.files import resource
from lab.gui.stylesheet import SHEET

ColourMap = NDArray[np.uint8]
"""[256, 3], red, green, blue."""


@dataclass(frozen=True)
class Theme:
    """Colours by what they are for, as "#rrggbb": `runs` tells runs apart, `classes` the classes of data."""

    name: Literal["light", "dark"]
    background: str
    surface: str
    raised: str
    border: str
    text: str
    muted: str
    accent: str
    accent_text: str
    good: str
    warning: str
    danger: str
    grid: str
    runs: tuple[str, ...]
    classes: tuple[str, ...]

    def run(self, colour: int) -> str:
        """The colour of a run that has this number."""
        return self.runs[colour % len(self.runs)]


LIGHT = Theme(
    name="light",
    background="#f3f4f6",
    surface="#ffffff",
    raised="#fafbfc",
    border="#d3d8df",
    text="#1a1e25",
    muted="#566070",
    accent="#2459c4",
    accent_text="#ffffff",
    good="#1a7340",
    warning="#8a5300",
    danger="#b92a2a",
    grid="#e7eaef",
    # after Okabe and Ito, darkened until each stands 3 : 1 off white
    runs=("#cf4400", "#0063b1", "#00795a", "#a83f86", "#6b6b00", "#0089b8", "#5b44b5", "#4a4f57"),
    classes=(
        "#1f6fd1", "#d9660b", "#1a8a4f", "#c23a5c", "#7a52c7", "#8a5a3c", "#0a8f9c", "#7d7d0f",
        "#b5429e", "#5d6673",
    ),
)  # fmt: skip

DARK = Theme(
    name="dark",
    background="#14161a",
    surface="#1a1d22",
    raised="#22262d",
    border="#363c46",
    text="#e8ebf0",
    muted="#9da7b5",
    accent="#86b1ff",
    accent_text="#0b1426",
    good="#5fcf8f",
    warning="#e8b85a",
    danger="#ff8a80",
    grid="#292e36",
    runs=("#ff8f4d", "#5fa8f5", "#3fc79a", "#e58cc6", "#d3c94c", "#7fd8f2", "#ab97f5", "#c3c9d2"),
    classes=(
        "#5aa2f7", "#f5913a", "#4fc284", "#f07a94", "#b394f5", "#c99673", "#3fc4cf", "#c5c34a",
        "#e787d3", "#a4aebb",
    ),
)  # fmt: skip


def _rgb_of_oklab(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB 0..1 of colours [n, 3] in B. Ottosson's OKLab (2020), cut where the screen cannot show them."""
    to_lms = np.array(
        [
            [1, 0.3963377774, 0.2158037573],
            [1, -0.1055613458, -0.0638541728],
            [1, -0.0894841775, -1.2914855480],
        ]
    )
    to_rgb = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    linear = np.clip((lab @ to_lms.T) ** 3 @ to_rgb.T, 0, 1)
    coded: NDArray[np.float64] = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055
    )
    return coded


def _through(knots: list[tuple[float, float, float]], count: int) -> ColourMap:
    """Through colours given as (lightness, chroma, hue in degrees), in evenly perceived steps."""
    table = np.array(knots)
    t = np.linspace(0, len(knots) - 1, 2001)
    lightness, chroma, hue = (np.interp(t, np.arange(len(knots)), table[:, k]) for k in range(3))
    lab = np.stack([lightness, chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))], axis=1)
    walked = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(lab, axis=0), axis=1))])
    even = np.linspace(0, walked[-1], count)
    lab = np.stack([np.interp(even, walked, lab[:, k]) for k in range(3)], axis=1)
    return np.asarray(np.rint(255 * _rgb_of_oklab(lab)), np.uint8)


@lru_cache(maxsize=2)
def diverging(theme: Theme) -> ColourMap:
    """For values with a sign: blue below zero, orange above, at zero (row 127.5) the ground's own colour."""
    if theme.name == "light":
        blue = [(0.42, 0.145, 258.0), (0.58, 0.145, 254.0), (0.80, 0.075, 248.0), (0.978, 0.0, 248.0)]
        orange = [(0.978, 0.0, 62.0), (0.83, 0.095, 62.0), (0.68, 0.165, 52.0), (0.50, 0.145, 43.0)]
    else:
        blue = [(0.80, 0.115, 246.0), (0.62, 0.150, 252.0), (0.40, 0.090, 256.0), (0.215, 0.0, 256.0)]
        orange = [(0.215, 0.0, 50.0), (0.42, 0.085, 50.0), (0.66, 0.150, 54.0), (0.84, 0.130, 68.0)]
    colours = np.concatenate([_through(blue, 128), _through(orange, 128)])
    colours.setflags(write=False)
    return colours


@lru_cache(maxsize=2)
def sequential(theme: Theme) -> ColourMap:
    """For magnitudes: perceptually uniform, from near the ground (small) to what stands out most (large)."""
    colours = _through(
        [
            (0.20, 0.035, 285.0),
            (0.33, 0.110, 285.0),
            (0.46, 0.120, 262.0),
            (0.60, 0.105, 215.0),
            (0.74, 0.115, 175.0),
            (0.87, 0.120, 130.0),
            (0.97, 0.055, 105.0),
        ],
        256,
    )
    if theme.name == "light":
        colours = colours[::-1].copy()
    colours.setflags(write=False)
    return colours


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0..255, of "#rrggbb"."""
    parsed = QColor(colour)
    return parsed.red(), parsed.green(), parsed.blue()


def blended(colour: str, ground: str, share: float) -> str:
    """`share` of `colour` laid over `ground`, opaque: what faint lines are drawn in."""
    mix = (round(share * a + (1 - share) * b) for a, b in zip(rgb(colour), rgb(ground), strict=True))
    return QColor(*mix).name()


def palette(theme: Theme) -> QPalette:
    """The palette for QApplication.setPalette; widgets that no style sheet names follow it too."""
    role = QPalette.ColorRole
    colours = {
        role.Window: theme.background,
        role.WindowText: theme.text,
        role.Base: theme.surface,
        role.AlternateBase: theme.raised,
        role.Text: theme.text,
        role.PlaceholderText: theme.muted,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.BrightText: theme.danger,
        role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.accent_text,
        role.Link: theme.accent,
        role.LinkVisited: theme.accent,
        role.Light: theme.raised,
        role.Midlight: theme.grid,
        role.Mid: theme.border,
        role.Dark: theme.border,
        role.Shadow: theme.border,
        role.Accent: theme.accent,
    }
    result = QPalette()
    for key, colour in colours.items():
        result.setColor(key, QColor(colour))
    faint = QColor(blended(theme.muted, theme.background, 0.75))
    for key in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, key, faint)
    result.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(theme.border))
    return result


def number_font(points: float = 0.0, bold: bool = False) -> QFont:
    """The window's font with figures of equal width, so that live numbers stand still."""
    return QFont(_number_font(QGuiApplication.font().toString(), points, bold))


@lru_cache(maxsize=32)
def _number_font(of: str, points: float, bold: bool) -> QFont:
    """Remembered, because Qt finds a font's glyphs anew for each that is made from scratch: 1 ms."""
    font = QFont()
    font.fromString(of)
    font.setFeature(QFont.Tag("tnum"), 1)
    if points:
        font.setPointSizeF(points)
    if bold:
        font.setWeight(QFont.Weight.DemiBold)
    return font


def icon_folder() -> Path:
    """Where the window's icons lie."""
    return resource("icons")


def stylesheet(theme: Theme) -> str:
    """For QApplication.setStyleSheet, beside `palette(theme)` and the Fusion style."""
    return SHEET.substitute(
        background=theme.background,
        surface=theme.surface,
        raised=theme.raised,
        border=theme.border,
        text=theme.text,
        muted=theme.muted,
        accent=theme.accent,
        accent_text=theme.accent_text,
        danger=theme.danger,
        warning=theme.warning,
        grid=theme.grid,
        faint=blended(theme.muted, theme.background, 0.75),
        hover=blended(theme.accent, theme.raised, 0.10),
        pressed=blended(theme.accent, theme.raised, 0.22),
        strong=blended(theme.text, theme.accent, 0.15),
        handle=blended(theme.muted, theme.surface, 0.45),
        icons=icon_folder().as_posix(),
        theme=theme.name,
    )
