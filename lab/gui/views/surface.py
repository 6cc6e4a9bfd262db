"""Error surface: the error over a plane through weight space, and the path walked on it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QWidget

from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.theme import Theme, sequential
from lab.gui.views.framed import FramedView
from lab.gui.views.view import Table
from lab.gui.views.weights import place_of
from lab.gui.widgets.colorbar import ColourBar
from lab.gui.widgets.colour import Scale
from lab.gui.widgets.surface.compass_card import CompassCard
from lab.gui.widgets.surface.controls import SurfaceControls
from lab.gui.widgets.surface.faces import KINDS, Faces
from lab.gui.widgets.surface.rows import table_of
from lab.gui.widgets.surface.scene import Scene
from lab.gui.widgets.surface.surface2d import Surface2D
from lab.gui.widgets.surface.terrain import Look, Terrain, Values, known, scale_of, terrain
from lab.gui.widgets.surface.trails import trails_of
from lab.gui.widgets.surface.words import hover, named, over_what, summary
from lab.training.probes import Probe
from lab.training.snapshot import Snapshot
from lab.training.surfaces import Surface, SurfaceProbe
from lab.training.survey import too_dear

CARD_BESIDE, CARD_BELOW = (600, 260), (330, 500)
"""Pixels of width and height from which on the compass has room beside the picture, or below it."""
RELIEF = 0.02
"""Seconds that a relief rests, whose ground is kept: paths on it are as smooth as the hand that turns it."""
EQUAL_PLANES = ("curvature",)
"""Their directions are orthonormal and their frames not long: then angles can be drawn as they are."""


class SurfaceView(FramedView):
    """`start_dragged` carries weights by name, at which all runs are to begin, or None where that was given up; and
    whether they have been let go of.
    """

    name = "surface"
    title = "Error surface"
    tab = "Surface"
    summary = "The error over a plane through weight space, and the path that training walks on it"

    rest = 0.06

    start_dragged = Signal(object, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._experiment: Experiment | None = None
        self._snapshot: Snapshot | None = None
        self._readings: tuple[Surface, ...] = ()  # the surface's, and that of the batch beside or over it
        self._lands: tuple[Terrain, ...] = ()
        self._seen: tuple[Look | Surface, ...] = ()  # what the terrains were made of
        self.scenes: tuple[Scene, ...] = ()
        self._shown: tuple[object, ...] = ()  # what the picture was made of
        self._kept: tuple[object, ...] = ()
        self._dragging = False
        self.alone = False
        self.settings = SurfaceControls(self.controls)
        self._asked = self.probe(), self.batch_probe()
        self.settings.asked.connect(self._ask)
        self.settings.restyled.connect(self._redraw)
        self.faces, self.bar, self.card = Faces(), ColourBar(), CompassCard()
        self.faces.pointed.connect(self._point)
        self.faces.start_moved.connect(self._drag)
        self.faces.run_pressed.connect(self._pick_run)
        self._picture = QWidget()
        picture = QHBoxLayout()
        picture.setSpacing(8)
        picture.addWidget(self.faces, 1)
        picture.addWidget(self.bar)
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._picture)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self._layout.addLayout(picture, 1)
        self._layout.addWidget(self.card, 0, Qt.AlignmentFlag.AlignTop)
        self.card.hide()
        self.set_picture(self._picture)
        self.say("Press play: the surface and the path on it appear here")

    @property
    def is_awaited(self) -> bool:
        """The start is in the hand, and the paths have to follow it."""
        return self._dragging

    # what is asked for

    def probe(self, experiment: Experiment | None = None) -> SurfaceProbe:
        """What is asked of an experiment; of the one that is shown, unless another is given."""
        return self.settings.probe(experiment or self._experiment)

    def batch_probe(self, experiment: Experiment | None = None) -> SurfaceProbe | None:
        """That of the batch's own surface, in the same frame; the full one's where the batch's is shown anyway."""
        if not self.settings.batch_as:
            return None
        probe = self.probe(experiment)
        return replace(probe, over="training" if probe.over == "batch" else "batch")

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        probe, batch = self.probe(snapshot.experiment), self.batch_probe(snapshot.experiment)
        if is_vague(probe):
            return frozenset()
        return frozenset({probe} if batch is None else {probe, batch})

    def suits(self, snapshot: Snapshot) -> bool:
        return not self._why_not(snapshot.experiment)

    def _why_not(self, experiment: Experiment) -> str:
        """Why there is no surface; "" if there is one."""
        weights = experiment.analysis.parameter_count or 0
        if weights < 2:
            return "A surface needs a network with at least two weights"
        probe = self.probe(experiment)
        if too_dear(experiment, probe):
            points = f"{probe.resolution}×{probe.resolution}"
            return (
                f"No surface of so large a network: each of its {points} points is another set of "
                f"{weights:,} weights, and several passes through the network"
            )
        return ""

    def _ask(self) -> None:
        """Something else may be wanted. Until anything is known of another surface, the old one would be a lie."""
        asked = self.probe(), self.batch_probe()
        before, self._asked = self._asked, asked
        if asked == before:
            return
        if asked[0] == before[0]:  # the batch's surface comes, or goes
            self._readings = self._readings[:1]
            self._redraw()
        else:
            self._readings, self._lands, self.scenes, self._seen = (), (), (), ()
            moments = "Choose two or three moments: the plane goes through them"
            self.say(moments if is_vague(asked[0]) else "Computing the error surface …")
        self.watching_changed.emit()

    def show_selection(self, selection: Selection) -> None:
        self.settings.show_selection(selection)

    # what is shown

    def show_snapshot(self, snapshot: Snapshot) -> None:
        if why := self._why_not(snapshot.experiment):
            self._readings, self._lands, self.scenes = (), (), ()
            self.say(why)
            return
        before, self._snapshot = self._experiment, snapshot
        is_new = before is not snapshot.experiment
        if is_new:
            if before is None or before.network != snapshot.experiment.network:
                self._readings, self._lands = (), ()
            self._experiment = snapshot.experiment
        self.settings.show_snapshot(snapshot, is_new)
        self._asked = self.probe(), self.batch_probe()
        self._take(snapshot)
        runs = snapshot.runs or (snapshot,)
        told = tuple((run.run, run.name, run.colour, run.stopped, *map(id, run.walks)) for run in runs)
        shown = (*map(id, self._readings), snapshot.run, snapshot.rate, *told)
        if shown != self._shown or not self.scenes:
            self._shown = shown
            self._kept = (
                self._readings,
                tuple(run.walks for run in runs),
            )  # so that no other has their numbers
            self._redraw()

    def _take(self, snapshot: Snapshot) -> None:
        """The newest readings, unless too little is known of a new plane yet: then the picture of the old one stays."""
        probe, batch = self._asked
        reading = snapshot.reading(probe)
        beside = None if batch is None else snapshot.reading(batch)
        if reading is None or (self._lands and not is_spanned(reading)):
            return
        if self._dragging and self._readings and not same_frame(reading, self._readings[0]):
            old = self._readings[0]  # while the start is in the hand, the ground stands still
            reading = replace(reading, x=old.x, y=old.y, errors=old.errors, complete=old.complete)
            beside = None
        self._readings = (reading,) if beside is None or known(beside) is None else (reading, beside)

    def _redraw(self) -> None:
        if self._snapshot is None or not self._readings:
            return
        self._lands = self._terrains()
        if not self._lands:
            self.say("Computing the error surface …")
            return
        self.scenes = self._scenes(self._snapshot)
        scale, height = self._lands[0].scale, self._asked[0].height
        title = f"{named(height)}{' ▲' if scale.is_cut else ''}"
        self.bar.setToolTip(
            "Heights above the end of the scale are cut off" if scale.is_cut else "The error E"
        )
        self.bar.show_scale(
            Scale(sequential(self.theme), scale.low, scale.high, scale.logarithmic), title, self.theme
        )
        self.bar.setVisible(self.settings.kind != "line")
        self.rest = RELIEF if "solid" in KINDS[self.settings.kind] else type(self).rest
        over = self.settings.batch_as == "over"
        self.faces.show_scenes(self.scenes[:1] if over else self.scenes, self.settings.kind)
        card = self._show_card()
        self.readout.rest(summary(self.scenes[0], self._asked[0], self._snapshot.rate, not card))
        self.show_picture()

    def _terrains(self) -> tuple[Terrain, ...]:
        """The heights of the readings by one scale; the same objects while nothing about them has changed."""
        look, before = self.settings.look, self._seen
        seen: tuple[Look | Surface, ...] = (look, *self._readings)
        if self._lands and look.cut != "path" and same_heights(seen, before, operator.is_):
            self._seen = seen
            return self._lands
        if any(known(reading) is None for reading in self._readings):
            return ()
        scale = scale_of(self._readings, look)
        self._seen = seen
        if self._lands and self._lands[0].scale == scale and same_heights(seen, before):
            return self._lands
        return tuple(found for one in self._readings if (found := terrain(one, look, scale)) is not None)

    def _scenes(self, snapshot: Snapshot) -> tuple[Scene, ...]:
        probe, batch = self._asked
        whole = snapshot.experiment.analysis.parameter_count == 2
        over = self.settings.batch_as == "over" and len(self._lands) > 1
        trails = [trails_of(reading, snapshot, self.alone) for reading in self._readings]
        marks, readings = self.settings.marks, self._readings
        if self._dragging and any(trail.has_left for trail in trails[0]):
            # arrows, and what was said lately, are of places where the runs no longer stand
            marks = replace(marks, arrows=frozenset(), scales=frozenset())
            readings = tuple(replace(reading, why="") for reading in readings)
        return tuple(
            Scene(
                surface=reading,
                land=land,
                trails=trails[k],
                look=self.settings.look,
                marks=marks,
                title=over_what(probe if not k or batch is None else batch, reading.examples),
                over=self._lands[1] if over and not k else None,
                is_whole=whole,
                equal=whole or probe.plane in EQUAL_PLANES,
                movable=whole and not self.alone,
            )
            for k, (reading, land) in enumerate(zip(readings, self._lands, strict=True))
        )

    def _show_card(self) -> bool:
        """The compass, where it is wanted, known, and has room; whether it is shown."""
        compass, snapshot = self.scenes[0].compass if self.scenes else None, self._snapshot
        wide, tall = self.width(), self.height()
        beside, below = (
            (wide >= CARD_BESIDE[0] and tall >= CARD_BESIDE[1]),
            (wide >= CARD_BELOW[0] and tall >= CARD_BELOW[1]),
        )
        if beside and below:
            beside = wide > 0.9 * tall
        shown = self.settings.compass.isChecked() and compass is not None and (beside or below)
        self.card.setVisible(shown and not self.alone)
        if shown and compass is not None and snapshot is not None:
            way = QBoxLayout.Direction
            self._layout.setDirection(way.LeftToRight if beside else way.TopToBottom)
            self.card.stand(beside)
            self.card.show_compass(compass, snapshot.rate, self.settings.marks, snapshot.colour)
        return shown

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_card()

    # what is pointed at

    def _point(self, point: tuple[float, float] | None) -> None:
        self.faces.mark(point)
        if point is None or not self.scenes:
            self.readout.say("")
            return
        flat = next((face for face in self.faces.shown if isinstance(face, Surface2D)), None)
        arrow = "" if flat is None else flat.arrow_at(point)
        self.readout.say(hover(self.scenes, point, arrow))

    def _pick_run(self, run: int) -> None:
        if self._snapshot is not None and run != self._snapshot.run:
            self.run_picked.emit(run)

    def _drag(self, point: tuple[float, float] | None, final: bool) -> None:
        """The start is in the hand: of all weights, which are two."""
        if self._experiment is None:
            return
        self._dragging = not final
        values: dict[str, np.ndarray] | None = None
        if point is not None:
            analysis = self._experiment.analysis
            values = {p.name: np.zeros(p.shape, np.float32) for p in analysis.parameters}
            for flat, value in enumerate(point):
                at = place_of(analysis, flat)
                if at is not None:
                    values[at[0]][at[1]] = value
        self.start_dragged.emit(values, final)

    # as all views

    def own_settings(self) -> dict[str, str]:
        return self.settings.written()

    def choose_own(self, settings: Mapping[str, str]) -> None:
        self.settings.read(settings)

    def stand_in_pane(self) -> None:
        """One of several: each shows its own run alone."""
        self.alone = True

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.faces.show_theme(theme)
        self.card.show_theme(theme)
        self._redraw()

    def table(self) -> Table:
        """All that is shown: the surface's points, the paths', the arrows and numbers."""
        return Table(table_of(self.scenes))


