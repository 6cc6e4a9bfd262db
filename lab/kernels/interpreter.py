"""The machine: runs a program forward, backward and many training steps in one GIL-free call.

A program (lab.network.program) is `Code`: rows of int64 read by the columns of lab.kernels.opcodes, constants of
float64 beside them, and a plan that says where things are. All that changes lies in flat memory of one dtype.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numba
import numpy as np

from lab.kernels import opcodes as op
from lab.kernels._jit import kernel, parallel_kernel
from lab.kernels.chance import shuffle
from lab.kernels.memory import invoke, pointer, span
from lab.kernels.operation import Store
from lab.kernels.schedule import FACTOR, SETTINGS, observe
from lab.kernels.update import NONE, clip, linked_update, squared_norm

LINE = 8  # numbers of 64 bits in a cache line: no two shards write to the same one
TALLY = LINE  # what a shard tallies: sum of the loss, examples right
PARTS = 8  # into which an evaluation is cut


class Code(NamedTuple):
    rows: Any  # int64 [rows, op.COLUMNS]
    constants: Any  # float64 [rows, op.CONSTANTS]
    lists: Any  # int64 [any]
    plan: Any  # int64 [op.PLAN]
    table: Any  # int64 [operations, 4]: addresses, forward and backward, of float32 and of float64


class Cases(NamedTuple):
    """Examples as they are stored: one after the other."""

    inputs: Any  # [N, channels * height * width]
    targets: Any  # [N, outputs]


def cases(inputs: Any, targets: Any) -> Cases:
    """Examples [N, ...] and targets [N, outputs] as kernels want them: two-dimensional, and read-only.

    Numba compiles anew for an array that may be written: one kind everywhere, and one compilation.
    """
    flat = [np.ascontiguousarray(a).reshape(len(a), math.prod(a.shape[1:])).view() for a in (inputs, targets)]
    for array in flat:
        array.setflags(write=False)
    return Cases(*flat)


NO_CLIPPING = np.array([NONE, 0.0])
NO_REACTION = np.zeros(SETTINGS)


class Rule(NamedTuple):
    """An optimizer at work, what is done to the gradient before, and what the rate makes of the errors."""

    kind: int
    settings: Any  # float64 [any]
    blocks: Any  # int64 [stretches, update.BLOCK]
    numbers: Any  # float64 [stretches, update.NUMBERS]
    clipping: Any = NO_CLIPPING  # float64 [2]: how, limit
    reaction: Any = NO_REACTION  # float64 [schedule.SETTINGS]


class Memory(NamedTuple):
    """What a run changes. Shards write to rows of their own."""

    params: Any  # [P]
    slots: Any  # [slots * P]
    grads: Any  # [shards, P]
    arenas: Any  # [shards, arena]
    tally: Any  # float64 [shards, TALLY]
    counters: Any  # int64 [shards, LINE]: op.COUNTERS, to name random draws
    order: Any  # int64 [N]: the order of the examples in epoch `marks[0]` of seed `marks[1]`
    marks: Any  # int64 [2]
    progress: Any  # float64 [schedule.PROGRESS]: what the schedule has seen
    before: Any  # [P]: the parameters before the last update that was made


@kernel
def run_rows(code, first, last, n, arena, params, grads, scale, tally, counters):
    """Run rows first..last-1, wherever in the program they stand, on n examples.

    `scale` multiplies the loss's derivative, `tally` gets the loss and the examples right, `counters`, int64
    [op.COUNTERS], name the random draws.
    """
    store = Store(
        pointer(code.constants, 0), pointer(code.lists, 0), pointer(arena, 0), pointer(params, 0),
        pointer(grads, 0), pointer(tally, 0), pointer(counters, 0), float(scale), pointer(arena, 0), 0, 1,
    )  # fmt: skip
    rows, table, back = code.rows, code.table, code.plan[op.BACKWARD]
    precision = 0 if arena.itemsize == 4 else 2
    for r in range(first, last):
        address = table[rows[r, op.OP], precision + (1 if r >= back else 0)]
        if address == 0:
            raise RuntimeError(
                "an operation is not compiled for this precision: lab.kernels.operations.ready"
            )
        invoke(address, (pointer(rows, r * op.COLUMNS), n, store))


@parallel_kernel
def share_row(code, r, n, arenas, params, nothing, tally, counters):
    """One forward row on n examples in the first arena, its output divided among as many cores as there are arenas."""
    parts = arenas.shape[0]
    for part in numba.prange(parts):
        store = Store(
            pointer(code.constants, 0), pointer(code.lists, 0), pointer(arenas, 0), pointer(params, 0),
            pointer(nothing, 0), pointer(tally, 0), pointer(counters, 0), 1.0,
            pointer(arenas, part * arenas.shape[1]), part, parts,
        )  # fmt: skip
        address = code.table[code.rows[r, op.OP], 0 if arenas.itemsize == 4 else 2]
        invoke(address, (pointer(code.rows, r * op.COLUMNS), n, store))


@kernel
def spread(images, order, first, n, to, rows, W):
    """to[row, e, x] = images[order[first + e], row, x], `rows` counting the rows of all channels."""
    if W == 1:
        # a transposition: so many rows at a time that their lines stay in the first-level cache
        for low in range(0, rows, 64):
            high = min(rows, low + 64)
            for e in range(n):
                case = images[order[first + e]]
                for row in range(low, high):
                    to[row * n + e] = case[row]
        return
    for e in range(n):
        case = images[order[first + e]]
        for row in range(rows):
            here = span(to, (row * n + e) * W, W)
            for x in range(W):
                here[x] = case[row * W + x]


@kernel
def collect(Y, n, rows, W, outputs, first):
    """outputs[first + e] = example e of Y [row, e, x], as an image is stored."""
    for e in range(n):
        to = outputs[first + e]
        for row in range(rows):
            here = span(Y, (row * n + e) * W, W)
            for x in range(W):
                to[row * W + x] = here[x]


@kernel
def gather(code, cases, order, first, n, arena):
    """Put the inputs and targets of examples order[first : first + n] where the program wants them."""
    plan = code.plan
    C, H, W = plan[op.IC], plan[op.IH], plan[op.IW]
    spread(cases.inputs, order, first, n, span(arena, plan[op.INPUT], C * H * W * n), C * H, W)
    C, H, W = plan[op.OC], plan[op.OH], plan[op.OW]
    T = span(arena, plan[op.TARGET], C * H * W * n)
    spread(cases.targets, order, first, n, T, C * H, W)


@kernel
def shard_gradient(code, cases, order, first, last, scale, memory, shard, place, seed, drawn):
    """The gradient of examples order[first : last], into the shard's own row, as many at a time as its arena holds.

    It works in arena number `place`. `drawn` examples have been drawn in this run before order[first].
    """
    P = memory.params.size
    grads = span(memory.grads.reshape(-1), shard * P, P)
    arena = span(memory.arenas.reshape(-1), place * memory.arenas.shape[1], memory.arenas.shape[1])
    params = span(memory.params, 0, P)
    tally = span(memory.tally.reshape(-1), shard * TALLY, TALLY)
    grads[:] = 0
    tally[:] = 0
    counters = span(memory.counters.reshape(-1), shard * LINE, op.COUNTERS)
    counters[op.SEED] = seed
    at_once = code.plan[op.CAPACITY]
    for start in range(first, last, at_once):
        n = min(at_once, last - start)
        counters[op.DRAWN] = drawn + start - first
        gather(code, cases, order, start, n, arena)
        run_rows(code, 0, code.plan[op.END], n, arena, params, grads, scale, tally, counters)


@parallel_kernel
def shard_gradients(code, cases, order, first, count, scale, memory, seed, drawn):
    """Every shard's gradient, on as many cores as there are threads."""
    shards = memory.grads.shape[0]
    for shard in numba.prange(shards):
        low, high = first + count * shard // shards, first + count * (shard + 1) // shards
        shard_gradient(code, cases, order, low, high, scale, memory, shard, shard, seed, drawn + low - first)


