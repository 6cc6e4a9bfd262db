"""A thread that looks at moments of a run and answers probes. It shares nothing with the run but copies."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Mapping

import numpy as np

from lab.experiment.experiment import Experiment
from lab.training.moment import Moment
from lab.training.probes import Probe, Reading, SurfaceProbe, UpdateProbe
from lab.training.readings import answer
from lab.training.survey import Surveyor

NICENESS = 5
"""Training goes first where cores are scarce."""

PATIENCE = 0.06
"""Seconds spent on a surface before a newer moment is looked at."""
NOTHING: tuple[int, Experiment | None, frozenset[Probe]] = (-1, None, frozenset())


class Observer:
    """Takes one moment at a time; while it looks, newer ones pass by.

    While training goes on it works for at most `share` of the time, so that two cores carry the trainer, the
    window and the observers together. `version` changes whenever there is something new to show. A probe that
    fails does not take the thread down: `take_failure` tells of it.
    """

    def __init__(self, name: str, share: float) -> None:
        self.version = 0
        self._share = share
        self._rests_until = 0.0
        self._failure = ""
        self._probes: frozenset[Probe] = frozenset()
        self._asked: frozenset[Probe] = frozenset()  # of the moment that is being looked at
        self._readings: dict[Probe, Reading] = {}
        self._read_from: Experiment | None = None
        self._moment: Moment | None = None  # what is being looked at
        self._done = NOTHING
        self._wake = threading.Event()
        self._stop = np.zeros(1, np.int64)
        self._closing = False
        self._surveyor = Surveyor()
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)

    # -- the trainer's side -----------------------------------------------------------------------------

    def watch(self, probes: frozenset[Probe]) -> None:
        self._probes = probes

    def wants(self, step: int, experiment: Experiment, training: bool) -> bool:
        """Whether it is free and rested, and this moment would tell it something new."""
        if self._moment is not None or not self._probes:
            return False
        if training and time.perf_counter() < self._rests_until:
            return False
        return self._done != (step, experiment, self._probes)

    @property
    def wants_internals(self) -> bool:
        """Whether the next moment has to have what the optimizer remembers."""
        return any(isinstance(probe, UpdateProbe) for probe in self._probes)

    def look(self, moment: Moment) -> None:
        """Look at this moment now. Only when `wants` said so."""
        self._asked, self._moment = self._probes, moment
        if not self._thread.is_alive() and not self._closing:
            self._thread.start()
        self._wake.set()

    def readings(self, experiment: Experiment) -> Mapping[Probe, Reading]:
        """The answers there are, if they are of this network and data."""
        seen = self._read_from
        if seen is None or (seen.network, seen.data) != (experiment.network, experiment.data):
            return {}
        return {probe: reading for probe, reading in self._readings.items() if probe in self._probes}

    def take_failure(self) -> str:
        """The traceback of the last probe that failed, once; "" if none did."""
        failure, self._failure = self._failure, ""
        return failure

    def forget(self) -> None:
        """The run went back in time: what is known is of another present."""
        self._done = NOTHING

    def dismiss(self) -> None:
        """Begin nothing more, and break off what can be."""
        self._closing = True
        self._stop[0] = 1
        self._wake.set()

    def close(self) -> None:
        self.dismiss()
        if self._thread.is_alive():
            self._thread.join()

    # -- its own thread ---------------------------------------------------------------------------------

    def _live(self) -> None:
        if hasattr(os, "setpriority"):
            # on Linux a thread has a niceness of its own
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while not self._closing:
            self._wake.wait()
            self._wake.clear()
            moment, probes = self._moment, self._asked
            if moment is None:
                continue
            began = time.perf_counter()
            try:
                found: dict[Probe, Reading] = {}
                whole = True
                for probe in probes:
                    if self._stop[0]:
                        break
                    if isinstance(probe, SurfaceProbe):
                        surface = self._surveyor.look(probe, moment, PATIENCE, self._stop)
                        if surface is not None:
                            found[probe] = surface
                            whole = whole and surface.complete
                    elif (reading := answer(probe, moment, self._stop)) is not None:
                        found[probe] = reading
                if found:
                    self._readings, self._read_from = found, moment.experiment
                    self.version += 1
            except Exception:
                self._failure, whole = traceback.format_exc(), True
            now = time.perf_counter()
            self._rests_until = now + (now - began) * (1 / self._share - 1)
            # a surface that is not whole is worth another look at the same moment
            self._done = (moment.step, moment.experiment, probes) if whole else NOTHING
            self._moment = None
