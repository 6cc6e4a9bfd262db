"""Learning rates that answer to the error: what a schedule makes of the batches' errors as they come.

Part of the step, so that the rate at step n is a function of the experiment and n. What it has seen lies in
`progress`, float64 [PROGRESS]; what it is to do in `settings`, float64 [SETTINGS]: see lab.learning.schedules.
"""

from __future__ import annotations

import numpy as np

from lab.kernels._jit import kernel

NONE, PLATEAU, RISE_AND_FALL = range(3)

# progress: the factor on the rate; the error of the last judgement or the best; judgements in a row without a
# gain (plateau) or with one (rise and fall); judgements to rest; sums of the window; updates still to wait
FACTOR, ERROR, ROW, REST, SUM, EXAMPLES, UPDATES, WAITED = range(8)
PROGRESS = 8

# settings: kind; updates of a window, 0 for a pass over the examples; updates to wait before the first window;
# limits of the factor; and the numbers of the kind
KIND, WINDOW, WAIT, LEAST, MOST, A, B, C, D = range(9)
SETTINGS = 9


def beginning() -> np.ndarray:
    """Progress of a schedule that has seen nothing."""
    progress = np.zeros(PROGRESS)
    progress[FACTOR], progress[ERROR] = 1.0, np.inf
    return progress


@kernel
def on_plateau(progress, settings, error):
    """The factor is multiplied by A when the best error has not been bettered by the share B for C judgements,
    after which D judgements rest: torch.optim.lr_scheduler.ReduceLROnPlateau, threshold_mode "rel"."""
    if error < progress[ERROR] * (1.0 - settings[B]):
        progress[ERROR], progress[ROW] = error, 0
    else:
        progress[ROW] += 1
    if progress[REST] > 0:
        progress[REST] -= 1
        progress[ROW] = 0
    if progress[ROW] > settings[C]:
        progress[FACTOR] = max(progress[FACTOR] * settings[A], settings[LEAST])
        progress[REST], progress[ROW] = settings[D], 0


@kernel
def rise_and_fall(progress, settings, error):
    """The factor is multiplied by A < 1 when the error is higher than the last one by more than the share B, and
    by D > 1 each time it has fallen for C judgements in a row or more."""
    last = progress[ERROR]
    progress[ERROR] = error
    if error > last * (1.0 + settings[B]):
        progress[ROW] = 0
        progress[FACTOR] = max(progress[FACTOR] * settings[A], settings[LEAST])
    elif error < last:
        if last < np.inf:
            progress[ROW] += 1
        if progress[ROW] >= settings[C]:
            progress[FACTOR] = min(progress[FACTOR] * settings[D], settings[MOST])
    else:
        progress[ROW] = 0


@kernel
def observe(progress, settings, error, count, pass_ends):
    """Take in the summed `error` of a batch of `count` examples; at the end of a window, judge its mean."""
    if settings[KIND] == NONE:
        return
    if progress[WAITED] < settings[WAIT]:
        progress[WAITED] += 1
        return
    progress[SUM] += error
    progress[EXAMPLES] += count
    progress[UPDATES] += 1
    window = settings[WINDOW]
    if (window == 0 and pass_ends) or (window > 0 and progress[UPDATES] >= window):
        mean = progress[SUM] / progress[EXAMPLES]
        progress[SUM], progress[EXAMPLES], progress[UPDATES] = 0.0, 0.0, 0.0
        if settings[KIND] == PLATEAU:
            on_plateau(progress, settings, mean)
        else:
            rise_and_fall(progress, settings, mean)
