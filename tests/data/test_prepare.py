"""Splits are disjoint, complete, fair and fixed; preprocessing knows the training part alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.data.dataset import Dataset
from lab.data.datasets import DATASETS
from lab.data.datasets.digits import Digits
from lab.data.datasets.heights import Waves
from lab.data.datasets.iris import Iris
from lab.data.datasets.linear import LinearCases, LinearCloud
from lab.data.datasets.two_classes import XOR
from lab.data.prepare import WHOLE_BELOW, Prepared, apportion, divide, prepare
from lab.data.preprocessing import Preprocessing, Split
from lab.data.source import DataSource
from lab.problem import ProblemError

RAW = Preprocessing()
SHIFTS: tuple[Literal["none", "mean"], ...] = ("none", "mean")
SCALES: tuple[Literal["none", "deviation", "range"], ...] = ("none", "deviation", "range")
DIGITS_TRAINING = [1697, 13, 1155, 1547, 588]
DIGITS_TEST = [1397, 1387, 1671, 516, 743]
PER: tuple[Literal["feature", "all"], ...] = ("feature", "all")


@st.composite
def splits(draw: st.DrawFn) -> Split:
    """Any split, with parts that may be empty."""
    training = draw(st.floats(0.01, 1.0))
    validation = draw(st.one_of(st.just(0.0), st.floats(0.0, 1.0))) * (1.0 - training)
    return Split(training=training, validation=validation, test=max(0.0, 1.0 - training - validation))


@settings(deadline=None)
@given(
    labels=st.one_of(st.none(), st.lists(st.integers(0, 4), min_size=1, max_size=200)),
    count=st.integers(1, 200),
    split=splits(),
    seed=st.integers(0, 2**70),
)
def test_a_split_is_disjoint_complete_and_fixed(
    labels: list[int] | None, count: int, split: Split, seed: int
) -> None:
    array = None if labels is None else np.array(labels, np.int64)
    count = count if labels is None else len(labels)
    parts = divide(count, array, split, seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(count))
    assert len(parts[0]) > 0
    for one, other in zip(parts, divide(count, array, split, seed), strict=True):
        assert (one == other).all()
    if count < WHOLE_BELOW:
        assert len(parts[0]) == count
        return
    fractions = (split.training, split.validation, split.test)
    for fraction, part in zip(fractions, parts, strict=True):
        assert fraction > 0 or len(part) == 0
    if array is None:
        for fraction, part in zip(fractions, parts, strict=True):
            assert abs(len(part) - fraction * count) < 2
        return
    wanted = [place for place, fraction in enumerate(fractions) if fraction > 0]
    for k in set(array.tolist()):
        members = int((array == k).sum())
        held = [int((array[part] == k).sum()) for part in parts]
        assert held[0] > 0
        assert sum(held[place] > 0 for place in wanted) == min(members, len(wanted))


@given(count=st.integers(0, 1000), split=splits())
def test_apportion_is_near_and_complete(count: int, split: Split) -> None:
    fractions = (split.training, split.validation, split.test)
    shares = apportion(count, fractions)
    assert sum(shares) == count
    assert min(shares) >= 0
    assert shares[0] > 0 or count == 0
    assert all(abs(share - count * f) <= 2 for share, f in zip(shares, fractions, strict=True))


@pytest.mark.parametrize("seed", [0, 1])
def test_digits_and_irises_are_balanced_in_every_part(seed: int) -> None:
    for source in (Digits(size=8), Iris()):
        data = prepare(source, RAW, Split(), seed)
        assert data.dataset.labels is not None
        whole = np.bincount(data.dataset.labels) / len(data.dataset)
        for part, fraction in ((data.training, 0.7), (data.validation, 0.15), (data.test, 0.15)):
            assert part.labels is not None
            assert len(part) == pytest.approx(fraction * len(data.dataset), abs=5)
            np.testing.assert_allclose(np.bincount(part.labels) / len(part), whole, atol=0.02)


def test_the_split_never_changes() -> None:
    """Written down once: whoever changes it changes everybody's saved experiments."""
    data = prepare(Digits(size=8), RAW, Split(), 1)
    assert data.training.indices[:5].tolist() == DIGITS_TRAINING
    assert data.test.indices[:5].tolist() == DIGITS_TEST


