"""Elementary operations, number by number: what a formula is made of, one of them a row.

The operands A and B and the result C are flat, of one size. An operand may be the row's own number instead of an
input. Backward functions add to dA, or to dB. Where a function has a kink, the derivative is as PyTorch has it: 0 of
|a| at 0, one half for each of two equal numbers of which the least or the greatest is taken.
"""

from __future__ import annotations

import math

from lab.kernels import opcodes as op
from lab.kernels._jit import kernel
from lab.kernels.functions import cos, exp, sin, tanh
from lab.kernels.memory import span
from lab.kernels.operation import (
    begin_input_gradient,
    input_of,
    output_gradient_of,
    output_of,
    row_kernel,
    scratch_of,
)

PLUS, MINUS, TIMES, DIVIDE, POWER, LEAST, GREATEST = range(7)
NUMBER, NEGATE, SQUARE, ROOT, ABSOLUTE, EXP, LOG, SINE, COSINE, TANGENT = range(7, 17)
SINH, COSH, TANH, ARCTAN = range(17, 21)
NAMES = (
    "sum", "difference", "product", "quotient", "power", "lesser", "greater",
    "number", "negative", "square", "square root", "absolute value", "exponential", "logarithm", "sine", "cosine",
    "tangent", "hyperbolic sine", "hyperbolic cosine", "hyperbolic tangent", "arc tangent",
)  # fmt: skip
"""What each kind is called."""
HELD_FIRST, HELD_SECOND = 1, 2
"""Which operand is the row's own number: op.HELD."""


@kernel
def two(kind, A, B, C):
    """C of two operands."""
    if kind == PLUS:
        for i in range(C.size):
            C[i] = A[i] + B[i]
    elif kind == MINUS:
        for i in range(C.size):
            C[i] = A[i] - B[i]
    elif kind == TIMES:
        for i in range(C.size):
            C[i] = A[i] * B[i]
    elif kind == DIVIDE:
        for i in range(C.size):
            C[i] = A[i] / B[i]
    elif kind == POWER:
        for i in range(C.size):
            C[i] = A[i] ** B[i]
    else:
        sign = C.dtype.type(1 if kind == LEAST else -1)
        for i in range(C.size):
            # written so that NaN stays NaN, whichever it is
            c = A[i] if sign * A[i] < sign * B[i] else B[i]
            C[i] = c if A[i] == A[i] else A[i]


@kernel
def one(kind, A, C):
    """C of one operand."""
    if kind == NEGATE:
        for i in range(C.size):
            C[i] = -A[i]
    elif kind == SQUARE:
        for i in range(C.size):
            C[i] = A[i] * A[i]
    elif kind == ROOT:
        for i in range(C.size):
            C[i] = math.sqrt(A[i])
    elif kind == ABSOLUTE:
        for i in range(C.size):
            C[i] = abs(A[i])
    elif kind == EXP:
        for i in range(C.size):
            C[i] = exp(A[i])
    elif kind == LOG:
        for i in range(C.size):
            C[i] = math.log(A[i])
    elif kind == SINE:
        for i in range(C.size):
            C[i] = sin(A[i])
    elif kind == COSINE:
        for i in range(C.size):
            C[i] = cos(A[i])
    elif kind == TANGENT:
        for i in range(C.size):
            C[i] = math.tan(A[i])
    elif kind == SINH:
        for i in range(C.size):
            C[i] = math.sinh(A[i])
    elif kind == COSH:
        for i in range(C.size):
            C[i] = math.cosh(A[i])
    elif kind == TANH:
        for i in range(C.size):
            C[i] = tanh(A[i])
    else:
        for i in range(C.size):
            C[i] = math.atan(A[i])


@kernel
def first_of_two(kind, A, B, C, dC, dA):
    """Adds dE/dA = dE/dC dC/dA."""
    zero, half = C.dtype.type(0), C.dtype.type(0.5)
    if kind < TIMES:  # PLUS, MINUS
        for i in range(C.size):
            dA[i] += dC[i]
    elif kind == TIMES:
        for i in range(C.size):
            dA[i] += dC[i] * B[i]
    elif kind == DIVIDE:
        for i in range(C.size):
            dA[i] += dC[i] / B[i]
    elif kind == POWER:
        unit = C.dtype.type(1)
        for i in range(C.size):
            # a ** 0 is 1 wherever a is: not 0 times an infinity
            dA[i] += dC[i] * B[i] * A[i] ** (B[i] - unit) if B[i] != 0 else zero
    else:
        sign = C.dtype.type(1 if kind == LEAST else -1)
        for i in range(C.size):
            away = sign * (A[i] - B[i])
            dA[i] += dC[i] * (half if away == 0 else C.dtype.type(away < 0))


