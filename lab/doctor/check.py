"""What a check says, and the command that mends what it found."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

State = Literal["ok", "warning", "missing"]

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Check:
    """One thing looked at: `says` is a sentence; `packages` (Debian's) mend it, or else `command` does."""

    name: str
    state: State
    says: str
    packages: tuple[str, ...] = ()
    command: str | None = None

    @property
    def mend(self) -> str | None:
        """The command that mends it, as a person would type it."""
        return apt_command(self.packages) if self.packages else self.command


def is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def apt_command(packages: Sequence[str]) -> str:
    """What a person types to install Debian packages here."""
    install = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    if not shutil.which("apt-get"):
        return f"# with this system's package manager, what Debian calls {' '.join(packages)}"
    if is_root():
        return install
    return f"sudo {install}" if shutil.which("sudo") else f"su -c {shlex.quote(install)}"


def listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