def is_vague(probe: SurfaceProbe) -> bool:
    """Whether it does not say enough to be answered."""
    return probe.plane == "moments" and len(probe.anchors) < 2


def is_spanned(surface: Surface) -> bool:
    """Whether a first, coarse pass has come to the last rows."""
    seen = np.flatnonzero(~np.isnan(surface.errors).all(axis=1))
    return len(seen) > 0 and bool(seen[-1] >= 0.8 * (len(surface.errors) - 1))


def same_frame(a: Surface, b: Surface) -> bool:
    return all(np.array_equal(ours[[0, -1]], theirs[[0, -1]]) for ours, theirs in ((a.x, b.x), (a.y, b.y)))


def same_numbers(a: Values, b: Values) -> bool:
    return np.array_equal(a, b, equal_nan=True)


def same_heights(
    a: tuple[Look | Surface, ...],
    b: tuple[Look | Surface, ...],
    equal: Callable[[Values, Values], bool] = same_numbers,
) -> bool:
    """Whether two looks and their surfaces have the same heights: all their arrays are `equal`."""
    if len(a) != len(b):
        return False
    for ours, theirs in zip(a, b, strict=True):
        if isinstance(ours, Surface) and isinstance(theirs, Surface):
            pairs = ((ours.x, theirs.x), (ours.y, theirs.y), (ours.errors, theirs.errors))
            same = ours is theirs or all(equal(x, y) for x, y in pairs)
        else:
            same = ours == theirs
        if not same:
            return False
    return True
