"""How the graph looks: its colours, its fonts, and how much room words take."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication

from lab.gui.theme import Theme, blended, number_font
from lab.gui.widgets.graph.faces import GROUPS, Face
from lab.network.diagram import HEIGHT, WIDTH

PAD, STRIPE, RADIUS = 14.0, 4.0, 7.0
MEND_HEIGHT, MEND_GAP = 24.0, 6.0
FAR_POINTS = 21.0

WRAPPED = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop


@dataclass(frozen=True)
class Look:
    """Colours and fonts of one theme."""

    theme: Theme
    ground: QColor
    block: QColor
    border: QColor
    text: QColor
    muted: QColor
    line: QColor
    accent: QColor
    accent_text: QColor
    chosen: QColor
    hovered: QColor
    danger: QColor
    wrong: QColor
    field: QColor
    stripes: tuple[QColor, ...]
    far: tuple[QColor, ...]
    """Of blocks too small for words: what a stripe tells, over the whole of it."""
    bold: QFont
    large: QFont
    """Of names that are seen from far."""
    plain: QFont
    figures: QFont

    @classmethod
    def of(cls, theme: Theme) -> Look:
        points = QGuiApplication.font().pointSizeF()
        plain = QFont(QGuiApplication.font())
        plain.setPointSizeF(points - 1)
        stripes = [theme.classes[number] for number in (0, 2, 4, 1, 6, 3, 5)]
        return cls(
            theme=theme,
            ground=QColor(theme.surface),
            block=QColor(theme.raised),
            border=QColor(theme.border),
            text=QColor(theme.text),
            muted=QColor(theme.muted),
            line=QColor(blended(theme.muted, theme.surface, 0.75)),
            accent=QColor(theme.accent),
            accent_text=QColor(theme.accent_text),
            chosen=QColor(blended(theme.accent, theme.surface, 0.09)),
            hovered=QColor(blended(theme.accent, theme.raised, 0.05)),
            danger=QColor(theme.danger),
            wrong=QColor(blended(theme.danger, theme.surface, 0.06)),
            field=QColor(blended(theme.accent, theme.surface, 0.62)),
            stripes=_washed(stripes, theme, 0.75),
            far=_washed(stripes, theme, 0.35),
            bold=number_font(points, bold=True),
            large=number_font(FAR_POINTS, bold=True),
            plain=plain,
            figures=number_font(points - 1),
        )


def _washed(colours: list[str], theme: Theme, share: float) -> tuple[QColor, ...]:
    """A colour for each group of layers, and one for those of none."""
    many = len(colours)
    return tuple(QColor(blended(colours[at % many], theme.surface, share)) for at in range(len(GROUPS) + 1))


def problem_text(face: Face) -> str:
    """All that is wrong with a layer, a sentence a line."""
    return "\n".join(f"⚠ {one[:1].upper()}{one[1:]}." for one in face.problems)


def wrapped_height(text: str, font: QFont, width: float) -> float:
    """Pixels that a text takes in lines so wide."""
    return QFontMetricsF(font).boundingRect(QRectF(0, 0, width, 10_000), int(WRAPPED.value), text).height()


def height_of(face: Face, look: Look) -> float:
    """The height of a layer's block: more than the usual where something is wrong."""
    if not face.problems:
        return HEIGHT
    mends = len(face.mends) * (MEND_HEIGHT + MEND_GAP)
    return HEIGHT + wrapped_height(problem_text(face), look.plain, WIDTH - 2 * PAD) + mends + 8
