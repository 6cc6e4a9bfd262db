"""How an experiment is laid out in memory: into how many shards a batch is cut, the programs, and what they take.

A plan depends on no machine. It is made before any memory is taken: `lab.training.machine` builds what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lab.experiment.experiment import Experiment
from lab.files import in_bytes
from lab.learning.losses import AnyLoss
from lab.network.network import Network, analyse
from lab.network.program import Program, lower
from lab.network.shape import Shape

NUMBER = 4
"""Bytes of a float32."""
MOST_SHARDS = 8
"""Into so many shards at most is a batch cut, each with a gradient of its own."""
CHECKPOINTS, MOST_CHECKPOINTS = 192 << 20, 400
"""Bytes that a run's checkpoints may take, and how many there may be. Two there are in any case."""
PATH, MOST_POINTS = 96 << 20, 1024
"""Bytes that the points of a run's path may take, and how many there are. Where two do not fit, none is kept."""


@dataclass(frozen=True, eq=False)
class Plan:
    """`program` trains and `check` evaluates; a batch of `batch` examples is cut into `shards`.

    The bytes are those of a run on one core at its fullest. Each further core takes `evaluating` once more; a window
    that looks on takes copies of what it looks at.
    """

    program: Program
    check: Program
    batch: int
    shards: int
    slots: int

    @property
    def parameters(self) -> int:
        """Bytes of the parameters, and of what they were before the last update."""
        return 2 * self._vector

    @property
    def gradients(self) -> int:
        return self.shards * self._vector

    @property
    def optimizer(self) -> int:
        """Bytes that the optimizer remembers."""
        return max(self.slots, 1) * self._vector

    @property
    def training(self) -> int:
        """Bytes of activations, their derivatives and working space, of all shards."""
        return self.shards * self.program.arena_size * NUMBER

    @property
    def evaluating(self) -> int:
        """The same for an evaluation, on one core."""
        return self.check.arena_size * NUMBER

    @property
    def history(self) -> int:
        """Bytes of the checkpoints and of the path, when a run has grown long."""
        state = (1 + max(self.slots, 1)) * self._vector
        checkpoints = max(min(CHECKPOINTS, MOST_CHECKPOINTS * state), 2 * state)
        return checkpoints + (min(PATH, MOST_POINTS * self._vector) if 2 * self._vector <= PATH else 0)

    def parts(self, threads: int = 1) -> dict[str, int]:
        """Bytes of all but the history, in words, on so many cores."""
        return {
            "parameters": self.parameters,
            "gradients": self.gradients,
            "optimizer": self.optimizer,
            "activations": self.training,
            "evaluation": threads * self.evaluating,
        }

    def working(self, threads: int = 1) -> int:
        """Bytes that training takes at its start, on so many cores."""
        return sum(self.parts(threads).values())

    @property
    def total(self) -> int:
        return self.working() + self.history

    def sentence(self, threads: int = 1) -> str:
        """What training takes, for a person; the data comes on top."""
        parts = ", ".join(f"{name} {in_bytes(size)}" for name, size in self.parts(threads).items())
        return (
            f"Training takes about {in_bytes(self.working(threads))} of memory ({parts}), "
            f"and up to {in_bytes(self.history)} more to go back in time as the run grows long."
        )

    @property
    def _vector(self) -> int:
        return self.program.parameter_count * NUMBER


def plan(experiment: Experiment, examples: int) -> Plan:
    """The plan for a training set of so many examples. ProblemError if the network has problems."""
    x, batch = experiment.analysis.input, min(experiment.batch_size, max(examples, 1))
    return _plan(experiment.network, x, experiment.loss, batch, len(experiment.optimizer.slots))


@lru_cache(maxsize=16)
def _plan(network: Network, x: Shape, loss: AnyLoss, batch: int, slots: int) -> Plan:
    analysis, whole = analyse(network, x), network.whole_batch
    macs, parameters = analysis.multiply_adds or 0, analysis.parameter_count or 0
    shards = 1 if whole else shard_count(batch, macs, parameters)
    return Plan(
        program=lower(network, x, loss, batch if whole else 0, most=-(-batch // shards)),
        check=lower(network, x, loss, gradients=False),
        batch=batch,
        shards=shards,
        slots=slots,
    )


def shard_count(batch: int, macs: int, parameters: int) -> int:
    """Into how many shards a batch is cut, each with a gradient of its own. It depends on no machine.

    More shards occupy more cores; each costs a pass over a gradient and makes the matrix products narrower: that
    matters below 16 examples, or where an example is so much work that they are wide anyway, below 8. Two
    shards there are whenever it pays at all.
    """
    examples = max(batch // 16, min(max(batch // 8, 2), batch, int(batch * macs / 8e6)))
    most = min(MOST_SHARDS, examples, int(batch * macs / 1e6), int(0.05 * batch * macs / max(parameters, 1)))
    return 1 << max(0, most.bit_length() - 1)
