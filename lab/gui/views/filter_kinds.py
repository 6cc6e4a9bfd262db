"""What filters may show of each weight, what that is called, and how its spread is said."""

from __future__ import annotations

from collections.abc import Mapping

from lab.gui.widgets.bars import Bar
from lab.gui.widgets.histogram import Histogram
from lab.gui.widgets.wording import counted, number
from lab.training.filters import Filters, FiltersProbe, What

KINDS: tuple[tuple[str, str], ...] = (
    ("weights", "weights"),
    ("example", "∂E/∂w, one"),
    ("batch", "∂E/∂w, batch"),
    ("update", "last Δw"),
    ("start", "Δ since start"),
)
PICTURES = (("kernels", "kernels"), ("spectra", "spectra"), ("spread", "spread"))
TIPS: Mapping[str, str] = {
    "weights": "w, one number a pixel: blue negative, orange positive. A convolution is z = Σ w·x + b at each place.",
    "example": "∂E/∂w of the selected example's own error E, without penalties",
    "batch": "∂E/∂w of the mean error of the batch that comes next, before penalties and clipping",
    "update": "By how much the last update moved each weight",
    "start": "By how much each weight has moved since the start",
    "mark": "By how much each weight has moved since the marked step",
}
SYMBOLS: Mapping[What, str] = {
    "weights": "w",
    "example": "∂E/∂w",
    "batch": "∂E/∂w",
    "update": "Δw",
    "change": "Δw",
}
NAMES: Mapping[What, str] = {
    "weights": "value",
    "example": "dE/dw of the example",
    "batch": "dE/dw of the batch",
    "update": "last update",
    "change": "change",
}
"""What they are called in a table."""


def spread_histograms(reading: Filters, asked: FiltersProbe) -> tuple[Histogram, ...]:
    symbol, found = SYMBOLS[asked.what], []
    if reading.spread is not None:
        found.append(Histogram(symbol, counted(reading.spread.total, "number"), reading.spread))
    if reading.norm_spread is not None:
        filters = counted(reading.norm_spread.total, "filter")
        found.append(Histogram(f"‖{symbol}‖ = √Σ{symbol}²", f"of each of {filters}", reading.norm_spread))
    return tuple(found)


def spread_bars(reading: Filters, unit: int) -> tuple[Bar, ...]:
    """The norm of each filter, that of the selected one strong."""
    if reading.norms is None:
        return ()
    most = float(reading.norms.max(initial=0.0)) or 1.0
    return tuple(
        Bar(f"{k}", float(norm) / most, number(float(norm)), k == unit)
        for k, norm in enumerate(reading.norms)
    )