@kernel
def second_of_two(kind, A, B, C, dC, dB):
    """Adds dE/dB = dE/dC dC/dB."""
    zero, half = C.dtype.type(0), C.dtype.type(0.5)
    if kind == PLUS:
        for i in range(C.size):
            dB[i] += dC[i]
    elif kind == MINUS:
        for i in range(C.size):
            dB[i] -= dC[i]
    elif kind == TIMES:
        for i in range(C.size):
            dB[i] += dC[i] * A[i]
    elif kind == DIVIDE:
        for i in range(C.size):
            dB[i] -= dC[i] * C[i] / B[i]
    elif kind == POWER:
        for i in range(C.size):
            # 0 ** b stays 0: not 0 times an infinity
            dB[i] += dC[i] * C[i] * math.log(A[i]) if C[i] != 0 else zero
    else:
        sign = C.dtype.type(1 if kind == LEAST else -1)
        for i in range(C.size):
            away = sign * (B[i] - A[i])
            dB[i] += dC[i] * (half if away == 0 else C.dtype.type(away < 0))


@kernel
def of_one(kind, A, C, dC, dA):
    """Adds dE/dA = dE/dC dC/dA."""
    unit = C.dtype.type(1)
    if kind == NEGATE:
        for i in range(C.size):
            dA[i] -= dC[i]
    elif kind == SQUARE:
        for i in range(C.size):
            dA[i] += dC[i] * (A[i] + A[i])
    elif kind == ROOT:
        for i in range(C.size):
            dA[i] += dC[i] / (C[i] + C[i])
    elif kind == ABSOLUTE:
        for i in range(C.size):
            dA[i] += dC[i] * (C.dtype.type(A[i] > 0) - C.dtype.type(A[i] < 0))
    elif kind == EXP:
        for i in range(C.size):
            dA[i] += dC[i] * C[i]
    elif kind == LOG:
        for i in range(C.size):
            dA[i] += dC[i] / A[i]
    elif kind == SINE:
        for i in range(C.size):
            dA[i] += dC[i] * cos(A[i])
    elif kind == COSINE:
        for i in range(C.size):
            dA[i] -= dC[i] * sin(A[i])
    elif kind == TANGENT:
        for i in range(C.size):
            dA[i] += dC[i] * (unit + C[i] * C[i])
    elif kind == SINH:
        for i in range(C.size):
            dA[i] += dC[i] * math.cosh(A[i])
    elif kind == COSH:
        for i in range(C.size):
            dA[i] += dC[i] * math.sinh(A[i])
    elif kind == TANH:
        for i in range(C.size):
            dA[i] += dC[i] * (unit - C[i] * C[i])
    elif kind == ARCTAN:
        for i in range(C.size):
            dA[i] += dC[i] / (unit + A[i] * A[i])


@kernel
def number_of(row, store):
    """The row's own number."""
    return span(store.constants, row[op.NUMBER] * op.CONSTANTS, 1)[0]


@kernel
def operands(row, n, store):
    """A and B. The row's own number is written down as often as there are numbers; of one operand A is both."""
    X = input_of(row, n, store)
    held = row[op.HELD]
    if held != 0:
        K = span(scratch_of(row, store), 0, X.size)
        K[:] = K.dtype.type(number_of(row, store))
        return (K, X) if held == HELD_FIRST else (X, K)
    return X, (span(store.arena, row[op.SECOND], X.size) if row[op.SECOND] >= 0 else X)


@row_kernel
def elementary_row(row, n, store):
    kind, C = row[op.KIND], output_of(row, n, store)
    if kind == NUMBER:
        C[:] = C.dtype.type(number_of(row, store))
        return
    A, B = operands(row, n, store)
    if kind < NUMBER:
        two(kind, A, B, C)
    else:
        one(kind, A, C)


@row_kernel
def elementary_backward_row(row, n, store):
    kind, C, dC = row[op.KIND], output_of(row, n, store), output_gradient_of(row, n, store)
    dX = begin_input_gradient(row, n, store)
    if kind == NUMBER:
        return
    A, B = operands(row, n, store)
    if dX.size:
        if kind > NUMBER:
            of_one(kind, A, C, dC, dX)
        elif row[op.HELD] == HELD_FIRST:
            second_of_two(kind, A, B, C, dC, dX)
        else:
            first_of_two(kind, A, B, C, dC, dX)
    if row[op.D_SECOND] >= 0:
        dB = span(store.arena, row[op.D_SECOND], C.size)
        if row[op.ADD_SECOND] == 0:
            dB[:] = 0
        second_of_two(kind, A, B, C, dC, dB)
