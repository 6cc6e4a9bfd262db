"""What feature maps may show of every layer: outputs, what they were before the activation, derivatives, changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from lab.network.network import INPUT
from lab.training.comparing import ChangesProbe
from lab.training.drawing import Drawing
from lab.training.filter_numbers import NO_ERROR
from lab.training.probes import ActivationsProbe, Array, GradientsProbe, PartOf, Probe, largest
from lab.training.snapshot import Snapshot

Kind = Literal["output", "before", "gradient", "start", "mark"]

KINDS: tuple[tuple[Kind, str], ...] = (
    ("output", "outputs y"),
    ("before", "z before f"),
    ("gradient", "slopes ∂E/∂y"),
    ("start", "Δ since start"),
)
TIPS: dict[Kind, str] = {
    "output": "y = f(z), each unit's output. Click one to see its receptive field on the input.",
    "before": "z, what each activation function is given. Layers that only pass numbers on have none.",
    "gradient": "∂E/∂y, by how much the example's own error E grows with each output, and ∂E/∂x with each input.",
    "start": "y with the weights of now, less y of the same example with those of the start.",
    "mark": "y with the weights of now, less y of the same example with those of the marked step.",
}
SYMBOLS: dict[Kind, str] = {"output": "y", "before": "z", "gradient": "∂E/∂y", "start": "Δy", "mark": "Δy"}
NAMES: dict[Kind, str] = {
    "output": "output",
    "before": "before activation",
    "gradient": "dE/dy",
    "start": "change",
    "mark": "change",
}
"""What they are called in a table."""


@dataclass(frozen=True, eq=False)
class Maps:
    """`maps[layer]` [channels, height, width] and the largest magnitude of each unit; none where `why` says why."""

    kind: Kind
    maps: dict[str, Array]
    peaks: dict[str, Array] = field(default_factory=dict)
    why: str = ""

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.kind]

    def peak(self, layer: str) -> Array:
        known = self.peaks.get(layer)
        return largest(self.maps[layer], (1, 2)) if known is None else known


def probe_of(kind: Kind, part: PartOf, example: int, since: int) -> Probe:
    """What has to be asked for it."""
    if kind == "gradient":
        return GradientsProbe(part, example)
    if kind in ("start", "mark"):
        return ChangesProbe(part, example, since if kind == "mark" else 0)
    return ActivationsProbe(part, example)


def maps_in(snapshot: Snapshot, kind: Kind, probe: Probe) -> Maps | None:
    """What has been answered; None while it has not."""
    if isinstance(probe, GradientsProbe):
        if isinstance(probe.part, Drawing) and probe.part.label is None:
            return Maps(kind, {}, why=NO_ERROR)
        gradients = snapshot.reading(probe)
        if gradients is None:
            return None
        return Maps(kind, {INPUT: gradients.input, **gradients.outputs}, gradients.peaks)
    if isinstance(probe, ChangesProbe):
        changes = snapshot.reading(probe)
        return None if changes is None else Maps(kind, changes.outputs, changes.peaks, changes.why)
    assert isinstance(probe, ActivationsProbe)
    seen = snapshot.reading(probe)
    if seen is None:
        return None
    return Maps(kind, seen.preactivations) if kind == "before" else Maps(kind, seen.outputs, seen.peaks)
