"""Register tiles against NumPy, in every size that there is, and what lies beside them."""

import numpy as np
import pytest

from lab.kernels import tiles
from lab.kernels._jit import kernel
from lab.kernels.operation import REALS
from lab.kernels.operations import ready


@kernel
def outer(rows, A, stride, B, terms, count, C, ldc, columns, begin, bias):
    tiles.outer(rows, A, stride, B, terms, count, C, ldc, columns, begin, bias)


@kernel
def inner(rows, A, lda, B, places, count, columns, C, ldc):
    tiles.inner(rows, A, lda, B, places, count, columns, C, ldc)


@pytest.fixture(autouse=True, scope="module")
def linked():
    for real in REALS:
        ready([], real)


def lanes_of(dtype):
    return tiles.WIDTH // np.dtype(dtype).itemsize


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", range(1, tiles.ROWS + 1))
def test_outer(dtype, rows):
    rng, lanes, far = np.random.default_rng(rows), lanes_of(dtype), 300
    most = tiles.VECTORS[rows] * lanes
    sizes = sorted(
        {c for w in range(most // lanes) for c in (w * lanes + 1, (w + 1) * lanes - 1, (w + 1) * lanes)}
    )
    for columns in sizes:
        for begin in (tiles.ZERO, tiles.BIAS, tiles.ADD):
            for count in (0, 1, 7):
                A = rng.standard_normal((rows, count + 1)).astype(dtype)
                B = rng.standard_normal((count + 1) * far + tiles.SLACK).astype(dtype)
                terms = np.array([(k, k * far + k) for k in range(count)], np.int64).ravel()
                C, bias = (
                    rng.standard_normal((rows, columns + 3)).astype(dtype),
                    rng.standard_normal(rows).astype(dtype),
                )
                wanted = C.copy()
                first = {tiles.ZERO: 0, tiles.BIAS: bias[:, None], tiles.ADD: C[:, :columns]}[begin]
                shifted = np.array([B[k * far + k : k * far + k + columns] for k in range(count)])
                wanted[:, :columns] = first + (A[:, :count] @ shifted if count else 0)
                outer(
                    rows,
                    A.ravel(),
                    count + 1,
                    B,
                    terms,
                    count,
                    C.reshape(-1),
                    columns + 3,
                    columns,
                    begin,
                    bias,
                )
                np.testing.assert_allclose(C, wanted, rtol=1e-5, atol=1e-5)
                np.testing.assert_array_equal(C[:, columns:], wanted[:, columns:])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", range(1, tiles.INNER_ROWS + 1))
@pytest.mark.parametrize("count", range(1, tiles.INNER_TERMS + 1))
def test_inner(dtype, rows, count):
    rng, lanes = np.random.default_rng(rows), lanes_of(dtype)
    for columns in (0, 1, lanes - 1, lanes, lanes + 1, 5 * lanes + 3):
        # what lies behind the last column must not be read into the sums
        A, B = np.full((rows, columns + 40), np.nan, dtype), np.full((count, columns + 40), np.nan, dtype)
        A[:, :columns], B[:, :columns] = (
            rng.standard_normal((rows, columns)),
            rng.standard_normal((count, columns)),
        )
        C = rng.standard_normal((rows, count + 1)).astype(dtype)
        wanted = C.copy()
        wanted[:, :count] += A[:, :columns] @ B[:, :columns].T
        places = np.arange(count) * (columns + 40)
        inner(rows, A.ravel(), columns + 40, B.ravel(), places, count, columns, C.reshape(-1), count + 1)
        np.testing.assert_allclose(C, wanted, rtol=1e-5, atol=1e-5)
