"""One measured number, and whether it reaches what is asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One number: `ratio` is theirs over ours where both are times; `reached` is None where nothing is asked."""

    what: str
    ours: float | None = None
    theirs: float | None = None
    unit: str = ""
    ratio: float | None = None
    target: str = ""
    reached: bool | None = None
    note: str = ""


def at_least(what: str, value: float, unit: str, least: float, note: str = "") -> Line:
    return Line(what, value, None, unit, None, f"≥ {least:g} {unit}".strip(), value >= least, note)


def at_most(what: str, value: float, unit: str, most: float, note: str = "") -> Line:
    return Line(what, value, None, unit, None, f"≤ {most:g} {unit}".strip(), value <= most, note)