@kernel
def batch_gradient(code, cases, order, first, count, scale, memory, parallel, seed, drawn):
    """The gradient of one batch into memory.grads[0], and its summed loss and examples right.

    Shards are cut by the batch's size alone and summed in a fixed order: the number of threads changes nothing.
    """
    shards = memory.grads.shape[0]
    if parallel:
        shard_gradients(code, cases, order, first, count, scale, memory, seed, drawn)
    else:
        for shard in range(shards):
            low, high = first + count * shard // shards, first + count * (shard + 1) // shards
            shard_gradient(code, cases, order, low, high, scale, memory, shard, 0, seed, drawn + low - first)
    total = memory.grads[0]
    for shard in range(1, shards):
        part = memory.grads[shard]
        for i in range(total.size):
            total[i] += part[i]
    error, right = 0.0, 0.0
    for shard in range(shards):
        error += memory.tally[shard, 0]
        right += memory.tally[shard, 1]
    return error, right


@kernel
def order_of(memory, seed, epoch, shuffled):
    """The order of the examples in this epoch: drawn from (seed, epoch), or as stored."""
    order, marks = memory.order, memory.marks
    wanted = epoch if shuffled else -1
    if marks[0] != wanted or marks[1] != seed:
        if shuffled:
            shuffle(order, seed, epoch)
        else:
            order[:] = np.arange(order.size)
        marks[0], marks[1] = wanted, seed


