"""A thread that looks at moments of runs and answers probes. It shares nothing with a run but copies."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Mapping

import numpy as np

from lab.experiment.experiment import Experiment
from lab.training.ascent import Climber
from lab.training.moment import Moment
from lab.training.one_unit import ExcitingProbe
from lab.training.probes import Probe, Reading
from lab.training.readings import answer
from lab.training.surfaces import SurfaceProbe
from lab.training.survey import Surveyor

NICENESS = 5
"""Training goes first where cores are scarce."""

PATIENCE = 0.06
"""Seconds spent on a surface before a newer moment is looked at."""
Asked = Mapping[int, frozenset[Probe]]
"""The probes, by the number of the run that they are for."""
Versions = Mapping[int, int]
"""Of the runs, as they were when they were looked at."""
NOTHING: tuple[Versions, Asked] = ({}, {})


class Observer:
    """Takes moments of some runs at a time; while it looks, newer ones pass by.

    While training goes on it works for at most `share` of the time, so that two cores carry the trainer, the
    window and the observers together. `version` changes whenever there is something new to show. A probe that
    fails does not take the thread down: `take_failure` tells of it.
    """

    def __init__(self, name: str, share: float) -> None:
        self.version = 0
        self._share = share
        self._training = False
        self._rests_until = 0.0
        self._failure = ""
        self._probes: Asked = {}
        self._asked: Asked = {}  # of the moments that are being looked at
        self._readings: dict[int, tuple[Experiment, dict[Probe, Reading]]] = {}
        self._moments: Mapping[int, Moment] | None = None  # what is being looked at
        self._versions: Versions = {}
        self._done = NOTHING
        self._answered: Asked = {}
        self._wake = threading.Event()
        self._stop = np.zeros(1, np.int64)
        self._closing = False
        self._surveyors: dict[int, Surveyor] = {}
        self._climbers: dict[tuple[int, Probe], Climber] = {}
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)

    # -- the trainer's side -----------------------------------------------------------------------------

    def watch(self, probes: Asked) -> None:
        self._probes = {run: asked for run, asked in probes.items() if asked}

    def wants(self, versions: Versions, training: bool) -> tuple[int, ...]:
        """The runs of which it would see a moment; none where it is busy, rests, or knows all there is to know."""
        self._training = training
        if self._moments is not None:
            return ()
        if training and time.perf_counter() < self._rests_until and not self._is_asked_anew:
            return ()
        runs = tuple(run for run in self._probes if run in versions)
        current = {run: versions[run] for run in runs}
        return () if self._done == (current, self._probes) else runs

    @property
    def _is_asked_anew(self) -> bool:
        """Whether there is a probe that was not there when it looked last: somebody waits for the answer."""
        return any(not probes <= self._asked.get(run, frozenset()) for run, probes in self._probes.items())

    @property
    def has_answered(self) -> bool:
        """Whether the last answers are to what is asked now."""
        return not self._probes or self._answered == self._probes

    def wanted_of(self, run: int, *kinds: type) -> tuple[Probe, ...]:
        """The probes of these kinds that are watched of a run."""
        return tuple(probe for probe in self._probes.get(run, ()) if isinstance(probe, kinds))

    def look(self, moments: Mapping[int, Moment], versions: Versions) -> None:
        """Look at these moments now. Only of runs that `wants` named."""
        self._asked, self._versions = self._probes, {run: versions[run] for run in moments}
        self._moments = moments
        if not self._thread.is_alive() and not self._closing:
            self._thread.start()
        self._wake.set()

    def readings(self, run: int, experiment: Experiment) -> Mapping[Probe, Reading]:
        """The answers there are, if they are of this network and data."""
        seen, readings = self._readings.get(run, (None, {}))
        if seen is None or (seen.network, seen.data) != (experiment.network, experiment.data):
            return {}
        asked = self._probes.get(run, frozenset())
        return {probe: reading for probe, reading in readings.items() if probe in asked}

    def take_failure(self) -> str:
        """The traceback of the last probe that failed, once; "" if none did."""
        failure, self._failure = self._failure, ""
        return failure

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
            moments, probes = self._moments, self._asked
            if moments is None:
                continue
            began = time.perf_counter()
            try:
                whole = self._answer(moments, probes)
            except Exception:
                self._failure, whole = traceback.format_exc(), True
                self._answered = probes
            now = time.perf_counter()
            self._rests_until = now + (now - began) * (1 / self._share - 1)
            # a surface that is not whole is worth another look at the same moment
            self._done = (self._versions, probes) if whole else NOTHING
            self._moments = None

    def _answer(self, moments: Mapping[int, Moment], probes: Asked) -> bool:
        """Look, and say whether nothing is left to be seen of these moments."""
        whole = True
        found: dict[int, tuple[Experiment, dict[Probe, Reading]]] = {}
        for run, moment in moments.items():
            answers: dict[Probe, Reading] = {}
            known = self._known(run, moment)
            for probe in probes[run]:
                if self._stop[0]:
                    break
                if (reading := known.get(probe)) is not None:
                    answers[probe] = reading
                elif isinstance(probe, SurfaceProbe):
                    surveyor = self._surveyors.setdefault(run, Surveyor())
                    surface = surveyor.look(probe, moment, PATIENCE, self._stop, at_rest=not self._training)
                    if surface is not None:
                        answers[probe] = surface
                        whole = whole and not surveyor.has_more
                elif isinstance(probe, ExcitingProbe):
                    climber = self._climbers.setdefault((run, probe), Climber())
                    picture = climber.look(probe, moment, PATIENCE, self._stop, at_rest=not self._training)
                    if picture is not None:
                        answers[probe] = picture
                        whole = whole and not climber.has_more
                elif (reading := answer(probe, moment, self._stop)) is not None:
                    answers[probe] = reading
            if answers:
                found[run] = moment.experiment, answers
        self._surveyors = {run: surveyor for run, surveyor in self._surveyors.items() if run in moments}
        self._climbers = {
            (run, probe): climber
            for (run, probe), climber in self._climbers.items()
            if probe in probes.get(run, ())
        }
        if found:
            self._readings = found
        self._answered = probes
        if found:
            self.version += 1
        return whole

    def _known(self, run: int, moment: Moment) -> Mapping[Probe, Reading]:
        """What has been answered of this very moment already, and does not grow while it is looked at."""
        seen, readings = self._readings.get(run, (None, {}))
        if seen is not moment.experiment or self._done[0].get(run) != self._versions.get(run):
            return {}
        growing = SurfaceProbe | ExcitingProbe
        return {probe: reading for probe, reading in readings.items() if not isinstance(probe, growing)}