def test_the_size_of_a_digit_does_not_change_its_part() -> None:
    small, large = (prepare(Digits(size=size), RAW, Split(), 3) for size in (8, 28))
    assert (small.validation.indices == large.validation.indices).all()


def test_another_seed_splits_anew() -> None:
    one, other = (prepare(Iris(), RAW, Split(), seed).training.indices for seed in (1, 2))
    assert (one != other).any()


@pytest.mark.parametrize("source", [kind() for kind in DATASETS], ids=repr)
@pytest.mark.parametrize("preprocessing", [RAW, Preprocessing(shift="mean", scale="deviation", per="all")])
def test_every_dataset_is_prepared(source: DataSource, preprocessing: Preprocessing) -> None:
    data = prepare(source, preprocessing, Split(), 5)
    assert data.shift.shape == data.scale.shape == source.shape()
    assert data.shift.dtype == data.scale.dtype == np.float32
    assert len(data.training) > 0
    for part in (data.training, data.validation, data.test):
        assert part.inputs.shape == part.raw.shape == (len(part), *source.shape())
        assert part.inputs.dtype == part.raw.dtype == np.float32
        assert part.inputs.flags.c_contiguous
        assert part.indices.dtype == np.int64
        assert (part.raw == data.dataset.inputs[part.indices]).all()
        assert (part.inputs == (part.raw - data.shift) / data.scale).all()
        assert (part.inputs == data.preprocess(part.raw)).all()
        for ours, whole in ((part.labels, data.dataset.labels), (part.targets, data.dataset.targets)):
            if whole is None:
                assert ours is None
            else:
                assert ours is not None
                assert ours.dtype == whole.dtype
                assert (ours == whole[part.indices]).all()
        for array in (part.inputs, part.raw, part.labels, part.targets, part.indices):
            assert array is None or not array.flags.writeable


def test_the_lectures_two_cases_are_all_for_training() -> None:
    data = prepare(LinearCases(cases="unshifted"), RAW, Split(), 1)
    assert (len(data.training), len(data.validation), len(data.test)) == (2, 0, 0)
    assert data.validation.inputs.shape == (0, 2, 1, 1)
    assert data.test.targets is not None
    assert data.test.targets.shape == (0, 1)


def test_the_lectures_scaling_is_the_labs() -> None:
    """F6: (0.1, 10) and (0.1, -10) become (1, 1) and (1, -1)."""
    data = prepare(LinearCases(cases="unscaled"), Preprocessing(scale="deviation"), Split(), 1)
    scaled = {tuple(x) for x in data.training.inputs.reshape(-1, 2).tolist()}
    assert scaled == {(1.0, 1.0), (1.0, -1.0)}


def test_the_lectures_shift_is_the_labs_up_to_the_constant_input() -> None:
    """F5 takes away 100 by hand; the mean takes away all of an input that never varies."""
    data = prepare(LinearCases(cases="unshifted"), Preprocessing(shift="mean", scale="deviation"), Split(), 1)
    assert {tuple(x) for x in data.training.inputs.reshape(-1, 2).tolist()} == {(0.0, 1.0), (0.0, -1.0)}


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("per", PER)
@pytest.mark.parametrize("source", [Digits(size=8), Iris(), LinearCloud()], ids=["digits", "iris", "cloud"])
def test_preprocessing_does_what_it_says_to_the_training_part(
    source: DataSource,
    shift: Literal["none", "mean"],
    scale: Literal["none", "deviation", "range"],
    per: Literal["feature", "all"],
) -> None:
    data = prepare(source, Preprocessing(shift=shift, scale=scale, per=per), Split(), 2)
    axes = 0 if per == "feature" else None
    raw, inputs = (x.astype(np.float64) for x in (data.training.raw, data.training.inputs))
    varies = np.broadcast_to(raw.std(axis=axes) > 0, raw.shape[1:])
    low, high = (np.broadcast_to(f(inputs, axis=axes), raw.shape[1:]) for f in (np.min, np.max))
    if shift == "mean":
        np.testing.assert_allclose(inputs.mean(axis=axes), 0.0, atol=1e-5)
    if scale == "deviation":
        square = np.broadcast_to(np.mean(inputs**2, axis=axes), raw.shape[1:])
        np.testing.assert_allclose(square[varies], 1.0, atol=1e-4)
    if scale == "range":
        np.testing.assert_allclose((high - low)[varies], 1.0, atol=1e-5)
        if shift == "none":
            assert not low.any()
    if scale == "none":
        assert (data.scale == 1).all()
        np.testing.assert_allclose(inputs - raw, np.broadcast_to(-data.shift, raw.shape), atol=1e-5)
    if per == "all":
        assert len(np.unique(data.shift)) == len(np.unique(data.scale)) == 1
    assert (data.scale[~varies] == 1).all()
    assert not inputs[:, ~varies].any()  # blank pixels, the only features here that do not vary


