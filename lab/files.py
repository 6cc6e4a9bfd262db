"""Files on disk: measured before they are read, written beside their place and then renamed."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NoReturn

from lab.problem import Problem, ProblemError

_PACKAGE = Path(__file__).resolve().parent

_READING = {
    errno.ENOENT: ("there is no such file", "Check the name, or choose another file"),
    errno.ENOTDIR: ("there is no such file", "Check the name, or choose another file"),
    errno.EISDIR: ("this is a folder", "Choose a file in it"),
    errno.EACCES: ("this file may not be read", "Change its permissions, or choose another file"),
    errno.EPERM: ("this file may not be read", "Change its permissions, or choose another file"),
    errno.ENAMETOOLONG: ("this name is too long", "Choose another file"),
    errno.ELOOP: ("this link leads back to itself", "Choose another file"),
}
_WRITING = {
    errno.ENOENT: ("its folder does not exist", "Make the folder, or choose another place"),
    errno.ENOTDIR: ("a file is in the place of its folder", "Choose another place"),
    errno.EEXIST: ("a file of this name is in the way", "Choose another place"),
    errno.EISDIR: ("this is a folder", "Give the name of a file in it"),
    errno.EACCES: ("nothing may be written there", "Choose another place, or change its permissions"),
    errno.EPERM: ("nothing may be written there", "Choose another place, or change its permissions"),
    errno.EROFS: ("this disk is read-only", "Choose another place"),
    errno.ENOSPC: ("the disk is full", "Make room, or choose another place"),
    errno.EDQUOT: ("the disk quota is used up", "Make room, or choose another place"),
    errno.ENAMETOOLONG: ("this name is too long", "Give it a shorter one"),
    errno.ELOOP: ("this link leads back to itself", "Choose another place"),
}


def resource(*parts: str) -> Path:
    """A file that comes with Descent: `resource("presets", "lenet.json")`.

    Installed, resources/ lies in the package; in a source tree it lies beside it.
    """
    folder = _PACKAGE / "resources"
    return (folder if folder.is_dir() else _PACKAGE.parent / "resources").joinpath(*parts)


def read_bytes(path: Path, most: int) -> bytes:
    """The content of a plain file of at most `most` bytes; ProblemError says why it cannot be had."""
    check_size(path, most)
    try:
        with path.open("rb") as stream:
            return stream.read(most)
    except OSError as error:
        _refuse(path, error, _READING)


def check_size(path: Path, most: int) -> int:
    """The size of a plain file that is there, neither empty nor over `most` bytes. ProblemError otherwise."""
    size = plain_file(path).st_size
    if size > most:
        what = f"this file has {in_bytes(size)}, and {in_bytes(most)} is the most that is read here"
        raise ProblemError(Problem(str(path), what, "Choose another file"))
    return size


def plain_file(path: Path) -> os.stat_result:
    """The status of a plain file that is there and not empty. ProblemError otherwise.

    A pipe or a device is refused: reading it may never end.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        _refuse(path, error, _READING)
    if stat.S_ISDIR(status.st_mode):
        raise ProblemError(Problem(str(path), *_READING[errno.EISDIR]))
    if not stat.S_ISREG(status.st_mode):
        raise ProblemError(Problem(str(path), "this is not a plain file", "Choose a plain file"))
    if status.st_size == 0:
        raise ProblemError(Problem(str(path), "this file is empty", "Choose another file"))
    return status


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Whatever `write` puts into the stream, whole at `path` or not at all.

    It is written under a temporary name in the same folder and renamed when it is safe on the disk; what was
    at `path` before stays until then. OSErrors become ProblemErrors that name `path`.
    """
    place = writable_place(path)
    beside = place.with_name(f".descent-{secrets.token_hex(6)}.tmp")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                write(stream)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(beside, place)
        except BaseException:
            with suppress(OSError):
                beside.unlink()
            raise
    except OSError as error:
        _refuse(path, error, _WRITING)


def writable_place(path: Path) -> Path:
    """Where a file called `path` would really be written, links followed. ProblemError if it cannot be."""
    try:
        place = Path(os.path.realpath(path))
        if place.is_dir():
            raise ProblemError(Problem(str(path), *_WRITING[errno.EISDIR]))
        if place.exists() and not place.is_file():  # renaming onto /dev/null would replace the device
            raise ProblemError(Problem(str(path), "this is not a plain file", "Choose another name"))
        if not place.parent.is_dir():
            number = errno.ENOTDIR if place.parent.exists() else errno.ENOENT
            raise ProblemError(Problem(str(path), *_WRITING[number]))
    except (OSError, ValueError) as error:
        _refuse(path, error, _WRITING)
    return place


def writable_folder(path: Path) -> Path:
    """`path` as a folder, made if need be, in which a file can be written: tried, since permissions alone do
    not tell. ProblemError otherwise.
    """
    trial = path / f".descent-{secrets.token_hex(6)}.tmp"
    try:
        path.mkdir(parents=True, exist_ok=True)
        trial.touch()
        trial.unlink()
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) == errno.EEXIST:
            raise ProblemError(
                Problem(str(path), "this is a file, not a folder", "Choose another name")
            ) from None
        _refuse(path, error, _WRITING)
    return path


def in_bytes(count: float) -> str:
    """A size for a person: 812 bytes, 3.4 MB."""
    if count < 1000:
        return f"{count:.0f} bytes"
    units = ("kB", "MB", "GB", "TB", "PB", "EB")
    power = next((p for p in range(1, len(units)) if count < 999.5 * 1000**p), len(units))
    return f"{count / 1000**power:.3g} {units[power - 1]}"


def _refuse(path: Path, error: OSError | ValueError, words: dict[int, tuple[str, str]]) -> NoReturn:
    number = getattr(error, "errno", None)  # a ValueError has none: a NUL in the name
    what, mend = words.get(
        number or 0, (getattr(error, "strerror", None) or str(error), "Choose another place")
    )
    raise ProblemError(Problem(str(path), what[0].lower() + what[1:], mend)) from None
