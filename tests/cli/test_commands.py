"""The command line: what it prints, what it leaves behind, and its exit status."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from lab import cli
from lab.experiment.files import load_experiment, save_experiment
from lab.experiment.presets import preset, presets
from lab.export.weights import load_weights
from lab.training.archive import Archive
from lab.training.archive_file import save_archive
from lab.training.recording import recorded
from lab.training.run import Run
from lab.value import changed

ROOT = Path(__file__).resolve().parents[2]
EXPORTED = {"weights.npz", "weights.safetensors", "curves.csv", "curves.svg", "experiment.json"}
KEYS = ["steps", "train_loss", "validation_loss", "validation_accuracy", "seconds", "examples_per_second"]


@contextmanager
def interruptible(arguments: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A Python that hears SIGINT, also where these tests do not (of a shell's background), and ends with its test."""
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, ours)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def descent(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`descent` in a process of its own, without a screen."""
    return subprocess.run(
        [sys.executable, "-m", "lab", *map(str, arguments)],
        cwd=ROOT,
        env={**without_screen(), **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def without_screen() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}


@pytest.fixture
def diverging(tmp_path) -> Path:
    path = tmp_path / "diverging.json"
    neuron = preset("linear-neuron")
    save_experiment(changed(neuron, optimizer=changed(neuron.optimizer, rate=10.0)), path)
    return path


class TestDocuments:
    @pytest.fixture
    def document(self, tmp_path) -> Path:
        """A document of a run that has been trained already."""
        run = Run(preset("xor"))
        run.advance(5)
        save_archive(Archive(run.experiment, (recorded(run),), 1), tmp_path / "mine.descent")
        return tmp_path / "mine.descent"

    def test_train_begins_its_experiment_anew(self, document, capsys):
        assert cli.main(["train", str(document), "--steps", "20", "--json"]) == 0
        facts = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert facts["experiment"] == preset("xor").name
        assert facts["steps"] == 20

    @pytest.mark.parametrize("words", [["{}"], ["open", "{}"]])
    def test_a_file_alone_is_opened(self, document, monkeypatch, words):
        opened = []
        monkeypatch.setattr("lab.cli.window.open_window", lambda word, out: opened.append(word) or 0)
        assert cli.main([word.format(document) for word in words]) == 0
        assert opened == [str(document)]

    def test_the_window_gets_the_document_with_its_runs(self, document, monkeypatch):
        seen = []
        monkeypatch.setattr("lab.doctor.has_display", lambda: True)
        monkeypatch.setattr("lab.doctor.missing_for_window", list)
        monkeypatch.setattr("lab.app.run", lambda *given: seen.append(given) or 0)
        monkeypatch.setattr(signal, "signal", lambda *_: None)
        assert cli.main([str(document)]) == 0
        ((archive, path),) = seen
        assert archive.records[0].step == 5
        assert path == document

    def test_a_damaged_one_is_a_sentence(self, document, capsys):
        document.write_bytes(document.read_bytes()[:-50])
        assert cli.main(["train", str(document)]) == 2
        assert "cut short" in capsys.readouterr().err

    def test_one_that_is_not_there(self, tmp_path, capsys):
        assert cli.main(["train", str(tmp_path / "nowhere.descent")]) == 2
        assert "no such file" in capsys.readouterr().err


class TestTrain:
    def test_json_is_the_last_line(self, capsys):
        assert cli.main(["train", "xor", "--steps", "300", "--json"]) == 0
        out, err = capsys.readouterr()
        facts = json.loads(out.splitlines()[-1])
        assert set(KEYS) <= set(facts)
        assert facts["steps"] == 300
        assert facts["validation_accuracy"] > 0.8
        assert facts["examples_per_second"] > 0
        assert "XOR" in err

    def test_accuracy_is_null_in_regression(self, capsys):
        assert cli.main(["train", "plane", "--steps", "50", "--json"]) == 0
        facts = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert facts["validation_accuracy"] is None
        assert facts["train_loss"] >= 0

    @pytest.mark.parametrize("more", [[], ["--json"]])
    def test_what_it_takes_is_said_before_it_starts(self, capsys, monkeypatch, more):
        monkeypatch.setattr("lab.cli.train.Run", lambda *_: pytest.fail(capsys.readouterr().err))
        with pytest.raises(
            pytest.fail.Exception, match=r"^Training takes about .+ of memory \(parameters [^\n]+\n$"
        ):
            cli.main(["train", "xor", "--steps", "1", *more])

    def test_words_without_json(self, capsys):
        assert cli.main(["train", "iris", "--steps", "100"]) == 0
        out, _ = capsys.readouterr()
        assert "Training takes" not in out
        assert "validation accuracy" in out
        assert "100 updates" in out

    def test_epochs(self, capsys):
        assert cli.main(["train", "gaussians", "--epochs", "2", "--json"]) == 0
        facts = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert facts["steps"] == 40
        assert facts["epochs"] == 2

    def test_nothing_at_all(self, capsys):
        assert cli.main(["train", "xor", "--steps", "0", "--json"]) == 0
        facts = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert facts["steps"] == 0
        assert facts["examples_per_second"] is None

    def test_same_seed_same_weights_whatever_the_threads(self, tmp_path):
        shapes = {name: values.shape for name, values in Run(preset("mlp-digits")).parameters.items()}
        found = []
        for name, more in (("a", []), ("b", ["--threads", "1"]), ("c", ["--seed", "7"])):
            assert (
                cli.main(["train", "mlp-digits", "--steps", "60", "--export", str(tmp_path / name), *more])
                == 0
            )
            found.append(load_weights(tmp_path / name / "weights.npz", shapes))
        for name in shapes:
            np.testing.assert_array_equal(found[0][name], found[1][name])
        assert any((found[0][name] != found[2][name]).any() for name in shapes)
        assert load_experiment(tmp_path / "c" / "experiment.json").seed == 7

    def test_export(self, tmp_path, capsys):
        folder = tmp_path / "new" / "results"
        assert cli.main(["train", "xor", "--steps", "200", "--export", str(folder)]) == 0
        assert {path.name for path in folder.iterdir()} == EXPORTED
        assert str(folder) in capsys.readouterr().out
        run = Run(load_experiment(folder / "experiment.json"))
        run.advance(200)
        shapes = {name: values.shape for name, values in run.parameters.items()}
        for suffix in ("npz", "safetensors"):
            back = load_weights(folder / f"weights.{suffix}", shapes)
            for name, values in run.parameters.items():
                np.testing.assert_array_equal(back[name], values)

    def test_a_file_is_trained_like_a_preset(self, tmp_path, capsys):
        save_experiment(preset("xor"), tmp_path / "mine.json")
        assert cli.main(["train", str(tmp_path / "mine.json"), "--steps", "100", "--json"]) == 0
        theirs = json.loads(capsys.readouterr().out)
        assert cli.main(["train", "xor", "--steps", "100", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["train_loss"] == theirs["train_loss"]

    def test_divergence_is_no_success(self, diverging, tmp_path, capsys):
        arguments = ["train", str(diverging), "--json", "--export", str(tmp_path / "out")]
        assert cli.main(arguments) == 1
        out, err = capsys.readouterr()
        assert json.loads(out)["train_loss"] is None
        assert "not finite" in err
        assert "learning rate" in err
        assert {path.name for path in (tmp_path / "out").iterdir()} == EXPORTED

    def test_interrupted(self, tmp_path):
        command = ["-m", "lab", "train", "lenet"]  # whose updates are soon written out
        command += ["--steps", "1000000000", "--json", "--export", str(tmp_path)]
        with interruptible(command) as process:
            assert process.stderr
            assert any("Training takes" in line for line in process.stderr)  # what follows is training
            time.sleep(2)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=120)
        assert "Traceback" not in err
        assert process.returncode == 130
        if out:  # it may have been caught while the engine was still being prepared
            facts = json.loads(out.splitlines()[-1])
            assert facts["interrupted"]
            assert facts["steps"] > 0

    def test_a_second_interrupt_ends_it_while_the_engine_computes(self):
        code = """
import ctypes
from lab.cli.interrupt import second_interrupt_ends
with second_interrupt_ends():
    print("computing", flush=True)
    for _ in range(3):
        try:
            ctypes.CDLL(None).sleep(60)  # ends early at a signal, as the engine's calls do not
        except KeyboardInterrupt:
            pass
"""
        with interruptible(["-c", code]) as process:
            assert process.stdout
            assert process.stdout.readline() == "computing\n"
            for _ in range(2):
                time.sleep(0.5)
                process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=20)
        assert process.returncode == 130
        assert err.endswith("descent: interrupted\n")


class TestWrongCalls:
    @pytest.mark.parametrize(
        ("arguments", "named"),
        [
            (["train", "lennet"], "lenet"),
            (["train", "nowhere.json"], "nowhere.json: there is no such file"),
            (["train", "."], "folder"),
            (["train", ""], "“”: there is neither a preset nor a file"),
            (["open", ""], "“”: there is neither a preset nor a file"),
            (["train", "xor", "--export", ""], "the name is empty"),
            (["train", "red\x1b[31m.json"], "red\\x1b[31m.json: there is no such file"),
            (["train", "xor", "--export", "/proc/nowhere"], "/proc/nowhere"),
            (["train", "xor", "--steps", "-1"], "--steps"),
            (["train", "xor", "--steps", "1", "--epochs", "1"], "not allowed"),
            (["train", "xor", "--threads", "0"], "--threads"),
            (["train", "xor", "--seed", "99999999999"], "--seed"),
            (["train"], "EXPERIMENT"),
            (["fly"], "invalid choice"),
            (["picture", "xor", "--steps", "1", "--view", "window", "--out", "a.gif"], ".svg"),
            (
                ["picture", "xor", "--steps", "1", "--view", "window", "--out", "/nowhere/a.png"],
                "/nowhere/a.png",
            ),
            (
                ["picture", "xor", "--steps", "1", "--view", "window", "--out", "a.png", "--size", "9"],
                "1280x800",
            ),
            (["picture", "xor", "--view", "window", "--out", "a.png"], "--steps"),
            (["picture", "xor", "--steps", "1", "--view", "window", "--out", "/proc/a.png"], "/proc"),
        ],
    )
    def test_status_2_and_a_sentence(self, arguments, named, capsys):
        assert cli.main(arguments) == 2
        out, err = capsys.readouterr()
        assert named in err
        assert "Traceback" not in err
        assert out == ""

    def test_an_unwritable_folder_is_told_before_training(self, tmp_path, capsys):
        (tmp_path / "file").touch()
        assert cli.main(["train", "xor", "--export", str(tmp_path / "file")]) == 2
        assert "this is a file, not a folder" in capsys.readouterr().err

    def test_a_wrong_experiment_leaves_no_folder(self, tmp_path):
        assert cli.main(["train", "nope", "--export", str(tmp_path / "out")]) == 2
        assert not (tmp_path / "out").exists()

    def test_problems_of_the_network_are_told(self, tmp_path, capsys):
        experiment = json.loads((ROOT / "resources/presets/lenet.json").read_text())
        experiment["network"]["nodes"][0]["layer"]["kernel"] = 99
        (tmp_path / "a.json").write_text(json.dumps(experiment))
        assert cli.main(["train", str(tmp_path / "a.json")]) == 2
        assert "conv1: a 99×99 window does not fit" in capsys.readouterr().err

    def test_more_memory_than_there_is(self, tmp_path, capsys):
        experiment = json.loads((ROOT / "resources/presets/lenet.json").read_text())
        for node in (5, 6):
            experiment["network"]["nodes"][node]["layer"]["units"] = 1_000_000
        (tmp_path / "a.json").write_text(json.dumps(experiment))
        assert cli.main(["train", str(tmp_path / "a.json")]) == 2
        assert "memory" in capsys.readouterr().err


class TestWords:
    def test_presets(self, capsys):
        assert cli.main(["presets"]) == 0
        out = capsys.readouterr().out
        for one in presets():
            assert one.name in out
            assert one.title in out

    @pytest.mark.parametrize("command", ["", "open", "train", "picture", "presets", "bench", "doctor"])
    def test_help_has_an_example(self, command, capsys):
        assert cli.main([*command.split(), "--help"]) == 0
        assert f"example: descent {command}".rstrip() in capsys.readouterr().out

    def test_version(self, capsys):
        assert cli.main(["--version"]) == 0
        assert capsys.readouterr().out.startswith("descent 0.")

    def test_help_is_quick(self):
        code = "import sys; from lab import cli; cli.main(['--help']); print(*sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )
        loaded = set(done.stdout.splitlines()[-1].split())
        assert not loaded & {"numpy", "numba", "scipy", "PySide6"}

    def test_training_loads_no_qt(self):
        code = (
            "import sys; from lab import cli; cli.main(['train', 'xor', '--steps', '5']); print(*sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert not [
            name for name in done.stdout.splitlines()[-1].split() if name.startswith(("PySide6", "pyqtgraph"))
        ]

    def test_a_terminal_without_unicode(self):
        done = descent("presets", LC_ALL="C", PYTHONIOENCODING="ascii:strict")
        assert done.returncode == 0, done.stderr
        assert "LeNet on 28?28 digits" in done.stdout

    @pytest.mark.parametrize("closed", ["> /dev/full", ">&-", "2>&-", "| true"])
    @pytest.mark.parametrize("command", ["presets", "doctor"])
    def test_output_that_leads_nowhere(self, command, closed):
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {sys.executable} -m lab {command} {closed}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1)
        assert "Traceback" not in done.stderr
        if "full" in closed:
            assert done.stderr == "descent: No space left on device.\n"


class TestWithoutAScreen:
    def test_it_does_the_windows_job(self, tmp_path):
        done = descent("open", "xor", "--out", tmp_path / "out")
        assert done.returncode == 0, done.stderr
        assert "no screen" in done.stderr
        assert str(tmp_path / "out") in done.stdout
        names = {path.name for path in (tmp_path / "out").iterdir()}
        assert names >= EXPORTED | {"window.png", "decision.svg", "surface.svg"}
        assert not done.stderr.count("Traceback")

    @pytest.mark.parametrize("name", ["window.png", "surface.svg", "curves.pdf"])
    def test_pictures(self, name, tmp_path):
        out = tmp_path / name
        done = descent(
            "picture", "spiral", "--steps", "200", "--view", out.stem, "--out", out, "--theme", "dark"
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        magic = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[out.suffix]
        assert out.read_bytes().startswith(magic)
        assert stat.S_ISCHR(os.stat(os.devnull).st_mode)  # root's QSettings can replace it by a file

    def test_a_view_that_is_not_there(self, tmp_path):
        done = descent("picture", "xor", "--steps", "1", "--view", "nope", "--out", tmp_path / "a.png")
        assert done.returncode == 2
        assert "window, curves" in done.stderr

    def test_a_view_that_does_not_suit(self, tmp_path):
        # told before the training: a billion updates would take days
        arguments = ["--steps", "1000000000", "--view", "decision", "--out", tmp_path / "a.png"]
        done = descent("picture", "lenet", *arguments)
        assert done.returncode == 2
        assert "nothing to show" in done.stderr
        assert not (tmp_path / "a.png").exists()
