"""The user's own files: right ones are read exactly, wrong ones are named, with a way out."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lab.data.dataset import pixel_labels
from lab.data.files import ArrayFile, TableFile, array_file, own_file, table_file
from lab.data.prepare import prepare
from lab.data.preprocessing import Preprocessing, Split
from lab.problem import ProblemError

Writer = Callable[[str | bytes], str]


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    def write(content: str | bytes) -> str:
        path = tmp_path / "mine.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def complaint(source: TableFile | ArrayFile) -> str:
    """What the one problem says; it names the file and a way out."""
    with pytest.raises(ProblemError) as caught:
        source.load(0)
    (problem,) = caught.value.problems
    assert problem.where.startswith(source.path or "file")
    assert problem.what
    assert not problem.what.endswith(".")
    assert problem.mend
    return str(caught.value)


def assert_data_or_problem(source: TableFile | ArrayFile) -> None:
    """Either good data or a problem that names the file, and nothing else."""
    problems = ()
    try:
        assert np.isfinite(source._read().inputs).all()
    except ProblemError as error:
        problems = error.problems
    assert all(problem.where.startswith(source.path) for problem in problems)


# --- tables that are right ---


def test_a_table_with_names_and_words(write: Writer) -> None:
    source = TableFile(path=write("length,width,kind\n1,2,cat\n3,4,ant\n\n5,6,cat\n"))
    data = source.load(0)
    assert data.inputs.reshape(-1, 2).tolist() == [[1, 2], [3, 4], [5, 6]]
    assert data.features == ("length", "width")
    assert data.classes == source.classes() == ("ant", "cat")
    assert data.labels is not None
    assert data.labels.tolist() == [1, 0, 1]
    assert data.shape == source.shape() == (2, 1, 1)
    assert source.outputs() == 2
    assert data.name == "mine.csv"


def test_a_table_without_names_and_a_target_in_front(write: Writer) -> None:
    source = TableFile(path=write("0.5,2,3\n1.5,4,5\n"), target="column 1", task="regression")
    data = source.load(0)
    assert data.inputs.reshape(-1, 2).tolist() == [[2, 3], [4, 5]]
    assert data.targets is not None
    assert data.targets.tolist() == [[0.5], [1.5]]
    assert source.classes() == ()
    assert source.outputs() == 1
    assert source.bounds() == ((1.8, 4.2), (2.8, 5.2))


def test_whole_numbers_as_labels_are_put_in_their_order(write: Writer) -> None:
    data = TableFile(path=write("1,10\n2,9\n3,10.0\n4,-1\n")).load(0)
    assert data.classes == ("-1", "9", "10")
    assert data.labels is not None
    assert data.labels.tolist() == [2, 1, 2, 0]


@pytest.mark.parametrize(
    "content",
    [
        "a;b\n1,5;2\n2,5;3\n",
        "a\tb\r\n1.5\t2\r\n2.5\t3\r\n",
        "\ufeffa, b\n1.5, 2\n2.5, 3",
        '"a","b"\n"1.5",2\n2.5,3\n',
    ],
)
def test_other_dialects(write: Writer, content: str) -> None:
    data = TableFile(path=write(content), task="regression").load(0)
    assert data.inputs.ravel().tolist() == [1.5, 2.5]
    assert data.features == ("a",)
    assert data.targets is not None
    assert data.targets.ravel().tolist() == [2.0, 3.0]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.integers(1, 6).flatmap(
        lambda width: st.lists(
            st.lists(st.floats(-1e6, 1e6, width=32), min_size=width + 1, max_size=width + 1),
            min_size=2,
            max_size=20,
        )
    )
)
def test_any_table_of_numbers_is_read_to_the_last_bit(write: Writer, rows: list[list[float]]) -> None:
    source = TableFile(path=write("\n".join(",".join(map(repr, row)) for row in rows)), task="regression")
    data = source._read()
    assert (data.inputs[:, :, 0, 0] == np.array(rows, np.float32)[:, :-1]).all()
    assert data.targets is not None
    assert (data.targets[:, 0] == np.array(rows, np.float32)[:, -1]).all()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=200), st.text('0123456789.,;"\n\t-nae', max_size=200).map(str.encode)
    )
)
def test_whatever_a_table_holds_it_is_data_or_a_problem(write: Writer, content: bytes) -> None:
    path = write(content)
    for source in (TableFile(path=path), TableFile(path=path, task="regression"), ArrayFile(path=path)):
        assert_data_or_problem(source)


def test_a_file_written_anew_is_read_anew(write: Writer) -> None:
    path = write("1,0\n2,1\n")
    source = TableFile(path=path)
    first = prepare(source, Preprocessing(), Split(), 0)
    assert prepare(source, Preprocessing(), Split(), 0) is first
    write("10,0\n20,1\n30,1\n")
    second = prepare(source, Preprocessing(), Split(), 0)
    assert sorted(second.training.raw.ravel().tolist()) == [10, 20, 30]


# --- tables that are wrong ---


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("\n \n", "no rows"),
        ("a,b\n", "examples is 0, too few"),
        ("a,b\n1,2\n", "examples is 1, too few"),
        ("1\n2\n3\n", "number of columns in the first row is 1"),
        ("a,b\n1,x\n2,y,z\n", "row 3: the number of columns is 3, and 2"),
        ("a,b\n1,x\n2\n", "row 3: the number of columns is 1"),
        ("a,b\n1,x\nten,y\n", "row 3, column 'a': 'ten' is not a number"),
        ("1,x\n1_000,y\n", "row 2, column 'column 1': '1_000' is not a number"),
        ("a,b\n1,x\n,y\n", "row 3, column 'a': this cell is empty"),
        ("a,b\n1,x\n2,\n", "row 3, column 'b': this cell is empty"),
        ("a,b\n1,x\nnan,y\n", "row 3, column 'a': nan is not a finite"),
        ("a,b\n1,x\n-inf,y\n", "row 3, column 'a': -inf is not a finite"),
        ("a,b\n1,x\n1e30,y\n", "row 3, column 'a': 1e30 is not a finite"),
        ("a,b\n1,x\n2,x\n", "column 'b': there is only one class, 'x'"),
        ("a,b\n1,0.5\n2,1.5\n", "row 2, column 'b': the label 0.5 is not a whole number"),
        ("a,b\n1,nan\n2,1\n", "row 2, column 'b': the label nan is not a whole number"),
        ("a,a\n1,2\n2,3\n", "two columns are called 'a'"),
        (",a\n1,2\n2,3\n", "column 1 has no name"),
        ('a,b\n1,"x\n2,y"\n', "row 2: this row cannot be read"),
        (b"a,b\n1,\xff\xfe\n2,y\n", "not UTF-8"),
        (b"\x00\x01\x02,\x03\n", "mine.csv"),
        ("a,b\n" + "".join(f"1,{i}\n" for i in range(1001)), "1,001 different labels"),
        ("1," * 5000 + "1\n", "number of columns in the first row is 5001"),
        ("1" * 300_000, "row 1: this line is too long"),
    ],
)
def test_a_malformed_table_is_named_with_a_way_out(write: Writer, content: str | bytes, words: str) -> None:
    assert words in complaint(TableFile(path=write(content)))


def test_a_target_in_words_cannot_be_learned_as_a_number(write: Writer) -> None:
    text = complaint(TableFile(path=write("a,b\n1,2\n2,big\n"), task="regression"))
    assert "row 3, column 'b': 'big' is not a number" in text
    assert "Choose classification" in text


def test_a_target_column_that_is_not_there(write: Writer) -> None:
    text = complaint(TableFile(path=write("a,b\n1,2\n2,3\n"), target="c"))
    assert "there is no column 'c'" in text
    assert "Choose one of 'a', 'b'" in text


def test_a_table_too_large_is_refused_before_it_is_read(
    write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("")
    os.truncate(path, 65 * 2**20)  # sparse: takes no room
    assert "this table has 65 MiB, and 64 MiB are the most" in complaint(TableFile(path=path))
    monkeypatch.setattr(table_file, "MOST_ROWS", 3)
    assert "more than 3 rows" in complaint(TableFile(path=write("1,1\n1,2\n1,3\n1,4\n")))


# --- what is wrong with any file ---

both = pytest.mark.parametrize("kind", [TableFile, ArrayFile])


@both
def test_a_missing_file(kind: type[TableFile | ArrayFile], tmp_path: Path) -> None:
    assert "no file is chosen" in complaint(kind())
    assert "there is no such file" in complaint(kind(path=str(tmp_path / "none.csv")))
    assert "null byte" in complaint(kind(path="a\0b"))
    assert "this name is too long" in complaint(kind(path="a" * 4000))
    for ask in (kind().shape, kind().outputs, kind().classes, kind().bounds):
        with pytest.raises(ProblemError, match="no file is chosen"):
            ask()


@both
def test_not_a_plain_file(kind: type[TableFile | ArrayFile], tmp_path: Path) -> None:
    assert "this is a folder" in complaint(kind(path=str(tmp_path)))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "not a plain file" in complaint(kind(path=str(pipe)))
    assert "not a plain file" in complaint(kind(path="/dev/zero"))


@both
def test_a_file_that_may_not_be_read(
    kind: type[TableFile | ArrayFile], write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("1,0\n2,1\n")

    def forbidden(*_: Any, **__: Any) -> Any:  # as root, which tests may run as, nothing is forbidden
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(Path, "open", forbidden)
    assert "may not be read" in complaint(kind(path=path))
    monkeypatch.setattr(Path, "stat", forbidden)
    assert "may not be read" in complaint(kind(path=path))


# --- arrays that are right ---


def saved(tmp_path: Path, compressed: bool = False, **arrays: Any) -> str:
    path = tmp_path / "mine.npz"
    (np.savez_compressed if compressed else np.savez)(path, **arrays)
    return str(path)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    ("shape", "seen", "names"),
    [
        ((6,), (1, 1, 1), ("x1",)),
        ((6, 3), (3, 1, 1), ("x1", "x2", "x3")),
        ((6, 5, 4), (1, 5, 4), ()),
        ((6, 3, 5, 4), (3, 5, 4), ()),
    ],
)
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.float16, np.uint8, np.int64, bool, ">f4", ">i2"])
def test_arrays_are_read(
    tmp_path: Path,
    compressed: bool,
    shape: tuple[int, ...],
    seen: tuple[int, ...],
    names: tuple[str, ...],
    kind: Any,
) -> None:
    x = np.asfortranarray(np.arange(np.prod(shape)).reshape(shape).astype(kind))
    source = ArrayFile(path=saved(tmp_path, compressed, x=x, y=np.array([7, 5, 5, 7, 30, 5])))
    data = source.load(0)
    assert data.shape == source.shape() == seen
    assert (data.inputs == x.astype(np.float32).reshape(6, *seen)).all()
    assert data.inputs.flags.c_contiguous
    assert data.classes == source.classes() == ("5", "7", "30")
    assert data.labels is not None
    assert data.labels.tolist() == [1, 0, 0, 1, 2, 0]
    assert source.outputs() == 3
    if not data.is_image:
        assert data.features == names


def test_arrays_of_several_targets(tmp_path: Path) -> None:
    y = np.arange(8.0).reshape(4, 2)
    source = ArrayFile(path=saved(tmp_path, x=np.ones((4, 3)), y=y), task="regression")
    data = source.load(0)
    assert data.targets is not None
    assert (data.targets == y).all()
    assert source.outputs() == 2
    assert data.classes == ()


@pytest.mark.parametrize("shape", [(4, 5, 6), (4, 1, 5, 6), (4, 3, 5, 6), (4, 3, 1, 1)])
@pytest.mark.parametrize("kind", [np.float64, np.uint8, bool])
def test_answers_that_are_images(tmp_path: Path, shape: tuple[int, ...], kind: Any) -> None:
    y = np.arange(np.prod(shape)).reshape(shape).astype(kind)
    source = ArrayFile(path=saved(tmp_path, x=np.ones((4, 8, 8)), y=y), task="regression")
    data = source.load(0)
    assert data.targets is not None
    assert (data.targets == y.reshape(4, -1)).all()
    assert data.target_shape == source.target_shape() == (shape[-3] if len(shape) == 4 else 1, *shape[-2:])
    assert source.outputs() == y[0].size
    assert (data.classes, data.labels, data.shape) == ((), None, (1, 8, 8))


@pytest.mark.parametrize("kind", [np.float64, np.int16, np.uint8])
@pytest.mark.parametrize("channel", [False, True])
def test_a_class_for_each_pixel(tmp_path: Path, kind: Any, channel: bool) -> None:
    y = np.array([[[3, 7], [7, 3]], [[30, 3], [3, 3]]], kind)
    source = ArrayFile(path=saved(tmp_path, x=np.ones((2, 3, 4, 4)), y=y[:, None] if channel else y))
    data = source.load(0)
    assert data.classes == source.classes() == ("3", "7", "30")
    assert data.target_shape == source.target_shape() == (3, 2, 2)
    assert data.labels is None
    assert data.targets is not None
    targets = data.targets.reshape(2, 3, 2, 2)
    assert (targets.sum(1) == 1).all()
    assert pixel_labels(targets).tolist() == [[[0, 1], [1, 0]], [[2, 0], [0, 0]]]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    y=arrays(
        st.sampled_from([np.uint8, np.int32, np.float32]),
        array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4),
        elements=st.integers(0, 3),
    ),
    task=st.sampled_from(["classification", "regression"]),
)
def test_whatever_shape_the_answers_have_they_are_data_or_a_problem(
    tmp_path: Path, y: Any, task: Any
) -> None:
    source = ArrayFile(path=saved(tmp_path, x=np.ones(len(y)), y=y), task=task)
    assert_data_or_problem(source)
    try:
        data = source._read()
    except ProblemError:
        return
    assert len(data) == len(y)
    if task == "regression":
        assert data.targets is not None
        assert (data.targets.ravel() == y.ravel()).all()
    elif data.targets is not None:
        assert data.target_shape is not None
        labels = pixel_labels(data.targets.reshape(len(y), *data.target_shape))
        assert np.array(data.classes)[labels].ravel().tolist() == [str(int(label)) for label in y.ravel()]


# --- arrays that are wrong ---

GOOD = np.arange(4.0)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": GOOD}, "there is no array 'y', but x"),
        ({"images": GOOD, "y": GOOD}, "there is no array 'x', but images, y"),
        ({"x": GOOD, "y": GOOD[:3]}, "x has 4 examples and y has 3"),
        ({"x": GOOD[:1], "y": GOOD[:1]}, "number of examples is 1"),
        ({"x": np.zeros((4, 0)), "y": GOOD}, "nothing in arrays of shape (4, 0)"),
        ({"x": np.float64(3), "y": GOOD}, "x: the shape ()"),
        ({"x": np.zeros((4, 1, 1, 1, 1)), "y": GOOD}, "x: the shape (4, 1, 1, 1, 1)"),
        ({"x": GOOD, "y": np.zeros((4, 1, 1, 1, 1))}, "y: the shape (4, 1, 1, 1, 1)"),
        ({"x": GOOD, "y": np.zeros((4, 1, 1))}, "y: there is only one class, '0'"),
        (
            {"x": GOOD, "y": np.arange(16).reshape(4, 2, 2) / 2},
            "y[0, 0, 1]: the label 0.5 is not a whole number",
        ),
        (
            {"x": GOOD, "y": np.arange(16).reshape(4, 2, 1, 2)},
            "y: the shape (4, 2, 1, 2) is not one label for each",
        ),
        ({"x": GOOD, "y": np.arange(4000).reshape(4, 40, 25)}, "y: there are 4,000 different labels"),
        ({"x": GOOD, "y": np.zeros((4, 2))}, "y: the shape (4, 2) is not one label each"),
        ({"x": GOOD, "y": np.zeros(4)}, "y: there is only one class, '0'"),
        ({"x": GOOD, "y": [0, 0.5, 1, 1]}, "y[1]: the label 0.5 is not a whole number"),
        ({"x": [[0, 1], [np.nan, 1]], "y": [0, 1]}, "x[1, 0]: nan is not a finite"),
        ({"x": [0, 1], "y": [0, np.inf]}, "y[1]: inf is not a finite"),
        ({"x": [0, 1e30], "y": [0, 1]}, "x[1]: 1e+30 is not a finite"),
        ({"x": np.array([0, 2**63], np.uint64), "y": [0, 1]}, "2^63"),
        ({"x": ["a", "b"], "y": [0, 1]}, "x: its elements are of type <U1"),
        ({"x": [1j, 2j], "y": [0, 1]}, "x: its elements are of type complex128"),
        ({"x": np.zeros(2, [("a", "f4")]), "y": [0, 1]}, "x: its elements are of type"),
        ({"x": np.array([{}, None], object), "y": [0, 1]}, "x: it holds pickled Python objects"),
    ],
)
def test_malformed_arrays_are_named_with_a_way_out(
    tmp_path: Path, arrays: dict[str, Any], words: str
) -> None:
    assert words in complaint(ArrayFile(path=saved(tmp_path, **arrays)))


class Bomb:
    """Would leave a mark if it were ever unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self.mark,)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    bombs = np.array([Bomb(mark), Bomb(mark)], object)
    complaint(ArrayFile(path=saved(tmp_path, x=bombs, y=[0, 1])))
    complaint(ArrayFile(path=saved(tmp_path, x=[0, 1], y=bombs)))
    assert not mark.exists()


