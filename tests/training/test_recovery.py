"""Autosaves: found again when, and only when, the process that wrote them is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.doctor.machine import autosave_folder as as_the_doctor_says
from lab.problem import ProblemError
from lab.training import recovery
from lab.training.archive import Archive
from lab.training.archive_file import load_archive
from lab.training.recovery import Place, autosave_folder, began, discard, left_behind, set_aside
from tests.training.documents import LINEAR, same, trained

GONE = "999999-1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "autosave"


def abandoned(folder: Path, archive: Archive, original: Path | None = None, name: str = GONE) -> Path:
    """An autosave whose process is gone."""
    place = Place(folder)
    place.file = folder / f"{name}.descent"
    place.write(archive, original)
    return place.file


def test_ones_own_autosave_is_not_left_behind(folder):
    place = Place(folder)
    place.write(Archive(LINEAR), None)
    assert sorted(os.listdir(folder)) == [place.file.name, place.file.with_suffix(".json").name]
    assert left_behind(folder) == ()
    place.clear()
    assert os.listdir(folder) == []
    place.clear()


def test_what_a_gone_process_kept_is_found_with_its_words(folder):
    document = trained()
    abandoned(folder, document, Path("/home/me/mine.descent"))
    (left,) = left_behind(folder)
    assert left.about is not None
    assert (left.name, left.about.step, left.about.runs) == ("Rings", 40, 2)
    assert left.original == Path("/home/me/mine.descent")
    assert time.time() - left.at < 60
    assert same(load_archive(left.file).records[1].checkpoints[-1], document.records[1].checkpoints[-1])
    discard(left)
    assert os.listdir(folder) == []


def test_the_newest_comes_first(folder, monkeypatch):
    for number in range(3):
        monkeypatch.setattr("lab.training.recovery.time.time", lambda number=number: 1e9 + number)
        abandoned(folder, Archive(LINEAR), name=f"99999{number}-1")
    assert [left.at - 1e9 for left in left_behind(folder)] == [2, 1, 0]


def test_a_process_is_told_from_another_with_its_number(folder):
    """Numbers of processes come again: the one that is alive began at another time."""
    abandoned(folder, Archive(LINEAR), name=f"{os.getpid()}-1")
    assert len(left_behind(folder)) == 1
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        abandoned(folder, Archive(LINEAR), name=f"{process.pid}-{began(process.pid)}")
        assert len(left_behind(folder)) == 1
    finally:
        process.communicate(b"\n")
    assert len(left_behind(folder)) == 2


def test_where_there_is_no_proc_ps_tells():
    mine = recovery._began_by_ps(os.getpid())
    assert mine
    assert mine == recovery._began_by_ps(os.getpid())
    assert recovery._began_by_ps(2**22 + 1) is None


def test_lost_words_lose_no_document(folder):
    file = abandoned(folder, Archive(LINEAR))
    for text in (b"{", b"", None):
        file.with_suffix(".json").unlink(missing_ok=True)
        if text is not None:
            file.with_suffix(".json").write_bytes(text)
        (left,) = left_behind(folder)
        assert left.name == "A document"
        assert left.original is None
        assert time.time() - left.at < 60


def test_what_cannot_be_read_is_set_aside(folder):
    abandoned(folder, Archive(LINEAR)).write_bytes(b"PK")
    (left,) = left_behind(folder)
    aside = set_aside(left)
    assert os.listdir(folder) == [aside.name]
    assert left_behind(folder) == ()
    with pytest.raises(ProblemError):
        set_aside(left)


def test_nothing_in_the_folder_is_in_the_way(folder, tmp_path):
    assert left_behind(tmp_path / "nowhere") == ()
    (tmp_path / "file").touch()
    assert left_behind(tmp_path / "file") == ()
    folder.mkdir(parents=True)
    (folder / "notes.txt").touch()
    (folder / "x.descent").mkdir()
    (folder / "-.descent").touch()
    assert [left.file.name for left in left_behind(folder)] == ["-.descent"]


def test_half_written_files_are_cleared_away_once_nobody_writes_them(folder):
    folder.mkdir(parents=True)
    old, new = folder / ".descent-1.tmp", folder / ".descent-2.tmp"
    for file in (old, new):
        file.touch()
    os.utime(old, (time.time() - 3600,) * 2)
    left_behind(folder)
    assert os.listdir(folder) == [new.name]


def test_a_place_that_cannot_be_written_is_a_sentence():
    with pytest.raises(ProblemError, match="/proc"):
        Place(Path("/proc/nowhere")).write(Archive(LINEAR), None)


def test_the_doctor_names_the_same_folder():
    assert as_the_doctor_says() == autosave_folder()