@kernel
def train(
    code, cases, rule, memory, seed, seen, age, batch, sums, rates, losses, rights, counts, norms, parallel
):
    """Train rates.size updates in one call; the number of updates made.

    `seen` examples have been seen before: they say which epoch this is and where in it the next batch starts. An
    epoch's last batch may be smaller. `age` updates has the optimizer made. Column k of losses, rights, counts and
    norms (of the gradient, before it is clipped) gets what batch k gave before its update. If a loss is not finite,
    its update is not made and training stops. `rates` are multiplied by what a schedule that answers to the error
    makes of them: they end as the rates used.
    """
    N = cases.inputs.shape[0]
    for k in range(rates.size):
        position = seen % N
        count = min(batch, N - position)
        order_of(memory, seed, seen // N, batch < N)
        scale = 1.0 if sums else 1.0 / count
        error, right = batch_gradient(
            code, cases, memory.order, position, count, scale, memory, parallel, seed, seen
        )
        losses[k] = error if sums else error / count
        rights[k] = right / count
        counts[k] = count
        if not np.isfinite(error):
            return k
        gradient = span(memory.grads[0], 0, code.plan[op.LEARNED])
        norms[k] = math.sqrt(squared_norm(gradient))
        clip(gradient, rule.clipping[0], rule.clipping[1])
        if k == rates.size - 1:
            memory.before[:] = memory.params
        rates[k] *= memory.progress[FACTOR]
        linked_update(
            rule.kind, rule.settings, rule.blocks, rule.blocks.shape[0], rule.numbers, memory.params,
            memory.grads[0], memory.slots, memory.params.size, rates[k], age + 1,
        )  # fmt: skip
        observe(memory.progress, rule.reaction, error, count, position + count == N)
        seen += count
        age += 1
    return rates.size


@kernel
def evaluate_range(code, cases, order, first, last, arena, params, outputs, tally):
    """Run examples order[first : last] through a program without gradients; rows of outputs, if any, are filled."""
    at_once = code.plan[op.CAPACITY]
    rows, W = code.plan[op.OC] * code.plan[op.OH], code.plan[op.OW]
    tally[:] = 0
    nothing, counters = span(params, 0, 0), np.zeros(op.COUNTERS, np.int64)
    for start in range(first, last, at_once):
        n = min(at_once, last - start)
        gather(code, cases, order, start, n, arena)
        run_rows(code, 0, code.plan[op.BACKWARD], n, arena, params, nothing, 1.0, tally, counters)
        if outputs.shape[0]:
            Y = span(arena, code.plan[op.OUTPUT], rows * W * n)
            collect(Y, n, rows, W, outputs, start)


@kernel
def evaluate_parts(code, cases, order, first, stride, arena, params, outputs, tally):
    """Every `stride`-th part of the cases from part `first` on, each tallied in a row of its own."""
    parts, N, at_once = tally.shape[0], order.size, code.plan[op.CAPACITY]
    groups = (N + at_once - 1) // at_once
    for part in range(first, parts, stride):
        # parts begin where a full arena begins: the numbers do not depend on who computes which
        low, high = min(N, groups * part // parts * at_once), min(N, groups * (part + 1) // parts * at_once)
        row = span(tally.reshape(-1), part * TALLY, TALLY)
        evaluate_range(code, cases, order, low, high, arena, params, outputs, row)


@kernel
def evaluate(code, cases, order, arenas, params, outputs, tally):
    """All cases on one core: row k of `tally`, float64 [PARTS, TALLY], gets the loss and examples right of part k."""
    arena = span(arenas.reshape(-1), 0, arenas.shape[1])
    evaluate_parts(code, cases, order, 0, 1, arena, span(params, 0, params.size), outputs, tally)


@parallel_kernel
def evaluate_shards(code, cases, order, arenas, params, outputs, tally):
    """Like `evaluate`, to the same bits, on as many cores as there are arenas."""
    shards = arenas.shape[0]
    for shard in numba.prange(shards):
        arena = span(arenas.reshape(-1), shard * arenas.shape[1], arenas.shape[1])
        evaluate_parts(code, cases, order, shard, shards, arena, span(params, 0, params.size), outputs, tally)


@kernel
def evaluate_together(code, cases, order, arenas, params, outputs, tally, shared):
    """Like `evaluate`, to the same bits, of so few cases that they fill one arena: cores share the rows.

    `shared`, bool [operations]: which operations they may share.
    """
    n, rows, W = order.size, code.plan[op.OC] * code.plan[op.OH], code.plan[op.OW]
    arena, nothing = span(arenas.reshape(-1), 0, arenas.shape[1]), span(params, 0, 0)
    counters = np.zeros(op.COUNTERS, np.int64)
    tally[:] = 0
    counts = tally[tally.shape[0] - 1]
    gather(code, cases, order, 0, n, arena)
    for r in range(code.plan[op.BACKWARD]):
        if shared[code.rows[r, op.OP]]:
            share_row(code, r, n, arenas, params, nothing, counts, counters)
        else:
            run_rows(code, r, r + 1, n, arena, params, nothing, 1.0, counts, counters)
    if outputs.shape[0]:
        collect(span(arena, code.plan[op.OUTPUT], rows * W * n), n, rows, W, outputs, 0)


BESIDE = 64
"""Points of an error surface that are worked on side by side: examples are put in their places once for all."""


@kernel
def evaluate_many(code, cases, order, arena, points, errors, rights, stop):
    """errors[k] and rights[k]: the summed loss of all cases at parameter vector points[k], and how many are right.

    An error surface in one call. `stop`, int64 [1], is looked at again and again: set it from another thread to end
    early. Returns the number of points done.
    """
    at_once, back, N = code.plan[op.CAPACITY], code.plan[op.BACKWARD], order.size
    borrowed, nothing = span(arena, 0, arena.size), span(arena, 0, 0)
    counters, tally = np.zeros(op.COUNTERS, np.int64), np.zeros(TALLY)
    beside = BESIDE if code.plan[op.KEEPS] else 1
    for low in range(0, points.shape[0], beside):
        high = min(points.shape[0], low + beside)
        errors[low:high] = 0
        rights[low:high] = 0
        for start in range(0, N, at_once):
            n = min(at_once, N - start)
            gather(code, cases, order, start, n, borrowed)
            for k in range(low, high):
                if stop[0]:
                    return low
                tally[:] = 0
                params = span(points[k], 0, points.shape[1])
                run_rows(code, 0, back, n, borrowed, params, nothing, 1.0, tally, counters)
                errors[k] += tally[0]
                rights[k] += tally[1]
    return points.shape[0]
