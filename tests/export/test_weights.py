"""Weights come back as they were; a file that does not fit, or means harm, ends in a sentence."""

from __future__ import annotations

import io
import json
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.experiment.presets import preset
from lab.export.weights import SUFFIXES, load_weights, save_weights
from lab.problem import ProblemError
from lab.training.run import Run

RANDOM = np.random.default_rng(0)
WEIGHTS = {
    "conv1.weight": RANDOM.standard_normal((2, 1, 3, 3), dtype=np.float32),
    "conv1.bias": np.zeros(2, np.float32),
    "file": RANDOM.standard_normal((3, 4), dtype=np.float32),  # a keyword of np.savez
}
SHAPES = {name: values.shape for name, values in WEIGHTS.items()}

both = pytest.mark.parametrize("suffix", SUFFIXES)


def refusal(path: Path, expected=SHAPES) -> str:
    with pytest.raises(ProblemError) as caught:
        load_weights(path, expected)
    assert str(path) in str(caught.value)
    return str(caught.value)


def saved(tmp_path: Path, suffix: str, weights=WEIGHTS) -> Path:
    path = tmp_path / f"weights{suffix}"
    if suffix == ".npz":
        with zipfile.ZipFile(path, "w") as archive:
            for name, values in weights.items():
                archive.writestr(f"{name}.npy", npy(values))
    else:
        safetensors.numpy.save_file({n: np.ascontiguousarray(v) for n, v in weights.items()}, path)
    return path


def npy(values: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, values)
    return stream.getvalue()


@both
def test_round_trip(suffix, tmp_path):
    path = tmp_path / f"a{suffix}"
    save_weights(WEIGHTS, path)
    back = load_weights(path, SHAPES)
    assert list(back) == list(WEIGHTS)
    for name, values in back.items():
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, WEIGHTS[name])
        values += 1  # it is the caller's


@both
def test_parameters_that_do_not_lie_in_order(suffix, tmp_path):
    turned = {"a": np.arange(6, dtype=np.float32).reshape(2, 3).T, "b": np.arange(8, dtype=np.float32)[::2]}
    save_weights(turned, tmp_path / f"a{suffix}")
    back = load_weights(tmp_path / f"a{suffix}", {"a": (3, 2), "b": (4,)})
    np.testing.assert_array_equal(back["a"], turned["a"])
    np.testing.assert_array_equal(back["b"], turned["b"])


@both
def test_same_outputs_after_loading(suffix, tmp_path):
    run, other = Run(preset("xor")), Run(preset("xor"))
    run.advance(50)
    save_weights(run.parameters, tmp_path / f"a{suffix}")
    other.set_parameters(
        load_weights(tmp_path / f"a{suffix}", {n: v.shape for n, v in other.parameters.items()})
    )
    np.testing.assert_array_equal(run.evaluate("test").outputs, other.evaluate("test").outputs)


def test_others_read_what_we_write(tmp_path):
    save_weights(WEIGHTS, tmp_path / "a.npz")
    save_weights(WEIGHTS, tmp_path / "a.safetensors")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        assert set(archive.files) == set(WEIGHTS)
        np.testing.assert_array_equal(archive["conv1.weight"], WEIGHTS["conv1.weight"])
    theirs = safetensors.numpy.load_file(tmp_path / "a.safetensors")
    np.testing.assert_array_equal(theirs["conv1.weight"], WEIGHTS["conv1.weight"])


@both
@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_other_widths_are_converted(suffix, kind, tmp_path):
    path = saved(tmp_path, suffix, {name: values.astype(kind) for name, values in WEIGHTS.items()})
    back = load_weights(path, SHAPES)
    for name, values in back.items():
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, WEIGHTS[name], rtol=1e-3, atol=1e-3)


def test_numpys_other_layouts(tmp_path):
    weights = {"a": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "b": np.arange(3, dtype=">f4")}
    path = saved(tmp_path, ".npz", weights)
    back = load_weights(path, {"a": (2, 3), "b": (3,)})
    np.testing.assert_array_equal(back["a"], weights["a"])
    np.testing.assert_array_equal(back["b"], weights["b"])


