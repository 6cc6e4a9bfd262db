"""Curves as table and plots: every number is there, every axis has a name, and the SVG is one."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lab.export.curves import curves_plots, curves_table
from lab.export.svg import Line, Plot, drawn, linear_ticks, number, save_plots, thinned
from lab.export.tables import save_table
from lab.training.history import Curves

SVG = "{http://www.w3.org/2000/svg}"


def curves(steps: int = 500, classes: bool = True, loss=None) -> Curves:
    step = np.arange(1, steps + 1)
    at = np.arange(0, steps + 1, 20)
    share = np.linspace(0.1, 0.9, steps) if classes else np.full(steps, np.nan)
    return Curves(
        step=step,
        examples=step * 10,
        loss=np.exp(-step / 100) if loss is None else loss,
        accuracy=share,
        rate=np.full(steps, 0.01),
        gradient_norm=np.exp(-step / 200),
        seconds=step * 0.01,
        validation_step=at,
        validation_loss=np.exp(-at / 100) + 0.1,
        validation_accuracy=at / (steps + 1) if classes else np.full(len(at), np.nan),
    )


def empty() -> Curves:
    whole, real = np.zeros(0, np.int64), np.zeros(0)
    return Curves(whole, whole, real, real, real, real, real, whole, real, real)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def texts(svg: str) -> list[str]:
    return [element.text for element in ElementTree.fromstring(svg.encode()).iter(f"{SVG}text")]


def test_the_table_holds_every_number(tmp_path):
    found = curves()
    save_table(curves_table(found), tmp_path / "a.csv")
    table = rows(tmp_path / "a.csv")
    assert [int(row["step"]) for row in table] == list(range(501))
    np.testing.assert_array_equal([float(row["training loss"]) for row in table[1:]], found.loss)
    np.testing.assert_array_equal(
        [float(row["validation loss"]) for row in table[::20]], found.validation_loss
    )
    assert table[0]["training loss"] == "" == table[1]["validation loss"]
    assert table[3]["examples"] == "30"


def test_tables_of_any_columns(tmp_path):
    columns = {
        "name, with comma": np.array(["a", 'b"c']),
        "x": np.array([1.5, np.nan, np.inf]),
        "n": np.array([True]),
    }
    save_table(columns, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == '"name, with comma",x,n\na,1.5,True\n"b""c",,\n,inf,\n'
    save_table({}, tmp_path / "a.csv")


@pytest.mark.parametrize(
    "of", [curves(), curves(5), curves(1), curves(20_000), empty(), curves(classes=False)]
)
def test_plots_of_any_run(of, tmp_path):
    save_plots(curves_plots(of), tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    assert "nan" not in text
    said = texts(text)
    assert "updates" in said
    assert "loss" in said
    assert len(text) < 300_000


def test_accuracy_only_where_there_are_classes():
    assert "accuracy (%)" in texts(drawn(curves_plots(curves())))
    assert "accuracy (%)" not in texts(drawn(curves_plots(curves(classes=False))))


def test_what_is_not_finite_or_not_positive_is_a_gap():
    loss = np.exp(-np.arange(500) / 100)
    loss[100:110], loss[200], loss[300:] = np.nan, 0.0, np.inf
    svg = drawn(curves_plots(curves(loss=loss)))
    assert "nan" not in svg
    assert "inf" not in svg
    paths = [element.get("d") for element in ElementTree.fromstring(svg.encode()).iter(f"{SVG}path")]
    assert any(path.count("M") == 3 for path in paths)


def test_names_are_escaped():
    line = Line('a <b> & "c"', np.arange(3), np.arange(3), "#000")
    assert 'a <b> & "c"' in texts(drawn([Plot("x < y", "&", (line,))]))


def test_every_axis_has_a_log(tmp_path):
    x = np.logspace(-3, 5, 50)
    text = drawn([Plot("x", "y", (Line("l", x, x**-2, "#000"),), log_x=True, log_y=True)])
    assert "10⁻⁸" in texts(text)
    assert "nan" not in text


def test_points_stay_on_the_page():
    for plot in (*curves_plots(curves()), Plot("x", "y", (Line("l", np.ones(3), np.full(3, 5e-7), "#000"),))):
        root = ElementTree.fromstring(drawn([plot]).encode())
        for path in root.iter(f"{SVG}path"):
            for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path.get("d")):
                assert 0 <= float(x) <= 760
                assert 0 <= float(y) <= 320


def test_thinning_keeps_every_peak():
    values = np.random.default_rng(0).normal(size=100_000)
    values[54_321] = 50
    kept = thinned(values)
    assert 54_321 in kept
    assert len(kept) < 2000
    assert kept[0] == 0
    assert kept[-1] == 99_999


@given(low=st.floats(-1e9, 1e9), span=st.floats(1e-6, 1e9))
def test_ticks_are_round_and_few(low, span):
    assume(span > 1e-6 * abs(low))
    ticks = linear_ticks(low, low + span)
    assert 2 <= len(ticks) <= 8
    assert all(low - span * 1e-3 <= tick <= low + span * 1.001 for tick in ticks)


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (0.05, "0.05"), (2000, "2,000"), (1e-7, "10⁻⁷"), (-3, "−3"), (2.5e9, "2.5·10⁹")],
)
def test_numbers(value, said):
    assert number(value) == said
