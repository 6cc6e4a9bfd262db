"""Surveys of the error surface: a plane is chosen, then its errors are filled in, coarse first, then finer.

A frame outlives the moment it was begun at: the surface over a plane stays true while training goes on, only the
path on it grows. A new plane is chosen when the path has left the old one behind. Other runs that walk through the
same space are drawn on the same plane, and it is chosen and framed for all of them. Whatever takes long is done in
slices: each look goes on where the last one stopped.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from lab.kernels.threads import cores
from lab.training.moment import Moment
from lab.training.readings import Stop
from lab.training.surfaces import Surface, SurfaceProbe
from lab.training.survey.anchors import Anchor, anchors_of
from lab.training.survey.choosing import choosing
from lab.training.survey.compass import Reckoning
from lab.training.survey.effort import LEVELS, Clock, first_look, too_dear
from lab.training.survey.error import Chosen, ErrorOf, chosen, error_of
from lab.training.survey.filling import Filling
from lab.training.survey.framing import Frame, within_reason
from lab.training.survey.showing import Survey, nothing_yet, surface
from lab.training.survey.wish import Choosing, Wish

AT_ONCE = 4
"""Frames, and surfaces of each frame, that are kept."""
ROOM, VECTORS = 512 << 20, 8
"""Bytes that the frames may take, each as much as so many vectors of weights."""
SHARE = 0.5
"""Of the time for a surface that its compass may take while training goes on."""
LONGEST = 10.0
"""So many times as long as it is to, a look may take to work out heights, if it has taken as long for their plane."""


@dataclass(eq=False)
class Search:
    """A plane that is being looked for."""

    wish: Wish
    parts: Choosing


@dataclass(eq=False)
class Framed:
    """A frame, and the surfaces over it by what they are of, the one that was asked for last at the end."""

    frame: Frame
    surveys: dict[tuple[object, ...], Survey] = field(default_factory=dict)


class Surveyor:
    """Fills in the surfaces that are asked for. Belongs to one thread."""

    def __init__(self) -> None:
        self._framed: dict[SurfaceProbe, Framed] = {}
        self._searches: dict[SurfaceProbe, Search] = {}
        self.has_more = False
        """Whether another look at the last moment would show more."""

    def look(
        self, probe: SurfaceProbe, moment: Moment, seconds: float, stop: Stop, at_rest: bool = False
    ) -> Surface | None:
        """The surface of `probe` after up to `seconds` of work on it, or less if `stop[0]` is set.

        Points that were done are not done again: look again to go on. None for a network that is too large. `at_rest`
        says that nothing else wants the cores: it uses all of them, and leaves nothing out for want of time.
        """
        if too_dear(moment.experiment, probe):
            return None
        clock = Clock.of(seconds, stop)
        moment = within_reason(moment)
        anchors, said = anchors_of(probe, moment)
        framed = self._frame(probe, moment, anchors, clock)
        self.has_more = True
        if framed is None:
            return nothing_yet(moment, "looking for the plane")
        survey = self._survey(framed, probe, moment, at_rest)
        # to find a plane and to lay the paths on it may have taken all of the time: on a slow machine each look would
        # begin with that, in vain
        longer = clock.with_as_much_again(LONGEST * seconds)
        self._work(survey, moment, clock, longer, at_rest, np.inf if at_rest else SHARE * seconds)
        found = surface(framed.frame, survey, moment, said)
        is_reckoned = survey.reckoning is not None and survey.reckoning.is_done
        self.has_more = plane_of(probe) in self._searches or not (found.complete and is_reckoned)
        return found

    @property
    def framed(self) -> tuple[Framed, ...]:
        """The frames that there are, the one that was asked for last at the end."""
        return tuple(self._framed.values())

    # -- frames -----------------------------------------------------------------------------------------

    def _frame(
        self, probe: SurfaceProbe, moment: Moment, anchors: tuple[Anchor, ...], clock: Clock
    ) -> Framed | None:
        """The frame of a probe: what is shown of a plane does not decide where it lies."""
        key = plane_of(probe)
        framed = self._framed.pop(key, None)
        if framed is None and probe.pinned:
            # what is pinned is the plane that there was
            framed = self._framed.get(replace(key, pinned=False))
        if framed is None or not framed.frame.still_serves(probe, moment, anchors):
            found = self._search(key, probe, moment, anchors, clock)
            if found is not None:
                framed = Framed(found)
            elif framed is not None and not framed.frame.is_of(moment):
                framed = None
        if framed is not None:
            self._framed[key] = framed
            while len(self._framed) > max(1, min(AT_ONCE, ROOM // (VECTORS * moment.params.nbytes))):
                del self._framed[next(iter(self._framed))]
        return framed

    def _search(
        self,
        key: SurfaceProbe,
        probe: SurfaceProbe,
        moment: Moment,
        anchors: tuple[Anchor, ...],
        clock: Clock,
    ) -> Frame | None:
        """A new frame, if it is found in time: else the search goes on at the next look, for the same moment."""
        search = self._searches.pop(key, None)
        if search is None or not _is_same_space(search.wish.moment, moment):
            wish = Wish(probe, moment, error_of(key, moment), anchors, clock.stop)
            search = Search(wish, choosing(wish))
        for choice in search.parts:
            if choice is not None:
                return Frame(choice, search.wish)
            if clock.is_over:
                self._searches = {**dict(list(self._searches.items())[-AT_ONCE + 1 :]), key: search}
                return None
        return None

    # -- surfaces ---------------------------------------------------------------------------------------

    def _survey(self, framed: Framed, probe: SurfaceProbe, moment: Moment, at_rest: bool) -> Survey:
        """The surface of a probe over its frame. That of a batch is finished before the next batch's is begun, unless
        there is time for all of it.
        """
        key = probe.over, probe.case if probe.over == "case" else 0, probe.height
        survey = framed.surveys.pop(key, None)
        if survey is None or not self._still_true(survey, probe, moment, at_rest):
            error = error_of(probe, moment)
            few = first_look(moment.experiment, probe, error.count)
            survey = Survey(Filling(framed.frame, error), first_filling(framed.frame, error, moment, few))
        framed.surveys[key] = survey
        while len(framed.surveys) > AT_ONCE:
            del framed.surveys[next(iter(framed.surveys))]
        return survey

    def _still_true(self, survey: Survey, probe: SurfaceProbe, moment: Moment, at_rest: bool) -> bool:
        """Whether the errors are those of the moment's experiment, on the examples that are asked for."""
        error, now = survey.error, moment.experiment
        then = error.experiment
        if (then.network, then.loss) != (now.network, now.loss) or error.prepared is not moment.prepared:
            return False
        if probe.height == "objective" and then.regularization != now.regularization:
            return False
        if probe.over != "batch" or not (at_rest or survey.whole.is_whole):
            return True
        return np.array_equal(error.examples.indices, chosen(probe, moment).indices)

    def _work(
        self, survey: Survey, moment: Moment, clock: Clock, longer: Clock, at_rest: bool, budget: float
    ) -> None:
        """Until the clock is over; for the first picture, of which all else is refined, until the `longer` one is."""
        hands = cores() if at_rest else 1
        if survey.first is not None and not survey.whole.level:
            survey.first.look_at(moment.params)
            survey.first.work(moment, longer, hands)
        survey.whole.look_at(moment.params)
        survey.whole.work(moment, longer if survey.first is None else clock, hands, LEVELS[:1])
        if not survey.whole.level:
            return
        if survey.reckoning is None or not survey.reckoning.is_of(moment, survey.error):
            survey.reckoning = Reckoning(survey.whole.frame.plane, survey.error, moment)
        survey.reckoning.go_on(clock, budget)
        survey.whole.work(moment, clock, hands)


def first_filling(frame: Frame, error: ErrorOf, moment: Moment, few: int) -> Filling | None:
    """The coarsest picture on the first few of the examples."""
    if not few:
        return None
    examples = Chosen(error.examples.part, error.examples.indices[:few], error.why)
    why = f"a first look, on {few:,} of {error.count:,} examples"
    fewer = ErrorOf(moment, error.over, error.height, replace(examples, why=why))
    return Filling(frame, fewer, LEVELS[:1])


def plane_of(probe: SurfaceProbe) -> SurfaceProbe:
    """What of a probe decides where its plane lies."""
    return replace(probe, over="training", case=0, height="loss")


def _is_same_space(then: Moment, now: Moment) -> bool:
    """Whether a plane that was looked for then is of use now."""
    a, b = then.experiment, now.experiment
    return (a.network, a.loss) == (b.network, b.loss) and then.prepared is now.prepared
