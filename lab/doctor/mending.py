"""Running the commands that mend what the checks found, where this person may."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from lab.doctor.check import ROOT, Check, apt_command, is_root

if TYPE_CHECKING:
    from collections.abc import Sequence


def _authority() -> list[str] | None:
    """The words that let apt-get run here; None where it may not."""
    if not shutil.which("apt-get"):
        return None
    if is_root():
        return []
    if not shutil.which("sudo"):
        return None
    silence = ["env", "DEBIAN_FRONTEND=noninteractive"]  # sudo hands no environment on
    quiet = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    if quiet:
        return ["sudo", "-n", *silence]
    return ["sudo", *silence] if sys.stdin.isatty() else None  # it asks for the password


def _runs(command: Sequence[str]) -> bool:
    """Runs a command without input; of its output only the end is shown, and only when it fails."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
        check=False,
    )
    if done.returncode:
        print("\n".join(done.stdout.splitlines()[-4:]), file=sys.stderr)
    return done.returncode == 0


def _repair_packages(packages: Sequence[str]) -> bool:
    command, authority = apt_command(packages), _authority()
    if authority is None:
        print(f"Drawing needs what only root may install here. Run:  {command}", file=sys.stderr)
        return False
    print(f"Installing {' '.join(packages)} with apt-get (a minute or so).", file=sys.stderr)
    _runs([*authority, "apt-get", "-q", "update"])  # a source that fails may not be the one that is needed
    install = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", "install", "-y", "--no-install-recommends"]
    if not _runs([*authority, *install, *packages]):
        print(f"apt-get did not succeed. Check the network, then run:  {command}", file=sys.stderr)
        return False
    return True


def repair(checks: Sequence[Check]) -> int:
    """Runs the commands that mend these checks where it may, otherwise says them; 0 when all ran well."""
    wrong = [check for check in checks if check.state != "ok" and check.mend]
    packages = list(dict.fromkeys(package for check in wrong for package in check.packages))
    done = [_repair_packages(packages)] if packages else []
    for command in dict.fromkeys(check.command for check in wrong if check.command and not check.packages):
        words = shlex.split(command)
        if words[0] not in (sys.executable, str(ROOT / "start")):  # a setting of the person's own shell
            print(f"Only you can do this. Run:  {command}", file=sys.stderr)
            done.append(False)
            continue
        print(f"Running {command}", file=sys.stderr)
        done.append(_runs(words))
    return 0 if all(done) else 1
