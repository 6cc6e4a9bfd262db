"""Experiments as files: JSON that a person can read, checked field by field when it comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from lab.data.files.own_file import OwnFile
from lab.experiment.experiment import VERSION, Experiment
from lab.files import read_bytes, write_atomically
from lab.problem import Problem, ProblemError
from lab.value import from_json, to_json, validated

MOST_BYTES = 10_000_000
"""An experiment takes a few kilobytes; a file beyond this is something else."""


class _Head(msgspec.Struct):
    """What tells an experiment's file from other JSON, and one version of it from another."""

    descent: Any = None


def load_experiment(path: Path, beside: Path | None = None) -> Experiment:
    """The experiment in the file `path`; ProblemError names the file, the field and the way out.

    A relative path to the person's own data is meant from the folder of `beside`, by default the experiment's.
    """
    text = read_bytes(path, MOST_BYTES)
    _check_version(text, str(path))
    return anchored(from_json(text, Experiment, str(path)), beside or path)


def anchored(experiment: Experiment, path: Path) -> Experiment:
    """The experiment in the file `path`, with a relative path to the person's own data as it is meant."""
    data = experiment.data
    if not isinstance(data, OwnFile) or not data.path or data.path.startswith("~"):
        return experiment
    beside = str(path.absolute().parent / data.path)  # an absolute data.path stays as it is
    return msgspec.structs.replace(experiment, data=msgspec.structs.replace(data, path=beside))


def save_experiment(experiment: Experiment, path: Path) -> None:
    """Writes the experiment so that `load_experiment` gives it again, whole or not at all."""
    text = to_json(validated(experiment)) + b"\n"
    write_atomically(path, lambda stream: stream.write(text))


def _check_version(text: bytes, where: str) -> None:
    try:
        head = msgspec.json.decode(text, type=_Head)
    except msgspec.ValidationError:
        head = _Head()  # valid JSON, but not even an object
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return  # what is wrong with the text is said where it is decoded whole
    if head.descent is None:
        raise ProblemError(
            Problem(
                where,
                "this is not an experiment of Descent: the key “descent” is missing",
                "Choose another file",
            )
        )
    if type(head.descent) is int and head.descent > VERSION:
        raise ProblemError(
            Problem(
                where,
                f"this was written by a newer Descent (format {head.descent}; this one reads {VERSION})",
                "Update Descent",
            )
        )
    if type(head.descent) is not int or head.descent != VERSION:
        raise ProblemError(
            Problem(
                where, f"“descent” must be {VERSION}, the version of the format", "Mend it in a text editor"
            )
        )
