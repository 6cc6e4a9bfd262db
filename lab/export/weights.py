"""Weights as files: NumPy's .npz and .safetensors, neither of which can run anything when it is loaded."""

from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError
from typing import IO, BinaryIO, NoReturn

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from lab.files import check_size, in_bytes, write_atomically
from lab.problem import Problem, ProblemError

SUFFIXES = (".npz", ".safetensors")
HEADERS = 16_000_000
"""Bytes that a file may have beyond the numbers that are wanted of it: names, headers, a few other arrays."""
_LONGEST_HEADER = 10_000
_FLOATS = {"F16", "F32", "F64"}

Array = NDArray[np.float32]
Shapes = Mapping[str, tuple[int, ...]]


def save_weights(parameters: Mapping[str, Array], path: Path) -> None:
    """Writes the parameters under their names, in the format that the name of the file asks for."""
    if _suffix(path) == ".npz":
        arrays: dict[str, NDArray[np.generic]] = {**parameters}
        write_atomically(path, lambda stream: _write_npz(stream, arrays))
    else:
        # the library takes an array's memory as it lies
        whole = {name: np.ascontiguousarray(values) for name, values in parameters.items()}
        text = safetensors.numpy.save(whole, metadata={"format": "pt", "by": "descent"})
        write_atomically(path, lambda stream: stream.write(text))


def load_weights(path: Path, expected: Shapes) -> dict[str, Array]:
    """The parameters in the file, float32, in the order of `expected`, which says what shapes they must have.

    Numbers of 16 or 64 bits are converted. Sizes and headers are checked before memory is taken, and nothing
    is unpickled. ProblemError names the file and the first parameter that does not fit.
    """
    suffix = _suffix(path)
    room = 8 * sum(math.prod(shape) for shape in expected.values()) + HEADERS
    try:
        check_size(path, room)
    except ProblemError:
        check_size(path, 2**63)  # if it is not the size that is wrong, this says what is
        what = (
            f"with {in_bytes(path.stat().st_size)} this file is far larger than the weights of this network"
        )
        raise ProblemError(Problem(str(path), what, "Choose the file that belongs to it")) from None
    return _load_npz(path, expected) if suffix == ".npz" else _load_safetensors(path, expected)


def _write_npz(stream: BinaryIO, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    # np.savez takes names as keyword arguments, where "file" means something else
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(values), allow_pickle=False)


def _load_npz(path: Path, expected: Shapes) -> dict[str, Array]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            _check_names(path, members, expected)
            if odd := {info.compress_type for info in members.values()} - {
                zipfile.ZIP_STORED,
                zipfile.ZIP_DEFLATED,
            }:
                _refuse(path, f"it is compressed in a way that NumPy does not use (method {odd.pop()})")
            loaded = {}
            for name, shape in expected.items():
                with archive.open(members[name]) as member:
                    loaded[name] = _read_array(path, name, member, shape)
            return loaded
    except OSError as error:
        _refuse(path, f"it cannot be read ({error.strerror or error})")
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        struct.error,
    ) as error:
        # RuntimeError: a password is wanted; NotImplementedError: a version of the format that nobody uses
        _refuse(path, f"it is damaged, or no .npz file ({error})")


def _read_array(path: Path, name: str, member: IO[bytes], shape: tuple[int, ...]) -> Array:
    """One member of the archive, with no more taken from it than its shape allows."""
    # NumPy would take as much memory for a header as the file says it has
    start = io.BytesIO(member.read(_LONGEST_HEADER))
    try:
        version = np.lib.format.read_magic(start)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[
            version
        ]
        found, columns_first, dtype = read(start, max_header_size=_LONGEST_HEADER)
    except (ValueError, KeyError, TypeError, SyntaxError, TokenError, RecursionError, MemoryError):
        _refuse(path, f"“{name}” is damaged: its header cannot be read")
    if dtype.hasobject:
        _refuse(path, f"“{name}” holds Python objects, which are never loaded", "Save plain numbers")
    if dtype.kind != "f" or dtype.itemsize > 8:
        _refuse(
            path,
            f"“{name}” holds {dtype}, not floating-point numbers of 16, 32 or 64 bits",
            "Save them as float32",
        )
    _check_shape(path, name, found, shape)
    wanted = math.prod(shape) * dtype.itemsize
    content = start.read()
    content += member.read(max(0, wanted - len(content)))
    if len(content) != wanted or member.read(1):
        _refuse(path, f"“{name}” is damaged: it does not have as many numbers as its header says")
    values = np.frombuffer(content, dtype).reshape(shape, order="F" if columns_first else "C")
    return _as_float32(path, name, values)


def _load_safetensors(path: Path, expected: Shapes) -> dict[str, Array]:
    try:
        # the library checks the header against the file's size and maps the file, so nothing is taken yet
        with safetensors.safe_open(path, framework="numpy") as file:
            _check_names(path, dict.fromkeys(file.keys()), expected)
            for name, shape in expected.items():
                part = file.get_slice(name)
                if part.get_dtype() not in _FLOATS:
                    what = (
                        f"“{name}” holds {part.get_dtype()}, not floating-point numbers of 16, 32 or 64 bits"
                    )
                    _refuse(path, what, "Save them as float32")
                _check_shape(path, name, tuple(part.get_shape()), shape)
            return {name: _as_float32(path, name, file.get_tensor(name)) for name in expected}
    except OSError as error:
        _refuse(path, f"it cannot be read ({error.strerror or error})")
    except (safetensors.SafetensorError, ValueError) as error:  # ValueError: a name that is not UTF-8
        _refuse(path, f"it is damaged, or no .safetensors file ({error})")


def _check_names(path: Path, found: Mapping[str, object], expected: Shapes) -> None:
    for name in expected:
        if name not in found:
            others = f"; the file begins with {_listed(found)}" if found else ""
            _refuse(path, f"it has no “{name}”, which the network has{others}", _OTHER)
    for name in found:
        if name not in expected:
            _refuse(path, f"it has “{name[:80]}”, which the network does not have", _OTHER)


_OTHER = "Choose the file that belongs to this network, or change the network"


def _listed(names: Mapping[str, object]) -> str:
    return ", ".join(f"“{name[:80]}”" for name in list(names)[:3])


def _check_shape(path: Path, name: str, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if tuple(found) != tuple(expected):
        _refuse(path, f"“{name}” is {_times(found)}, and {_times(expected)} in the network", _OTHER)


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "a single number"


def _as_float32(path: Path, name: str, values: NDArray[np.generic]) -> Array:
    with np.errstate(over="ignore"):
        numbers = np.array(values, np.float32, order="C")
    if not np.isfinite(numbers).all():
        _refuse(
            path,
            f"“{name}” has numbers that are not finite, or too large",
            "Choose weights from before they diverged",
        )
    return numbers


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        what = f"weights are kept in {' or '.join(SUFFIXES)} files"
        raise ProblemError(Problem(str(path), what, "Give the file such a name"))
    return suffix


def _refuse(path: Path, what: str, mend: str = "Choose another file") -> NoReturn:
    raise ProblemError(Problem(str(path), what, mend)) from None
