"""The table of datasets: a new one is a file beside this and a line in each of the two lists."""

from __future__ import annotations

from lab.data.datasets.digits import Digits
from lab.data.datasets.heights import Plane, Waves
from lab.data.datasets.ink_mask import InkMask
from lab.data.datasets.iris import Iris
from lab.data.datasets.linear import LinearCases, LinearCloud
from lab.data.datasets.photographs import Photographs, PhotoPatches
from lab.data.datasets.points import Points
from lab.data.datasets.random_images import RandomImages
from lab.data.datasets.tilts import Tilts
from lab.data.datasets.two_classes import XOR, Gaussians, Rings, Spiral
from lab.data.datasets.worked_example import WorkedExample
from lab.data.files import ArrayFile, TableFile
from lab.data.source import DataSource

DATASETS: tuple[type[DataSource], ...] = (
    Digits, Iris, XOR, Rings, Spiral, Gaussians, Plane, Waves, Points, LinearCases, LinearCloud,
    PhotoPatches, Photographs, InkMask, RandomImages, Tilts, WorkedExample,
)  # fmt: skip
"""The built-in ones, in the order of the window's list. Each is ready for use with its defaults."""

OWN_FILES: tuple[type[DataSource], ...] = (TableFile, ArrayFile)
"""The user's own. Each needs a path."""

AnyDataSource = (
    Digits | Iris | XOR | Rings | Spiral | Gaussians | Plane | Waves | Points | LinearCases | LinearCloud
    | PhotoPatches | Photographs | InkMask | RandomImages | Tilts | WorkedExample
    | TableFile | ArrayFile
)  # fmt: skip
"""What an experiment's file may hold under "data", told apart by the key "dataset"."""
