"""Numbers as CSV, which every spreadsheet reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.files import write_atomically

Columns = Mapping[str, NDArray[np.generic]]


def save_table(columns: Columns, path: Path) -> None:
    """Writes the columns under their names. NaN becomes an empty cell, a shorter column ends with such."""
    content = as_text(columns, ",").encode()
    write_atomically(path, lambda stream: stream.write(content))


def as_text(columns: Columns, between: str = "\t") -> str:
    """The same, with tabs between cells: as a spreadsheet takes it from the clipboard."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=between, lineterminator="\n")
    writer.writerow(columns)
    cells = [[_cell(value) for value in column.tolist()] for column in columns.values()]
    for row in range(max(map(len, cells), default=0)):
        writer.writerow([column[row] if row < len(column) else "" for column in cells])
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, float):
        if np.isnan(value):
            return ""
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return value
