"""Compiling everything ahead, stage by stage, so that a window can show how far it is.

Each stage compiles what it names with the argument types of real use, or, with a warm cache, loads it in a moment.
Where cores are idle the first compilation is shared out to processes, which fill the cache side by side: Numba
compiles one function at a time in each.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import numpy as np

from lab.kernels import interpreter, loss, render, schedule, threads, update
from lab.kernels import opcodes as op
from lab.kernels._jit import CACHE_FOLDER
from lab.kernels.interpreter import LINE, PARTS, TALLY, Cases, Code, Memory, Rule
from lab.kernels.operations import OPERATIONS, SHARED, ready
from lab.kernels.shadow import shadow
from lab.kernels.walk import walk

Stage = Callable[[], object]


def _v(size: int = 1) -> np.ndarray:
    return np.zeros(size, np.float32)


def _arenas() -> np.ndarray:
    return np.zeros((1, 16), np.float32)


def _code() -> Code:
    """A program with nothing to do but a loss of one output on one example."""
    rows, constants = np.zeros((1, op.COLUMNS), np.int64), np.zeros((1, op.CONSTANTS))
    lists, plan = np.zeros(0, np.int64), np.zeros(op.PLAN, np.int64)
    rows[0, [op.CI, op.HI, op.WI, op.CO, op.HO, op.WO]] = 1
    rows[0, [op.OP, op.DX, op.KIND]] = op.LOSS, -1, loss.SQUARED_ERROR
    plan[[op.BACKWARD, op.END, op.CAPACITY, op.IC, op.IH, op.IW, op.OC, op.OH, op.OW]] = 1
    for array in (rows, constants, lists, plan):
        array.setflags(write=False)
    return Code(rows, constants, lists, plan, ready([op.LOSS]))


def _cases() -> Cases:
    return interpreter.cases(np.zeros((1, 1), np.float32), np.zeros((1, 1), np.float32))


def _rows() -> None:
    counters = np.zeros(op.COUNTERS, np.int64)
    interpreter.run_rows(_code(), 0, 1, 1, _v(16), _v(), _v(0), 1.0, np.zeros(TALLY), counters)
    interpreter.gather(_code(), _cases(), np.zeros(1, np.int64), 0, 1, _v(16))


def _evaluation() -> None:
    order, outputs = np.zeros(1, np.int64), np.zeros((1, 1), np.float32)
    interpreter.evaluate(_code(), _cases(), order, _arenas(), _v(), outputs, np.zeros((PARTS, TALLY)))


def _parallel_evaluation() -> None:
    order, outputs = np.zeros(1, np.int64), np.zeros((1, 1), np.float32)
    with threads.ENTRANCE:
        interpreter.evaluate_shards(
            _code(), _cases(), order, _arenas(), _v(), outputs, np.zeros((PARTS, TALLY))
        )


def _shared_evaluation() -> None:
    order, outputs, shared = np.zeros(1, np.int64), np.zeros((1, 1), np.float32), np.zeros(SHARED.size, bool)
    with threads.ENTRANCE:
        interpreter.evaluate_together(
            _code(), _cases(), order, _arenas(), _v(), outputs, np.zeros((PARTS, TALLY)), shared
        )


def _surfaces() -> None:
    order, stop = np.zeros(1, np.int64), np.zeros(1, np.int64)
    points = np.zeros((1, 1), np.float32)
    shadow(_v(), _v(), points)
    interpreter.evaluate_many(_code(), _cases(), order, _v(16), points, np.zeros(1), np.zeros(1), stop)


def _pictures() -> None:
    heights, table, none = np.zeros((2, 2)), np.zeros(256, np.uint32), np.empty(0)
    stroke, view = render.Stroke(np.zeros((2, 3)), 0, 0), render.View(0.5, 0.5, 10.0)
    lines = render.level_lines(none, none)
    render.between(np.arange(2.0), np.arange(2.0), np.zeros((2, 2)), np.zeros(1), np.zeros(1))
    render.render_surface(heights, table, lines, [stroke], view, (8, 8), walls=table, samples=2)


def _training() -> None:
    memory = Memory(
        _v(), _v(), np.zeros((1, 1), np.float32), _arenas(), np.zeros((1, TALLY)), np.zeros((1, LINE), np.int64),
        np.zeros(1, np.int64), np.full(2, -2, np.int64), schedule.beginning(), _v(),
    )  # fmt: skip
    blocks, numbers = np.zeros((1, update.BLOCK), np.int64), np.zeros((1, update.NUMBERS))
    rule = Rule(update.SGD, np.zeros(3), blocks, numbers)
    results = np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1, np.int64), np.zeros(1)
    arguments = _code(), _cases(), rule, memory, 1, 0, 0, 1, False, *results, False
    interpreter.train(*arguments)
    none, tallies = np.empty(0, np.int64), np.zeros((1, PARTS, TALLY))
    walk(*arguments, none, np.zeros((1, 1), np.float32), none, _code(), _cases(), _arenas(), tallies)


STAGES: dict[str, Stage] = {
    "what others call": partial(ready, []),
    "training": _training,
    **{operation.name: partial(ready, [code]) for code, operation in OPERATIONS.items()},
    "rows": _rows,
    "evaluation": _evaluation,
    "evaluation on several cores": _parallel_evaluation,
    "evaluation of one example by several cores": _shared_evaluation,
    "surfaces": _surfaces,
    "pictures": _pictures,
}

COMPLETE = CACHE_FOLDER / "complete"
"""Stands in the cache when everything is there."""


def compile_all(progress: Callable[[int, int], None] = lambda done, total: None) -> None:
    """Have everything ready; `progress(done, total)` is called at the beginning, on the way, and once at the end."""
    for done in compiling():
        progress(done, len(STAGES))


def compiling() -> Iterator[int]:
    """How many stages are done, again and again until all of them are. Close it to give up."""
    yield 0
    if not COMPLETE.exists():
        yield from _in_processes()
    for done, stage in enumerate(STAGES.values()):
        stage()
        yield done + 1
    with suppress(OSError):
        COMPLETE.touch()


def _in_processes() -> Iterator[int]:
    """Fill the cache by as many processes as there are cores. Whatever they fail to do is left to this one."""
    helpers = []
    try:
        for k in range(threads.cores()):
            command = [sys.executable, "-P", "-m", "lab.kernels.warmup", str(k), str(threads.cores())]
            place = {"DESCENT_CACHE_DIR": str(CACHE_FOLDER.parent), "PYTHONPATH": os.pathsep.join(sys.path)}
            helpers.append(
                subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=os.environ | place,
                )
            )
        done = 0
        with selectors.DefaultSelector() as selector:
            for helper in helpers:
                assert helper.stdout is not None
                selector.register(helper.stdout, selectors.EVENT_READ)
            while selector.get_map():
                for key, _ in selector.select(timeout=0.1):
                    said = os.read(key.fd, 4096)  # a letter a stage
                    done += len(said)
                    if not said:
                        selector.unregister(key.fileobj)
                yield min(done, len(STAGES) - 1)
    except OSError:  # no process to be had: this one does it all
        return
    finally:
        for helper in helpers:
            helper.kill()
            helper.wait()
            if helper.stdout is not None:
                helper.stdout.close()


def main(part: int, parts: int) -> None:
    """Compile every `parts`-th stage from `part` on, and print a letter for each."""
    for stage in list(STAGES.values())[part::parts]:
        stage()
        print(".", end="", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
