"""Training in one call that keeps points of its path and validates on the way."""

from __future__ import annotations

import numpy as np

from lab.kernels._jit import kernel
from lab.kernels.interpreter import evaluate, train


@kernel
def walk(
    code,
    cases,
    rule,
    memory,
    seed,
    seen,
    age,
    batch,
    sums,
    rates,
    losses,
    rights,
    counts,
    norms,
    parallel,
    kept_after,
    kept,
    looks_after,
    check,
    others,
    arenas,
    tallies,
):
    """As `train`, to the same bits.

    Row k of `kept` [n, P] gets the parameters after `kept_after[k]` updates; row k of `tallies`, float64
    [m, PARTS, TALLY], what `evaluate` finds in `others` by the program `check` after `looks_after[k]`. Both ascend.
    """
    order, outputs = np.arange(others.inputs.shape[0]), np.empty((0, 0), memory.params.dtype)
    done, k, m = 0, 0, 0
    while done < rates.size:
        end = rates.size
        if k < kept_after.size:
            end = min(end, kept_after[k])
        if m < looks_after.size:
            end = min(end, looks_after[m])
        here = slice(done, end)
        made = train(
            code, cases, rule, memory, seed, seen, age + done, batch, sums, rates[here], losses[here], rights[here],
            counts[here], norms[here], parallel,
        )  # fmt: skip
        for i in range(done, done + made):
            seen += counts[i]
        done += made
        if done < end:
            break
        if k < kept_after.size and kept_after[k] == done:
            kept[k] = memory.params
            k += 1
        if m < looks_after.size and looks_after[m] == done:
            evaluate(check, others, order, arenas, memory.params, outputs, tallies[m])
            m += 1
    return done
