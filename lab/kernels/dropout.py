"""Dropout: numbers are set to 0 at random, and those that are left make up for them.

Which ones is drawn from counters, in the backward pass once more: nothing is kept. A draw is a function of the
run's seed, the layer's name, the channel and row, how many examples the run has drawn before this one, and the
column. How a batch is cut into pieces, and which core works on which, changes nothing.

Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, Dropout, 2014; divided by the share that is kept
in training instead of multiplied by it in use ("inverted"), as is common now.
"""

from __future__ import annotations

import numpy as np

from lab.kernels import opcodes as op
from lab.kernels._jit import kernel
from lab.kernels.chance import draw, mixed
from lab.kernels.memory import span
from lab.kernels.operation import (
    begin_input_gradient,
    input_of,
    output_gradient_of,
    output_of,
    row_kernel,
)


@kernel
def add_kept(source, to, rate, stream, first, rows, width):
    """to += source / (1 - rate) where it is kept; the share `rate` of the draws is not.

    Both are [rows, width]. Row r has the stream mixed(stream, r), whose draws from number `first` on are used.
    """
    factor, zero = to.dtype.type(1.0 / (1.0 - rate)), to.dtype.type(0)
    least, begin = np.uint64(rate * 2.0**32), np.uint64(first)
    for r in range(rows):
        own = mixed(stream, r)
        x, y = span(source, r * width, width), span(to, r * width, width)
        for i in range(np.uint64(width)):
            kept = (draw(own, begin + i) >> np.uint64(32)) >= least
            y[i] += factor * x[i] if kept else zero


@kernel
def drop(row, n, store, source, to):
    """to += source as it is left in training, or all of it in use."""
    if row[op.TRAINING] == 0:
        for i in range(source.size):
            to[i] += source[i]
    else:
        stream = mixed(store.counters[op.SEED], row[op.NAME])
        first, width = store.counters[op.DRAWN] * row[op.WI], n * row[op.WI]
        rate = store.constants[row[op.NUMBER] * op.CONSTANTS]
        add_kept(source, to, rate, stream, first, row[op.CI] * row[op.HI], width)


@row_kernel
def dropout_row(row, n, store):
    Y = output_of(row, n, store)
    Y[:] = 0
    drop(row, n, store, input_of(row, n, store), Y)


@row_kernel
def dropout_backward_row(row, n, store):
    dX = begin_input_gradient(row, n, store)
    if dX.size:
        drop(row, n, store, output_gradient_of(row, n, store), dX)
