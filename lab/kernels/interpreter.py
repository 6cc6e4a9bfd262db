"""The machine: runs a program forward, backward and many training steps in one GIL-free call.

A program (lab.network.program) is `Code`: rows of int64 read by the columns of lab.kernels.opcodes, constants of
float64 beside them, and a plan that says where things are. All that changes lies in flat memory of one dtype.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numba
import numpy as np

from lab.kernels import activation, loss
from lab.kernels import opcodes as op
from lab.kernels._jit import kernel, parallel_kernel
from lab.kernels.chance import shuffle
from lab.kernels.conv import conv2d, conv2d_backward, transposed_conv2d, transposed_conv2d_backward
from lab.kernels.copy import copy, copy_backward, upsample, upsample_backward
from lab.kernels.dense import add_bias, dense, dense_backward_input, dense_backward_weights, sum_rows
from lab.kernels.memory import span
from lab.kernels.pool import (
    average_pool,
    average_pool_backward,
    flatten,
    flatten_backward,
    max_pool,
    max_pool_backward,
)
from lab.kernels.schedule import FACTOR, SETTINGS, observe
from lab.kernels.update import NONE, clip, update

TALLY = 8  # numbers a shard tallies in, a cache line: sum of the loss, examples right
PARTS = 8  # into which an evaluation is cut


class Code(NamedTuple):
    rows: Any  # int64 [rows, op.COLUMNS]
    constants: Any  # float64 [rows, loss.CONSTANTS]
    plan: Any  # int64 [op.PLAN]


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
    blocks: Any  # int64 [stretches, 2]
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
    order: Any  # int64 [N]: the order of the examples in epoch `marks[0]` of seed `marks[1]`
    marks: Any  # int64 [2]
    progress: Any  # float64 [schedule.PROGRESS]: what the schedule has seen
    before: Any  # [P]: the parameters before the last update that was made


@kernel
def forward_row(row, constant, n, arena, params):
    """Run one row of the forward pass on n examples."""
    operation = row[op.OP]
    CI, HI, WI = row[op.CI], row[op.HI], row[op.WI]
    CO, HO, WO = row[op.CO], row[op.HO], row[op.WO]
    X = span(arena, row[op.X], CI * HI * WI * n)
    Y = span(arena, row[op.Y], CO * HO * WO * n)
    if operation == op.DENSE:
        W = span(params, row[op.W], CO * CI)
        if row[op.B] >= 0:
            add_bias(Y, span(params, row[op.B], CO), n)
            dense(X, W, Y, CO, n, CI, 1.0)
        else:
            dense(X, W, Y, CO, n, CI, 0.0)
    elif operation == op.ACTIVATION:
        if row[op.X] != row[op.Y]:
            Y[:] = X
        activation.activate(Y, row[op.KIND], constant)
    elif operation == op.CONV2D:
        KH, KW, SH, SW = row[op.KH], row[op.KW], row[op.SH], row[op.SW]
        PH, PW, DH, DW = row[op.PH], row[op.PW], row[op.DH], row[op.DW]
        W = span(params, row[op.W], CO * CI * KH * KW)
        b = span(params, row[op.B], CO)
        scratch = span(arena, row[op.SCRATCH], arena.size - row[op.SCRATCH])
        conv2d(X, W, b, Y, scratch, n, CI, HI, WI, CO, HO, WO, KH, KW, SH, SW, PH, PW, DH, DW)
    elif operation == op.FLATTEN:
        flatten(X, Y, n, CI * HI, WI)
    elif operation == op.COPY:
        copy(X, Y, n, CI, HI, WI, HO, WO, row[op.CHANNEL], row[op.TOP], row[op.LEFT], row[op.PLUS])
    elif operation == op.TRANSPOSED_CONV2D:
        KH, KW, SH, SW, PH, PW = row[op.KH], row[op.KW], row[op.SH], row[op.SW], row[op.PH], row[op.PW]
        W = span(params, row[op.W], CI * CO * KH * KW)
        b = span(params, row[op.B], CO)
        scratch = span(arena, row[op.SCRATCH], arena.size - row[op.SCRATCH])
        transposed_conv2d(X, W, b, Y, scratch, n, CI, HI, WI, CO, HO, WO, KH, KW, SH, SW, PH, PW)
    elif operation == op.UPSAMPLE:
        upsample(X, Y, n, CI, HI, WI, row[op.KH])
    else:
        KH, KW, SH, SW, PH, PW = row[op.KH], row[op.KW], row[op.SH], row[op.SW], row[op.PH], row[op.PW]
        if operation == op.MAX_POOL:
            winner = span(arena, row[op.AUX], CO * HO * WO * n)
            max_pool(X, Y, winner, n, CI, HI, WI, HO, WO, KH, KW, SH, SW, PH, PW)
        elif operation == op.AVERAGE_POOL:
            average_pool(X, Y, n, CI, HI, WI, HO, WO, KH, KW, SH, SW, PH, PW)


@kernel
def backward_row(row, constant, n, arena, params, grads):
    """Run one row of the backward pass on n examples: gradients are added to, DX is set or added to."""
    operation = row[op.OP]
    CI, HI, WI = row[op.CI], row[op.HI], row[op.WI]
    CO, HO, WO = row[op.CO], row[op.HO], row[op.WO]
    X = span(arena, row[op.X], CI * HI * WI * n)
    Y = span(arena, row[op.Y], CO * HO * WO * n)
    dY = span(arena, row[op.DY], CO * HO * WO * n)
    wanted = row[op.DX] >= 0
    dX = span(arena, max(row[op.DX], 0), CI * HI * WI * n if wanted else 0)
    if operation == op.DENSE:
        W = span(params, row[op.W], CO * CI)
        if row[op.B] >= 0:
            sum_rows(dY, span(grads, row[op.B], CO), n)
        dense_backward_weights(X, dY, span(grads, row[op.W], CO * CI), CO, n, CI)
        if wanted:
            dense_backward_input(dY, W, dX, CO, n, CI, float(row[op.ADD]))
        return
    if operation == op.ACTIVATION:
        known = X if activation.needs_z(row[op.KIND]) else Y
        if row[op.DX] == row[op.DY]:
            activation.activate_backward(known, dY, row[op.KIND], constant)
        elif wanted and row[op.ADD] == 0:
            dX[:] = dY
            activation.activate_backward(known, dX, row[op.KIND], constant)
        return
    if wanted and row[op.ADD] == 0:
        dX[:] = 0
    if operation == op.CONV2D:
        KH, KW, SH, SW = row[op.KH], row[op.KW], row[op.SH], row[op.SW]
        PH, PW, DH, DW = row[op.PH], row[op.PW], row[op.DH], row[op.DW]
        W = span(params, row[op.W], CO * CI * KH * KW)
        dW = span(grads, row[op.W], CO * CI * KH * KW)
        db = span(grads, row[op.B], CO)
        scratch = span(arena, row[op.SCRATCH], arena.size - row[op.SCRATCH])
        conv2d_backward(
            X, W, dY, dW, db, dX, scratch, n, CI, HI, WI, CO, HO, WO, KH, KW, SH, SW, PH, PW, DH, DW
        )
    elif operation == op.TRANSPOSED_CONV2D:
        KH, KW, SH, SW, PH, PW = row[op.KH], row[op.KW], row[op.SH], row[op.SW], row[op.PH], row[op.PW]
        W = span(params, row[op.W], CI * CO * KH * KW)
        dW = span(grads, row[op.W], CI * CO * KH * KW)
        db = span(grads, row[op.B], CO)
        scratch = span(arena, row[op.SCRATCH], arena.size - row[op.SCRATCH])
        transposed_conv2d_backward(
            X, W, dY, dW, db, dX, scratch, n, CI, HI, WI, CO, HO, WO, KH, KW, SH, SW, PH, PW
        )
    elif wanted and operation == op.COPY:
        copy_backward(dY, dX, n, CI, HI, WI, HO, WO, row[op.CHANNEL], row[op.TOP], row[op.LEFT])
    elif wanted and operation == op.UPSAMPLE:
        upsample_backward(dY, dX, n, CI, HI, WI, row[op.KH])
    elif wanted and operation == op.FLATTEN:
        flatten_backward(dY, dX, n, CI * HI, WI)
    elif wanted:
        KH, KW, SH, SW, PH, PW = row[op.KH], row[op.KW], row[op.SH], row[op.SW], row[op.PH], row[op.PW]
        if operation == op.MAX_POOL:
            winner = span(arena, row[op.AUX], CO * HO * WO * n)
            max_pool_backward(dY, winner, dX, n, CI, HI, WI, HO, WO, KH, KW, SH, SW, PH, PW)
        elif operation == op.AVERAGE_POOL:
            average_pool_backward(dY, dX, n, CI, HI, WI, HO, WO, KH, KW, SH, SW, PH, PW)


@kernel
def loss_row(row, constants, n, arena, scale, tally):
    """Compare the outputs with the targets; the loss and the examples right are added to the tally."""
    K = row[op.CO]
    Y = span(arena, row[op.X], K * n)
    T = span(arena, row[op.AUX], K * n)
    dY = span(arena, max(row[op.DX], 0), K * n if row[op.DX] >= 0 else 0)
    tally[0] += loss.loss(row[op.KIND], Y, T, dY, K, n, scale, constants)
    tally[1] += loss.count_right(Y, T, K, n, constants[loss.THRESHOLD])


@kernel
def run_rows(code, first, last, n, arena, params, grads, scale, tally):
    """Run rows first..last-1, wherever in the program they stand."""
    rows, constants, plan = code.rows, code.constants, code.plan
    for r in range(first, last):
        row = rows[r]
        if r < plan[op.LOSS_ROW]:
            forward_row(row, constants[r, 0], n, arena, params)
        elif r >= plan[op.BACKWARD]:
            backward_row(row, constants[r, 0], n, arena, params, grads)
        else:
            loss_row(row, constants[r], n, arena, scale, tally)


@kernel
def gather(code, cases, order, first, n, arena):
    """Put the inputs and targets of examples order[first : first + n] where the program wants them."""
    plan = code.plan
    C, H, W = plan[op.IC], plan[op.IH], plan[op.IW]
    X = span(arena, plan[op.INPUT], C * H * W * n)
    for e in range(n):
        case = cases.inputs[order[first + e]]
        for row in range(C * H):
            to = span(X, (row * n + e) * W, W)
            for x in range(W):
                to[x] = case[row * W + x]
    K = plan[op.OUTPUTS]
    T = span(arena, plan[op.TARGET], K * n)
    for e in range(n):
        case = cases.targets[order[first + e]]
        for k in range(K):
            T[k * n + e] = case[k]


@kernel
def shard_gradient(code, cases, order, first, last, scale, memory, shard):
    """The gradient of examples order[first : last], into the shard's own row, as many at a time as its arena holds."""
    P = memory.params.size
    grads = span(memory.grads.reshape(-1), shard * P, P)
    arena = span(memory.arenas.reshape(-1), shard * memory.arenas.shape[1], memory.arenas.shape[1])
    params = span(memory.params, 0, P)
    tally = span(memory.tally.reshape(-1), shard * TALLY, TALLY)
    grads[:] = 0
    tally[:] = 0
    at_once = code.plan[op.CAPACITY]
    for start in range(first, last, at_once):
        n = min(at_once, last - start)
        gather(code, cases, order, start, n, arena)
        run_rows(code, 0, code.plan[op.END], n, arena, params, grads, scale, tally)


