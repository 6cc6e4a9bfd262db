"""Autosaves: where they lie, whose they are, and which were left behind by a process that is gone.

A process writes `<its id>-<when it began>.descent` and, beside it, a few words about it as JSON. An orderly end takes
both away; what is there although its process is not was left by a crash.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
from platformdirs import user_state_path

from lab.files import read_bytes, writable_folder, write_atomically
from lab.problem import Problem, ProblemError
from lab.training.archive import IN_AN_AUTOSAVE, Archive, condensed
from lab.training.archive_file import SUFFIX, save_archive
from lab.value import from_json, to_json

MOST_WORDS = 100_000
BROKEN = ".broken"
OLD = 600
"""Seconds after which a half-written file has nobody who still writes it."""


class About(msgspec.Struct, frozen=True):
    """What an autosave holds, to be shown before it is read. `at` is in seconds since 1970, `path` may be empty."""

    name: str
    path: str
    at: float
    step: int
    runs: int


@dataclass(frozen=True)
class LeftBehind:
    """An autosave whose process is gone; `about` is None where its words were lost."""

    file: Path
    about: About | None

    @property
    def name(self) -> str:
        return self.about.name if self.about else "A document"

    @property
    def at(self) -> float:
        """When it was written, in seconds since 1970."""
        try:
            return self.about.at if self.about else self.file.stat().st_mtime
        except OSError:
            return time.time()

    @property
    def original(self) -> Path | None:
        """The file that it was opened from or saved to last."""
        return Path(self.about.path) if self.about and self.about.path else None


def autosave_folder() -> Path:
    """Where autosaves lie by default; `descent doctor` says it too."""
    return user_state_path("descent", appauthor=False) / "autosave"


class Place:
    """Where this process keeps its one autosave. Its methods may be called from any thread, one at a time."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / f"{os.getpid()}-{began(os.getpid()) or 0}{SUFFIX}"

    def write(self, archive: Archive, original: Path | None) -> None:
        """Keep this document, in place of what was kept. ProblemError where it cannot be written."""
        records = tuple(condensed(record, IN_AN_AUTOSAVE) for record in archive.records)
        active = archive.active_record
        about = About(
            name=archive.name,
            path=str(original.absolute()) if original else "",
            at=time.time(),
            step=active.step if active else 0,
            runs=max(1, len(records)),
        )
        writable_folder(self.file.parent)
        kept = Archive(
            archive.draft, records, archive.active, archive.layout, archive.breakpoints, archive.quantities
        )
        save_archive(kept, self.file)
        write_atomically(_words(self.file), lambda stream: stream.write(to_json(about)))

    def clear(self) -> None:
        """There is nothing to be kept."""
        _delete(self.file)


def left_behind(folder: Path) -> tuple[LeftBehind, ...]:
    """Autosaves of processes that are gone, the newest first; half-written files of theirs are cleared away.

    Nothing here can keep the window from opening: what cannot be looked at is passed over.
    """
    try:
        names = [entry for entry in folder.iterdir() if entry.is_file()]
    except OSError:
        return ()
    for stray in names:
        if stray.suffix == ".tmp" and time.time() - _changed(stray) > OLD:
            _delete(stray)
    found = [
        LeftBehind(file, _about(file)) for file in names if file.suffix == SUFFIX and not _is_alive(file)
    ]
    return tuple(sorted(found, key=lambda left: left.at, reverse=True))


def discard(left: LeftBehind) -> None:
    """Forget an autosave."""
    _delete(left.file)


def set_aside(left: LeftBehind) -> Path:
    """Put an autosave that cannot be read where no start stumbles over it; the place. ProblemError if it stays."""
    aside = left.file.with_name(f"{left.file.name}{BROKEN}")
    try:
        os.replace(left.file, aside)
    except OSError as error:
        what = f"it cannot be moved ({error.strerror or error})"
        raise ProblemError(Problem(str(left.file), what, "Change the permissions of its folder")) from None
    _delete(left.file)
    return aside


def _is_alive(file: Path) -> bool:
    number, _, when = file.stem.partition("-")
    return number.isdecimal() and len(number) < 10 and (began(int(number)) or "") == when


def began(process: int) -> str | None:
    """When the process began, in digits that another of the same id does not share; None if there is none."""
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(0x1000, False, process)  # PROCESS_QUERY_LIMITED_INFORMATION
        if not handle:
            return None
        times = [ctypes.c_uint64() for _ in range(4)]  # creation, exit, kernel, user
        try:
            known = kernel.GetProcessTimes(handle, *map(ctypes.byref, times))
            return str(times[0].value) if known and not times[1].value else None
        finally:
            kernel.CloseHandle(handle)
    try:
        # the name, in parentheses, may have any character in it; field 22 is the time in ticks since the start
        return Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None if Path("/proc/self/stat").exists() else _began_by_ps(process)


def _began_by_ps(process: int) -> str | None:
    try:
        said = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(process)],
            capture_output=True,
            text=True,
            env={**os.environ, "LC_ALL": "C"},
            timeout=5,
            check=False,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return "0"  # nobody can tell: it is taken to be alive
    return "".join(c for c in said if c.isalnum()) or None


def _words(file: Path) -> Path:
    return file.with_suffix(".json")


def _about(file: Path) -> About | None:
    try:
        return from_json(read_bytes(_words(file), MOST_WORDS), About, str(file))
    except ProblemError:
        return None


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return time.time()


def _delete(file: Path) -> None:
    for each in (file, _words(file)):
        try:
            each.unlink(missing_ok=True)
        except OSError:
            return
