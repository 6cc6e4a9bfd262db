"""From the word EXPERIMENT on the command line to an experiment that can run; and `descent presets`."""

from __future__ import annotations

import os
from itertools import groupby
from pathlib import Path

from lab.experiment.experiment import Experiment, problems
from lab.experiment.memory import memory_problem
from lab.experiment.presets import DEFAULT, preset, presets
from lab.problem import Problem, ProblemError
from lab.value import changed

ENDINGS = (".json", ".descent")


def is_preset(word: str) -> bool:
    return any(one.name == word for one in presets())


def find(word: str) -> Experiment:
    """The preset, or the experiment in the file, of this name; of a document, the one that it was about when it was
    saved. ProblemError where there is neither.
    """
    known = {one.name: one.experiment for one in presets()}
    if word in known:
        return known[word]
    if os.sep in word or word.lower().endswith(ENDINGS) or os.path.lexists(word):
        from lab.training.archive_file import load_draft  # here: it takes the engine with it

        return load_draft(Path(word).expanduser())
    try:
        return preset(word)
    except ProblemError as error:
        near = error.problems[0].mend
        what = "there is neither a preset nor a file of this name"
        raise ProblemError(Problem(f"“{word}”", what, near)) from None


def runnable(word: str, seed: int | None = None) -> Experiment:
    """`find`, with another seed if one is given; ProblemError says all that keeps it from running here."""
    experiment = find(word)
    if seed is not None:
        experiment = changed(experiment, seed=seed)
    if wrong := problems(experiment):
        raise ProblemError(*wrong)
    if too_large := memory_problem(experiment):
        raise ProblemError(too_large)
    return experiment


def list_presets() -> int:
    """Prints the presets, group by group: the name to type, and what it is."""
    width = max(len(one.name) for one in presets())
    for group, members in groupby(presets(), key=lambda one: one.group):
        print(f"{group}:")
        for one in members:
            mark = "  (default)" if one.name == DEFAULT else ""
            print(f"  {one.name:{width}}  {one.title}{mark}")
    return 0