@parallel_kernel
def shard_gradients(code, cases, order, first, count, scale, memory):
    """Every shard's gradient, on as many cores as there are threads."""
    shards = memory.grads.shape[0]
    for shard in numba.prange(shards):
        low, high = first + count * shard // shards, first + count * (shard + 1) // shards
        shard_gradient(code, cases, order, low, high, scale, memory, shard)


@kernel
def batch_gradient(code, cases, order, first, count, scale, memory, parallel):
    """The gradient of one batch into memory.grads[0], and its summed loss and examples right.

    Shards are cut by the batch's size alone and summed in a fixed order: the number of threads changes nothing.
    """
    shards = memory.grads.shape[0]
    if parallel:
        shard_gradients(code, cases, order, first, count, scale, memory)
    else:
        for shard in range(shards):
            low, high = first + count * shard // shards, first + count * (shard + 1) // shards
            shard_gradient(code, cases, order, low, high, scale, memory, shard)
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
def train(code, cases, rule, memory, seed, seen, age, batch, sums, rates, losses, rights, counts, parallel):
    """Train rates.size updates in one call; the number of updates made.

    `seen` examples have been seen before: they say which epoch this is and where in it the next batch starts. An
    epoch's last batch may be smaller. `age` updates has the optimizer made. Column k of losses, rights and counts
    gets what batch k gave before its update. If a loss is not finite, its update is not made and training stops.
    `rates` are multiplied by what a schedule that answers to the error makes of them: they end as the rates used.
    """
    N = cases.inputs.shape[0]
    for k in range(rates.size):
        position = seen % N
        count = min(batch, N - position)
        order_of(memory, seed, seen // N, batch < N)
        scale = 1.0 if sums else 1.0 / count
        error, right = batch_gradient(code, cases, memory.order, position, count, scale, memory, parallel)
        losses[k] = error if sums else error / count
        rights[k] = right / count
        counts[k] = count
        if not np.isfinite(error):
            return k
        clip(memory.grads[0], rule.clipping[0], rule.clipping[1])
        if k == rates.size - 1:
            memory.before[:] = memory.params
        rates[k] *= memory.progress[FACTOR]
        update(
            rule.kind, rule.settings, rule.blocks, rule.numbers, memory.params, memory.grads[0], memory.slots,
            rates[k], age + 1,
        )  # fmt: skip
        observe(memory.progress, rule.reaction, error, count, position + count == N)
        seen += count
        age += 1
    return rates.size


@kernel
def evaluate_range(code, cases, order, first, last, arena, params, outputs, tally):
    """Run examples order[first : last] through a program without gradients; rows of outputs, if any, are filled."""
    at_once = code.plan[op.CAPACITY]
    K = code.plan[op.OUTPUTS]
    tally[:] = 0
    nothing = span(params, 0, 0)
    for start in range(first, last, at_once):
        n = min(at_once, last - start)
        gather(code, cases, order, start, n, arena)
        run_rows(code, 0, code.plan[op.BACKWARD], n, arena, params, nothing, 1.0, tally)
        if outputs.shape[0]:
            Y = span(arena, code.plan[op.OUTPUT], K * n)
            for e in range(n):
                for k in range(K):
                    outputs[start + e, k] = Y[k * n + e]


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
def evaluate_many(code, cases, order, arena, points, errors, tally, stop):
    """errors[k] = summed loss of all cases at parameter vector points[k]: an error surface in one call.

    `stop`, int64 [1], is looked at before each point: set it from another thread to end early. Returns the
    number of points done.
    """
    borrowed = span(arena, 0, arena.size)
    nothing = np.empty((0, 1), arena.dtype)
    for k in range(points.shape[0]):
        if stop[0]:
            return k
        evaluate_range(code, cases, order, 0, order.size, borrowed, points[k], nothing, tally)
        errors[k] = tally[0]
    return points.shape[0]
