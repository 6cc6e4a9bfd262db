"""Image problems: what was done to a patch is what its task says, and no part sees another's pixels."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.data import room
from lab.data.dataset import Dataset, pixel_labels
from lab.data.datasets import wheel
from lab.data.datasets.digits import Digits
from lab.data.datasets.ink_mask import PIECE, RESERVE, InkMask
from lab.data.datasets.photographs import LUMA, Photographs, PhotoPatches, _blocks, _draw, blurred, coarse
from lab.data.datasets.random_images import RandomImages
from lab.data.prepare import divide, prepare
from lab.data.preprocessing import Preprocessing, Split
from lab.problem import ProblemError

SOURCES = [Photographs(patches=20), PhotoPatches(patches=20), InkMask(), RandomImages()]


def pair(source: Photographs, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """(inputs, targets), both images, in float64."""
    data = source.load(seed)
    assert data.targets is not None
    return data.inputs.astype(np.float64), data.targets.reshape(-1, *source.target_shape()).astype(np.float64)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: type(source).__name__)
def test_another_seed_gives_other_images(source: Any) -> None:
    assert (source.load(1).inputs != source.load(2).inputs).any()


# --- photographs


def test_the_photographs_are_scikit_learns() -> None:
    from sklearn.datasets import load_sample_image

    for name in ("china.jpg", "flower.jpg"):
        assert (wheel.read_photograph(name).transpose(1, 2, 0) == load_sample_image(name)).all()


def test_loading_photographs_does_not_import_scikit_learn() -> None:
    code = (
        "import sys; from lab.data.datasets.photographs import PhotoPatches; PhotoPatches().load(0);"
        "assert not {'sklearn', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_photograph_that_is_missing_or_broken_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ProblemError, match="pip install scikit-learn"):
        wheel.read_photograph("moon.jpg")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8 no photograph")
    monkeypatch.setattr(wheel, "_find", lambda *_: broken)
    with pytest.raises(ProblemError, match="cannot be read"):
        wheel.read_photograph("broken.jpg")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ProblemError, match="pip install pillow"):
        wheel.read_photograph("broken.jpg")


def test_noise_has_its_deviation_and_stays_within_0_and_1() -> None:
    inputs, targets = pair(Photographs(noise=0.05, patches=200))
    assert inputs.min() == 0.0
    assert inputs.max() == 1.0
    middle = (targets > 0.3) & (targets < 0.7)  # elsewhere some of it is cut off
    assert np.std((inputs - targets)[middle]) == pytest.approx(0.05, rel=0.02)
    assert np.mean((inputs - targets)[middle]) == pytest.approx(0.0, abs=1e-3)
    clean, same = pair(Photographs(noise=0.0, patches=20))
    assert (clean == same).all()


def test_blurring_agrees_with_scipy() -> None:
    from scipy.ndimage import gaussian_filter1d

    image = np.random.default_rng(1).random((2, 20, 30))
    wanted = gaussian_filter1d(gaussian_filter1d(image, 1.5, 1, radius=5), 1.5, 2, radius=5)
    np.testing.assert_allclose(blurred(image, 1.5), wanted, atol=1e-12)
    flat = np.full((1, 20, 20), 0.3)
    np.testing.assert_allclose(blurred(flat, 8.0), flat)  # wider than the image


def test_a_blurred_patch_lies_on_its_target() -> None:
    inputs, targets = pair(Photographs(task="deblur", blur=1.0, patches=40, size=48))
    inner = np.s_[:, :, 4:-4, 4:-4]
    again = np.stack([blurred(target, 1.0) for target in targets])
    np.testing.assert_allclose(inputs[inner], again[inner], atol=1e-4)


def test_grey_is_the_luma_of_the_colours() -> None:
    inputs, targets = pair(Photographs(task="colourise", patches=20))
    assert (inputs.shape[1], targets.shape[1]) == (1, 3)
    np.testing.assert_allclose(inputs[:, 0], np.tensordot(targets, LUMA, axes=(1, 0)), atol=1e-5)
    grey = pair(Photographs(grey=True, patches=20))[1]
    np.testing.assert_allclose(grey[:, 0], inputs[:, 0], atol=1e-5)


@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize("size", [32, 30, 17])
def test_super_resolution_starts_from_means_of_squares(factor: Literal[2, 4], size: int) -> None:
    inputs, targets = pair(Photographs(task="super-resolve", factor=factor, patches=20, size=size))
    for row in range(0, size, factor):
        for column in range(0, size, factor):
            square = np.s_[:, :, row : row + factor, column : column + factor]
            mean = targets[square].mean(axis=(2, 3), keepdims=True)
            np.testing.assert_allclose(inputs[square], np.broadcast_to(mean, inputs[square].shape), atol=1e-4)
    np.testing.assert_allclose(coarse(inputs[0], factor), inputs[0], atol=1e-4)


@pytest.mark.parametrize(("share", "side"), [(0.05, 2), (0.25, 8), (0.9, 29)])
def test_a_hole_is_a_square_of_zeros_and_the_rest_is_as_it_was(share: float, side: int) -> None:
    inputs, targets = pair(Photographs(task="inpaint", hole=share, patches=50))
    rows, columns = set(), set()
    for given_, wanted in zip(inputs, targets, strict=True):
        changed = (given_ != wanted).any(axis=0)
        assert (given_[:, changed] == 0).all()
        where = np.argwhere((given_ == 0).all(axis=0))
        assert len(where) >= side**2
        if changed.any():
            (top, left), (bottom, right) = np.argwhere(changed).min(0), np.argwhere(changed).max(0)
            assert max(bottom - top, right - left) < side
            rows.add(int(top))
            columns.add(int(left))
    assert side == 29 or min(len(rows), len(columns)) > 5


@settings(max_examples=30, deadline=None)
@given(size=st.integers(16, 128), seed=st.integers(0, 2**63), count=st.integers(20, 60))
def test_patches_lie_within_their_blocks_and_blocks_share_no_pixel(size: int, seed: int, count: int) -> None:
    blocks, of = _blocks(size)
    for block, top, left, _ in _draw(size, count, seed):
        _, height, width = blocks[block].shape
        assert 0 <= top <= height - size
        assert 0 <= left <= width - size
    for k, one in enumerate(blocks[:12]):
        assert not any(np.shares_memory(one, other) for other in blocks[k + 1 :])
    assert len({block.shape for block in blocks}) == 1
    assert np.bincount(of).tolist() == [len(blocks) // 2] * 2
    assert sum(block.shape[1] * block.shape[2] for block in blocks) > 0.9 * 2 * 427 * 640


@pytest.mark.parametrize("source", [Photographs(), PhotoPatches(), Photographs(size=128, patches=60)])
def test_no_block_is_in_two_parts(source: Photographs | PhotoPatches) -> None:
    prepared = prepare(source, Preprocessing(), Split(), 3)
    groups = prepared.dataset.groups
    assert groups is not None
    parts = [set(groups[p.indices].tolist()) for p in (prepared.training, prepared.validation, prepared.test)]
    assert all(parts)
    assert not parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2]
    assert len(prepared.training) == pytest.approx(0.7 * len(groups), rel=0.06)


def test_both_photographs_have_as_many_patches_in_every_part() -> None:
    prepared = prepare(PhotoPatches(), Preprocessing(), Split(), 1)
    for part in (prepared.training, prepared.validation, prepared.test):
        assert part.labels is not None
        assert np.mean(part.labels) == pytest.approx(0.5, abs=0.03)


def test_what_does_not_go_together_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Photographs(task="colourise", grey=True)
    (problem,) = source.problems()
    assert problem.mend == "Switch grey off, or choose another task"
    with pytest.raises(ProblemError, match="no colours to find"):
        source.load(0)
    monkeypatch.setattr(room, "memory_limit", lambda: 2**20)
    for large in (Photographs(size=128), PhotoPatches(), RandomImages(height=500, width=500)):
        with pytest.raises(ProblemError, match="and 1 MiB are the most") as caught:
            large.load(0)
        assert caught.value.problems == large.problems()
        assert caught.value.problems[0].mend.startswith("Take at most") or "smaller" in str(caught.value)


# --- groups


@settings(deadline=None)
@given(
    groups=st.lists(st.integers(-3, 12), min_size=10, max_size=120),
    classes=st.booleans(),
    seed=st.integers(0, 2**63),
)
def test_groups_are_shared_out_whole(groups: list[int], classes: bool, seed: int) -> None:
    array = np.array(groups, np.int64)
    labels = np.abs(array) % 2 if classes else None
    parts = divide(len(array), labels, Split(training=0.5, validation=0.25, test=0.25), seed, array)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(array)))
    held = [set(array[part].tolist()) for part in parts]
    assert len(held[0]) > 0
    assert sum(map(len, held)) == len(set(groups))
    for one, other in zip(
        parts, divide(len(array), labels, Split(0.5, 0.25, 0.25), seed, array), strict=True
    ):
        assert (one == other).all()


# --- ink


def test_ink_is_the_clean_digits_and_noise_and_clutter_lie_on_it() -> None:
    plain, noisy, full = (InkMask(noise=n, clutter=c).load(4) for n, c in ((0, 0), (0.3, 0), (0, 10)))
    digits = Digits(size=32).load(0).inputs[:-RESERVE] / 16
    assert (plain.inputs == digits).all()
    assert plain.targets is not None
    labels = pixel_labels(plain.targets.reshape(-1, 2, 32, 32))
    assert (labels == (digits[:, 0] >= 0.5)).all()
    for other in (noisy, full):
        assert other.targets is not None
        assert (other.targets == plain.targets).all()
    assert np.std(noisy.inputs - plain.inputs) == pytest.approx(0.3, rel=0.01)
    more = full.inputs - plain.inputs
    assert more.min() == 0
    assert full.inputs.max() == 1
    assert 0.01 < (more > 0).mean() < 10 * PIECE**2 / 32**2


# --- noise of any size


@settings(max_examples=30, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(1, 9)),
    target_shape=st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(1, 9)),
    examples=st.integers(2, 9),
    classes=st.integers(2, 12),
    target=st.sampled_from(["class", "image", "segmentation"]),
    seed=st.integers(0, 2**40),
)
def test_random_images_have_the_shapes_that_are_asked_for(
    shape: tuple[int, int, int],
    target_shape: tuple[int, int, int],
    examples: int,
    classes: int,
    target: Literal["class", "image", "segmentation"],
    seed: int,
) -> None:
    (c, h, w), (tc, th, tw) = shape, target_shape
    source = RandomImages(
        channels=c, height=h, width=w, examples=examples, target=target, number_of_classes=classes,
        target_channels=tc, target_height=th, target_width=tw,
    )  # fmt: skip
    data = source.load(seed)
    assert data.inputs.shape == (examples, c, h, w)
    assert 0 <= data.inputs.min() <= data.inputs.max() < 1
    if target == "class":
        assert data.labels is not None
        assert 0 <= data.labels.min() <= data.labels.max() < classes
        assert len(source.classes()) == source.outputs() == classes
    elif target == "image":
        assert data.targets is not None
        assert source.target_shape() == target_shape
        assert source.classes() == ()
        assert 0 <= data.targets.min() <= data.targets.max() < 1
    else:
        assert source.target_shape() == (classes, th, tw)
        assert data.targets is not None
        assert (data.targets.reshape(examples, classes, -1).sum(1) == 1).all()
    assert len(set(np.unique(data.inputs[:, 0, 0, 0]).tolist())) == examples


def test_published_sizes_can_be_had_and_gigabytes_cannot() -> None:
    alexnet = RandomImages(height=227, width=227, number_of_classes=1000)
    assert alexnet.load(0).shape == (3, 227, 227)
    assert len(alexnet.classes()) == 1000
    unet = RandomImages(
        channels=1, height=572, width=572, target="segmentation", number_of_classes=2,
        target_height=388, target_width=388,
    )  # fmt: skip
    assert unet.load(0).target_shape == (2, 388, 388)
    (problem,) = RandomImages(channels=4096, height=1024, width=1024).problems()
    assert "131,072 MiB" in problem.what
    assert problem.mend == "Make the images smaller"
    (problem,) = RandomImages(examples=10_000, height=227, width=227).problems()
    assert problem.mend.startswith("Take at most")


# --- datasets


def test_targets_that_do_not_fit_their_shape_are_a_bug() -> None:
    inputs, targets = np.zeros((2, 1, 3, 3), np.float32), np.zeros((2, 9), np.float32)
    assert Dataset("", inputs, None, targets, (), (), (1, 3, 3)).target_shape == (1, 3, 3)
    with pytest.raises(ValueError, match="targets that are images"):
        Dataset("", inputs, None, targets, (), (), (2, 3, 3))
    with pytest.raises(ValueError, match="targets that are images"):
        Dataset("", inputs, np.zeros(2, np.int64), None, ("a", "b"), (), (1, 3, 3))


def test_two_classes_in_one_channel_or_two() -> None:
    one = np.array([[[[0, 1, 1]]]], np.float32)
    two = np.concatenate([1 - one, one], axis=1)
    assert pixel_labels(one).tolist() == pixel_labels(two).tolist() == [[[0, 1, 1]]]
