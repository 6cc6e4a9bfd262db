"""Every built-in dataset keeps what it promises before it is loaded, and is what its description says."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args, get_type_hints

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.data.datasets import DATASETS, OWN_FILES, AnyDataSource
from lab.data.datasets.digits import Digits
from lab.data.datasets.heights import Plane, Waves
from lab.data.datasets.ink_mask import InkMask
from lab.data.datasets.iris import Iris
from lab.data.datasets.linear import CASES, LinearCases, LinearCloud
from lab.data.datasets.photographs import Photographs, PhotoPatches
from lab.data.datasets.random_images import RandomImages
from lab.data.datasets.tilts import TEN, Tilts
from lab.data.datasets.two_classes import XOR, Gaussians, Rings, Spiral
from lab.data.datasets.worked_example import BLUE, GREEN, RED, WorkedExample
from lab.data.source import DataSource
from lab.problem import ProblemError

TASKS = get_args(get_args(get_type_hints(Photographs, include_extras=True)["task"])[0])
VARIANTS: list[DataSource] = [
    *(dataset() for dataset in DATASETS),
    *(Digits(size=size) for size in (8, 28)),
    *(LinearCases(cases=cases) for cases in CASES),
    XOR(points=21, noise=2.0),
    Rings(points=20, noise=0.0),
    Spiral(points=5000, turns=0.25, noise=0.0),
    Gaussians(points=33, noise=0.1),
    Plane(points=20, noise=1.0),
    Waves(points=20, frequency=2.0),
    LinearCloud(points=2, stretch=20.0, correlation=-0.99, noise=0.0),
    *(Photographs(task=task, size=17, patches=30) for task in TASKS),
    Photographs(grey=True, size=128, patches=20),
    PhotoPatches(size=16, patches=21),
    InkMask(size=28, noise=0.0, clutter=0),
    Tilts(cases=7, noise=0.5),
    Tilts(cases=20, noise=0.3, pattern="nine and one"),
    RandomImages(channels=1, height=3, width=1, examples=200, number_of_classes=3),
    RandomImages(target="image", target_channels=2, target_height=5, target_width=1),
    RandomImages(target="segmentation", number_of_classes=4, target_height=6, target_width=7),
]
XOR_SEED_1 = [[0.982363, -2.248648], [2.4916, 3.674331]]
GAUSSIANS_SEED_1 = [-2.486839, -1.475353]

each = pytest.mark.parametrize("source", VARIANTS, ids=repr)


@each
def test_what_is_known_without_loading_is_what_loading_gives(source: DataSource) -> None:
    dataset = source.load(3)
    assert dataset.shape == source.shape() == dataset.inputs.shape[1:]
    assert dataset.classes == source.classes()
    assert len(dataset) > 0
    images = (Digits, Photographs, PhotoPatches, InkMask, RandomImages, WorkedExample)
    assert dataset.is_image == isinstance(source, images)
    assert dataset.target_shape == source.target_shape()
    assert source.problems() == ()
    assert dataset.groups is None or (dataset.groups.shape, dataset.groups.dtype) == (
        (len(dataset),),
        np.int64,
    )
    assert len(dataset.features) == (0 if dataset.is_image else source.shape()[0])
    assert dataset.inputs.dtype == np.float32
    assert np.isfinite(dataset.inputs).all()
    if dataset.labels is not None:
        assert dataset.targets is None
        assert dataset.labels.dtype == np.int64
        assert source.outputs() == len(source.classes())
        if source == RandomImages():  # 8 examples of 10 classes
            assert set(dataset.labels.tolist()) < set(range(10))
        else:
            assert set(dataset.labels.tolist()) == set(range(source.outputs()))
    else:
        assert dataset.targets is not None
        assert dataset.targets.dtype == np.float32
        assert dataset.targets.shape == (len(dataset), source.outputs())
        assert np.isfinite(dataset.targets).all()
        if dataset.classes:  # every pixel is of one of them
            assert dataset.target_shape is not None
            pixels = dataset.targets.reshape(len(dataset), *dataset.target_shape)
            assert dataset.target_shape[0] == len(dataset.classes)
            assert (pixels.sum(1) == 1).all()
            assert (pixels.max(1) == 1).all()


@each
def test_the_same_seed_gives_the_same_numbers(source: DataSource) -> None:
    one, other = source.load(11), source.load(11)
    assert one.inputs.tobytes() == other.inputs.tobytes()
    for a, b in ((one.labels, other.labels), (one.targets, other.targets)):
        assert (a is None and b is None) or a.tobytes() == b.tobytes()  # type: ignore[union-attr]


@each
def test_arrays_are_read_only(source: DataSource) -> None:
    dataset = source.load(0)
    with pytest.raises(ValueError, match="read-only"):
        dataset.inputs[0] = 0.0


@each
def test_a_source_survives_its_file(source: DataSource) -> None:
    again = msgspec.json.decode(msgspec.json.encode(source), type=AnyDataSource)
    assert again == source
    assert type(again) is type(source)


@pytest.mark.parametrize("kind", [*DATASETS, *OWN_FILES])
def test_every_field_says_what_it_is_and_how_far_it_goes(kind: type[DataSource]) -> None:
    assert kind.title
    assert kind.summary
    assert not kind.summary.endswith(".")
    for name, hint in get_type_hints(kind, include_extras=True).items():
        if name in ("title", "summary", "answers", "whole", "divided"):
            continue
        meta = next(extra for extra in get_args(hint) if isinstance(extra, msgspec.Meta))
        assert meta.title, name
        assert meta.description, name
        assert not meta.description.endswith("."), name
        if get_args(hint)[0] in (int, float):
            assert meta.ge is not None, name
            assert meta.le is not None, name


def test_the_table_and_the_union_agree() -> None:
    assert set(get_args(AnyDataSource)) == {*DATASETS, *OWN_FILES}


@pytest.mark.parametrize(
    "text",
    [
        '{"dataset": "digits", "size": 9}',
        '{"dataset": "xor", "points": 10000000000}',
        '{"dataset": "xor", "dots": 100}',
        '{"dataset": "moons"}',
        '{"points": 100}',
    ],
)
def test_a_malformed_description_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=AnyDataSource)


def test_other_seeds_give_other_points_but_the_same_digits() -> None:
    assert (XOR().load(1).inputs != XOR().load(2).inputs).any()
    assert (Digits().load(1).inputs == Digits().load(2).inputs).all()


def test_drawn_points_never_change() -> None:
    """Numbers written down once: whoever changes them changes everybody's saved experiments."""
    np.testing.assert_allclose(XOR().load(1).inputs[:2].reshape(2, 2), XOR_SEED_1, atol=1e-6)
    np.testing.assert_allclose(Gaussians().load(1).inputs[0].ravel(), GAUSSIANS_SEED_1, atol=1e-5)


