"""`descent train`: the same run as in the window, without one."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from lab.cli.experiments import runnable
from lab.cli.progress import Progress
from lab.experiment.files import save_experiment
from lab.experiment.memory import whole_plan
from lab.export.curves import curves_plots, curves_table
from lab.export.svg import save_plots
from lab.export.tables import save_table
from lab.export.weights import save_weights
from lab.files import writable_folder
from lab.kernels.warmup import compile_all
from lab.training.run import Run

SLICE = 0.1  # seconds of training between two looks at the terminal and at Ctrl-C
ENOUGH_EPOCHS, ENOUGH_STEPS = 30, 3000


@dataclass
class Outcome:
    """How training went: `seconds` of it alone, and whether it came to its end."""

    seconds: float = 0.0
    diverged: bool = False
    interrupted: bool = False

    @property
    def status(self) -> int:
        return 130 if self.interrupted else 1 if self.diverged else 0


def train(
    word: str,
    steps: int | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    export: Path | None = None,
    as_json: bool = False,
) -> int:
    """Trains, says how well, leaves the results in `export`. With `as_json` words go to standard error.

    What it takes in memory is said there in any case, before it starts.
    """
    experiment = runnable(word, seed)
    if export:
        writable_folder(export)  # told now, not after an hour of training
    ready()
    threads = threads or available_cores()
    print(whole_plan(experiment).sentence(threads), file=sys.stderr)
    run = Run(experiment, threads)
    outcome = advance(run, duration(run, steps, epochs))
    facts = measured(run, outcome)
    print(sentence(run, outcome, facts), file=sys.stderr if as_json else sys.stdout)
    if export:
        names = take_away(run, export)
        print(f"In {export}: {', '.join(names)}.", file=sys.stderr if as_json else sys.stdout)
    if outcome.diverged:
        print(divergence(run), file=sys.stderr)
    if as_json:
        print(json.dumps(facts, allow_nan=False))
    return outcome.status


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ready() -> None:
    """Compiles the kernels, or loads them from their cache, so that the clock measures training alone."""
    with Progress("Preparing the engine", 1) as bar:
        compile_all(bar.count)


def duration(run: Run, steps: int | None = None, epochs: int | None = None) -> int:
    """How many updates to train; without a wish some epochs, and no fewer updates than the presets need."""
    if steps is not None:
        return steps
    if epochs is not None:
        return epochs * run.batches.per_epoch
    return max(ENOUGH_EPOCHS * run.batches.per_epoch, ENOUGH_STEPS)


def advance(run: Run, steps: int) -> Outcome:
    """Trains so many updates in slices, showing progress, unless the loss diverges or Ctrl-C is pressed."""
    outcome, done, size = Outcome(), 0, 1
    with Progress(run.experiment.name, steps) as bar:
        try:
            while done < steps and not outcome.diverged:
                bar.show(done, _glance(run))
                start = time.perf_counter()
                advanced = run.advance(min(size, steps - done))
                took = time.perf_counter() - start
                done += advanced.done
                outcome.seconds += took
                outcome.diverged = advanced.diverged
                # the first call may compile; from then on each slice aims at the same time
                size = max(1, min(2 * size, int(size * SLICE / max(took, 1e-6))))
        except KeyboardInterrupt:
            outcome.interrupted = True
    return outcome


def measured(run: Run, outcome: Outcome) -> dict[str, object]:
    """What `--json` prints. A number that does not exist, or is not finite, is null."""
    training, validation = run.evaluate("training"), run.evaluate("validation")
    rate = run.examples / outcome.seconds if outcome.seconds else None
    return {
        "experiment": run.experiment.name,
        "seed": run.experiment.seed,
        "steps": run.step,
        "epochs": _finite(run.epoch),
        "parameters": run.experiment.analysis.parameter_count,
        "train_loss": _finite(training.loss),
        "train_accuracy": _finite(training.accuracy),
        "validation_loss": _finite(validation.loss),
        "validation_accuracy": _finite(validation.accuracy),
        "seconds": round(outcome.seconds, 6),
        "examples_per_second": _finite(rate),
        "diverged": outcome.diverged,
        "interrupted": outcome.interrupted,
    }


def sentence(run: Run, outcome: Outcome, facts: dict[str, object]) -> str:
    """The numbers for a person, the most telling first."""
    epochs = f"{run.epoch:,.0f}" if run.epoch >= 100 else f"{run.epoch:.3g}"
    head = f"{run.experiment.name}: {_counted(f'{run.step:,}', 'update')} ({_counted(epochs, 'epoch')})"
    head += f" in {outcome.seconds:.3g} s"
    if outcome.interrupted:
        head += ", then interrupted"
    numbers = [f"training loss {_shown(facts['train_loss'])}"]
    if facts["validation_loss"] is not None:
        numbers.append(f"validation loss {_shown(facts['validation_loss'])}")
    if isinstance(accuracy := facts["validation_accuracy"], float):
        numbers.append(f"validation accuracy {100 * accuracy:.2f} %")
    if isinstance(rate := facts["examples_per_second"], float):
        numbers.append(f"{rate:,.0f} examples/s" if rate >= 10 else f"{rate:.2g} examples/s")
    return f"{head}. {', '.join(numbers).capitalize()}."


def divergence(run: Run) -> str:
    """What to do when the loss is no longer a number, and where that began."""
    found = run.diagnose()
    if found.layer == "loss":
        where = "each layer's numbers are finite, but their error is not"
    else:
        where = f"{found.layer} is the first layer whose numbers are not"
    return f"descent: the loss is not finite from update {found.step:,} on; {where}. Lower the learning rate."


def take_away(run: Run, folder: Path) -> list[str]:
    """Writes weights, curves and the experiment into the folder; the names of the files."""
    parameters, curves = run.parameters, run.curves()
    save_weights(parameters, folder / "weights.npz")
    save_weights(parameters, folder / "weights.safetensors")
    save_table(curves_table(curves), folder / "curves.csv")
    save_plots(curves_plots(curves), folder / "curves.svg")
    save_experiment(run.experiment, folder / "experiment.json")
    return ["weights.npz", "weights.safetensors", "curves.csv", "curves.svg", "experiment.json"]


def _glance(run: Run) -> str:
    curves = run.curves()
    words = [f"loss {curves.loss[-1]:.3g}"] if len(curves.loss) else []
    if len(curves.validation_accuracy) and not math.isnan(curves.validation_accuracy[-1]):
        words.append(f"validation {100 * curves.validation_accuracy[-1]:.1f} %")
    return "  ".join(words)


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _counted(number: str, word: str) -> str:
    return f"{number} {word}" if number == "1" else f"{number} {word}s"


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "not finite"