def test_compressed(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", **{"conv1.weight": WEIGHTS["conv1.weight"]})
    back = load_weights(tmp_path / "a.npz", {"conv1.weight": (2, 1, 3, 3)})
    np.testing.assert_array_equal(back["conv1.weight"], WEIGHTS["conv1.weight"])


@both
def test_the_first_that_does_not_fit_is_named(suffix, tmp_path):
    path = saved(tmp_path, suffix)
    assert "no “dense1.bias”" in refusal(path, {**SHAPES, "dense1.bias": (2,)})
    assert "has “file”, which the network does not have" in refusal(
        path, {n: SHAPES[n] for n in SHAPES if n != "file"}
    )
    said = refusal(path, {**SHAPES, "conv1.weight": (2, 1, 5, 5)})
    assert "“conv1.weight” is 2×1×3×3, and 2×1×5×5 in the network" in said


@both
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite(suffix, value, tmp_path):
    path = saved(tmp_path, suffix, {"a": np.array([0, value], np.float32)})
    assert "“a”" in refusal(path, {"a": (2,)})


@both
def test_too_large_for_32_bits(suffix, tmp_path):
    assert "too large" in refusal(saved(tmp_path, suffix, {"a": np.array([1e300])}), {"a": (1,)})


@both
@pytest.mark.parametrize("kind", [np.int32, np.bool_, np.uint8, np.complex64])
def test_not_floats(suffix, kind, tmp_path):
    if suffix == ".safetensors" and kind is np.complex64:
        pytest.skip("safetensors has its own complex numbers")
    assert "floating-point" in refusal(saved(tmp_path, suffix, {"a": np.zeros(2, kind)}), {"a": (2,)})


@both
def test_missing_folder_empty(suffix, tmp_path):
    path = tmp_path / f"a{suffix}"
    assert "no such file" in refusal(path)
    path.touch()
    assert "empty" in refusal(path)
    path.unlink()
    path.mkdir()
    assert "folder" in refusal(path)


@pytest.mark.parametrize("name", ["weights", "weights.pt", "weights.json"])
def test_other_formats(name, tmp_path):
    (tmp_path / name).write_bytes(b"x")
    assert ".safetensors" in refusal(tmp_path / name)
    with pytest.raises(ProblemError):
        save_weights(WEIGHTS, tmp_path / name)


class Harm:
    """What a pickle could do."""

    done = False

    def __reduce__(self):
        return (setattr, (Harm, "done", True))


def test_nothing_is_unpickled(tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(pickle.dumps(Harm()))
    refusal(path)
    objects = np.empty(1, object)
    objects[0] = Harm()
    stream = io.BytesIO()
    np.lib.format.write_array(stream, objects, allow_pickle=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", stream.getvalue())
    assert "Python objects" in refusal(path, {"a": (1,)})
    assert not Harm.done


def peak(path: Path, expected) -> int:
    tracemalloc.start()
    refusal(path, expected)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return taken


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "a.npz"
    head = npy(np.zeros(4, np.float32))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", head + bytes(40_000_000))
    assert path.stat().st_size < 100_000
    assert peak(path, {"a": (4,)}) < 4_000_000


def test_a_header_that_claims_too_much(tmp_path):
    path = tmp_path / "a.npz"
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (100000000000,), }"
    member = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", member)
    assert "100000000000" in refusal(path, {"a": (4,)})
    assert "damaged" in refusal(path, {"a": (100_000_000_000,)})


@pytest.mark.parametrize("header", [b"(" * 9000, b"-" * 9000 + b"1", b"{'descr': '<f4'}", b"\xff"])
def test_a_header_that_cannot_be_read(header, tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    assert "its header cannot be read" in refusal(path, {"a": (4,)})


def test_a_header_of_great_length(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + b" " * 40_000_000)
    assert peak(path, {"a": (4,)}) < 4_000_000


@pytest.mark.parametrize("length", [0, 2**20, 2**40, 2**64 - 1])
def test_a_safetensors_header_that_lies(length, tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", length) + b"{}" + bytes(100))
    refusal(path, {"a": (4,)})


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [4], "data_offsets": [0, 2**60]},
        {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": [2**63, 2**63], "data_offsets": [0, 16]},
        {"dtype": "F99", "shape": [4], "data_offsets": [0, 16]},
        {"dtype": "BF16", "shape": [4], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [4], "data_offsets": [16, 0]},
        {"shape": [4]},
        7,
    ],
)
def test_safetensors_entries_that_lie(entry, tmp_path):
    header = json.dumps({"a": entry}).encode()
    size = 8 if isinstance(entry, dict) and entry.get("dtype") == "BF16" else 16
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(size))
    refusal(path, {"a": (4,)})


@both
def test_far_too_large_a_file(suffix, tmp_path):
    path = tmp_path / f"a{suffix}"
    with path.open("wb") as stream:
        stream.truncate(10**11)
    assert "far larger" in refusal(path)


@both
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_random_damage_gives_weights_or_a_sentence(suffix, tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    text = bytearray(saved(folder, suffix).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(text) - 1)))
        if data.draw(st.booleans()):
            text[at : at + 1] = bytes([data.draw(st.integers(0, 255))])
        else:
            del text[at : at + data.draw(st.integers(1, 200))]
    path = folder / f"damaged{suffix}"
    path.write_bytes(text or b"x")
    said, found = str(path), WEIGHTS
    try:
        found = load_weights(path, SHAPES)
    except ProblemError as error:
        said = str(error)
    assert str(path) in said
    assert "\n" not in said
    assert {name: values.shape for name, values in found.items()} == SHAPES
