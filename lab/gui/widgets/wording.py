"""How numbers are written everywhere in the window."""

from __future__ import annotations

from lab.wording import SUPERSCRIPTS, counted, number, share, tick

__all__ = ["SUPERSCRIPTS", "counted", "number", "share", "tick"]
