"""Clipping a gradient: by value and by norm, against the formula and PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.kernels.update import clip
from lab.learning.clipping import Clipping

drawn = settings(max_examples=30, deadline=None, derandomize=True)
clippings = st.builds(Clipping, by=st.sampled_from(["none", "value", "norm"]), limit=st.floats(1e-3, 100))


def clipped(g, clipping, dtype=np.float32):
    copy = g.astype(dtype)
    clip(copy, *clipping.constants)
    return copy


@drawn
@given(clippings, st.integers(0, 10**6), st.integers(0, 300), st.sampled_from([1e-3, 1.0, 100.0]))
def test_formula(clipping, seed, size, spread):
    g = (spread * np.random.default_rng(seed).standard_normal(size)).astype(np.float32)
    wide, limit = g.astype(float), clipping.limit
    if clipping.by == "value":
        wanted = np.clip(wide, -limit, limit)
    elif clipping.by == "norm" and (norm := np.linalg.norm(wide)) > limit:
        wanted = wide * limit / norm
    else:
        wanted = wide
    np.testing.assert_allclose(clipped(g, clipping), wanted, rtol=3e-7)
    np.testing.assert_allclose(clipped(g, clipping, np.float64), wanted, rtol=1e-12)


@pytest.mark.torch
@drawn
@given(clippings.filter(lambda c: c.by != "none"), st.integers(0, 10**6))
def test_as_pytorch(clipping, seed):
    torch = pytest.importorskip("torch", reason="PyTorch, the other side of the comparison, is not installed")
    g = np.random.default_rng(seed).standard_normal(50)
    # all parameters together have one norm
    parts = [torch.zeros(n, dtype=torch.float64, requires_grad=True) for n in (20, 30)]
    parts[0].grad, parts[1].grad = torch.tensor(g[:20]), torch.tensor(g[20:])
    if clipping.by == "value":
        torch.nn.utils.clip_grad_value_(parts, clipping.limit)
    else:
        torch.nn.utils.clip_grad_norm_(parts, clipping.limit)
    theirs = np.concatenate([p.grad.numpy() for p in parts])
    # PyTorch divides by the norm + 1e-6
    np.testing.assert_allclose(clipped(g, clipping, np.float64), theirs, rtol=1e-6)


def test_what_is_not_a_number_is_not_hidden():
    g = np.array([np.nan, 3.0, -3.0], np.float32)
    by_value = clipped(g, Clipping("value", 1.0))
    assert np.isnan(by_value[0])
    assert by_value[1:].tolist() == [1, -1]
    assert np.isnan(clipped(g, Clipping("norm", 1.0))[0])
