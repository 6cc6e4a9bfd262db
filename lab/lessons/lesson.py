"""What a lesson is: some words, an experiment, and claims about it that a run confirms with numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

import msgspec

from lab.experiment.presets import preset
from lab.files import resource
from lab.training.run import Run
from lab.value import from_json

Measure = Literal["training error", "validation error", "validation accuracy"]


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """After `steps` updates `measure` is at least, or at most, `value`."""

    text: str
    steps: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    measure: Measure
    bound: Literal["at least", "at most"]
    value: float


class Lesson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`rows` are the ideas of the lecture that it teaches, `preset` names the experiment that it opens."""

    title: str
    rows: tuple[str, ...]
    text: str
    preset: str
    claims: tuple[Claim, ...]


class Outcome(msgspec.Struct, frozen=True):
    """What a run found of a claim."""

    claim: Claim
    found: float

    @property
    def holds(self) -> bool:
        """False for NaN too."""
        return (
            self.found >= self.claim.value
            if self.claim.bound == "at least"
            else self.found <= self.claim.value
        )


LESSONS = ("bowl", "hidden_units")
"""The course, in its order: each is resources/lessons/<name>.json."""


@lru_cache
def lesson(name: str) -> Lesson:
    path = resource("lessons", f"{name}.json")
    return from_json(path.read_bytes(), Lesson, path.name)


def check(one: Lesson) -> tuple[Outcome, ...]:
    """Run the lesson's experiment as far as its claims ask, and compare."""
    run, outcomes = Run(preset(one.preset)), []
    for claim in sorted(one.claims, key=lambda claim: claim.steps):
        run.advance(claim.steps - run.step)
        outcomes.append(Outcome(claim, measured(run, claim.measure)))
    return tuple(outcomes)


def measured(run: Run, measure: Measure) -> float:
    if measure == "training error":
        return run.evaluate("training").loss
    found = run.evaluate("validation")
    if measure == "validation error":
        return found.loss
    return float("nan") if found.accuracy is None else found.accuracy
