"""The members of a document's zip: nothing is unpickled, and no more memory is taken than the file is long.

What a directory says of sizes may be a lie. Arrays must therefore lie in the file as they are, uncompressed, and all
of them together may not be larger than the file; the one text is read up to a limit, however it is compressed.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from lab.problem import Problem, ProblemError

MOST_DIRECTORY = 8 << 20
"""Bytes of the zip's directory; a document of eight long runs has less than one MB."""
HEADER = 4 << 20
"""Bytes that a member may have beyond its numbers: names, shapes, alignment."""
DTYPES: dict[str, type[np.generic]] = {"F32": np.float32, "F64": np.float64, "I64": np.int64}
MADE = (1980, 1, 1, 0, 0, 0)
"""The time in the zip: the same document gives the same bytes."""

Arrays = dict[str, NDArray[Any]]


def write_text(archive: zipfile.ZipFile, name: str, text: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, MADE), text, zipfile.ZIP_DEFLATED)


def write_arrays(archive: zipfile.ZipFile, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    # the library takes an array's memory as it lies
    whole = {key: np.ascontiguousarray(values) for key, values in arrays.items()}
    text = safetensors.numpy.save(whole, metadata={"format": "pt"})  # two entries would lie in any order
    archive.writestr(zipfile.ZipInfo(name, MADE), text, zipfile.ZIP_STORED)


class Members:
    """The members of the zip in `stream`, a file of `size` bytes called `path`. ProblemError wherever it is damaged."""

    def __init__(self, path: Path, stream: BinaryIO, size: int) -> None:
        self._path, self._size = path, size
        careful = _Careful(stream)
        with self._damage_told():
            self._archive = zipfile.ZipFile(careful)
            careful.most = size
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in self._archive.infolist():
            if info.filename in self._members:
                self.refuse(f"“{info.filename[:80]}” is in it twice")
            self._members[info.filename] = info
        if sum(info.compress_size for info in self._members.values()) > size:
            self.refuse("it is damaged: its parts are longer than the file")

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def text(self, name: str, most: int) -> bytes:
        """A member of at most `most` bytes, whatever its size is said to be."""
        info = self._find(name)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            self.refuse(f"“{name}” is compressed in a way that is not read here")
        with self._damage_told(), self._archive.open(info) as member:
            text = member.read(most + 1)
        if len(text) > most:
            self.refuse(f"“{name}” is larger than any that Descent writes")
        return text

    def arrays(self, name: str, most: int) -> Arrays:
        """The arrays in a member of at most `most` bytes and a header, of the types that documents have."""
        info = self._find(name)
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            self.refuse(f"“{name}” is compressed, as Descent never does: another program has packed it again")
        if info.file_size > most + HEADER:
            self.refuse(f"“{name}” is larger than what it belongs to")
        with self._damage_told():
            with self._archive.open(info) as member:
                text = member.read()
            try:
                found = safetensors.deserialize(text)  # type: ignore[no-untyped-call]
            except safetensors.SafetensorError as error:
                self.refuse(f"“{name}” is damaged ({error})")
        arrays = {}
        for key, tensor in found:
            if tensor["dtype"] not in DTYPES:
                self.refuse(f"“{key[:80]}” in “{name}” holds {tensor['dtype']}, which documents do not")
            kind, shape = DTYPES[tensor["dtype"]], tuple(tensor["shape"])
            arrays[key] = (
                np.frombuffer(tensor["data"], kind).reshape(shape)
                if len(tensor["data"])
                else np.empty(shape, kind)
            )
        return arrays

    def refuse(self, what: str, mend: str = "Choose another file") -> NoReturn:
        raise ProblemError(Problem(str(self._path), what, mend)) from None

    def _find(self, name: str) -> zipfile.ZipInfo:
        if name not in self._members:
            self.refuse(f"“{name}” is missing in it")
        return self._members[name]

    @contextmanager
    def _damage_told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.refuse(f"it cannot be read ({error.strerror or error})")
        # RuntimeError: a password is wanted; NotImplementedError: a version of the format that nobody uses
        except (
            zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError,
            struct.error, ValueError, OverflowError,
        ) as error:  # fmt: skip
            self.refuse(f"it is damaged, or cut short ({error})" if str(error) else "it is cut short")


class _Careful:
    """A file that hands out no more than `most` bytes at once: the directory is read in one piece, as long as it says
    it is, and each of its entries becomes an object.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.most = MOST_DIRECTORY

    def read(self, count: int = -1) -> bytes:
        if count is not None and count > self.most:
            raise zipfile.BadZipFile("its directory is far too long")
        return self._stream.read(self.most if count is None or count < 0 else count)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True
