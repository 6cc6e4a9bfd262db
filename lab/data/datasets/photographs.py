"""Patches of two real photographs: to be mended, enlarged or coloured, or to be told apart.

Source: china.jpg by danielbuechele and flower.jpg by vultilion (both Flickr, CC BY 2.0), 427 x 640 pixels each, as
they ship with scikit-learn.

Each photograph is cut into blocks that do not overlap, about twice as wide as a patch. A patch lies within one
block, mirrored left to right or not, and whatever is done to it uses that block's pixels alone. The patches of a
block go to one part of the data together: training, validation and test share no pixel. They do share the
photographs' light and motifs, so an error on the test part is not one on photographs never seen.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, ClassVar, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.data import chance
from lab.data.dataset import Dataset
from lab.data.datasets.wheel import read_photograph
from lab.data.room import room_problem
from lab.data.source import DataSource
from lab.problem import Problem, ProblemError

NAMES = ("china", "flower")
LARGEST_BLOCK = 140
"""Side of a block at most: three rows of them in 427 pixels, so that there are blocks for all three parts."""
LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in a grey value: ITU-R Recommendation BT.601."""

Size = Annotated[
    int, msgspec.Meta(ge=16, le=128, title="Size", description="Height and width of a patch in pixels")
]
Patches = Annotated[
    int, msgspec.Meta(ge=20, le=20_000, title="Patches", description="How many patches are drawn")
]


