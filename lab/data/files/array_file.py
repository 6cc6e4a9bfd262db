"""Two NumPy arrays in an .npz file, measured before they are read and never unpickled."""

from __future__ import annotations

import lzma
import math
import os
import struct
import zipfile
import zlib
from tokenize import TokenError
from typing import Any, BinaryIO, ClassVar

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from lab.data.dataset import Dataset
from lab.data.files.own_file import (
    LARGEST_NUMBER,
    OwnFile,
    as_classes,
    check_classes,
    examine,
    expanded,
    memory_limit,
    refuse,
)

MOST_ENTRIES = 1000


class ArrayFile(OwnFile, frozen=True, tag="array_file", kw_only=True):
    """A file written by `numpy.savez` or `savez_compressed` with arrays x and y, one example a row.

    x: [N] or [N, F] plain features, [N, H, W] pictures, or [N, C, H, W]. y: whole numbers [N] or [N, 1] for
    classification (any: their order gives the classes), numbers [N] or [N, T] for regression.

    y may be pictures too, of x's size or another: numbers [N, H, W] or [N, C, H, W] for regression, and for
    classification a whole number for each pixel, [N, H, W].
    """

    title: ClassVar[str] = "Arrays (.npz)"
    summary: ClassVar[str] = "Your own features or pictures x and answers y, as NumPy saves them"

    def _read(self) -> Dataset:
        size = examine(self.path).st_size
        try:
            with expanded(self.path).open("rb") as stream:
                _check_directory(self.path, stream, size)
                with zipfile.ZipFile(stream) as archive:
                    x, y = (_array(self.path, archive, name) for name in "xy")
        except PermissionError:
            refuse(self.path, "this file may not be read", "Change its permissions, or choose another file")
        except (
            zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error,
            EOFError, OSError, ValueError, RuntimeError, NotImplementedError,
            KeyError, TypeError, OverflowError, SyntaxError, TokenError, MemoryError,
        ) as error:  # fmt: skip
            refuse(
                self.path,
                f"this is not an .npz file that can be read ({str(error)[:100] or type(error).__name__})",
                "Write it anew with numpy.savez(file, x=..., y=...)",
            )
        return self._dataset(x, y)

    def _dataset(self, x: NDArray[Any], y: NDArray[Any]) -> Dataset:
        if not 1 <= x.ndim <= 4:
            refuse(
                f"{self.path}, x", f"the shape {x.shape} has no meaning here", "Give [N, F] or [N, C, H, W]"
            )
        if not 1 <= y.ndim <= 4:
            what = f"the shape {y.shape} has no meaning here"
            refuse(f"{self.path}, y", what, "Give [N] or [N, T], or pictures [N, C, H, W]")
        if len(x) != len(y):
            refuse(self.path, f"x has {len(x):,} examples and y has {len(y):,}", "Give as many of both")
        if len(x) < 2:
            refuse(self.path, f"the number of examples is {len(x)}, too few", "Give two or more")
        if x.size == 0 or y.size == 0:
            refuse(
                self.path,
                f"there is nothing in arrays of shape {x.shape} and {y.shape}",
                "Leave no axis empty",
            )
        for name, values in (("x", x), ("y", y)):
            _check_numbers(f"{self.path}, {name}", values)

        if x.ndim == 3:
            x = x[:, None]
        inputs = np.ascontiguousarray(x.reshape(x.shape + (1,) * (4 - x.ndim)), np.float32)
        features = () if x.ndim == 4 else tuple(f"x{place}" for place in range(1, inputs.shape[1] + 1))
        name = expanded(self.path).name
        if self.task == "regression":
            targets = np.ascontiguousarray(y.reshape(len(y), -1), np.float32)
            shape = None if y.ndim < 3 else (*(1,) * (4 - y.ndim), *y.shape[1:])
            return Dataset(name, inputs, None, targets, (), features, shape)
        if y.ndim > 2:
            targets, classes, shape = self._pixel_classes(y)
            return Dataset(name, inputs, None, targets, classes, features, shape)
        if y.size != len(y):
            refuse(
                f"{self.path}, y",
                f"the shape {y.shape} is not one label each",
                "Give [N], or choose regression",
            )
        _check_whole(f"{self.path}, y", y.ravel())
        whole = y.ravel().astype(np.int64)
        labels, classes = as_classes(f"{self.path}, y", [str(label) for label in whole.tolist()])
        return Dataset(name, inputs, labels, None, classes, features)

    def _pixel_classes(
        self, y: NDArray[Any]
    ) -> tuple[NDArray[np.float32], tuple[str, ...], tuple[int, int, int]]:
        """(targets, classes, target_shape) of labels [N, H, W], or [N, 1, H, W], a channel a class."""
        where = f"{self.path}, y"
        if y.ndim == 4:
            if y.shape[1] != 1:
                what = f"the shape {y.shape} is not one label for each pixel"
                refuse(where, what, "Give [N, H, W], or choose regression")
            y = y[:, 0]
        _check_whole(where, y)
        found = np.unique(y)
        check_classes(where, len(found), int(found[0]))
        needed, most = 4 * len(found) * y.size, memory_limit()
        if needed > most:
            refuse(
                where,
                f"a channel for each of {len(found)} classes takes {needed / 2**20:,.0f} MiB,"
                f" and {most // 2**20} MiB are the most",
                "Save fewer examples, smaller ones, or fewer classes",
            )
        targets = np.empty((len(y), len(found), *y.shape[1:]), np.float32)
        for channel, label in enumerate(found):
            targets[:, channel] = y == label
        height, width = y.shape[1:]
        names = tuple(str(int(label)) for label in found)
        return targets.reshape(len(y), -1), names, (len(found), height, width)


