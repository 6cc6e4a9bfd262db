"""The table of operations: the words that programs are written in. A new one is one line here and one in opcodes."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lab.kernels import (
    activation,
    conv,
    copy,
    dense,
    dropout,
    elementary,
    local_response_norm,
    loss,
    normalization,
    pool,
    prelu,
    resize,
    softmax,
    subsample,
    tiles,
    tilt,
    update,
)
from lab.kernels import opcodes as op
from lab.kernels.operation import REALS, Operation

OPERATIONS: dict[int, Operation] = {
    # reads: (its input, its output)
    op.DENSE: Operation("dense", dense.dense_row, dense.dense_backward_row, (True, False), shared=True),
    op.CONV2D: Operation(
        "convolution", conv.conv2d_row, conv.conv2d_backward_row, (True, False), shared=True
    ),
    op.TRANSPOSED_CONV2D: Operation(
        "transposed convolution",
        conv.transposed_conv2d_row,
        conv.transposed_conv2d_backward_row,
        (True, False),
    ),
    op.MAX_POOL: Operation("max pooling", pool.max_pool_row, pool.max_pool_backward_row),
    op.AVERAGE_POOL: Operation("average pooling", pool.average_pool_row, pool.average_pool_backward_row),
    op.FLATTEN: Operation("flatten", pool.flatten_row, pool.flatten_backward_row),
    op.ACTIVATION: Operation(
        "activation", activation.activation_row, activation.activation_backward_row, (False, True)
    ),
    op.COPY: Operation("copy", copy.copy_row, copy.copy_backward_row),
    op.UPSAMPLE: Operation("upsampling", resize.upsample_row, resize.upsample_backward_row),
    op.BILINEAR: Operation("bilinear upsampling", resize.bilinear_row, resize.bilinear_backward_row),
    op.LOSS: Operation("loss", loss.loss_row),
    op.SUBSAMPLE: Operation("subsampling", subsample.subsample_row, subsample.subsample_backward_row),
    op.DROPOUT: Operation("dropout", dropout.dropout_row, dropout.dropout_backward_row),
    op.LOCAL_RESPONSE_NORM: Operation(
        "local response normalization",
        local_response_norm.local_response_norm_row,
        local_response_norm.local_response_norm_backward_row,
        (True, False),
    ),
    op.PRELU: Operation("parametric ReLU", prelu.prelu_row, prelu.prelu_backward_row, (True, False)),
    op.SOFTMAX: Operation("softmax", softmax.softmax_row, softmax.softmax_backward_row, (False, True)),
    op.BATCH_NORM: Operation(
        "batch normalization",
        normalization.batch_norm_row,
        normalization.batch_norm_backward_row,
        (True, False),
    ),
    op.LAYER_NORM: Operation(
        "layer normalization",
        normalization.layer_norm_row,
        normalization.layer_norm_backward_row,
        (True, False),
    ),
    op.ELEMENTARY: Operation(
        "elementary operation",
        elementary.elementary_row,
        elementary.elementary_backward_row,
        (True, True),
    ),
    op.WEIGHT: Operation("weight", tilt.weight_row, tilt.weight_backward_row),
    op.TILT: Operation("tilt", tilt.tilt_row, tilt.tilt_backward_row),
}

_addresses: NDArray[np.int64] = np.zeros((1 + max(OPERATIONS), 2 * len(REALS)), np.int64)
TABLE = _addresses.view()
"""Addresses of what is compiled, as the interpreter takes them: [operation, forward and backward of each precision]."""
TABLE.setflags(write=False)
SHARED = np.array([code in OPERATIONS and OPERATIONS[code].shared for code in range(len(TABLE))])
"""Which operations several cores may share."""

LINKED = (*tiles.LINKED, update.LINKED)
"""What kernels call by symbol."""

_one_at_a_time = threading.Lock()


def ready(operations: Iterable[int] = tuple(OPERATIONS), real: str = REALS[0]) -> NDArray[np.int64]:
    """TABLE, with these operations compiled, or loaded from the cache, for this precision."""
    column = 2 * REALS.index(real)
    with _one_at_a_time:
        for linked in LINKED:
            linked.address(real)
        for code in set(operations):
            operation = OPERATIONS[code]
            for direction, row in enumerate((operation.forward, operation.backward)):
                if row is not None and not TABLE[code, column + direction]:
                    _addresses[code, column + direction] = row.address(real)
    return TABLE
