"""One update of one weight, told term by term: each as a formula, with its numbers in place, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass

from lab.wording import number, tick


@dataclass(frozen=True)
class Term:
    """`words` say what it is; `symbols` is its formula as published, `numbers` the same with the numbers in place,
    and `value` what comes out.
    """

    words: str
    symbols: str
    numbers: str
    value: float

    @property
    def sentence(self) -> str:
        """Δw(t) = α Δw(t−1) − ε g = 0.9 × 0.01230 − 0.01 × 0.5000 = 0.006070"""
        parts = (self.symbols, self.numbers, said(self.value))
        return " = ".join(dict.fromkeys(part for part in parts if part))


@dataclass(frozen=True)
class Before:
    """A weight as an update found it: `w` its value, `g` the gradient that the rule sees (clipped, with penalties),
    `slots` what the rule remembered of it, in the order of `Optimizer.slots`.

    `rate` is the one that is used, by schedule and layer; `age` counts the updates since the memory was empty, this
    one included. `penalised` says whether penalties and decay are for it: biases are spared.
    """

    w: float
    g: float
    slots: tuple[float, ...]
    rate: float
    age: int
    penalised: bool = True


def said(value: float) -> str:
    """A number of the moment, with four digits."""
    return number(value, 4)


def inside(value: float) -> str:
    """The same within a product or after a sign."""
    text = said(value)
    return f"({text})" if text.startswith("−") else text


def setting(value: float) -> str:
    """A number that a person has set, as short as it can be said."""
    return tick(value)


def signed(value: float) -> str:
    """A term that is added: + 0.1230, − 0.01230."""
    text = said(value)
    return f"− {text[1:]}" if text.startswith("−") else f"+ {text}"
