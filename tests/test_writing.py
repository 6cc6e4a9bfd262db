"""Writing: whole or not at all, and every way in which a place can be wrong has a sentence."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from lab.files import (
    check_size,
    in_bytes,
    read_bytes,
    resource,
    writable_folder,
    writable_place,
    write_atomically,
)
from lab.problem import ProblemError


def write(path: Path, text: bytes = b"new") -> None:
    write_atomically(path, lambda stream: stream.write(text))


def refusal(path: Path, text: bytes = b"new") -> str:
    with pytest.raises(ProblemError) as caught:
        write(path, text)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "a"
    write(path, b"one")
    write(path, b"two")
    assert read_bytes(path, 10) == b"two"
    assert os.listdir(tmp_path) == ["a"]


def test_an_ordinary_files_permissions(tmp_path):
    path, plain = tmp_path / "a", tmp_path / "plain"
    write(path)
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOSPC, "disk is full"), (errno.EIO, "input/output error"), (errno.EROFS, "read-only")],
)
def test_a_failure_half_way_leaves_the_old_file(tmp_path, number, said):
    path = tmp_path / "a"
    write(path, b"old")

    def fails(stream):
        stream.write(b"half")
        raise OSError(number, os.strerror(number))

    with pytest.raises(ProblemError, match=said):
        write_atomically(path, fails)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_other_errors_leave_the_old_file_too(tmp_path, error):
    path = tmp_path / "a"
    write(path, b"old")

    def fails(stream):
        stream.write(b"half")
        raise error

    with pytest.raises(error):
        write_atomically(path, fails)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_folder(tmp_path):
    assert "folder" in refusal(tmp_path)


def test_no_folder(tmp_path):
    assert "does not exist" in refusal(tmp_path / "nowhere" / "a")


def test_a_file_for_a_folder(tmp_path):
    (tmp_path / "a").touch()
    assert "in the place of its folder" in refusal(tmp_path / "a" / "b")


def test_a_name_too_long(tmp_path):
    assert "too long" in refusal(tmp_path / ("a" * 300))


def test_a_nul_in_the_name():
    with pytest.raises(ProblemError):
        write(Path("a\0b"))


def test_a_device_is_not_replaced():
    assert "not a plain file" in refusal(Path("/dev/null"))
    assert not Path("/dev/null").is_file()


def test_a_disk_that_takes_nothing():
    assert refusal(Path("/proc/a"))
    with pytest.raises(ProblemError):
        writable_folder(Path("/proc/nowhere"))


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    assert writable_place(tmp_path / "link") == (tmp_path / "real").resolve()


def test_folders_are_made(tmp_path):
    writable_folder(tmp_path / "a" / "b")
    assert os.listdir(tmp_path / "a" / "b") == []
    (tmp_path / "file").touch()
    with pytest.raises(ProblemError, match="this is a file"):
        writable_folder(tmp_path / "file")


def test_sizes(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert check_size(path, 5) == 5
    with pytest.raises(ProblemError, match="5 bytes"):
        read_bytes(path, 4)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1500, "1.5 kB"),
        (10_000_000, "10 MB"),
        (999_999, "1 MB"),
        (4e12, "4 TB"),
    ],
)
def test_in_bytes(count, said):
    assert in_bytes(count) == said


def test_resources_are_found():
    assert resource("presets", "lenet.json").is_file()
