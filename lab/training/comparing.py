"""What has become of maps and weights since a marked step: what can be asked, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lab.training.probes import PartOf
from lab.training.question import Question

Array = NDArray[np.float32]


@dataclass(frozen=True)
class ChangesProbe(Question["Changes"]):
    """Every layer's outputs for one example now, less those with the weights that the run had at step `since`.

    `part`, one of "training", "validation" and "test" or a drawing, and `example` are as in ActivationsProbe.
    """

    part: PartOf = "validation"
    example: int = 0
    since: int = 0


@dataclass(frozen=True, eq=False)
class Changes:
    """`outputs[name]` [channels, height, width] is y now less y `before[name]`; `peaks` the largest |change| of a unit.

    Where the weights of that step are not to be had, or are of another network, there are none, and `why` says so.
    """

    since: int
    outputs: dict[str, Array] = field(default_factory=dict)
    before: dict[str, Array] = field(default_factory=dict)
    peaks: dict[str, Array] = field(default_factory=dict)
    why: str = ""
