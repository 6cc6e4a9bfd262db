"""Pictures for files: real lines and words, whole files, and a sentence where that is not possible."""

import csv
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from lab.gui import figures
from lab.gui.selection import Selection
from lab.gui.theme import DARK
from lab.gui.views import VIEWS
from lab.gui.views.curves import CurvesView
from lab.gui.views.sweep import SweepView
from lab.gui.views.view import Table, View
from lab.problem import ProblemError
from tests.gui.fake_snapshots import snapshot, swept

SUITS = {"bent_grid": "rings", "decision": "rings", "units": "rings", "predictions": "waves"}


def filled(qtbot: QtBot, cls: type[View]) -> View:
    view = cls()
    qtbot.addWidget(view)
    view.show_theme(DARK)
    name = SUITS.get(cls.name, "lenet")
    bare = snapshot(name)
    own = view.probes_of_runs(bare).get(bare.run, frozenset())
    view.show_snapshot(snapshot(name, probes=view.probes(bare, Selection()) | own))
    if isinstance(view, SweepView):
        view.show_sweep(swept())
    return view


@pytest.mark.parametrize("cls", VIEWS, ids=lambda cls: cls.name)
def test_every_view_to_every_format(qtbot: QtBot, tmp_path: Path, cls: type[View]) -> None:
    view = filled(qtbot, cls)
    for suffix in figures.SUFFIXES:
        path = tmp_path / f"figure{suffix}"
        figures.save(view, path, size=(480, 320))
        assert path.stat().st_size > 2000
    image = QImage(str(tmp_path / "figure.png"))
    assert (image.width(), image.height()) == (960, 640)
    assert image.pixelColor(2, 2).name() == "#ffffff"  # light, though the view is dark
    svg = (tmp_path / "figure.svg").read_text("utf-8")
    assert 'viewBox="0 0 480 320"' in svg
    assert svg.count("<text") >= 3
    assert (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF-")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["figure.pdf", "figure.png", "figure.svg"]
    assert view.theme == DARK
    assert not any(part.isHidden() for part in view.furniture())


def test_curves_are_lines_and_words(qtbot: QtBot, tmp_path: Path) -> None:
    view = filled(qtbot, CurvesView)
    figures.save(view, tmp_path / "a.svg", size=(600, 420))
    svg = (tmp_path / "a.svg").read_text("utf-8")
    assert re.search(r">\s*validation\s*<", svg)
    assert re.search(r">\s*step \(updates\)\s*<", svg)
    lines = re.findall(r'<path[^>]* d="([^"]*)"|<polyline[^>]* points="([^"]*)"', svg)
    assert (
        max(len(re.findall(r"[ML,]", a or b)) for a, b in lines) > 100
    )  # the curve itself, not a picture of it
    assert re.search(r"\blog x\b", svg) is None  # controls stay out
    figures.save(view, tmp_path / "a.pdf", size=(600, 420))
    pdf = (tmp_path / "a.pdf").read_bytes()
    streams = [
        zlib.decompress(part)
        for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
        if part[:1] == b"\x78"
    ]
    drawn = max(streams, key=lambda s: s.count(b" l\n"))
    assert drawn.count(b" l\n") > 100
    assert any(b"Tj" in s or b"TJ" in s for s in streams)
    box = re.search(rb"/MediaBox \[\s*0 0 ([\d.]+) ([\d.]+)", pdf)
    assert box is not None
    np.testing.assert_allclose([float(v) for v in box.groups()], [450, 315], atol=1)


def test_any_widget(qtbot: QtBot, tmp_path: Path) -> None:
    label = QLabel("twelve")
    qtbot.addWidget(label)
    figures.save(label, tmp_path / "label.svg")
    assert "twelve" in (tmp_path / "label.svg").read_text("utf-8")
    assert not label.isVisible()


def test_what_cannot_be_written(qtbot: QtBot, tmp_path: Path) -> None:
    label = QLabel("x")
    qtbot.addWidget(label)
    (tmp_path / "folder.png").mkdir()
    for path in ("a.bmp", "a", "folder.png", "nowhere/a.png"):
        with pytest.raises(ProblemError) as error:
            figures.save(label, tmp_path / path)
        assert error.value.problems[0].mend
    assert [p.name for p in tmp_path.iterdir()] == ["folder.png"]
    with pytest.raises(ProblemError):
        figures.save_table(Table({}), tmp_path / "a.csv")


def test_tables(tmp_path: Path) -> None:
    table = Table({"step": np.array([1, 2]), "loss": np.array([0.5, np.nan]), "what": np.array(["a", "b,c"])})
    figures.save_table(table, tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["step", "loss", "what"], ["1", "0.5", "a"], ["2", "", "b,c"]]
