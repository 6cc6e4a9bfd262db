"""Spans and the matrix product on them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from machine import quick

from lab.kernels._jit import kernel
from lab.kernels.memory import aligned, gemm, span


@kernel
def product(ta, tb, m, n, k, A, a, lda, B, b, ldb, beta, C, c, ldc):
    gemm(
        ta,
        tb,
        m,
        n,
        k,
        span(A, a, A.size - a),
        lda,
        span(B, b, B.size - b),
        ldb,
        beta,
        span(C, c, C.size - c),
        ldc,
    )


sizes = st.integers(1, 9)


@quick(40)
@given(
    sizes, sizes, sizes, st.booleans(), st.booleans(), st.sampled_from([0.0, 1.0, 0.5]), st.integers(0, 3),
    st.sampled_from([np.float32, np.float64]), st.integers(0, 1000),
)  # fmt: skip
def test_gemm_with_shifted_pointers_and_wide_rows(m, n, k, ta, tb, beta, extra, dtype, seed):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((k, m) if ta else (m, k)).astype(dtype)
    B = rng.standard_normal((n, k) if tb else (k, n)).astype(dtype)
    C = rng.standard_normal((m, n)).astype(dtype)

    def stored(matrix):
        """With `extra` numbers before the first row and after each."""
        wide = np.full((len(matrix), matrix.shape[1] + extra), np.nan, dtype)
        wide[:, : matrix.shape[1]] = matrix
        return np.concatenate([np.full(extra, np.nan, dtype), wide.ravel()])

    result = stored(C)
    product(
        int(ta), int(tb), m, n, k, stored(A), extra, A.shape[1] + extra, stored(B), extra, B.shape[1] + extra,
        beta, result, extra, n + extra,
    )  # fmt: skip
    expected = (A.T if ta else A).astype(float) @ (B.T if tb else B) + beta * C
    assert np.isnan(result[:extra]).all()
    wide = result[extra:].reshape(m, n + extra)
    assert np.isnan(wide[:, n:]).all()
    np.testing.assert_allclose(wide[:, :n], expected, atol=1e-5 if dtype == np.float32 else 1e-12)


def test_a_zero_beta_overwrites_what_is_not_a_number():
    C = np.full(1, np.nan, np.float32)
    one = np.ones(1, np.float32)
    product(0, 0, 1, 1, 1, one, 0, 1, one, 0, 1, 0.0, C, 0, 1)
    assert C[0] == 1


@pytest.mark.parametrize("count", [1, 17])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_aligned_memory_starts_on_a_cache_line(count, dtype):
    array = aligned(count, dtype)
    assert array.shape == (count,)
    assert array.dtype == dtype
    assert array.ctypes.data % 64 == 0
    assert not array.any()
