"""Batch and layer normalization: numbers are brought to mean 0 and variance 1, then scaled and shifted.

With x^ = (x - mean) r, r = (variance + epsilon)**-1/2, over M numbers that are normalized together:

    y = scale x^ + shift;  d scale = sum of dy x^, d shift = sum of dy
    dx = r (g - mean of g - x^ (mean of g x^)),  g = dy scale

Images lie as [channel, row, example, column].

Sources: Ioffe and Szegedy, Batch Normalization, 2015, algorithm 1; Ba, Kiros and Hinton, Layer Normalization, 2016.
"""

from __future__ import annotations

import math

from lab.kernels import opcodes as op
from lab.kernels._jit import inlined, kernel
from lab.kernels.memory import span
from lab.kernels.operation import (
    aux_of,
    begin_input_gradient,
    input_of,
    output_gradient_of,
    output_of,
    parameter_of,
    row_kernel,
)


@kernel
def moments(x):
    """Mean and variance of the numbers of x, the variance with x.size in its divisor; float64."""
    total, square = 0.0, 0.0
    for i in range(x.size):
        total += x[i]
    mean = total / x.size
    for i in range(x.size):
        square += (x[i] - mean) * (x[i] - mean)
    return mean, square / x.size


@kernel
def batch_moments(X, means, variances):
    """Of each channel of X [C, M]"""
    M = X.size // means.size
    for c in range(means.size):
        means[c], variances[c] = moments(span(X, c * M, M))


@inlined
def inverse_deviation(variance, epsilon):
    """(variance + epsilon)**-1/2. A running variance may have been led below 0, on an error surface: it counts as 0."""
    return 1.0 / math.sqrt(max(float(variance), 0.0) + epsilon)


@kernel
def normalize_channels(X, Y, means, variances, scale, shift, epsilon):
    """Y[c] = scale[c] x^ + shift[c]"""
    M = X.size // means.size
    for c in range(means.size):
        x, y = span(X, c * M, M), span(Y, c * M, M)
        mean, b = means[c], shift[c]
        a = Y.dtype.type(scale[c] * inverse_deviation(variances[c], epsilon))
        for i in range(M):
            y[i] = (x[i] - mean) * a + b


@kernel
def normalize_channels_backward(X, dY, dX, means, variances, scale, d_scale, d_shift, epsilon, own):
    """Adds to d_scale, d_shift and, if it is asked for, dX. `own`: means and variances are those of X itself."""
    M, number = X.size // means.size, X.dtype.type
    for c in range(means.size):
        x, dy, mean = span(X, c * M, M), span(dY, c * M, M), means[c]
        r = inverse_deviation(variances[c], epsilon)
        total, product = 0.0, 0.0
        for i in range(M):
            total += dy[i]
            product += dy[i] * (x[i] - mean)
        d_shift[c] += number(total)
        d_scale[c] += number(product * r)
        if dX.size:
            dx = span(dX, c * M, M)
            a = number(scale[c] * r)
            if own:
                b, d = number(total / M), number(product * r * r / M)
                for i in range(M):
                    dx[i] += a * (dy[i] - b - (x[i] - mean) * d)
            else:
                for i in range(M):
                    dx[i] += a * dy[i]


@kernel
def lead_statistics(params, grads, means, variances, M, at_mean, at_variance):
    """The gradients of the running statistics: running - batch's own. The variance's divisor is M - 1, as PyTorch's.

    Of one number there is no variance: the running one stays.
    """
    C = means.size
    correction = M / (M - 1) if M > 1 else 0.0
    for c in range(C):
        grads[at_mean + c] += params[at_mean + c] - means[c]
        if M > 1:
            grads[at_variance + c] += params[at_variance + c] - variances.dtype.type(
                correction * variances[c]
            )


@row_kernel
def batch_norm_row(row, n, store):
    """In training the batch's own moments are left for the backward row."""
    C, X, Y = row[op.CI], input_of(row, n, store), output_of(row, n, store)
    scale, shift = parameter_of(row, op.W, C, store.params), parameter_of(row, op.B, C, store.params)
    epsilon = store.constants[row[op.NUMBER] * op.CONSTANTS]
    if row[op.TRAINING]:
        own = aux_of(row, 2 * C, store)
        means, variances = span(own, 0, C), span(own, C, C)
        batch_moments(X, means, variances)
        normalize_channels(X, Y, means, variances, scale, shift, epsilon)
    else:
        means = parameter_of(row, op.MEAN, C, store.params)
        variances = parameter_of(row, op.VARIANCE, C, store.params)
        normalize_channels(X, Y, means, variances, scale, shift, epsilon)


@row_kernel
def batch_norm_backward_row(row, n, store):
    C, X = row[op.CI], input_of(row, n, store)
    dY, dX = output_gradient_of(row, n, store), begin_input_gradient(row, n, store)
    scale = parameter_of(row, op.W, C, store.params)
    d_scale, d_shift = parameter_of(row, op.W, C, store.grads), parameter_of(row, op.B, C, store.grads)
    epsilon = store.constants[row[op.NUMBER] * op.CONSTANTS]
    if row[op.TRAINING]:
        own = aux_of(row, 2 * C, store)
        means, variances = span(own, 0, C), span(own, C, C)
        normalize_channels_backward(X, dY, dX, means, variances, scale, d_scale, d_shift, epsilon, True)
        lead_statistics(
            store.params, store.grads, means, variances, X.size // C, row[op.MEAN], row[op.VARIANCE]
        )
    else:
        means = parameter_of(row, op.MEAN, C, store.params)
        variances = parameter_of(row, op.VARIANCE, C, store.params)
        normalize_channels_backward(X, dY, dX, means, variances, scale, d_scale, d_shift, epsilon, False)


