"""Python and the Python packages: which are asked for, and which are here."""

from __future__ import annotations

import importlib.metadata
import re
import shlex
import sys
from typing import TYPE_CHECKING

from lab.doctor.check import ROOT, Check, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PYTHON = ">=3.11,<3.15"  # pyproject.toml's requires-python; a test holds the two together


def requirements() -> list[str]:
    """The Python packages Descent asks for, as `name>=1,<2`: of the source tree, or of what is installed."""
    project = ROOT / "pyproject.toml"
    if project.is_file() and sys.version_info >= (3, 11):
        import tomllib

        entries = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    else:
        try:
            entries = importlib.metadata.requires("descent") or []
        except importlib.metadata.PackageNotFoundError:
            entries = []
    return [re.sub(r"\s", "", str(entry)) for entry in entries if "extra ==" not in str(entry)]


def within(version: str, bounds: str) -> bool:
    """Whether a version satisfies `>=1.2,<2`; of pre-releases only the leading numbers count."""
    tests: Mapping[str, Callable[[list[int], list[int]], bool]] = {
        ">=": lambda a, b: a >= b,
        "<=": lambda a, b: a <= b,
        "==": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        ">": lambda a, b: a > b,
        "<": lambda a, b: a < b,
    }

    def numbers(text: str) -> list[int]:
        release = re.match(r"[\d.]*", text)
        found = [int(part) for part in release.group().split(".") if part] if release else []
        return (found + [0] * 6)[:6]

    return all(
        tests[bound.group(1)](numbers(version), numbers(bound.group(2)))
        for bound in re.finditer(r"([<>=!]=|[<>])([^,]+)", bounds)
    )


def setting_up(entries: Sequence[str]) -> str:
    """In an environment of one's own pip mends it; otherwise the source tree's ./start makes one."""
    if (ROOT / "start").is_file() and (sys.prefix == sys.base_prefix or not entries):
        return shlex.join([str(ROOT / "start"), "doctor"])
    return shlex.join([sys.executable, "-m", "pip", "install", *(entries or ["descent"])])


def check_python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    if within(version, PYTHON):
        return Check("Python", "ok", f"Python {version} at {sys.executable}.")
    says = f"This is Python {version}, and Descent needs {PYTHON}."
    return Check("Python", "missing", says, command=setting_up([]) if (ROOT / "start").is_file() else None)


def check_packages() -> Check:
    """The Python packages, by name and version: they are not imported, so this takes milliseconds."""
    name, asked, absent, unfit = "Python packages", requirements(), [], []
    if not asked:
        return Check(name, "missing", "Descent is not installed in this Python.", command=setting_up([]))
    for entry in asked:
        found = re.match(r"([\w.-]+)(?:\[.*\])?([^;]*)", entry)
        assert found is not None  # what a package asks for begins with a name
        package, bounds = found.groups()
        try:
            version = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            absent.append(entry)
            continue
        if not within(version, bounds):
            unfit.append((entry, f"{package} is {version} and should be {bounds}"))
    if absent:
        verb = "is" if len(absent) == 1 else "are"
        names = listed([re.split(r"[<>=!;\[]", entry)[0] for entry in absent])
        return Check(name, "missing", f"{names} {verb} not installed.", command=setting_up(absent))
    if unfit:
        says = listed([text for _, text in unfit]) + "."
        return Check(name, "warning", says, command=setting_up([entry for entry, _ in unfit]))
    return Check(name, "ok", f"All {len(asked)} are here in fitting versions.")