class Photographs(DataSource, frozen=True, tag="photographs"):
    """A patch that something was done to, and the patch as it was: the answer is an image. Values 0 to 1.

    "denoise" adds normal noise and cuts what leaves 0 to 1; "deblur" blurs with a Gaussian, the block's edge
    mirrored; "colourise" takes the colours away; "super-resolve" averages squares of pixels and repeats each mean,
    so that input and target have one size; "inpaint" sets a square hole to 0, anywhere in the patch.
    """

    title: ClassVar[str] = "Photographs to mend"
    summary: ClassVar[str] = (
        "Patches of two real photographs: remove noise, sharpen, colour, enlarge or fill a hole; image to image"
    )

    task: Annotated[
        Literal["denoise", "deblur", "colourise", "super-resolve", "inpaint"],
        msgspec.Meta(title="Task", description="What was done to the patch that the network is to undo"),
    ] = "denoise"
    size: Size = 32
    patches: Patches = 1000
    grey: Annotated[
        bool,
        msgspec.Meta(title="Grey", description="One channel of grey values instead of red, green and blue"),
    ] = False
    noise: Annotated[
        float,
        msgspec.Meta(
            ge=0.0,
            le=1.0,
            title="Noise",
            description="Denoise: the standard deviation of the noise on each number",
        ),
    ] = 0.1
    blur: Annotated[
        float,
        msgspec.Meta(
            ge=0.1,
            le=8.0,
            title="Blur σ",
            description="Deblur: the standard deviation of the Gaussian, in pixels",
        ),
    ] = 1.5
    factor: Annotated[
        Literal[2, 4],
        msgspec.Meta(title="Factor", description="Super-resolve: how many pixels across become one"),
    ] = 2
    hole: Annotated[
        float,
        msgspec.Meta(
            ge=0.05,
            le=0.9,
            title="Hole",
            description="Inpaint: the side of the hole as a share of the patch's",
        ),
    ] = 0.25

    def load(self, seed: int) -> Dataset:
        if found := self.problems():
            raise ProblemError(*found)
        blocks, _ = _blocks(self.size)
        targets, inputs = (
            np.empty((self.patches, *shape), np.float32) for shape in (self.target_shape(), self.shape())
        )
        drawn = _draw(self.size, self.patches, seed)
        ready = [self._before_cutting(block) for block in blocks]
        for number, (block, top, left, mirrored) in enumerate(drawn):
            cut = np.s_[:, top : top + self.size, left : left + self.size]
            turn = np.s_[:, :, ::-1] if mirrored else np.s_[:, :, :]
            given, wanted = (image[cut][turn] for image in ready[block])
            targets[number] = rounded(wanted)
            inputs[number] = rounded(self._after_cutting(given, seed, number))
        return Dataset(
            name=self.title,
            inputs=inputs,
            labels=None,
            targets=targets.reshape(self.patches, -1),
            classes=(),
            features=(),
            target_shape=self.target_shape(),
            groups=np.array([block for block, *_ in drawn], np.int64),
        )

    def _before_cutting(self, block: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(given, wanted) images [C, h, w] of a whole block [3, h, w], as far as the whole block is needed."""
        wanted = _grey(block) if self.grey else block
        if self.task == "deblur":
            return blurred(wanted, self.blur), wanted
        return (_grey(block) if self.task == "colourise" else wanted), wanted

    def _after_cutting(self, patch: NDArray[np.float64], seed: int, number: int) -> NDArray[np.float64]:
        """What is done to patch `number` [C, size, size] by itself."""
        if self.task == "denoise":
            noise = chance.normal(seed, f"noise {number}", patch.size).reshape(patch.shape)
            return np.clip(patch + self.noise * noise, 0.0, 1.0)
        if self.task == "super-resolve":
            return coarse(patch, self.factor)
        if self.task == "inpaint":
            side = max(1, round(self.hole * self.size))
            place = chance.uniform(seed, f"hole {number}", 2, 0.0, self.size - side + 1)
            top, left = place.astype(np.int64)
            patch = patch.copy()
            patch[:, top : top + side, left : left + side] = 0.0
        return patch

    def shape(self) -> tuple[int, int, int]:
        return 1 if self.grey or self.task == "colourise" else 3, self.size, self.size

    def target_shape(self) -> tuple[int, int, int]:
        return 1 if self.grey else 3, self.size, self.size

    def problems(self) -> tuple[Problem, ...]:
        found = []
        if self.grey and self.task == "colourise":
            what = "a photograph in grey has no colours to find"
            found.append(Problem(self.title, what, "Switch grey off, or choose another task"))
        if large := room_problem(f"{self.title}, patches", self.patches, self.shape(), self.target_shape()):
            found.append(large)
        return tuple(found)


class PhotoPatches(DataSource, frozen=True, tag="photo_patches"):
    """Which of the two photographs is this patch from? A small problem in colour, with few errors to be made.

    It stands in for CIFAR-10, which is not shipped: networks made for its 3 x 32 x 32 pixels, as ConvNetJS's, run
    on it with two classes in place of ten. Values 0 to 1; both photographs have the same number of patches (one
    more of the first where the number is odd), in turn.
    """

    title: ClassVar[str] = "Photograph of a patch"
    summary: ClassVar[str] = (
        "32×32 colour patches of two real photographs, to be told apart; stands in for CIFAR-10, which is not shipped"
    )

    size: Size = 32
    patches: Patches = 1000

    def load(self, seed: int) -> Dataset:
        if found := self.problems():
            raise ProblemError(*found)
        blocks, photograph = _blocks(self.size)
        inputs = np.empty((self.patches, *self.shape()), np.float32)
        drawn = _draw(self.size, self.patches, seed)
        for number, (block, top, left, mirrored) in enumerate(drawn):
            patch = blocks[block][:, top : top + self.size, left : left + self.size]
            inputs[number] = patch[:, :, ::-1] if mirrored else patch
        group = np.array([block for block, *_ in drawn], np.int64)
        return Dataset(self.title, inputs, photograph[group], None, self.classes(), features=(), groups=group)

    def shape(self) -> tuple[int, int, int]:
        return 3, self.size, self.size

    def classes(self) -> tuple[str, ...]:
        return NAMES

    def problems(self) -> tuple[Problem, ...]:
        large = room_problem(f"{self.title}, patches", self.patches, self.shape())
        return (large,) if large else ()


@lru_cache(maxsize=4)
def _blocks(size: int) -> tuple[tuple[NDArray[np.float64], ...], NDArray[np.int64]]:
    """(blocks, photographs): images [3, h, w] in 0..1 with no pixel in common, and the photograph each is of.

    The two photographs in turn. The few pixels that are left over when rows and columns are shared out evenly are
    not used.
    """
    side = min(2 * size, LARGEST_BLOCK)
    photographs = [read_photograph(f"{name}.jpg") / 255.0 for name in NAMES]
    blocks, of = [], []
    rows, columns = (min(photo.shape[axis] for photo in photographs) // side for axis in (1, 2))
    for row in range(rows):
        for column in range(columns):
            for number, photo in enumerate(photographs):
                h, w = photo.shape[1] // rows, photo.shape[2] // columns
                block = photo[:, row * h : (row + 1) * h, column * w : (column + 1) * w]
                block.setflags(write=False)
                blocks.append(block)
                of.append(number)
    return tuple(blocks), np.array(of, np.int64)


def _draw(size: int, count: int, seed: int) -> list[tuple[int, int, int, bool]]:
    """`count` patches: (block, top row, left column, whether mirrored). Every block has its turn."""
    blocks, _ = _blocks(size)
    turn = chance.order(seed, "blocks", len(blocks) // 2)  # pairs of blocks, one of each photograph
    number = np.arange(count)
    block = 2 * turn[number // 2 % len(turn)] + number % 2
    place = chance.uniform(seed, "place", 2 * count).reshape(2, count)
    mirrored = chance.uniform(seed, "mirror", count) < 0.5
    drawn = []
    for k, b in enumerate(block.tolist()):
        _, h, w = blocks[b].shape
        top, left = int(place[0, k] * (h - size + 1)), int(place[1, k] * (w - size + 1))
        drawn.append((b, top, left, bool(mirrored[k])))
    return drawn


def rounded(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """At 65,536 levels from 0 to 1, of which every eight-bit value is one: no machine's rounding shows."""
    return np.rint(image * 65535.0) / 65535.0


def _grey(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """[3, h, w] -> [1, h, w]."""
    grey: NDArray[np.float64] = np.tensordot(LUMA, image, axes=1)[None]
    return grey


def blurred(image: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """[C, h, w] under a Gaussian of deviation `sigma` pixels, cut off at 3 sigma; the border is mirrored."""
    reach = max(1, int(np.ceil(3.0 * sigma)))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    for axis in (1, 2):
        border = [(reach, reach) if a == axis else (0, 0) for a in range(3)]
        wide = np.pad(image, border, mode="symmetric")
        near = np.lib.stride_tricks.sliding_window_view(wide, len(weights), axis)
        image = np.asarray(near @ weights)
    return image


def coarse(image: NDArray[np.float64], factor: int) -> NDArray[np.float64]:
    """[C, n, n] with every square of factor x factor pixels at its mean; squares at the far edges may be smaller."""
    square = np.arange(image.shape[-1]) // factor
    same = (square[:, None] == square).astype(np.float64)
    mean = same / same.sum(axis=1, keepdims=True)
    means: NDArray[np.float64] = mean @ image @ mean.T
    return means