def npy(header: str, body: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header.encode() + b"\n" + body


def zipped(tmp_path: Path, **members: bytes) -> str:
    path = tmp_path / "mine.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return str(path)


def test_a_bomb_is_refused_by_its_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file that says it holds a great deal: refused before the memory for it is asked for."""
    monkeypatch.setattr(array_file.npy, "read_array", lambda *_, **__: pytest.fail("memory was taken"))
    huge = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000)}")
    assert "an array of shape (1000000, 1000000) takes" in complaint(ArrayFile(path=zipped(tmp_path, x=huge)))
    lying = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000,)}", bytes(10))
    assert "header does not fit its length" in complaint(ArrayFile(path=zipped(tmp_path, x=lying)))
    fat = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", bytes(2**24))
    assert "header does not fit its length" in complaint(ArrayFile(path=zipped(tmp_path, x=fat)))
    below = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 4)}")
    assert "shape is (-1, 4)" in complaint(ArrayFile(path=zipped(tmp_path, x=below)))


@pytest.mark.parametrize(
    "content",
    [
        b"no array",
        npy("__import__('os').abort()"),
        npy("{'descr': '<f4'}"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (" + "1," * 20000 + ")}"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0, " + "9" * 100 + ")}"),
        npy("(" * 9000),
        npy("-" * 9000 + "1"),
        b"\x93NUMPY\x03\x00" + struct.pack("<I", 2) + b"{}",
        b"\x93NUMPY\x01\x00\xff\xff",
    ],
)
def test_a_broken_header_is_a_problem(tmp_path: Path, content: bytes) -> None:
    complaint(ArrayFile(path=zipped(tmp_path, x=content)))


def test_a_directory_too_long_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path, **{f"a{i}": b"" for i in range(1001)})
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("the directory was read"))
    assert "more than 1000 arrays" in complaint(ArrayFile(path=path))


def test_too_much_for_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0 < own_file.memory_limit() <= own_file.MOST_BYTES
    monkeypatch.setattr(array_file, "memory_limit", lambda: 2**20)
    path = saved(tmp_path, x=np.zeros(2**19, np.uint8), y=np.zeros(2**19, np.uint8))
    assert "takes 2 MiB, and 1 MiB are the most" in complaint(ArrayFile(path=path))


def test_a_channel_for_each_class_may_be_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_file, "memory_limit", lambda: 2**20)
    y = np.arange(2 * 64 * 64, dtype=np.int16).reshape(2, 64, 64) % 64
    path = saved(tmp_path, x=np.zeros((2, 1)), y=y)
    assert "y: a channel for each of 64 classes takes 2 MiB, and 1 MiB are the most" in complaint(
        ArrayFile(path=path)
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1), value=st.integers(0, 255), cut=st.booleans(), compressed=st.booleans())
def test_a_damaged_file_is_data_or_a_problem(
    tmp_path: Path, at: float, value: int, cut: bool, compressed: bool
) -> None:
    """Any one byte changed, or the end cut off."""
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, x=np.arange(12.0).reshape(6, 2), y=[0, 1] * 3)
    content = bytearray(stream.getvalue())
    place = int(at * (len(content) - 1))
    if cut:
        del content[place:]
    else:
        content[place] = value
    path = tmp_path / "damaged.npz"
    path.write_bytes(content)
    assert_data_or_problem(ArrayFile(path=str(path)))
