"""Training in one call that remembers every point on the way: for networks of very few weights."""

from __future__ import annotations

from lab.kernels._jit import kernel
from lab.kernels.interpreter import train


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
    walked,
):
    """As `train`, to the same bits; row k of `walked` [updates, P] gets the parameters after update k."""
    for k in range(rates.size):
        here = slice(k, k + 1)
        done = train(
            code, cases, rule, memory, seed, seen, age + k, batch, sums, rates[here], losses[here], rights[here],
            counts[here], norms[here], parallel,
        )  # fmt: skip
        if done == 0:
            return k
        seen += counts[k]
        walked[k] = memory.params
    return rates.size
