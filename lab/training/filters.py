"""The weights of one layer, or what belongs to each of them, as filters: what can be asked, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lab.training.probes import PartOf, Spread
from lab.training.question import Question

Array = NDArray[np.float32]
What = Literal["weights", "example", "batch", "update", "change"]


@dataclass(frozen=True)
class FiltersProbe(Question["Filters"]):
    """What each weight of a layer has:

    - "weights": its value;
    - "example": dE/dw of one example's own error, that with number `example` of `part`;
    - "batch": dE/dw of the mean error of the batch that comes next, before penalties and clipping;
    - "update": by how much the last update moved it;
    - "change": by how much it has moved since step `since`.

    With `spectra`, also the magnitude of each kernel's Fourier transform.
    """

    layer: str
    what: What = "weights"
    part: PartOf = "validation"
    example: int = 0
    since: int = 0
    spectra: bool = False


@dataclass(frozen=True, eq=False)
class Filters:
    """`parameters["conv1.weight"]`, in PyTorch's order, are the first of each parameter's numbers along its first axis,
    no more than MOST_SHOWN; `whole` are the sizes of those axes.

    `spread` and `norms` are of the weights proper, all of them: `norms` [filters] is the length sqrt(sum v^2) of each
    filter, along the axis of the layer's units, and `norm_spread` is theirs. `peaks` are the largest magnitudes of the
    parameters, `network_peak` is that of all the network's.

    `spectra` [out, in, N, N] are |F(u, v)| = |sum over r, c of w[r, c] exp(-2 pi i (u r + v c) / N)|, of kernels that
    are filled up with zeros to N x N, frequency 0 in the middle; None where they are not asked for or kernels are
    single numbers. Where what is asked is not known, `parameters` is empty and `why` says why.
    """

    parameters: dict[str, Array]
    whole: dict[str, int]
    network_peak: float = 0.0
    spread: Spread | None = None
    norms: Array | None = None
    norm_spread: Spread | None = None
    peaks: dict[str, float] = field(default_factory=dict)
    spectra: Array | None = None
    why: str = ""


MOST_SHOWN = 1 << 20
"""Numbers of a parameter that are shown: so many small pictures are not looked at by anybody."""
