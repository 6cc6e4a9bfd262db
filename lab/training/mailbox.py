"""How the compute thread and the window pass things: a slot for what may be dropped, a queue for what may not."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from lab.experiment.experiment import Experiment
from lab.problem import Problem
from lab.training.surgery import Kept

if TYPE_CHECKING:
    from lab.training.postmortem import Postmortem

T = TypeVar("T")


class Mailbox(Generic[T]):
    """One slot, newest wins. A deque of length one is atomic under the GIL; nobody waits."""

    def __init__(self) -> None:
        self._slot: deque[T] = deque(maxlen=1)

    def put(self, letter: T) -> None:
        self._slot.append(letter)

    def take(self) -> T | None:
        try:
            return self._slot.popleft()
        except IndexError:
            return None

    @property
    def is_empty(self) -> bool:
        return not self._slot


@dataclass(frozen=True)
class Loaded:
    """Run number `run` stands at `step` under `experiment`. `surgery` says what an edit kept, in words too."""

    experiment: Experiment
    step: int
    run: int = 1
    surgery: Kept = Kept()


@dataclass(frozen=True)
class Playing:
    pass


@dataclass(frozen=True)
class Paused:
    """Training stands at `step`. `reason` is "" where the person asked for it."""

    step: int
    reason: str = ""
    run: int = 1


@dataclass(frozen=True)
class Diverged:
    """The loss is no longer finite. `layer` is the first whose output is not; offers: `step_back` to go to.

    `going` says that the other runs go on without it.
    """

    step: int
    layer: str
    operation: str
    step_back: int
    run: int = 1
    postmortem: Postmortem | None = None
    going: bool = False


@dataclass(frozen=True)
class Refused:
    """A command could not be carried out; the run is as it was. `command` is its number, as `Trainer.sent` counts."""

    problems: tuple[Problem, ...]
    command: int = 0


@dataclass(frozen=True)
class Failed:
    """A bug: the traceback, for the crash dialog."""

    text: str


@dataclass(frozen=True)
class Compiling:
    """Kernels are being compiled: `done` of `total`. Sent once with done == total when the engine is ready."""

    done: int
    total: int


Event = Loaded | Playing | Paused | Diverged | Refused | Failed | Compiling
