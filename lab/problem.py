"""What a person can get wrong, said so that they can mend it."""

from __future__ import annotations

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong.

    `where` is the place as the person knows it (a layer's name, a field, a file), `what` is one sentence
    without a full stop, `mend` says in the imperative how to put it right.
    """

    where: str
    what: str
    mend: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}." + (f" {self.mend}." if self.mend else "")
        # a name may come from a stranger's file, and control characters steer a terminal
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class ProblemError(Exception):
    """Raised where a function cannot go on because of something a person can mend."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(" ".join(map(str, problems)))
        self.problems = problems
