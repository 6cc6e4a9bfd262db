"""A table as text: comma-separated values and their relatives."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec
import numpy as np

from lab.data.dataset import Dataset
from lab.data.files.own_file import LARGEST_NUMBER, OwnFile, as_classes, examine, expanded, refuse

MOST_TEXT = 64 * 2**20
MOST_COLUMNS = 4096
MOST_ROWS = 1_000_000
LONGEST_LINE = 2**18


class TableFile(OwnFile, frozen=True, tag="table_file", kw_only=True):
    """Rows of numbers in UTF-8 text, one example a row, separated by commas, semicolons or tabs.

    A first row without any number names the columns. One column is the label (a word or a whole
    number) or the target (a number), all others are features. With semicolons a comma is read as the
    decimal mark. Blank lines are passed over.
    """

    title: ClassVar[str] = "A table (CSV)"
    summary: ClassVar[str] = "Your own numbers: one example a row, one column the label or target"

    target: Annotated[
        str,
        msgspec.Meta(
            max_length=200,
            title="Target column",
            description="The name of the column to be predicted; empty for the last one",
        ),
    ] = ""

    def _read(self) -> Dataset:
        size = examine(self.path).st_size
        if size > MOST_TEXT:
            refuse(
                self.path,
                f"this table has {size / 2**20:,.0f} MiB, and {MOST_TEXT // 2**20} MiB are the most",
                "Take fewer rows, or save it as arrays in an .npz file",
            )
        try:
            return self._parse()
        except UnicodeDecodeError:
            refuse(self.path, "this is not UTF-8 text", "Save the table as CSV in UTF-8")
        except PermissionError:
            refuse(self.path, "this file may not be read", "Change its permissions, or choose another file")
        except OSError as error:
            refuse(self.path, f"reading failed ({error.strerror})", "Choose another file")

    def _parse(self) -> Dataset:
        rows = self._rows()
        first_number, first = next(rows, (0, []))
        if not first:
            refuse(self.path, "this file has no rows", "Choose another file")
        if not 2 <= len(first) <= MOST_COLUMNS:
            refuse(
                self.path,
                f"the number of columns in the first row is {len(first)}, and 2 to {MOST_COLUMNS} are needed",
                "Separate the columns by commas, semicolons or tabs, the same in every row",
            )
        names, target, has_header = self._columns(first)

        features = array("f")
        answers: list[str] = []
        if not has_header:
            self._take(first_number, first, names, target, features, answers)
        for number, row in rows:
            if len(answers) == MOST_ROWS:
                refuse(self.path, f"there are more than {MOST_ROWS:,} rows", "Take fewer")
            self._take(number, row, names, target, features, answers)
        if len(answers) < 2:
            refuse(self.path, f"the number of examples is {len(answers)}, too few", "Give two or more")

        inputs = np.array(features, np.float32).reshape(len(answers), -1, 1, 1)
        kept = tuple(name for column, name in enumerate(names) if column != target)
        if self.task == "classification":
            labels, classes = as_classes(f"{self.path}, column '{names[target]}'", answers)
            return Dataset(expanded(self.path).name, inputs, labels, None, classes, kept)
        targets = np.array(answers, np.float64).astype(np.float32).reshape(-1, 1)
        return Dataset(expanded(self.path).name, inputs, None, targets, (), kept)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """(line number from 1, cells) of every line that is not blank.

        Line by line, so that no quote left open and no endless line can fill the memory.
        """
        with expanded(self.path).open(encoding="utf-8-sig", newline=None) as text:
            separator = ""
            number = 0
            while line := text.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    refuse(
                        f"{self.path}, row {number}",
                        "this line is too long for a table",
                        "Break it into rows",
                    )
                if not line.strip():
                    continue
                separator = separator or max(",;\t", key=line.count)
                try:
                    cells = next(csv.reader([line], delimiter=separator, strict=True))
                except csv.Error as error:
                    refuse(
                        f"{self.path}, row {number}", f"this row cannot be read ({error})", "Mend its quotes"
                    )
                if separator == ";":
                    cells = [cell.replace(",", ".") if _is_decimal_comma(cell) else cell for cell in cells]
                yield number, [cell.strip() for cell in cells]

    def _columns(self, first: list[str]) -> tuple[list[str], int, bool]:
        """(names, place of the target, whether the first row is a header)."""
        numeric = [_number(cell) is not None for cell in first]
        # A label in words does not make a header: the features decide, wherever the label stands.
        has_header = not any(numeric) or (self.target in first and self.target != "")
        names = first if has_header else [f"column {place}" for place in range(1, len(first) + 1)]
        if has_header:
            if "" in names:
                place = names.index("") + 1
                refuse(f"{self.path}, row 1", f"column {place} has no name", "Name every column, or none")
            if twice := next((name for name in names if names.count(name) > 1), None):
                refuse(f"{self.path}, row 1", f"two columns are called '{twice}'", "Rename one of them")
        if self.target and self.target not in names:
            listed = ", ".join(f"'{name}'" for name in names[:8]) + (", …" if len(names) > 8 else "")
            refuse(self.path, f"there is no column '{self.target}'", f"Choose one of {listed}")
        return names, names.index(self.target) if self.target else len(names) - 1, has_header

    def _take(
        self,
        number: int,
        row: list[str],
        names: list[str],
        target: int,
        features: array[float],
        answers: list[str],
    ) -> None:
        """Adds one row to the features and answers."""
        if len(row) != len(names):
            refuse(
                f"{self.path}, row {number}",
                f"the number of columns is {len(row)}, and {len(names)} in the rows before",
                "Give every row the same columns",
            )
        for column, cell in enumerate(row):
            where = f"{self.path}, row {number}, column '{names[column]}'"
            if cell == "":
                refuse(where, "this cell is empty", "Fill it, or leave out the row")
            is_label = column == target and self.task == "classification"
            value = _number(cell)
            if not is_label:
                if value is None:
                    mend = "Choose classification, or another column" if column == target else "Give a number"
                    refuse(where, f"'{cell[:40]}' is not a number", mend)
                if not abs(value) <= LARGEST_NUMBER:
                    refuse(
                        where,
                        f"{cell[:40]} is not a finite number of usable size",
                        "Mend it, or leave out the row",
                    )
                if column != target:
                    features.append(value)
                    continue
            elif value is not None:
                if not math.isfinite(value) or value != int(value):
                    refuse(
                        where,
                        f"the label {cell[:40]} is not a whole number",
                        "Choose regression, or name classes",
                    )
                cell = str(int(value))  # 1, 1.0 and 01 are one class
            answers.append(cell)


def _number(cell: str) -> float | None:
    """What the cell says as a number, infinities and NaN included; None if it is not one."""
    if "_" in cell:  # Python would take 1_000
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def _is_decimal_comma(cell: str) -> bool:
    return cell.count(",") == 1 and _number(cell.replace(",", ".")) is not None
