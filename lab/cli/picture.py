"""`descent picture`: a view, or the whole window, drawn without a screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lab import doctor
from lab.cli.experiments import runnable
from lab.cli.train import advance, available_cores, divergence, ready
from lab.files import writable_folder, writable_place
from lab.problem import Problem, ProblemError
from lab.training.run import Run

if TYPE_CHECKING:
    from lab.gui.main_window import MainWindow
    from lab.gui.still import Still

SUFFIXES = (".png", ".svg", ".pdf")


def picture(
    word: str,
    steps: int,
    view: str,
    out: Path,
    theme: Literal["light", "dark"] = "light",
    size: tuple[int, int] | None = None,
    seed: int | None = None,
    threads: int | None = None,
) -> int:
    """Trains `steps` updates and draws the view of that name into the file `out`."""
    if out.suffix.lower() not in SUFFIXES:
        what = f"pictures are {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} files"
        raise ProblemError(Problem(str(out), what, "Give the file such a name"))
    writable_folder(writable_place(out).parent)  # told now, not after an hour of training
    experiment = runnable(word, seed)
    if missing := doctor.missing_for_offscreen():
        print(f"descent: {doctor.sentence(missing)}", file=sys.stderr)
        return 1
    use_no_screen()
    from lab.gui import still

    still.check_name(view)
    ready()
    run = Run(experiment, threads or available_cores())
    with _stage(run, theme) as (window, trainer):
        still.check_suits(view, trainer)
        outcome = advance(run, steps)
        if outcome.diverged:
            print(divergence(run), file=sys.stderr)
        if outcome.status:
            return outcome.status
        if view == still.WINDOW:
            still.draw_window(window, trainer, out, size)
        else:
            still.draw_view(view, window, trainer, out, size)
    print(f"{out}: {view} of {experiment.name} after {run.step:,} updates.")
    return 0


def use_no_screen() -> None:
    """Have Qt draw into memory, whatever screen there is. Before the application is made."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"


def draw_all(run: Run, folder: Path) -> list[str]:
    """Draws the window as PNG, and every view that has something to show but the curves as SVG; the files' names."""
    from lab.gui import still

    with _stage(run, "light") as (window, trainer):
        names = [name for name in still.fitting_views(trainer) if name != "curves"]
        for name in names:
            still.draw_view(name, window, trainer, folder / f"{name}.svg")
        still.draw_window(window, trainer, folder / "window.png")
    return ["window.png", *(f"{name}.svg" for name in names)]


@contextmanager
def _stage(run: Run, theme: Literal["light", "dark"]) -> Iterator[tuple[MainWindow, Still]]:
    """A window that looks at the run, and is never on a screen."""
    from lab import app
    from lab.gui import still

    with still.quiet():
        app.create_application(["descent"])
        trainer = still.Still(run)
        window = app.create_window(run.experiment, trainer=trainer)
        window.appearance.choose(theme)
        try:
            yield window, trainer
        finally:
            window.close()
