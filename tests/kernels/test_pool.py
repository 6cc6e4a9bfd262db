"""Max pooling over windows of every shape, those that tile the image and those that only seem to."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import twins

from lab.kernels.pool import max_pool, max_pool_backward
from lab.kernels.stacking import Geometry


def stored(images):
    """[n, C, H, W] as [C, H, n, W], flat"""
    return images.transpose(1, 2, 0, 3).copy().reshape(-1)


@pytest.mark.parametrize("add", [0, 1])
@pytest.mark.parametrize("tall", list(itertools.product((1, 2, 4), (1, 2, 4))), ids=str)
def test_max_pooling_as_the_twin(tall, add):
    rng = np.random.default_rng(0)
    for wide in itertools.product((1, 2, 4), (1, 2, 4)):
        for H, W in itertools.product((1, 2, 4, 6), repeat=2):
            (KH, SH), (KW, SW) = tall, wide
            if KH > H or KW > W:
                continue
            X = rng.standard_normal((2, 1, H, W))
            wanted = twins.max_pool(X, (KH, KW), (SH, SW), (0, 0))
            HO, WO = wanted.shape[2:]
            g = Geometry(2, 1, H, W, 1, HO, WO, KH, KW, SH, SW)
            Y, winner = np.full(wanted.size, np.nan), np.full(wanted.size, np.nan)
            max_pool(stored(X), Y, winner, g)
            np.testing.assert_array_equal(Y, stored(wanted), err_msg=str(g))
            dY, before = rng.standard_normal(wanted.shape), rng.standard_normal(X.shape)
            dX = stored(before) if add else np.full(X.size, np.nan)
            max_pool_backward(stored(dY), winner, dX, add, g)
            back = twins.max_pool_backward(dY, X, (KH, KW), (SH, SW), (0, 0)) + (before if add else 0)
            np.testing.assert_allclose(dX, stored(back), atol=1e-12, err_msg=str(g))
