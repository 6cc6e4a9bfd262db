"""The doctor speaks when nothing else can: what is missing gets a name and a command, never a traceback."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lab import doctor
from lab.__main__ import main
from lab.doctor import Check, display, libraries, machine, packages

ROOT = Path(__file__).resolve().parents[1]
NOWHERE = {"libnowhere.so.7": "libnowhere7"}


def descent(
    *arguments: str, python: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """`descent` in a process of its own; `python=("-S",)` is a Python with no package installed."""
    return subprocess.run(
        [sys.executable, *python, "-m", "lab", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def in_process(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a stand-in program on an otherwise empty PATH; its calls are lines of the file `calls`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(name: str, status: int = 0, says: str = "") -> Path:
        calls = tmp_path / "calls"
        script = folder / name
        script.write_text(f'#!/bin/sh\necho "{name} $*" >> {calls}\necho "{says}"\nexit {status}\n')
        script.chmod(0o755)
        return calls

    return put


@pytest.fixture
def not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"):
        monkeypatch.delenv(name, raising=False)


# Missing libraries.


def test_a_missing_library_is_named_with_its_package_and_command(program, not_root, monkeypatch) -> None:
    program("apt-get")
    program("sudo")
    monkeypatch.setattr(libraries, "OFFSCREEN", {**libraries.OFFSCREEN, **NOWHERE})
    (check,) = [check for check in doctor.missing_for_offscreen() if check.name == "Qt's libraries"]
    assert check.state == "missing"
    assert "libnowhere.so.7" in check.says
    assert check.mend == "sudo apt-get install -y --no-install-recommends libnowhere7"


@pytest.mark.parametrize(
    ("programs", "root", "command"),
    [
        (["apt-get"], True, "apt-get install -y --no-install-recommends liba libb"),
        (["apt-get", "sudo"], False, "sudo apt-get install -y --no-install-recommends liba libb"),
        (["apt-get"], False, "su -c 'apt-get install -y --no-install-recommends liba libb'"),
        ([], True, "# with this system's package manager, what Debian calls liba libb"),
    ],
)
def test_the_command_is_one_that_works_here(programs, root, command, program, monkeypatch) -> None:
    for name in programs:
        program(name)
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    assert Check("x", "missing", "It is missing.", packages=("liba", "libb")).mend == command


def test_a_window_needs_more_than_a_picture(monkeypatch, no_display) -> None:
    monkeypatch.setattr(libraries, "X11", NOWHERE)
    assert [check.packages for check in doctor.missing_for_window()] == [("libnowhere7",)]
    assert doctor.missing_for_offscreen() == []


def test_where_there_is_only_wayland_its_libraries_are_asked_for(monkeypatch, no_display) -> None:
    monkeypatch.setattr(libraries, "WAYLAND", NOWHERE)
    assert libraries.check_window().state == "ok"
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert libraries.check_window().packages == ("libnowhere7",)


def test_every_library_that_qt_links_is_in_the_tables() -> None:
    """The tables are complete: what the dynamic linker wants from the system for Qt, they list or imply."""
    qt = pytest.importorskip("PySide6").__path__[0]
    always = {
        "linux-vdso",
        "ld-linux",
        "libc",
        "libm",
        "libdl",
        "libpthread",
        "librt",
        "libgcc_s",
        "libresolv",
    }
    for table, files in (
        (
            libraries.OFFSCREEN,
            ["QtWidgets.abi3.so", "QtSvg.abi3.so", "Qt/plugins/platforms/libqoffscreen.so"],
        ),
        ({**libraries.OFFSCREEN, **libraries.X11}, ["Qt/plugins/platforms/libqxcb.so"]),
    ):
        covered = set(_linked(doctor_sonames=table)) | set(table)
        for file in files:
            wanted = {
                line for line in _ldd(f"{qt}/{file}") if line.split(".so")[0].split("-x86")[0] not in always
            }
            assert wanted <= covered, f"{file} needs {wanted - covered}"


def _ldd(path: str) -> set[str]:
    """The sonames of the system that a file needs, directly or not; Qt's own, beside it, left out."""
    said = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in said.splitlines()]
    return {
        row[0].rsplit("/", 1)[-1] for row in rows if not any("PySide6" in w or "shiboken6" in w for w in row)
    }


def _linked(doctor_sonames: dict[str, str]) -> set[str]:
    """What the listed libraries bring with them."""
    cache = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    places = {line.split()[0]: line.split()[-1] for line in reversed(cache.splitlines()) if "=>" in line}
    return {name for soname in doctor_sonames for name in _ldd(places[soname])}


# Mending.