def test_preprocessing_never_looks_at_validation_or_test() -> None:
    class Shy(Waves, frozen=True, tag="shy"):
        """Waves whose examples outside the training part of seed 1 are enormous."""

        def load(self, seed: int) -> Dataset:
            data = Waves.load(self, seed)
            inputs = data.inputs.copy()
            outside = np.concatenate(divide(len(data), None, Split(), seed)[1:])
            inputs[outside] *= 1e6
            return Dataset(data.name, inputs, None, data.targets, (), data.features)

    preprocessing = Preprocessing(shift="mean", scale="deviation")
    shy, plain = (prepare(source, preprocessing, Split(), 1) for source in (Shy(), Waves()))
    assert (shy.shift == plain.shift).all()
    assert (shy.scale == plain.scale).all()
    assert np.abs(shy.validation.inputs).max() > 1e4


@settings(max_examples=50, deadline=None)
@given(
    value=st.floats(-(2.0**59), 2.0**59, width=32),
    count=st.integers(1, 50),
    shift=st.sampled_from(SHIFTS),
    scale=st.sampled_from(SCALES),
    per=st.sampled_from(PER),
)
def test_what_never_varies_stays_finite(
    value: float,
    count: int,
    shift: Literal["none", "mean"],
    scale: Literal["none", "deviation", "range"],
    per: Literal["feature", "all"],
) -> None:
    training = np.full((count, 2, 1, 1), value, np.float32)
    a, b = Preprocessing(shift=shift, scale=scale, per=per).fit(training)
    after = (training - a) / b
    assert np.isfinite(after).all()
    if shift == "mean" or scale == "range":
        assert not after.any()


def test_the_same_arguments_give_the_same_object_even_to_threads() -> None:
    def ask(_: int) -> Prepared:
        return prepare(XOR(points=777), Preprocessing(shift="mean"), Split(), 9)

    with ThreadPoolExecutor(8) as pool:
        given_out = list(pool.map(ask, range(16)))
    assert all(one is given_out[0] for one in given_out)
    assert ask(0) is not prepare(XOR(points=777), Preprocessing(shift="mean"), Split(), 10)


@pytest.mark.parametrize(
    ("split", "words"),
    [
        (Split(training=0.5, validation=0.2, test=0.2), "add up to 0.9"),
        (Split(training=0.8, validation=0.3, test=0.2), "add up to 1.3"),
        (Split(training=0.0, validation=0.5, test=0.5), "training"),
        (Split(training=1.2, validation=-0.2, test=0.0), "training"),
        (Split(training=float("nan"), validation=0.5, test=0.5), "training"),
    ],
)
def test_a_wrong_split_is_a_problem(split: Split, words: str) -> None:
    with pytest.raises(ProblemError) as caught:
        prepare(Iris(), RAW, split, 0)
    assert words in str(caught.value)
    assert caught.value.problems[0].mend


@pytest.mark.parametrize("split", [Split(), Split(training=0.1, validation=0.2, test=0.7)])
def test_a_right_split_is_none(split: Split) -> None:
    assert split.problems() == ()


def test_values_out_of_range_are_problems_though_built_in_code() -> None:
    with pytest.raises(ProblemError, match="XOR"):
        prepare(XOR(points=10**9), RAW, Split(), 0)
    with pytest.raises(ProblemError, match="size"):
        prepare(Digits(size=9), RAW, Split(), 0)  # type: ignore[arg-type]
    with pytest.raises(ProblemError, match="preprocessing"):
        prepare(XOR(), Preprocessing(shift="median"), Split(), 0)  # type: ignore[arg-type]
