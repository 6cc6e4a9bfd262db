"""Runs side by side: one document's runs, advancing in lockstep from the same start with the same batches.

The active run leads. When it has made its updates, each other run makes as many as lead it to no more examples than
the leader has seen: runs of different batch sizes stay together too. A moment of the race is a step of the leader.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lab.experiment.experiment import Experiment
from lab.experiment.plan import CHECKPOINTS
from lab.problem import Problem, ProblemError
from lab.training.breakpoints import AnyBreakpoint, strikes
from lab.training.quantities import AnyQuantity
from lab.training.record import Record
from lab.training.recording import recorded, restored, twin
from lab.training.restart import Past, Start, go_again, hurry_again, start_as
from lab.training.run import Run

MOST_RUNS = 8
NAMES = "ABCDEFGH"
KEPT = 3
"""Closed runs that can be opened again."""
A_DRAG = 0.012
"""Seconds in which all runs go again from a start that is being dragged: most of a frame."""


@dataclass
class Lane:
    """A run and what tells it from the others. `stopped` says why it does not go on with them, "" if it does."""

    number: int
    name: str
    colour: int
    origin: tuple[int, int] | None
    run: Run
    stopped: str = ""

    def recorded(self) -> Record:
        return replace(
            recorded(self.run), run=self.number, name=self.name, colour=self.colour, origin=self.origin
        )


@dataclass(frozen=True)
class Entrant:
    """A run that is to take part in a race. Where it has weights of its own to begin with, `own_start` is set."""

    number: int
    name: str
    experiment: Experiment
    own_start: bool = False


@dataclass(frozen=True)
class Progress:
    """How many updates the leader made, and the lanes whose loss has stopped being finite on the way."""

    done: int
    diverged: tuple[Lane, ...] = ()


class Race:
    """Belongs to the trainer's thread, like its runs."""

    def __init__(self, lanes: list[Lane], active: int) -> None:
        self.lanes = lanes
        self.active = active
        self._followed: tuple[tuple[AnyQuantity, ...], tuple[AnyBreakpoint, ...]] = (), ()
        self._closed: dict[int, tuple[Record, int]] = {}  # and between which lanes
        self._pasts: dict[int, Past] = {}  # of runs whose start is being dragged, as they were before
        self._share_room()

    @classmethod
    def of(cls, experiment: Experiment, threads: int) -> Race:
        """A race of one run, at its start."""
        return cls([Lane(1, NAMES[0], 0, None, Run(experiment, threads))], 1)

    @classmethod
    def restored(cls, records: tuple[Record, ...], active: int, threads: int) -> Race:
        lanes = [Lane(r.run, r.name, r.colour, r.origin, restored(r, threads)) for r in records]
        return cls(lanes, active if any(lane.number == active for lane in lanes) else lanes[0].number)

    def with_entrants(self, entrants: Sequence[Entrant], active: int, from_here: bool) -> Race:
        """Another race, of these: each from where the front run stands, or else from its start, and from weights that
        were set there by hand. ProblemError if one of them cannot run.
        """
        if len(entrants) > MOST_RUNS:
            raise ProblemError(
                Problem("runs", f"{MOST_RUNS} are as many as go side by side", "Choose fewer of them")
            )
        front, lanes = self.front, []
        for colour, entrant in enumerate(entrants):
            if from_here:
                run = twin(front.run)
                run.edit(entrant.experiment)
                lanes.append(Lane(entrant.number, entrant.name, colour, (front.number, run.step), run))
            else:
                run = Run(entrant.experiment, front.run.threads)
                if not entrant.own_start:
                    start_as(run, front.run.timeline.edits[0].weights)
                lanes.append(Lane(entrant.number, entrant.name, colour, None, run))
        race = Race(lanes, active)
        race.follow(*self._followed)
        return race

    def recorded(self) -> tuple[Record, ...]:
        return tuple(lane.recorded() for lane in self.lanes)

    # -- who is there -----------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Lane]:
        return iter(self.lanes)

    def lane(self, number: int) -> Lane:
        found = next((lane for lane in self.lanes if lane.number == number), None)
        if found is None:
            raise ProblemError(Problem("runs", "this run is not there any more", "Choose another"))
        return found

    @property
    def front(self) -> Lane:
        """The active run, which commands are for."""
        return self.lane(self.active)

    @property
    def leader(self) -> Lane:
        """The active run, or where it does not go on the first one that does."""
        return next((lane for lane in (self.front, *self.lanes) if not lane.stopped), self.front)

    def branch(self, number: int, experiment: Experiment | None, origin: int) -> Lane:
        """A twin of run `origin` with the number `number`, edited if there is an experiment; it is active then.

        ProblemError, and nothing has changed, if there is no room for it or the experiment cannot run.
        """
        if len(self.lanes) >= MOST_RUNS:
            raise ProblemError(
                Problem("runs", f"{MOST_RUNS} are as many as go side by side", "Close one of them")
            )
        parent = self.lane(origin)
        run = twin(parent.run)
        if experiment is not None and experiment != run.experiment:
            run.edit(experiment)
        colour = self._free_colour()
        lane = Lane(number, NAMES[colour], colour, (origin, run.step), run)
        self.lanes.append(lane)
        self.active = number
        self._share_room()
        return lane

    def close(self, number: int) -> None:
        """Take a run away. It can be opened again for a while. The last one stays."""
        lane = self.lane(number)
        if len(self.lanes) == 1:
            raise ProblemError(Problem("runs", "the last run stays", "Open another experiment instead"))
        place = self.lanes.index(lane)
        self._closed[number] = lane.recorded(), place
        while len(self._closed) > KEPT:
            del self._closed[next(iter(self._closed))]
        self.lanes.remove(lane)
        if self.active == number:
            self.active = self.lanes[min(place, len(self.lanes) - 1)].number
        self._share_room()

    def reopen(self, number: int) -> Lane:
        """Open a closed run again, at the moment of the others."""
        if number not in self._closed or len(self.lanes) >= MOST_RUNS:
            raise ProblemError(
                Problem("runs", "this run was closed too long ago to be opened again", "Branch another")
            )
        examples, threads = self.front.run.examples, self.front.run.threads
        record, place = self._closed.pop(number)
        taken = {lane.colour for lane in self.lanes}
        colour = record.colour if record.colour not in taken else self._free_colour()
        run = restored(record, threads)
        lane = Lane(number, record.name, colour, record.origin, run)
        self.lanes.insert(place, lane)
        run.go_to(run.history.step_at(examples))
        self.active = number
        self._share_room()
        return lane

    def _free_colour(self) -> int:
        taken = {lane.colour for lane in self.lanes}
        return next(colour for colour in range(MOST_RUNS) if colour not in taken)

    def _share_room(self) -> None:
        """All histories together take what one may take."""
        for lane in self.lanes:
            lane.run.timeline.limit = CHECKPOINTS // len(self.lanes)
            lane.run.timeline.thin(lane.run.step)
            lane.run.watched.follow(*self._followed)

    def follow(self, quantities: tuple[AnyQuantity, ...], breakpoints: tuple[AnyBreakpoint, ...]) -> None:
        """Follow these quantities in every run, and what the breakpoints need."""
        self._followed = quantities, breakpoints
        for lane in self.lanes:
            lane.run.watched.follow(quantities, breakpoints)

    def stop(self, began: Mapping[int, tuple[int, int]], breakpoints: tuple[AnyBreakpoint, ...]) -> str:
        """Go back to where the first of the breakpoints struck, and say which; "" where none did.

        `began` says of each run at which step it stood, and which was its furthest, before it went on. What was
        trained beyond the stop for the first time is forgotten: nobody has seen it.
        """
        found: list[tuple[int, str]] = []
        for lane in self.lanes:
            run = lane.run
            hit = strikes(run.curves(), run.watched, began[lane.number][0], run.step, breakpoints)
            if hit is not None:
                whose = f"run {lane.name}: " if len(self.lanes) > 1 else ""
                found.append((run.history.examples_at(hit.step), f"{whose}{hit.sentence}"))
        if not found:
            return ""
        examples, said = min(found)
        self.go_to(self.front.run.history.step_at(examples))
        for lane in self.lanes:
            if began[lane.number][1] <= lane.run.step:
                lane.run.forget_future()
                lane.stopped = ""
        return said

    # -- time -------------------------------------------------------------------------------------------

    def advance(self, steps: int) -> Progress:
        """Up to `steps` updates of the leader, and the others follow."""
        leader, diverged = self.leader, []
        if leader.stopped:
            return Progress(0)
        made = leader.run.advance(steps)
        if made.diverged:
            diverged.append(leader)
        for lane in self.lanes:
            if lane is leader or lane.stopped:
                continue
            wanted = lane.run.batches.between(lane.run.examples, leader.run.examples)
            if wanted and lane.run.advance(wanted).diverged:
                diverged.append(lane)
        for lane in diverged:
            lane.stopped = not_finite(lane.run)
        return Progress(made.done, tuple(diverged))

    def go_to(self, step: int) -> None:
        """The active run stands at a step that it has been at, the others where as many examples had been seen."""
        front = self.front.run
        front.go_to(step)
        for lane in self.lanes:
            run = lane.run
            if run is not front:
                run.go_to(run.history.step_at(front.examples))
            if run.step < run.furthest:
                lane.stopped = ""

    def start_from(self, starts: Mapping[int, Start], final: bool) -> None:
        """Set the weights at step 0 of runs, by their numbers; each goes its way again to where it stood.

        Their later edits are kept. Until it is `final`, what else there is to know of a run is not worked out, and a
        long way only as far as a frame's time goes. A run without such weights stays as it is.
        """
        pasts = {lane.number: self._pasts.get(lane.number) or Past.of(lane.run) for lane in self.lanes}
        self._pasts = {} if final else pasts
        there = [lane for lane in self.lanes if lane.number in starts]
        there = [lane for lane in there if pasts[lane.number].takes(starts[lane.number])]
        for lane in there:
            past = pasts[lane.number].from_start(starts[lane.number])
            finite = go_again(lane.run, past) if final else hurry_again(lane.run, past, A_DRAG / len(there))
            lane.stopped = "" if finite else not_finite(lane.run)

    def reset(self) -> None:
        """All runs from the start, each under its experiment as it is now, and from weights set by hand there."""
        for lane in self.lanes:  # one after the other: there may be no room for two of each
            start = lane.run.timeline.edits[0].weights
            lane.run = Run(lane.run.experiment, lane.run.threads)
            start_as(lane.run, start)
            lane.stopped, lane.origin = "", None
        self._share_room()


def not_finite(run: Run) -> str:
    """Why a run does not go on."""
    return f"the loss is not finite at step {run.step:,}"
