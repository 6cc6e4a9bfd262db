"""How numbers are written everywhere in the window."""

from __future__ import annotations

import math

from lab.wording import SUPERSCRIPTS, counted, number, share

__all__ = ["SUPERSCRIPTS", "counted", "number", "share", "tick"]


def tick(value: float, digits: int = 4) -> str:
    """`value` as short as it can be said, for axes: 0.5, 20, 10⁻⁴, 3·10⁶. Up to `digits` of it are written out."""
    if value == 0 or not math.isfinite(value):
        return number(value)
    exponent = math.floor(math.log10(abs(value)) + 1e-9)
    if -4 < exponent < digits:
        return f"{value:,.6g}".replace("-", "−")
    mantissa = f"{value / 10.0**exponent:.4g}"
    power = f"10{str(exponent).translate(SUPERSCRIPTS)}"
    if mantissa in ("1", "-1"):
        return ("−" if value < 0 else "") + power
    return f"{mantissa}·{power}".replace("-", "−")
