"""Experiment files: what is written comes back; whatever else a file holds ends in a sentence."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.data.files import TableFile
from lab.experiment.experiment import Experiment, problems
from lab.experiment.files import MOST_BYTES, load_experiment, save_experiment
from lab.experiment.presets import preset, presets
from lab.learning.optimizers import SGD
from lab.network.layers import Dense
from lab.network.network import Network, Node
from lab.problem import ProblemError
from lab.value import to_json

LENET = preset("lenet")


def refusal(path: Path) -> str:
    with pytest.raises(ProblemError) as caught:
        load_experiment(path)
    said = str(caught.value)
    assert str(path) in said
    assert "\n" not in said
    return said


def written(tmp_path: Path, text: bytes | str) -> Path:
    path = tmp_path / "experiment.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def altered(tmp_path: Path, where: str, value: object) -> Path:
    """LeNet's file with one number changed: "network.nodes.0.layer.kernel"."""
    whole = json.loads(to_json(LENET))
    part, *_, last = [whole, *where.split(".")]
    for key in where.split(".")[:-1]:
        part = part[int(key) if key.isdigit() else key]
    part[last] = value
    return written(tmp_path, json.dumps(whole))


@pytest.mark.parametrize("one", presets(), ids=lambda one: one.name)
def test_round_trip(one, tmp_path):
    path = tmp_path / "a.json"
    save_experiment(one.experiment, path)
    assert load_experiment(path) == one.experiment
    assert os.listdir(tmp_path) == ["a.json"]


def test_missing(tmp_path):
    assert "no such file" in refusal(tmp_path / "nowhere.json")


def test_folder(tmp_path):
    assert "folder" in refusal(tmp_path)


def test_empty(tmp_path):
    assert "empty" in refusal(written(tmp_path, ""))


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "not a plain file" in refusal(tmp_path / "pipe")


def test_too_large_is_not_read(tmp_path):
    path = tmp_path / "large.json"
    with path.open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)
    assert "10 MB" in refusal(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path):
    path = written(tmp_path, to_json(LENET))
    path.chmod(0)
    assert "may not be read" in refusal(path)


def test_nul_in_the_name():
    with pytest.raises(ProblemError):
        load_experiment(Path("a\0b"))


@pytest.mark.parametrize("text", ["hello", "{", "\x00\x01\x02", b"\xff\xfe\x00", "{} {}"])
def test_not_json(tmp_path, text):
    assert "not valid JSON" in refusal(written(tmp_path, text))


@pytest.mark.parametrize("text", ["[]", "3", '"descent"', "null", "{}", '{"name": "x"}'])
def test_other_json(tmp_path, text):
    assert "not an experiment of Descent" in refusal(written(tmp_path, text))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"descent":1,"data":' + "[" * 100_000, '{"a":' * 100_000])
def test_nested_deeply(tmp_path, text):
    refusal(written(tmp_path, text))


def test_every_truncation(tmp_path):
    text = to_json(LENET)
    for length in range(1, len(text), 37):
        refusal(written(tmp_path, text[:length]))


def test_newer_version(tmp_path):
    said = refusal(altered(tmp_path, "descent", 2))
    assert "newer Descent" in said
    assert "Update" in said


@pytest.mark.parametrize("version", [0, -1, "1", True, 1.5, [1]])
def test_odd_version(tmp_path, version):
    assert "descent" in refusal(altered(tmp_path, "descent", version))


@pytest.mark.parametrize(
    ("where", "value", "named"),
    [
        ("batch_size", 0, "batch_size"),
        ("batch_size", 2.5, "batch_size"),
        ("batch_size", 10**30, "batch_size"),
        ("optimizer.rate", -1, "optimizer.rate"),
        ("optimizer.rate", "fast", "optimizer.rate"),
        ("optimizer.optimizer", "magic", "optimizer"),
        ("network.nodes.0.layer.kernel", 0, "kernel"),
        ("network.nodes.0.layer.kernel", None, "kernel"),
        ("network.nodes.0.name", "a/b", "name"),
        ("network.nodes", {}, "nodes"),
        ("data.size", 9, "size"),
        ("name", "\x1b[31mred", "name: has a character that may not stand there"),
        ("name", "two\nlines", "name"),
        ("colour", "red", "colour"),
        ("network.nodes.0.layer.colour", "red", "colour"),
    ],
)
def test_wrong_field_is_named(tmp_path, where, value, named):
    assert named in refusal(altered(tmp_path, where, value))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_not_finite(tmp_path, number):
    text = to_json(LENET).replace(b'"rate": ', b'"rate": ' + number.encode() + b' , "x": ')
    assert number.encode() in text
    refusal(written(tmp_path, text))


@pytest.mark.parametrize("rate", [float("nan"), float("inf"), -1.0])
def test_what_could_not_be_loaded_is_not_saved(tmp_path, rate):
    path = tmp_path / "a.json"
    save_experiment(LENET, path)
    with pytest.raises(ProblemError, match="rate"):
        save_experiment(msgspec.structs.replace(LENET, optimizer=SGD(rate=rate)), path)
    assert load_experiment(path) == LENET


def test_relative_data_is_meant_from_the_experiments_folder(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    save_experiment(Experiment(data=TableFile(path="mine.csv")), path)
    assert load_experiment(path).data.path == str(tmp_path / "mine.csv")
    monkeypatch.chdir(tmp_path)
    assert load_experiment(Path("a.json")).data.path == str(tmp_path / "mine.csv")
    for absolute in ("/somewhere/mine.csv", "~/mine.csv", ""):
        save_experiment(Experiment(data=TableFile(path=absolute)), path)
        assert load_experiment(path).data.path == absolute


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_random_damage_gives_an_experiment_or_a_sentence(tmp_path_factory, data):
    text = bytearray(to_json(LENET))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        kind = data.draw(st.sampled_from(["flip", "cut", "insert"]))
        if kind == "flip":
            text[at] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del text[at : at + data.draw(st.integers(1, 40))]
        else:
            text[at:at] = data.draw(
                st.sampled_from([b"}", b"]", b'"', b"9", b"-", b"null", b"1e99", b"\x00"])
            )
    path = tmp_path_factory.getbasetemp() / "damaged.json"
    path.write_bytes(text)
    said = str(path)
    try:
        save_experiment(load_experiment(path), path)  # whatever is let in keeps its limits
    except ProblemError as error:
        said = str(error)
    assert str(path) in said


def test_a_data_file_that_vanishes_stops_no_run(tmp_path):
    """What is asked of a running experiment is still answered; to begin anew it is a problem."""
    (tmp_path / "mine.csv").write_text("u,v,w\n1,2,a\n3,4,b\n")
    one = Experiment(
        data=TableFile(path=str(tmp_path / "mine.csv")), network=Network((Node("out", Dense(units=2)),))
    )
    before = one.analysis
    (tmp_path / "mine.csv").unlink()
    assert one.analysis == before
    assert "there is no such file" in str(problems(one)[0])
