"""Receptive fields in words."""

from __future__ import annotations

from fractions import Fraction

from lab.gui.widgets.wording import counted, number, share
from lab.network.field_table import Along, FieldRow
from lab.network.receptive_field import Region
from lab.network.shape import Shape
from lab.training.drawing import Drawing
from lab.training.fields import ABOVE, Field, FieldProbe

OUTGROWN = "▲"
"""The sign of a field that is larger than the input."""
ASKEW = "⚠"
"""The sign of a join whose branches look at different places."""
PARTS = {"training": "training", "validation": "validation", "test": "test"}


def both_axes(down: str, across: str) -> str:
    """One word where the axes agree, else vertical × horizontal."""
    return down if down == across else f"{down} × {across}"


def size_of(along: Along) -> str:
    return f"{along.most:,}" if along.is_one else f"{along.least:,}–{along.most:,}"


def exactly(value: Fraction) -> str:
    """A number of pixels, as a decimal: 7.5, 0.25."""
    return f"{float(value):,.4g}".replace("-", "−")


def padding_of(along: Along) -> str:
    return f"{-along.start:,}".replace("-", "−")


def row_words(row: FieldRow) -> str:
    """A line of the table as a sentence, for who hears it."""
    down, across = row.axes
    words = (
        f"{row.layer}, {row.output}: field {both_axes(size_of(down), size_of(across))} pixels, "
        f"stride {both_axes(exactly(down.stride), exactly(across.stride))}, {share(row.share)} of the input"
    )
    return words + (", larger than the input" if row.has_outgrown else "")


def unit_words(layer: str, spot: tuple[int, int, int], seen: Region, row: FieldRow, x: Shape) -> str:
    """What the selected unit sees."""
    unit, down, across = spot
    place = f"Unit {unit} of {layer}" + ("" if row.output.is_vector else f" at row {down}, column {across}")
    inside = seen.clipped(x)
    if not inside.height or not inside.width:
        return f"{place} sees nothing of the input: only padding."
    words = (
        f"{place} sees rows {inside.top} to {inside.top + inside.height - 1} and columns {inside.left} to "
        f"{inside.left + inside.width - 1}: {inside.height}×{inside.width} pixels"
    )
    if inside != seen:
        words += f", and padding beyond: {seen.height}×{seen.width} in all"
    words += "."
    if row.has_outgrown:
        sides = [size_of(axis) for axis in row.axes]
        words += f" {OUTGROWN} Without borders it would be {both_axes(*sides)}: larger than the input."
    elif any(not axis.is_one for axis in row.axes):
        sides = [size_of(axis) for axis in row.axes]
        words += f" By position a field of this layer has {both_axes(*sides)} pixels an axis."
    return words


def measured_words(field: Field, probe: FieldProbe, seen: Region, x: Shape) -> str:
    """How large the field is as it was measured, with its formula."""
    of = "z" if probe.of == "preactivation" else "y"
    if isinstance(probe.part, Drawing):
        on = "on what you drew"
    else:
        on = f"over {counted(field.examples, f'{PARTS[probe.part]} example')}"
    found = field.effective
    if not found.pixels:
        why = " The values are not finite." if not _is_finite(field) else ""
        return f"Measured {on}: no gradient of {of} reaches the input.{why}"
    inside = seen.clipped(x)
    theory = (inside.height * inside.width) ** 0.5
    two = " × ".join(number(4 * deviation) for deviation in found.deviation)
    middle = ", ".join(number(centre) for centre in found.centre)
    words = (
        f"Measured {on}: effective size √{found.pixels:,} = {number(found.side)} pixels a side, of "
        f"{number(theory)} in theory ({share(found.pixels / max(inside.height * inside.width, 1))} of its area). "
        f"±2 standard deviations: {two} around row, column ({middle})."
    )
    if field.silent:
        words += f" By {counted(field.silent, 'example')} no gradient comes through at all."
    return words


HOW = (
    "g = ∂z/∂x of the one unit by each input, backpropagated as in use, without dropout. The map shows the mean over "
    "the examples of Σ |g| over the channels (or of Σ g, with its sign). A pixel counts as effective where mean Σ |g| "
    f"is above {100 * ABOVE:.2f} % of the greatest; the size is the square root of their number "
    "(Luo et al., 2016, who take that share of the middle pixel). The dashed ellipse reaches two standard deviations "
    "of mean Σ |g|, taken as a distribution, from its middle."
)


def _is_finite(field: Field) -> bool:
    return bool(abs(float(field.magnitude.sum())) < float("inf"))
