"""The learning curves of a run as a table and as plots."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lab.export.svg import Line, Plot
from lab.training.history import Curves

TRAINING, VALIDATION = "#2a6fb0", "#d9730d"
_SMOOTHED = 100  # points that are left of a curve where noise is averaged out


def curves_table(curves: Curves) -> dict[str, NDArray[np.generic]]:
    """One row a step at which anything was measured; what was not measured at it is NaN."""
    steps = np.union1d(curves.step, curves.validation_step)
    training = np.searchsorted(steps, curves.step)
    validation = np.searchsorted(steps, curves.validation_step)

    def column(rows: NDArray[np.int64], values: NDArray[np.generic]) -> NDArray[np.float64]:
        spread = np.full(len(steps), np.nan)
        spread[rows] = values
        return spread

    return {
        "step": steps,
        "examples": column(training, curves.examples),
        "training loss": column(training, curves.loss),
        "training accuracy": column(training, curves.accuracy),
        "learning rate": column(training, curves.rate),
        "gradient norm": column(training, curves.gradient_norm),
        "seconds": column(training, curves.seconds),
        "validation loss": column(validation, curves.validation_loss),
        "validation accuracy": column(validation, curves.validation_accuracy),
    }


def curves_plots(curves: Curves) -> tuple[Plot, ...]:
    """Loss, and where there are classes accuracy, over the updates."""
    plots = [_plot("loss", curves, curves.loss, curves.validation_loss, log=True)]
    if not np.isnan(curves.accuracy).all() or not np.isnan(curves.validation_accuracy).all():
        plots.append(
            _plot("accuracy (%)", curves, 100 * curves.accuracy, 100 * curves.validation_accuracy, log=False)
        )
    return tuple(plots)


def _plot(
    label: str, curves: Curves, training: NDArray[np.float64], validation: NDArray[np.float64], log: bool
) -> Plot:
    window = len(training) // _SMOOTHED
    if window < 2:
        lines = [Line("training batches", curves.step, training, TRAINING)]
    else:
        rows = (
            len(training) // window * window
        )  # what does not fill a window at the start is left to the faint line
        middle = curves.step[-rows:].reshape(-1, window).mean(axis=1)
        mean = training[-rows:].reshape(-1, window).mean(axis=1)
        lines = [
            Line("", curves.step, training, TRAINING, faint=True),
            Line(f"training batches, mean of {window}", middle, mean, TRAINING),
        ]
    if len(validation):
        lines.append(Line("validation", curves.validation_step, validation, VALIDATION, dashed=True))
    return Plot("updates", label, tuple(lines), log_y=log)
