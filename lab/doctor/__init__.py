"""Whether this machine has what Descent needs; if not, what is missing and the command that mends it.

Imports the standard library alone, and runs on Pythons that Descent itself does not: it must be able to speak
when nothing else can.
"""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

from lab.doctor.check import ROOT, Check, apt_command
from lab.doctor.display import check_display, has_display
from lab.doctor.libraries import (
    OFFSCREEN,
    OPENMP,
    WAYLAND,
    X11,
    check_fonts,
    check_openmp,
    check_qt,
    check_window,
)
from lab.doctor.machine import check_autosave, check_blas, check_cache, check_disk, check_memory
from lab.doctor.mending import repair
from lab.doctor.packages import check_packages, check_python

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Check",
    "check_python",
    "examine",
    "explain",
    "has_display",
    "main",
    "missing_for_offscreen",
    "missing_for_window",
    "repair",
    "report",
    "sentence",
]

CHECKS = (
    check_python,
    check_packages,
    check_qt,
    check_window,
    check_display,
    check_fonts,
    check_cache,
    check_autosave,
    check_openmp,
    check_blas,
    check_memory,
    check_disk,
)
FOR_A_WINDOW = {check_window}  # looked at only where there is a display, or when asked


def examine(window: bool | None = None) -> list[Check]:
    """All checks; those of a real window when `window`, or by default when there is a display."""
    wanted = has_display() if window is None else window
    return [check() for check in CHECKS if wanted or check not in FOR_A_WINDOW]


def missing_for_offscreen() -> list[Check]:
    """What keeps Qt from drawing anything here; empty when nothing does. Milliseconds; loads no Qt."""
    return [check for check in (check_packages(), check_qt()) if check.state == "missing"]


def missing_for_window() -> list[Check]:
    """What keeps a real window from opening here, the display aside; empty when nothing does."""
    return missing_for_offscreen() + [check for check in (check_window(),) if check.state == "missing"]


def sentence(checks: Sequence[Check]) -> str:
    """One line for a person who wanted something else: what is missing, and the command that mends it."""
    packages = tuple(dict.fromkeys(package for check in checks for package in check.packages))
    commands = [check.command for check in checks if check.command and not check.packages]
    commands += [apt_command(packages)] if packages else []
    mending = " && ".join(dict.fromkeys(commands))
    return " ".join(check.says for check in checks) + (f" To mend it, run:  {mending}" if mending else "")


def report(checks: Sequence[Check]) -> str:
    """One aligned paragraph a check, its mending command on a line of its own, and a closing sentence."""
    width = max(len(check.name) for check in checks)
    columns = shutil.get_terminal_size().columns
    margin = " " * (2 + len("missing") + 2 + width + 2)
    lines = []
    for check in checks:
        head = f"  {check.state:7}  {check.name:{width}}  "
        lines += textwrap.wrap(check.says, max(columns, 72), initial_indent=head, subsequent_indent=margin)
        lines += [f"{margin}to mend it:  {check.mend}"] if check.mend and check.state != "ok" else []
    bad = [check.name for check in checks if check.state == "missing"]
    doubtful = [check.name for check in checks if check.state == "warning"]
    closing = f"Missing: {', '.join(bad)}." if bad else "Descent can run here."
    closing += f" Worth knowing: {', '.join(doubtful)}." if doubtful else ""
    if any(check.mend and check.state != "ok" for check in checks):
        closing += f" `{_this_command()} --fix` runs the commands above where it may."
    return "\n".join([*lines, "", closing])


def _this_command() -> str:
    """How a person calls the doctor here; in a source tree `descent` need not be on the PATH."""
    beside = (ROOT / "start").is_file() and not shutil.which("descent")
    return f"{shlex.quote(str(ROOT / 'start'))} doctor" if beside else "descent doctor"


def explain(error: ImportError) -> str | None:
    """A failed import as a sentence, when a package or a library is missing; None when it is a bug."""
    library = re.match(r"(\S+\.so[.\d]*): cannot open shared object file", str(error))
    if library:
        soname = library.group(1)
        package = {**OFFSCREEN, **X11, **WAYLAND, **OPENMP}.get(soname)
        mending = apt_command([package]) if package else f"{_this_command()} --fix"
        return f"The system library {soname} is missing. To mend it, run:  {mending}"
    name = (error.name or "").split(".")[0]
    if not name and (packages := check_packages()).state != "ok":  # some refuse each other's versions so
        return sentence([packages])
    if name in ("", "lab") or name in sys.stdlib_module_names:
        return None
    if isinstance(error, ModuleNotFoundError):
        mending = check_packages().mend or shlex.join([sys.executable, "-m", "pip", "install", name])
        return f"The Python package {name} is not installed. To mend it, run:  {mending}"
    lines = str(error).strip().splitlines() or ["no reason given"]
    return f"The Python package {name} does not load ({lines[0]}). To see why, run:  {_this_command()}"


def main(arguments: Sequence[str] | None = None) -> int:
    """`descent doctor`: 0 when nothing that Descent needs is missing."""
    parser = argparse.ArgumentParser(
        prog="descent doctor",
        description="Looks whether this machine has what Descent needs, and names the commands that mend it.",
        epilog="example:  descent doctor --fix",
    )
    parser.add_argument("--fix", action="store_true", help="run the mending commands, where this may")
    parser.add_argument("--window", action="store_true", help="look as if there were a display")
    parser.add_argument(
        "--libraries", action="store_true", help="only bring system libraries; quiet if all are here"
    )
    chosen = parser.parse_args(arguments)
    window = True if chosen.window else None
    if chosen.libraries:
        return _bring_libraries(has_display() if window is None else window)
    checks = examine(window)
    print(report(checks))
    if chosen.fix and any(check.mend and check.state != "ok" for check in checks):
        print()
        if repair(checks):
            return 1
        checks = examine(window)
        print(f"\n{report(checks)}")
    return int(any(check.state == "missing" for check in checks))


def _bring_libraries(window: bool) -> int:
    """For ./start and ./test: quiet where all is here; 1 where something that Qt needs cannot be brought."""
    looked = [check_qt, check_fonts, check_openmp, *([check_window] if window else [])]
    wrong = [check for check in (look() for look in looked) if check.state != "ok"]
    return repair(wrong) and int(any(check.state == "missing" for check in wrong))
