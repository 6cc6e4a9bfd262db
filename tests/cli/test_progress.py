"""The bar fits its terminal, says how far it is, and leaves nothing behind; elsewhere it is silent."""

from __future__ import annotations

import io
import re

import pytest

from lab.cli import progress
from lab.cli.progress import Progress


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Narrow(Terminal):
    encoding = "latin-1"


def drawn(
    monkeypatch, columns: int, stream: Terminal, title: str = "LeNet on handwritten digits"
) -> list[str]:
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(progress, "EVERY", 0.0)
    monkeypatch.setenv("COLUMNS", str(columns))
    with Progress(title, 200) as bar:
        for done in (0, 1, 100, 200):
            bar.show(done, "loss 0.0123  validation 97.8 %")
    return [line.removesuffix("\x1b[K") for line in stream.getvalue().split("\r")[1:]]


@pytest.mark.parametrize("columns", [20, 60, 80, 200])
def test_fits(columns, monkeypatch):
    *lines, last = drawn(monkeypatch, columns, Terminal())
    assert last == ""
    assert len(lines) == 4
    assert all(len(line) < columns for line in lines)


def test_says_how_far(monkeypatch):
    *_, half, whole, _ = drawn(monkeypatch, 120, Terminal())
    assert re.search(r"50 %  loss 0\.0123  validation 97\.8 %  0:00 left", half)
    assert half.count("━") == half.count("─") == 20
    assert "100 %" in whole


def test_the_title_gives_way_to_the_bar(monkeypatch):
    *_, half, _, _ = drawn(monkeypatch, 80, Terminal())
    assert half.count("━") > 5


def test_terminals_without_unicode(monkeypatch):
    for line in drawn(monkeypatch, 100, Narrow()):
        line.encode("latin-1")


def test_silent_elsewhere(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    with Progress("x", 10) as bar:
        bar.show(5, "loss 1")
    assert stream.getvalue() == ""
