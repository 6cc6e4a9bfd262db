"""The one decorator of every kernel, and where compiled kernels are kept.

The cache folder is named by a hash of all kernel sources and of the compiler's version. Numba alone looks only
at the file a function stands in: a changed callee in another file would go unnoticed and the numbers would
silently be wrong.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding
import numba
import platformdirs

Function = Callable[..., Any]

KEEP_DAYS = 30


def sources() -> list[Path]:
    """Every file whose text decides what the kernels compute."""
    return sorted(Path(__file__).parent.glob("*.py"))


def fingerprint() -> str:
    """12 hexadecimal digits that change with any kernel, the compiler or the processor's family."""
    digest = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__} {platform.machine()}".encode())
    for source in sources():
        digest.update(source.name.encode() + source.read_bytes())
    if os.environ.get("NUMBA_BOUNDSCHECK"):
        digest.update(b"boundscheck")
    return digest.hexdigest()[:12]


def choose_cache_folder() -> Path:
    """The folder of this version's compiled kernels: the user's cache, or a temporary folder where that fails."""
    name = f"kernels-{fingerprint()}"
    if chosen := os.environ.get("DESCENT_CACHE_DIR"):
        roots = [Path(chosen)]
    else:
        roots = [Path(platformdirs.user_cache_dir("descent", appauthor=False))]
    roots.append(Path(tempfile.gettempdir()) / f"descent-{os.getuid() if hasattr(os, 'getuid') else 'cache'}")
    for root in roots:
        folder = root / name
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not _is_ours(folder):
                continue
            with tempfile.NamedTemporaryFile(dir=folder):
                pass
        except OSError:
            continue
        os.utime(folder)
        _forget_old(root, keep=name)
        return folder
    return Path(tempfile.mkdtemp(prefix="descent-kernels-"))


def _is_ours(folder: Path) -> bool:
    """Whether nobody else can have put a file there: what lies in the cache is run."""
    found = folder.stat()
    return not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)


def _forget_old(root: Path, keep: str) -> None:
    for folder in root.glob("kernels-*"):
        try:
            if folder.name != keep and time.time() - folder.stat().st_mtime > KEEP_DAYS * 86_400:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


CACHE_FOLDER = choose_cache_folder()
numba.config.CACHE_DIR = str(CACHE_FOLDER)

# Each option and why:
OPTIONS = {
    "cache": True,  # compile once per machine
    "nogil": True,  # the window goes on painting while a kernel runs
    "error_model": "numpy",  # a division by zero is an infinity, as in NumPy, and costs no branch
    # sums may be re-associated so that they use vector registers; "nnan" and "ninf" are left out, because
    # finding a loss that is not finite is a feature
    "fastmath": {"contract", "reassoc", "nsz", "arcp"},
}


def kernel(function: Function) -> Function:
    """Compile `function` at its first call with each new set of argument types."""
    return numba.njit(**OPTIONS)(function)


def inlined(function: Function) -> Function:
    """A kernel so small that a call would cost more than its body: always merged into its caller."""
    return numba.njit(inline="always", **OPTIONS)(function)


def parallel_kernel(function: Function) -> Function:
    """A kernel whose `prange` loops use several cores. Only the compute thread may enter one."""
    return numba.njit(parallel=True, **OPTIONS)(function)


class Linked:
    """A compiled function that is called through its address.

    Numba merges a kernel into each caller and optimises it there anew, at every level of a tree of calls. The
    tree is cut here: a linked function is compiled once, by itself, and only when it is first asked for. It
    returns nothing and raises nothing.

    Kernels call it by its address, or by its `symbol`, which is known once the address has been asked for: before
    any of them is compiled or loaded.
    """

    def __init__(
        self,
        function: Function,
        arguments: Callable[[numba.types.Float], tuple[Any, ...]],
        symbol: str | None = None,
    ) -> None:
        self.function = function
        self._arguments, self._symbol = arguments, symbol
        self._compiled: dict[str, Any] = {}

    def address(self, real: str) -> int:
        """Where the machine code for numbers of type `real`, "float32" or "float64", begins."""
        if real not in self._compiled:
            signature = numba.types.void(*self._arguments(getattr(numba.types, real)))
            options = {name: value for name, value in OPTIONS.items() if name != "nogil"}  # it never holds it
            compiled = numba.cfunc(signature, **options)(self.function)
            if self._symbol is not None:
                llvmlite.binding.add_symbol(f"descent_{self._symbol}_{real}", compiled.address)
            self._compiled[real] = compiled
        return int(self._compiled[real].address)