@inlined
def average(sums, n, W, size):
    """sums [n, W]: each becomes the sum of its example's, divided by `size`."""
    share = sums.dtype.type(1.0 / size)
    if W == 1:
        for i in range(n):
            sums[i] *= share
    else:
        for e in range(n):
            total = sums.dtype.type(0)
            for x in range(W):
                total += sums[e * W + x]
            for x in range(W):
                sums[e * W + x] = total * share


@inlined
def stretch(values, to, n, W):
    """to[e, x] = values[x]"""
    if W == 1:
        to[:] = values[0]
    else:
        for e in range(n):
            for x in range(W):
                to[e * W + x] = values[x]


@inlined
def fold(source, to, n, W):
    """to[x] += sum of source[e, x] over e"""
    if W == 1:
        total = to.dtype.type(0)
        for i in range(n):
            total += source[i]
        to[0] += total
    else:
        for e in range(n):
            for x in range(W):
                to[x] += source[e * W + x]


LAYER_NORM_PLANES = 6
"""Planes [examples, columns] that layer normalization works with."""


@kernel
def layer_norm(X, Y, scale, shift, beside, rows, n, W, epsilon):
    """Each example by itself, over its `rows` rows of W; scale and shift are [rows, W].

    Sums run along whole rows of all examples, column by column. Of `beside` [LAYER_NORM_PLANES, n, W] the first
    two planes end as the mean and r of each example, in each of its columns.
    """
    width, one = n * W, X.dtype.type(1)
    mean, r = span(beside, 0, width), span(beside, width, width)
    a, b = span(beside, 2 * width, width), span(beside, 3 * width, width)
    mean[:] = 0
    for row in range(rows):
        x = span(X, row * width, width)
        for i in range(width):
            mean[i] += x[i]
    average(mean, n, W, rows * W)
    r[:] = 0
    for row in range(rows):
        x = span(X, row * width, width)
        for i in range(width):
            r[i] += (x[i] - mean[i]) * (x[i] - mean[i])
    average(r, n, W, rows * W)
    least = X.dtype.type(epsilon)
    for i in range(width):
        r[i] = one / math.sqrt(r[i] + least)
    for row in range(rows):
        x, y = span(X, row * width, width), span(Y, row * width, width)
        stretch(span(scale, row * W, W), a, n, W)
        stretch(span(shift, row * W, W), b, n, W)
        for i in range(width):
            y[i] = (x[i] - mean[i]) * r[i] * a[i] + b[i]


@kernel
def layer_norm_backward(X, dY, dX, scale, d_scale, d_shift, beside, rows, n, W):
    """Adds to d_scale, d_shift and, if it is asked for, dX. `beside` is as `layer_norm` has left it."""
    width = n * W
    mean, r = span(beside, 0, width), span(beside, width, width)
    a, b = span(beside, 2 * width, width), span(beside, 3 * width, width)
    of_g, of_gx = span(beside, 4 * width, width), span(beside, 5 * width, width)
    of_g[:] = 0
    of_gx[:] = 0
    for row in range(rows):
        x, dy = span(X, row * width, width), span(dY, row * width, width)
        stretch(span(scale, row * W, W), a, n, W)
        for i in range(width):
            b[i] = dy[i] * (x[i] - mean[i]) * r[i]
            of_g[i] += dy[i] * a[i]
            of_gx[i] += b[i] * a[i]
        fold(b, span(d_scale, row * W, W), n, W)
        fold(dy, span(d_shift, row * W, W), n, W)
    if dX.size:
        average(of_g, n, W, rows * W)
        average(of_gx, n, W, rows * W)
        for row in range(rows):
            x, dy, dx = (
                span(X, row * width, width),
                span(dY, row * width, width),
                span(dX, row * width, width),
            )
            stretch(span(scale, row * W, W), a, n, W)
            for i in range(width):
                dx[i] += r[i] * (dy[i] * a[i] - of_g[i] - (x[i] - mean[i]) * r[i] * of_gx[i])


@row_kernel
def layer_norm_row(row, n, store):
    rows, W = row[op.CI] * row[op.HI], row[op.WI]
    scale = parameter_of(row, op.W, rows * W, store.params)
    shift = parameter_of(row, op.B, rows * W, store.params)
    beside = aux_of(row, LAYER_NORM_PLANES * n * W, store)
    epsilon = store.constants[row[op.NUMBER] * op.CONSTANTS]
    X, Y = input_of(row, n, store), output_of(row, n, store)
    layer_norm(X, Y, scale, shift, beside, rows, n, W, epsilon)


@row_kernel
def layer_norm_backward_row(row, n, store):
    rows, W = row[op.CI] * row[op.HI], row[op.WI]
    scale = parameter_of(row, op.W, rows * W, store.params)
    d_scale = parameter_of(row, op.W, rows * W, store.grads)
    d_shift = parameter_of(row, op.B, rows * W, store.grads)
    beside = aux_of(row, LAYER_NORM_PLANES * n * W, store)
    X, dY, dX = (
        input_of(row, n, store),
        output_gradient_of(row, n, store),
        begin_input_gradient(row, n, store),
    )
    layer_norm_backward(X, dY, dX, scale, d_scale, d_shift, beside, rows, n, W)
