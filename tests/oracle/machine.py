"""Programs run from Python: memory for a program, one batch through it, and training, for the tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import HealthCheck, settings

from lab.kernels import interpreter, schedule
from lab.kernels import opcodes as op
from lab.kernels.interpreter import LINE, TALLY, Cases, Code, Memory, Rule
from lab.kernels.memory import aligned
from lab.kernels.operations import ready
from lab.learning.losses import SoftmaxCrossEntropy, SquaredError
from lab.learning.optimizers import Optimizer
from lab.network.initializers import stream
from lab.network.network import Network, Node
from lab.network.program import Program

ready([])  # kernels that tests call directly find what they call themselves

SOFTMAX, SQUARED = SoftmaxCrossEntropy(), SquaredError()


def quick(examples: int = 25) -> settings:
    """Hypothesis without a clock: the same cases every time, few of them."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )


def chain(*layers: object) -> Network:
    """A network of layers one after the other, named l0, l1, ..."""
    return Network(tuple(Node(f"l{i}", layer) for i, layer in enumerate(layers)))


def start(program: Program, seed: int, dtype: type = np.float32, scale: float | None = None) -> np.ndarray:
    """A parameter vector: each layer's own start, or normal numbers times `scale`; no bias is zero."""
    vector = aligned(program.parameter_count, dtype)
    rng = np.random.default_rng(seed)
    for p in program.parameters:
        at = slice(program.offsets[p.name], program.offsets[p.name] + p.size)
        if scale is not None:
            vector[at] = scale * rng.standard_normal(p.size)
        elif p.name.endswith("bias"):
            vector[at] = 0.1 * rng.standard_normal(p.size)
        else:
            vector[at] = p.start.draw(p.shape, p.fan_in, p.fan_out, stream(seed, p.name)).ravel()
    return vector


def cases_of(X: np.ndarray, T: np.ndarray, dtype: type = np.float32) -> Cases:
    """Examples [n, C, H, W] and targets [n, K] as the machine stores them; no copy where the dtype is right."""
    return interpreter.cases(np.ascontiguousarray(X, dtype), np.ascontiguousarray(T, dtype))


def memory_of(program: Program, params: np.ndarray, N: int, shards: int = 1, slots: int = 0) -> Memory:
    dtype = params.dtype.type
    return Memory(
        params=params,
        slots=aligned(slots * params.size, dtype),
        grads=aligned(shards * params.size, dtype).reshape(shards, -1),
        arenas=aligned(shards * program.arena_size, dtype).reshape(shards, -1),
        tally=np.zeros((shards, TALLY)),
        counters=np.zeros((shards, LINE), np.int64),
        order=np.arange(N),
        marks=np.full(2, -9),
        progress=schedule.beginning(),
        before=aligned(params.size, dtype),
    )


def code_of(program: Program, dtype: type) -> Code:
    """What the machine reads, with its operations compiled for numbers of this type."""
    ready(program.code.rows[:, op.OP].tolist(), np.dtype(dtype).name)
    return program.code


def run_rows(
    program: Program,
    first: int,
    last: int,
    n: int,
    arena: np.ndarray,
    params: np.ndarray,
    grads: np.ndarray,
    scale: float,
    tally: np.ndarray,
    counters: tuple[int, int] = (1, 0),
) -> None:
    """As interpreter.run_rows, at whatever precision; `counters` are the seed and the examples drawn before."""
    code = code_of(program, arena.dtype.type)
    interpreter.run_rows(code, first, last, n, arena, params, grads, scale, tally, np.array(counters))


@dataclass
class Pass:
    """What one batch gave."""

    loss: float
    right: float
    outputs: np.ndarray
    grads: np.ndarray


def one_pass(
    program: Program,
    params: np.ndarray,
    X: np.ndarray,
    T: np.ndarray,
    scale: float = 1.0,
    dirt: float = np.nan,
) -> Pass:
    """All examples forward, loss and backward, as many at a time as the program holds, by gather and run_rows.

    The arena is filled with `dirt` first: whatever is read before it is written shows.
    """
    dtype = params.dtype.type
    cases = cases_of(X, T, dtype)
    order = np.arange(len(X))
    arena = aligned(program.arena_size, dtype)
    arena[:] = dirt
    grads, tally = aligned(params.size, dtype), np.zeros(TALLY)
    outputs = []
    code = program.code
    for first in range(0, len(X), program.capacity):
        n = min(program.capacity, len(X) - first)
        interpreter.gather(code, cases, order, first, n, arena)
        # the output is only sure to be there until the backward pass begins
        run_rows(program, 0, code.plan[op.BACKWARD], n, arena, params, grads, scale, tally)
        C, H, W = code.plan[[op.OC, op.OH, op.OW]]
        output = arena[code.plan[op.OUTPUT] : code.plan[op.OUTPUT] + C * H * W * n].reshape(C, H, n, W)
        outputs.append(output.transpose(2, 0, 1, 3).reshape(n, -1).copy())
        run_rows(program, code.plan[op.BACKWARD], code.plan[op.END], n, arena, params, grads, scale, tally)
    return Pass(tally[0], tally[1], np.concatenate(outputs), grads)


def rule_of(program: Program, optimizer: Optimizer, l1: float = 0.0, l2: float = 0.0) -> Rule:
    blocks = [(program.offsets[p.name], p.size, not p.learned) for p in program.parameters]
    numbers = [
        (1.0 if p.learned else p.momentum, l1 * p.penalised, l2 * p.penalised, p.penalised)
        for p in program.parameters
    ]
    return Rule(
        optimizer.kind,
        np.array(optimizer.constants, float),
        np.array(blocks, np.int64),
        np.array(numbers, float),
    )


@dataclass
class Trained:
    done: int
    losses: np.ndarray
    rights: np.ndarray
    counts: np.ndarray
    norms: np.ndarray
    memory: Memory


def train(
    program: Program,
    params: np.ndarray,
    cases: Cases,
    optimizer: Optimizer,
    steps: int,
    *,
    batch: int,
    seed: int = 1,
    shards: int = 1,
    parallel: bool = False,
    calls: tuple[int, ...] = (),
    rates: np.ndarray | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    sums: bool = False,
) -> Trained:
    """`steps` updates of a copy of `params`, in one call or cut into `calls` and a last one for the rest."""
    N = len(cases.inputs)
    copy = aligned(params.size, params.dtype.type)
    copy[:] = params
    memory = memory_of(program, copy, N, shards, len(optimizer.slots))
    rule = rule_of(program, optimizer, l1, l2)
    rates = np.full(steps, optimizer.rate) if rates is None else rates
    losses, rights, counts = np.full(steps, -1.0), np.full(steps, -1.0), np.zeros(steps, np.int64)
    norms = np.full(steps, -1.0)
    code = code_of(program, params.dtype.type)
    seen = age = 0
    for count in [*calls, steps - sum(calls)]:
        here = slice(age, age + count)
        done = interpreter.train(
            code, cases, rule, memory, seed, seen, age, batch, sums,
            rates[here], losses[here], rights[here], counts[here], norms[here], parallel,
        )  # fmt: skip
        age += done
        seen += int(counts[here][:done].sum())
        if done < count:
            break
    return Trained(age, losses, rights, counts, norms, memory)