def _check_directory(path: str, stream: BinaryIO, size: int) -> None:
    """Refuses a zip whose directory is itself too large to read: `zipfile` would take all of it in.

    The record at the file's end says how many entries there are and how long their directory is (APPNOTE
    4.3.16). One of 64 bits says so elsewhere; no file of a size that is allowed here needs it.
    """
    stream.seek(max(0, size - 2**16 - 22))
    tail = stream.read()
    stream.seek(0, os.SEEK_SET)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        refuse(
            path,
            "this is not an .npz file, or its end is missing",
            "Write it with numpy.savez(file, x=..., y=...)",
        )
    entries, length = struct.unpack_from("<HI", tail, at + 10)
    if entries > MOST_ENTRIES or length > 2**20 or b"PK\x06\x07" in tail[max(0, at - 20) : at]:
        refuse(path, f"its directory lists more than {MOST_ENTRIES} arrays", "Save x and y alone")


def _array(path: str, archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """The array of this name. Its size is taken from its header, and checked, before its memory is."""
    where = f"{path}, {name}"
    try:
        entry = archive.getinfo(f"{name}.npy")
    except KeyError:
        held = ", ".join(found.removesuffix(".npy") for found in archive.namelist()[:8]) or "nothing"
        refuse(
            path, f"there is no array '{name}', but {held[:200]}", "Save the arrays under the names x and y"
        )
    with archive.open(entry) as stream:
        version = npy.read_magic(stream)
        if version == (1, 0):
            shape, _, kind = npy.read_array_header_1_0(stream)
        elif version == (2, 0):
            shape, _, kind = npy.read_array_header_2_0(stream)
        else:
            refuse(where, f"its format is {version[0]}.{version[1]}", "Save plain numbers")
        header = stream.tell()
    if kind.hasobject:
        refuse(where, "it holds pickled Python objects, which are never read", "Save plain numbers")
    if kind.kind not in "biuf" or kind.itemsize > 8:
        refuse(where, f"its elements are of type {kind}", "Save whole or decimal numbers")
    if any(length < 0 for length in shape):
        refuse(where, f"its shape is {shape}", "Write the file anew")
    count = math.prod(shape)
    most = memory_limit()
    if count * max(kind.itemsize, 4) > most:
        refuse(
            where,
            f"an array of shape {shape} takes {count * max(kind.itemsize, 4) / 2**20:,.0f} MiB,"
            f" and {most // 2**20} MiB are the most",
            "Save fewer examples, or smaller ones",
        )
    if header + count * kind.itemsize != entry.file_size:
        refuse(where, "its header does not fit its length", "Write the file anew")
    with archive.open(entry) as stream:
        values: NDArray[Any] = npy.read_array(stream, allow_pickle=False)
    return values


def _check_whole(where: str, y: NDArray[Any]) -> None:
    """Refuses labels that are not whole numbers, naming the first."""
    if y.dtype.kind != "f":
        return
    broken = y != np.floor(y)
    if broken.any():
        place = tuple(int(i) for i in np.unravel_index(int(np.argmax(broken)), y.shape))
        refuse(
            f"{where}[{', '.join(map(str, place))}]",
            f"the label {y[place]} is not a whole number",
            "Choose regression, or number the classes",
        )


def _check_numbers(where: str, values: NDArray[Any]) -> None:
    """Refuses what is not finite or too large to compute with, naming the first such place."""
    if values.dtype.kind in "biu":
        if values.dtype != np.uint64 or int(values.max()) < 2**63:
            return
        refuse(where, "there are whole numbers of 2^63 and more", "Save smaller ones")
    good = np.abs(values) <= np.float64(LARGEST_NUMBER)  # False for NaN; a float16 could not hold the limit
    if not good.all():
        place = tuple(int(i) for i in np.unravel_index(int(np.argmin(good)), values.shape))
        refuse(
            f"{where}[{', '.join(map(str, place))}]",
            f"{values[place]} is not a finite number of usable size",
            "Mend it, or leave out the example",
        )
