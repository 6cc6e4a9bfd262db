"""What the window's own furniture adds to the application's style sheet: blocks, banners, formulas, bars."""

from __future__ import annotations

from string import Template

from lab.gui.theme import Theme, blended

SHEET = Template(
    """
QFrame[block="true"] { background: $surface; border: none; border-bottom: 1px solid $grid; }
QLabel[formula="true"] { background: $raised; color: $text; border-radius: 5px; padding: 6px 9px; }
QFrame[banner="true"] { border: none; border-left: 3px solid $danger; background: $problem; }
QFrame[banner="true"][tone="note"] { border-left: 3px solid $accent; background: $note; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
"""
)


def window_sheet(theme: Theme) -> str:
    return SHEET.substitute(
        surface=theme.surface,
        raised=theme.raised,
        text=theme.text,
        grid=theme.grid,
        danger=theme.danger,
        accent=theme.accent,
        problem=blended(theme.danger, theme.surface, 0.10),
        note=blended(theme.accent, theme.surface, 0.10),
    )
