"""What the window gets to see of a run: frozen, and complete in itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar, overload

from lab.experiment.experiment import Experiment
from lab.training.history import Curves
from lab.training.probes import (
    Activations,
    ActivationsProbe,
    Decision,
    DecisionProbe,
    Outputs,
    OutputsProbe,
    Probe,
    Reading,
    Surface,
    SurfaceProbe,
    Update,
    UpdateProbe,
    Weights,
    WeightsProbe,
)

R = TypeVar("R")


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment. `readings` answers the probes that were watched, each as soon as it is there."""

    experiment: Experiment
    step: int
    examples: int
    epoch: float
    rate: float
    steps_per_second: float
    curves: Curves
    readings: Mapping[Probe, Reading] = field(default_factory=dict)

    @overload
    def reading(self, probe: ActivationsProbe) -> Activations | None: ...
    @overload
    def reading(self, probe: WeightsProbe) -> Weights | None: ...
    @overload
    def reading(self, probe: UpdateProbe) -> Update | None: ...
    @overload
    def reading(self, probe: OutputsProbe) -> Outputs | None: ...
    @overload
    def reading(self, probe: DecisionProbe) -> Decision | None: ...
    @overload
    def reading(self, probe: SurfaceProbe) -> Surface | None: ...
    def reading(self, probe: Probe) -> Reading | None:
        """The answer to `probe`, or None while there is none."""
        return self.readings.get(probe)
