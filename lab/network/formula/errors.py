"""What is wrong with a formula, and at which character."""

from __future__ import annotations

from lab.problem import Problem, ProblemError


class FormulaError(ProblemError):
    """`what` and `mend` as in a Problem. `start` is the wrong character, counted from 0 (a person is told it from 1),
    `length` how many characters from there on are wrong; the end of the formula is one behind its last character.
    """

    def __init__(self, what: str, mend: str, start: int, length: int = 1) -> None:
        super().__init__(Problem("", f"at character {start + 1}, {what}", mend))
        self.start, self.length = start, length

    @property
    def problem(self) -> Problem:
        return self.problems[0]
