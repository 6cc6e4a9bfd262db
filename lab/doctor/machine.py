"""The machine: where compiled kernels are kept, its BLAS, its memory and its disk."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from lab.doctor.check import Check
from lab.doctor.packages import check_packages, setting_up

ENOUGH_MEMORY = 1 << 30
ENOUGH_DISK = 1 << 29


def cache_folder() -> Path:
    """Where the compiled kernels are kept; lab.kernels asks in the same order."""
    if chosen := os.environ.get("DESCENT_CACHE_DIR"):
        return Path(chosen)
    try:
        from platformdirs import user_cache_dir
    except ImportError:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "descent"
    return Path(user_cache_dir("descent", appauthor=False))


def check_cache() -> Check:
    """Tried rather than asked: permissions do not tell of read-only file systems and quotas."""
    folder = cache_folder()
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            return Check("Kernel cache", "ok", f"Compiled kernels are kept in {folder}.")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    says = (
        f"{folder} cannot be written ({reason}); kernels are kept in a temporary folder until it is cleared."
    )
    command = "export DESCENT_CACHE_DIR=/a/folder/of/yours"
    return Check("Kernel cache", "warning", says, command=command)


def autosave_folder() -> Path:
    """Where the window keeps what a crash must not take; lab.training.recovery asks in the same way."""
    try:
        from platformdirs import user_state_path
    except ImportError:
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        return state / "descent" / "autosave"
    return user_state_path("descent", appauthor=False) / "autosave"


def check_autosave() -> Check:
    """Tried, like the cache."""
    folder = autosave_folder()
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            return Check("Autosaves", "ok", f"Documents are kept every half minute in {folder}.")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    says = f"{folder} cannot be written ({reason}), and after a crash there is nothing to return to; "
    says += "change its permissions."
    return Check("Autosaves", "warning", says)


def check_blas() -> Check:
    """The matrix product is the engine's speed: which one is it, and which core was it built for?"""
    name = "BLAS"
    try:
        import scipy.linalg.cython_blas  # noqa: F401  (loads the library that is then looked for)
        from threadpoolctl import threadpool_info
    except ImportError as error:
        says = f"SciPy's BLAS cannot be loaded: {error}."
        command = check_packages().mend or setting_up(["--force-reinstall", "scipy", "threadpoolctl"])
        return Check(name, "missing", says, command=command)
    found = [entry for entry in threadpool_info() if entry.get("user_api") == "blas"]
    own = [entry for entry in found if "scipy.libs" in str(entry.get("filepath"))] or found
    if not own:
        return Check(name, "ok", "SciPy uses the system's own BLAS.")
    kind, core = own[0].get("internal_api"), own[0].get("architecture") or "unnamed"
    says = f"{kind} {own[0].get('version')} with kernels for {core} cores"
    if str(core).lower() in ("prescott", "generic", "core2", "nehalem"):
        return Check(
            name, "warning", f"{says}, which is slow: the processor is old, or hides what it can do."
        )
    return Check(name, "ok", f"{says}.")


def _gigabytes(size: float) -> str:
    return f"{size / 2**30:.1f} GB"


def check_memory() -> Check:
    """What is free, of the machine and of the container it may be."""
    sizes = []
    try:
        said = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
        sizes += [int(said.group(1)) * 1024] if said else []
        group = Path("/sys/fs/cgroup")
        limit, used = (int((group / f"memory.{name}").read_text()) for name in ("max", "current"))
        sizes.append(limit - used)
    except (OSError, ValueError):
        pass  # no such file, or no limit ("max")
    if not sizes:
        return Check("Memory", "ok", "This system does not say how much is free.")
    if min(sizes) < ENOUGH_MEMORY:
        says = f"Only {_gigabytes(min(sizes))} are free; close other programs before training large networks."
        return Check("Memory", "warning", says)
    return Check("Memory", "ok", f"{_gigabytes(min(sizes))} are free.")


def check_disk() -> Check:
    folder = cache_folder()
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    if free < ENOUGH_DISK:
        says = f"Only {_gigabytes(free)} are free at {existing}; make room, so that files can be written."
        return Check("Disk", "warning", says)
    return Check("Disk", "ok", f"{_gigabytes(free)} are free at {existing}.")
