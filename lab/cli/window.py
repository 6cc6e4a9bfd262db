"""`descent` and `descent open`: the window, or, where there is no screen, its job done without one."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from lab import doctor
from lab.cli.experiments import find, is_preset, runnable
from lab.cli.picture import draw_all, use_no_screen
from lab.cli.train import advance, available_cores, divergence, duration, measured, ready, sentence, take_away
from lab.experiment.presets import DEFAULT
from lab.files import writable_folder
from lab.training.run import Run


def open_window(word: str | None, out: Path) -> int:
    """Opens the window on an experiment, by default the first preset; without a screen, see `without_screen`."""
    if not doctor.has_display():
        return without_screen(DEFAULT if word is None else word, out)
    if missing := doctor.missing_for_window():
        print(f"descent: {doctor.sentence(missing)}", file=sys.stderr)
        return 1
    from lab import app
    from lab.training.archive import Archive
    from lab.training.archive_file import load_archive

    path = Path(word) if word and Path(word).is_file() and not is_preset(word) else None
    archive = load_archive(path) if path else None if word is None else Archive(find(word))
    # Qt's loop would hold a KeyboardInterrupt back, and raise it in whatever slot runs next
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return app.run(archive, path)


def without_screen(word: str, out: Path) -> int:
    """Trains, and leaves the window's picture, the plots and the weights in the folder `out`."""
    experiment = runnable(word)
    writable_folder(out)
    print(
        f"There is no screen to open a window on, so “{experiment.name}” is trained here; the window's picture, "
        f"the plots and the weights go to {out.absolute()}.",
        file=sys.stderr,
    )
    ready()
    run = Run(experiment, available_cores())
    outcome = advance(run, duration(run))
    print(sentence(run, outcome, measured(run, outcome)))
    names = take_away(run, out)
    if outcome.diverged:
        print(divergence(run), file=sys.stderr)
    missing = doctor.missing_for_offscreen()
    if not missing:
        use_no_screen()
        names += draw_all(run, out)
    print(f"In {out.absolute()}: {', '.join(names)}.")
    if missing:
        print(f"descent: the pictures could not be drawn. {doctor.sentence(missing)}", file=sys.stderr)
    return outcome.status or int(bool(missing))