# --- digits ---


def test_digits_are_scikit_learns() -> None:
    from sklearn.datasets import load_digits, load_iris

    theirs, ours = load_digits(), Digits(size=8).load(0)
    assert (ours.inputs[:, 0] == theirs.images).all()
    assert ours.labels is not None
    assert (ours.labels == theirs.target).all()
    flowers, iris = load_iris(), Iris().load(0)
    assert (iris.inputs[:, :, 0, 0] == flowers.data.astype(np.float32)).all()
    assert iris.labels is not None
    assert (iris.labels == flowers.target).all()
    assert iris.features == tuple(flowers.feature_names)
    assert iris.classes == tuple(flowers.target_names)


def test_loading_digits_does_not_import_scikit_learn() -> None:
    code = (
        "import sys; from lab.data.datasets.digits import Digits; Digits().load(0);"
        "assert not {'sklearn', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("size", [28, 32])
def test_an_enlarged_digit_is_the_small_one_in_a_margin(size: int) -> None:
    small, large = (Digits(size=s).load(0).inputs[:, 0].astype(np.float64) for s in (8, size))
    assert large.min() == 0.0
    assert large.max() == 16.0
    # A stroke fades for two pixels into the margin; beyond them is paper, but for one level in 255.
    inside = slice((size - 20) // 2 - 2, size - (size - 20) // 2 + 2)
    margin = large.copy()
    margin[:, inside, inside] = 0.0
    assert margin.max() * 255 / 16 <= 1.001
    # Ink is neither made nor lost: each old pixel is 2.5 x 2.5 new ones.
    assert large.sum() == pytest.approx(small.sum() * 2.5**2, rel=0.03)
    # Shrunk again it is the digit it was.
    box = (size - 20) // 2
    blocks = large[:, box : box + 20, box : box + 20].repeat(2, 1).repeat(2, 2)
    shrunk = blocks.reshape(-1, 8, 5, 8, 5).mean(axis=(2, 4))
    correlation = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(shrunk, small, strict=True)]
    assert min(correlation) > 0.95


def test_enlarging_agrees_with_a_plain_twin() -> None:
    """One pixel of one digit, by Keys' formula, written out."""
    digit = Digits(size=8).load(0).inputs[0, 0].astype(np.float64)

    def keys(d: float) -> float:
        d = abs(d)
        if d < 1:
            return 1.5 * d**3 - 2.5 * d**2 + 1
        return -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2 if d < 2 else 0.0

    large = Digits(size=28).load(0).inputs[0, 0]
    for row, column in ((14, 11), (5, 15), (22, 13)):
        y, x = ((place + 0.5 - 4) * 0.4 - 0.5 for place in (row, column))
        value = sum(keys(y - i) * keys(x - j) * digit[i, j] for i in range(8) for j in range(8))
        assert large[row, column] == pytest.approx(min(max(value, 0.0), 16.0), abs=0.5 / 15.9)


# --- the plane ---


@pytest.mark.parametrize("kind", [XOR, Rings, Spiral, Gaussians])
@settings(max_examples=25, deadline=None)
@given(points=st.integers(20, 300), seed=st.integers(0, 2**63))
def test_two_classes_are_balanced_and_in_sight(
    kind: type[XOR | Rings | Spiral | Gaussians], points: int, seed: int
) -> None:
    source = kind(points=points)
    dataset = source.load(seed)
    assert dataset.labels is not None
    assert len(dataset) == points
    assert np.bincount(dataset.labels).tolist() == [(points + 1) // 2, points // 2]
    bounds = source.bounds()
    assert bounds is not None
    assert np.mean(np.abs(dataset.inputs) < bounds[0][1]) > 0.99


def test_xor_and_rings_without_noise_are_what_they_are_called() -> None:
    xor = XOR(noise=0.0).load(5)
    x1, x2 = xor.inputs.reshape(-1, 2).T
    assert ((x1 * x2 > 0) == (xor.labels == 1)).all()
    quadrants = np.bincount((x1 > 0) * 2 + (x2 > 0))
    assert quadrants.tolist() == [100] * 4
    rings = Rings(noise=0.0).load(5)
    radius = np.hypot(*rings.inputs.reshape(-1, 2).T)
    assert ((radius < 3) == (rings.labels == 1)).all()


def test_spiral_arms_are_mirror_images() -> None:
    points = Spiral(points=200, noise=0.0).load(0).inputs.reshape(-1, 2)
    np.testing.assert_allclose(points[0::2], -points[1::2], atol=1e-6)


def test_noise_displaces_by_its_deviation() -> None:
    still, moved = (XOR(points=5000, noise=noise).load(2).inputs for noise in (0.0, 0.5))
    assert np.std(moved - still) == pytest.approx(0.5, rel=0.03)
    assert np.mean(moved - still) == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize("kind", [Plane, Waves])
def test_heights_go_from_minus_one_to_one(kind: type[Plane | Waves]) -> None:
    targets = kind(points=2000).load(0).targets
    assert targets is not None
    assert -1.0 <= targets.min() < -0.8
    assert 0.8 < targets.max() <= 1.0


def test_heights_are_their_formulas() -> None:
    plane, waves = Plane().load(4), Waves(frequency=0.9).load(4)
    assert plane.targets is not None
    assert waves.targets is not None
    x1, x2 = waves.inputs.reshape(-1, 2).astype(np.float64).T
    np.testing.assert_allclose(waves.targets[:, 0], np.sin(0.9 * x1) * np.cos(0.9 * x2), atol=1e-5)
    np.testing.assert_allclose(plane.targets[:, 0], (x1 + x2) / 10, atol=1e-5)


# --- the linear neuron ---


@pytest.mark.parametrize(
    ("cases", "condition"),
    [("unshifted", 40_005.92), ("shifted", 1.0), ("unscaled", 10_000.0), ("scaled", 1.0)],
)
def test_the_lectures_cases_have_the_lectures_condition_numbers(cases: str, condition: float) -> None:
    dataset = LinearCases(cases=cases).load(0)  # type: ignore[arg-type]
    inputs = dataset.inputs.reshape(-1, 2).astype(np.float64)
    low, high = np.linalg.eigvalsh(inputs.T @ inputs)
    assert high / low == pytest.approx(condition, rel=1e-6)
    assert dataset.targets is not None
    assert dataset.targets.ravel().tolist() == [2.0, 0.0]


def test_portions_have_their_prices() -> None:
    dataset = LinearCases(cases="portions").load(0)
    prices, residual, rank, _ = np.linalg.lstsq(dataset.inputs.reshape(-1, 3), dataset.targets, rcond=None)
    assert rank == 3
    np.testing.assert_allclose(prices.ravel(), (150, 50, 100), rtol=1e-4)
    assert residual.sum() < 1e-3


def test_the_cloud_has_the_ellipse_it_promises() -> None:
    dataset = LinearCloud(points=5000).load(0)
    inputs = dataset.inputs.reshape(-1, 2).astype(np.float64)
    np.testing.assert_allclose(inputs.T @ inputs / 5000, [[1, 0.3], [0.3, 0.25]], atol=0.05)
    low, high = np.linalg.eigvalsh(inputs.T @ inputs)
    assert 6 < high / low < 10
    weights = np.linalg.lstsq(inputs, dataset.targets, rcond=None)[0]
    np.testing.assert_allclose(weights.ravel(), (1.5, -0.8), atol=0.03)


# --- tilts ---


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(2, 240), st.floats(0.01, 100), st.integers(0, 10**6))
def test_tilts_have_mean_0_and_the_noise_that_is_asked_for(cases: int, noise: float, seed: int) -> None:
    n = Tilts(cases=cases, noise=noise).load(seed).inputs[:, :, 0, 0].astype(float)
    assert n.shape == (cases, 2)
    assert n.sum(0).tolist() == [0, 0]  # exactly
    np.testing.assert_allclose(n.std(0), noise, rtol=1e-4)


def test_one_case_alone_has_no_tilt() -> None:
    assert not Tilts(cases=1, noise=3.0).load(1).inputs.any()
    assert not Tilts(cases=5).load(1).inputs.any()


def test_the_two_directions_have_nothing_to_do_with_each_other() -> None:
    n = Tilts(cases=240, noise=1.0).load(1).inputs[:, :, 0, 0]
    assert abs(np.corrcoef(n.T)[0, 1]) < 0.2


def test_nine_small_tilts_and_a_large_one_that_makes_up_for_them() -> None:
    assert TEN.mean() == pytest.approx(0, abs=1e-15)
    assert TEN.std() == pytest.approx(3)
    n = Tilts(cases=20, noise=0.3, pattern="nine and one").load(1).inputs[:, :, 0, 0]
    for axis in range(2):
        values, counts = np.unique(n[:, axis].round(4), return_counts=True)
        np.testing.assert_allclose(values, [-0.9, 0.1], atol=1e-5)
        assert counts.tolist() == [2, 18]
    assert not ((n < 0).all(axis=1)).any()  # never both at once
    assert n.astype(float).sum(0).tolist() == [0, 0]


def test_nine_and_one_come_by_tens() -> None:
    (problem,) = Tilts(cases=12, pattern="nine and one").problems()
    assert problem.mend == "Choose 10 cases"
    with pytest.raises(ProblemError, match="by tens"):
        Tilts(cases=1, pattern="nine and one").load(1)
    assert Tilts(cases=12).problems() == ()


def test_the_lectures_image_has_the_lectures_corner() -> None:
    dataset = WorkedExample().load(1)
    assert dataset.inputs.shape == (1, 3, 5, 5)
    corners = dataset.inputs[0, :, :2, :2].astype(int).tolist()
    assert corners == [[[156, 155], [153, 154]], [[167, 166], [164, 165]], [[163, 162], [160, 161]]]
    np.testing.assert_array_equal(dataset.inputs[0], [RED, GREEN, BLUE])
    np.testing.assert_allclose(dataset.targets[0], np.mean([RED, GREEN, BLUE], axis=0).ravel(), rtol=1e-6)
