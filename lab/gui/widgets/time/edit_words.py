"""What was changed in a run's past, in words."""

from __future__ import annotations

from functools import lru_cache

from lab.experiment.diff import differences
from lab.experiment.experiment import Experiment
from lab.training.timeline import Edit

MOST = 5
"""Phrases that are said of one moment; there may be hundreds."""


def edit_words(edits: tuple[Edit, ...], first: int, last: int) -> str:
    """What edits number `first` up to, not with, `last` changed: "learning rate 0.1 → 0.01; weights set by hand"."""
    said = [phrase for k in range(first, last) for phrase in _changed(edits[k - 1], edits[k])]
    if len(said) > MOST:
        said = [*said[:MOST], f"and {len(said) - MOST:,} more"]
    return "; ".join(said)


def _changed(before: Edit, edit: Edit) -> tuple[str, ...]:
    by_hand = () if edit.weights is None else ("weights set by hand",)
    return (*_phrases(before.experiment, edit.experiment), *by_hand) or ("set anew as it was",)


@lru_cache(maxsize=64)  # of experiments, not of edits: those hold weights, which would outlive their run here
def _phrases(before: Experiment, after: Experiment) -> tuple[str, ...]:
    return differences(before, after)
