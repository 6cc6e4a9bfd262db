"""The tables and photographs that ship inside scikit-learn's wheel."""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.problem import Problem, ProblemError


def read_table(name: str, skip: int = 0) -> NDArray[np.float64]:
    """The table `name` of sklearn/datasets/data, without its first `skip` lines.

    The file is read where it lies: importing scikit-learn for it would take a second or more of the
    launch. That it holds what scikit-learn's own loader gives is tested.
    """
    path = _find("data", name)
    opener = gzip.open if name.endswith(".gz") else open
    with opener(path, "rt", encoding="ascii") as lines:
        return np.loadtxt(lines, delimiter=",", skiprows=skip, ndmin=2)


def read_photograph(name: str) -> NDArray[np.uint8]:
    """The photograph `name` of sklearn/datasets/images as [3, H, W], red, green and blue from 0 to 255."""
    path = _find("images", name)
    try:
        from PIL import Image  # here: few launches need it
    except ImportError:
        raise ProblemError(
            Problem(name, "Pillow, which reads it, is missing", "Run: pip install pillow")
        ) from None
    try:
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"))
    except OSError as error:
        what = f"this photograph cannot be read ({error})"
        mend = "Run: pip install --force-reinstall scikit-learn"
        raise ProblemError(Problem(name, what, mend)) from None
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _find(folder: str, name: str) -> Path:
    """Where sklearn/datasets/`folder`/`name` lies; ProblemError if it does not."""
    found = find_spec("sklearn")  # looks, does not import
    for place in list(found.submodule_search_locations or ()) if found else []:
        path = Path(place) / "datasets" / folder / name
        if path.is_file():
            return path
    raise ProblemError(
        Problem(name, "this file ships with scikit-learn and is not there", "Run: pip install scikit-learn")
    )
