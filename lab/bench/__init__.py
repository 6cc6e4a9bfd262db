"""`descent bench`: the numbers to reach, measured on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import asdict

import msgspec
import numpy as np

from lab.bench.contests import CONTESTS, against_pytorch, against_scikit_learn
from lab.bench.engine import growth, learning, operations, overhead, scaling
from lab.bench.fresh import large_network, loading, window_numbers
from lab.bench.inside import inside
from lab.bench.line import Line
from lab.bench.surface_view import surface_view
from lab.bench.surfaces import surfaces
from lab.bench.workbench import workbench
from lab.kernels.threads import cores


def table(lines: list[Line]) -> str:
    """The lines under one another, columns aligned."""

    def number(value: float | None) -> str:
        return "" if value is None else f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3g}"

    cells = [["what", "ours", "PyTorch", "unit", "ratio", "target", "reached", ""]]
    for line in lines:
        reached = "" if line.reached is None else "yes" if line.reached else "NO"
        ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
        ours, theirs = number(line.ours), number(line.theirs)
        cells.append([line.what, ours, theirs, line.unit, ratio, line.target, reached, line.note])
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
    right = (1, 2, 4)
    rows = (
        "  ".join(
            c.rjust(w) if k in right else c.ljust(w) for k, (c, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    )
    return "\n".join(row.rstrip() for row in rows)


def operations_of(titles: tuple[str, ...]) -> str:
    """Where the time of a training step goes, operation by operation, for contests whose titles begin so."""
    parts = []
    for contest in CONTESTS:
        if contest.threads == 1 and contest.work == "training" and contest.title.startswith(titles):
            lines = [f"{contest.title}: µs, GFLOP/s"]
            for name, taken, speed in operations(contest):
                lines.append(f"  {name:44} {taken * 1e6:9.1f} {f'{speed:7.1f}' if speed else ''}".rstrip())
            parts.append("\n".join(lines))
    return "\n\n".join(parts)


def main(json: bool = False, quick: bool = False, by_operation: bool = False) -> int:
    """Measure everything and print it; with `json` the last line is one JSON object. Exit status 0.

    With `by_operation` it shows instead where the time of a training step goes.
    """
    if by_operation:
        print(operations_of(("784", "LeNet-5 28×28, batch 64", "ConvNetJS", "U-Net")))
        return 0
    parts: list[tuple[str, Callable[[], list[Line]]]] = [
        ("loading the kernels", lambda: loading(quick)),
        ("the engine against PyTorch", lambda: against_pytorch(quick)),
        ("the perceptron against scikit-learn", lambda: against_scikit_learn(quick)),
        ("two threads against one", lambda: scaling(quick)),
        ("error surfaces", lambda: [*surfaces(quick), *surface_view(quick)]),
        ("the interpreter, and how cost grows", lambda: [overhead(), *growth()]),
        ("AlexNet", lambda: large_network()),
        ("learning the digits", lambda: learning(30.0 if quick else 120.0)),
        ("the time machine", lambda: workbench(quick)),
        ("inside the network", lambda: inside(quick)),
        ("the window", lambda: window_numbers(quick)),
    ]
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    lines: list[Line] = []
    for name, measure in parts:
        print(f"Measuring {name} ...", file=sys.stderr, flush=True)
        lines += measure()
    print(table(lines))
    if busy > 0.5:
        print(
            f"Other programs were using {busy:.1f} cores when this began: the numbers are not the machine's best."
        )
    if json:
        machine = {"cores": cores(), "busy": busy, "python": sys.version.split()[0], "numpy": np.__version__}
        result = {"machine": machine, "lines": [asdict(line) for line in lines]}
        print(msgspec.json.encode(result).decode())
    return 0
