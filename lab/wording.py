"""How numbers are written for a person, everywhere."""

from __future__ import annotations

import math

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, digits: int = 3) -> str:
    """`value` with so many significant digits and a real minus sign: 0.482, −1.20, 11,363, 1.3·10⁻⁵; "NaN", "∞"."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if -4 < exponent < 6:
        decimals = max(digits - 1 - exponent, 0)
        return f"{value:,.{decimals}f}".replace("-", "−")
    mantissa, power = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}·10{str(int(power)).translate(SUPERSCRIPTS)}".replace("-", "−")


def tick(value: float, digits: int = 4) -> str:
    """`value` as short as it can be said, for axes and limits: 0.5, 20, 10⁻⁴, 3·10⁶. Up to `digits` are written out."""
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


def share(value: float) -> str:
    """A share 0..1 in per cent, one decimal: 98.3 %."""
    return "NaN" if math.isnan(value) else f"{100 * value:.1f} %"


def counted(count: int, one: str, many: str = "") -> str:
    """1 step, 2 steps, 1,797 examples."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