def test_fix_without_root_and_sudo_says_the_command_and_fails(
    program, not_root, no_display, monkeypatch, capsys
) -> None:
    calls = program("apt-get")
    monkeypatch.setattr(libraries, "OFFSCREEN", NOWHERE)
    assert main(["doctor", "--fix"]) == 1
    said = capsys.readouterr()
    assert "su -c 'apt-get install -y --no-install-recommends libnowhere7'" in said.err
    assert "root" in said.err
    assert "libnowhere.so.7" in said.out
    assert not calls.exists(), "it ran apt-get without the right to"


def test_fix_that_nobody_can_answer_asks_for_no_password(program, not_root, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    program("apt-get")
    calls = program("sudo", status=1)
    assert doctor.repair([Check("x", "missing", "It is missing.", packages=("liba",))]) == 1
    assert "sudo apt-get install -y --no-install-recommends liba" in capsys.readouterr().err
    assert calls.read_text() == "sudo -n true\n"


def test_fix_at_a_terminal_lets_sudo_ask(program, not_root, monkeypatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    program("apt-get")
    calls = program("sudo", status=1)
    doctor.repair([Check("x", "missing", "It is missing.", packages=("liba",))])
    asked = calls.read_text().splitlines()
    assert any(line.startswith("sudo env") and "apt-get" in line and line.endswith(" liba") for line in asked)


def test_fix_as_root_installs_all_packages_in_one_call(program, monkeypatch) -> None:
    calls = program("apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    wrong = [
        Check(n, "missing", "It is missing.", packages=p) for n, p in (("x", ("a", "b")), ("y", ("b", "c")))
    ]
    assert doctor.repair(wrong) == 0
    installs = [line for line in calls.read_text().splitlines() if " install " in line]
    assert len(installs) == 1
    assert installs[0].endswith("--no-install-recommends a b c")


def test_fix_reports_that_apt_failed_with_its_words(program, monkeypatch, capsys) -> None:
    program("apt-get", status=100, says="E: Unable to locate package a")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert doctor.repair([Check("x", "missing", "It is missing.", packages=("a",))]) == 1
    said = capsys.readouterr().err
    assert "E: Unable to locate package a" in said
    assert "did not succeed" in said


def test_fix_leaves_what_is_well_alone(program) -> None:
    calls = program("apt-get")
    assert (
        doctor.repair([Check("x", "ok", "It is here.", packages=("a",)), Check("y", "warning", "Old.")]) == 0
    )
    assert not calls.exists()


# The report.


def test_the_report_says_state_sentence_and_command_in_words(monkeypatch, program) -> None:
    program("apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    said = doctor.report(
        [
            Check("Python", "ok", "Python 3.11.2."),
            Check("Qt's libraries", "missing", "libEGL.so.1 is missing.", packages=("libegl1",)),
            Check("Display", "warning", "There is no screen."),
        ]
    )
    lines = said.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["ok", "missing"]
    assert lines[0].index("Python 3") == lines[1].index("libEGL"), "the columns are not aligned"
    assert lines[2].strip() == "to mend it:  apt-get install -y --no-install-recommends libegl1"
    assert "Missing: Qt's libraries. Worth knowing: Display." in lines[-1]
    assert "doctor --fix` runs the commands above" in lines[-1]


def test_this_machine_is_fit_to_run_the_tests() -> None:
    done = descent("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    for name in (
        "Python",
        "Python packages",
        "Qt's libraries",
        "Display",
        "Kernel cache",
        "BLAS",
        "Memory",
        "Disk",
    ):
        assert name in done.stdout
    assert "missing" not in done.stdout


def test_every_check_says_a_sentence() -> None:
    for check in doctor.examine(window=True):
        assert check.says.endswith("."), check
        assert check.state in ("ok", "warning", "missing")


# Missing or unfit Python packages.


def test_without_its_packages_the_doctor_still_speaks() -> None:
    done = descent("doctor", python=("-S",))
    assert done.returncode == 1
    assert "numpy" in done.stdout
    assert "PySide6-Essentials" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_command_without_its_packages_is_one_sentence() -> None:
    done = descent("presets", python=("-S",))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "is not installed" in done.stderr
    assert str(ROOT / "start") in done.stderr


def blocked(raising: str) -> str:
    """A program in which `lab.cli` fails to import like that."""
    return (
        "import sys, types; cli = types.ModuleType('lab.cli')\n"
        "def main(argv):\n"
        f"    raise {raising}\n"
        "cli.main = main; import lab; lab.cli = cli; sys.modules['lab.cli'] = cli\n"
        "from lab.__main__ import main; raise SystemExit(main(['presets']))"
    )


def test_a_missing_library_met_on_the_way_is_one_sentence() -> None:
    done = in_process(
        blocked(
            "ImportError('libEGL.so.1: cannot open shared object file: No such file', name='PySide6.QtGui')"
        )
    )
    assert done.returncode == 1
    assert "libEGL.so.1 is missing" in done.stderr
    assert "libegl1" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_package_that_vanished_from_the_environment_is_mended_by_pip(monkeypatch) -> None:
    monkeypatch.setattr(packages, "requirements", lambda: ["numpy>=2", "vanished>=1,<2"])
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    said = doctor.explain(ModuleNotFoundError("No module named 'vanished'", name="vanished.part"))
    assert said is not None
    assert "vanished is not installed" in said
    assert said.endswith("-m pip install 'vanished>=1,<2'")


def test_a_bug_keeps_its_traceback() -> None:
    done = in_process(
        blocked("""ImportError("cannot import name 'x' from 'lab.network'", name='lab.network')""")
    )
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_an_unfit_version_is_a_warning_with_the_bounds(monkeypatch) -> None:
    monkeypatch.setattr(packages, "requirements", lambda: ["numpy>=99,<100"])
    check = packages.check_packages()
    assert check.state == "warning"
    assert "should be >=99,<100" in check.says
    assert "numpy>=99,<100" in str(check.mend)


@pytest.mark.parametrize(
    ("version", "bounds", "fits"),
    [
        ("2.4.6", ">=2.1,<2.5", True),
        ("2.5", ">=2.1,<2.5", False),
        ("2.10.0", ">=2.9", True),
        ("0.61rc1", ">=0.61", True),
        ("6.10.3", ">=6.10.2,<6.11", True),
        ("6.10.1", ">=6.10.2,<6.11", False),
        ("3.11.2", packages.PYTHON, True),
        ("3.10.9", packages.PYTHON, False),
        ("3.15.0", packages.PYTHON, False),
        ("1.0", "", True),
    ],
)
def test_versions_are_compared_as_numbers(version: str, bounds: str, fits: bool) -> None:
    assert packages.within(version, bounds) is fits


def test_the_range_of_python_is_said_alike_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == packages.PYTHON
    script = (ROOT / "scripts" / "setup.sh").read_text(encoding="utf-8")
    oldest, newest = (next(w for w in script.split() if w.startswith(f"{k}=")) for k in ("oldest", "newest"))
    assert f">=3.{oldest[7:]},<3.{int(newest[7:]) + 1}" == packages.PYTHON


def test_too_old_a_python_is_one_sentence(monkeypatch, capsys) -> None:
    monkeypatch.setattr(packages, "PYTHON", ">=4")
    assert main(["presets"]) == 1
    assert "Descent needs >=4" in capsys.readouterr().err


# The display.


def test_no_display_is_known_and_said(no_display) -> None:
    assert not doctor.has_display()
    check = display.check_display()
    assert check.state == "warning"
    assert "no screen" in check.says


@pytest.mark.parametrize("named", [":4242", "unix:4242.0", "localhost:4242", "nonsense", ":", ":0x"])
def test_a_display_that_does_not_answer_is_none(named: str, no_display, monkeypatch) -> None:
    monkeypatch.setenv("DISPLAY", named)
    assert not doctor.has_display()
    assert named in display.check_display().says


@pytest.mark.window
def test_a_display_that_answers_is_one_and_a_refusal_is_none(monkeypatch) -> None:
    assert doctor.has_display()
    assert doctor.missing_for_window() == []
    if "XAUTHORITY" in os.environ:  # xvfb-run asks for a password
        monkeypatch.setenv("XAUTHORITY", "/dev/null")
        assert not doctor.has_display()


# The kernel cache.


def test_a_cache_that_cannot_be_written_is_a_warning(monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(machine, "cache_folder", lambda: tmp_path / "file" / "descent")
    check = machine.check_cache()
    assert check.state == "warning"
    assert str(tmp_path) in check.says
    assert "DESCENT_CACHE_DIR" in str(check.mend)


def test_the_cache_is_the_kernels_own(monkeypatch, tmp_path: Path) -> None:
    from lab.kernels import _jit

    for name, value in (
        ("DESCENT_CACHE_DIR", str(tmp_path / "one")),
        ("XDG_CACHE_HOME", str(tmp_path / "two")),
    ):
        monkeypatch.delenv("DESCENT_CACHE_DIR", raising=False)
        monkeypatch.setenv(name, value)
        assert _jit.choose_cache_folder().parent == machine.cache_folder()


def test_looking_at_the_cache_leaves_nothing_behind(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "cache_folder", lambda: tmp_path / "new" / "descent")
    assert machine.check_cache().state == "ok"
    assert list(tmp_path.iterdir()) == []
