"""Error surface: the error over a plane through weight space, and the path walked on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, cast

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QStackedWidget, QWidget

from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.theme import Theme, sequential
from lab.gui.views.framed import FramedView
from lab.gui.views.view import Table
from lab.gui.views.weights import weight_name
from lab.gui.widgets.colorbar import ColourBar
from lab.gui.widgets.colour import Scale
from lab.gui.widgets.surface.surface2d import Surface2D
from lab.gui.widgets.surface.surface3d import Relief, Surface3D
from lab.gui.widgets.surface.terrain import Terrain, Trail, terrain, trails
from lab.gui.widgets.wording import number
from lab.training.probes import Probe
from lab.training.snapshot import Snapshot
from lab.training.surfaces import Surface, SurfaceProbe
from lab.training.survey import too_dear

PLANES = (
    ("path", "main directions"),
    ("random", "random directions"),
    ("weights", "two weights"),
)


class SurfaceView(FramedView):
    name = "surface"
    title = "Error surface"
    tab = "Surface"
    summary = "The error over a plane through weight space, and the path that training walks on it"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._experiment: Experiment | None = None
        self._reading: Surface | None = None
        self._terrain: Terrain | None = None
        self._weight = -1
        self._run = ("A", 0)  # the name and the colour of the run whose surface it is
        self.plane = self.controls.choice(
            "Plane",
            PLANES,
            "Which directions span the plane E(w₀ + x·d₁ + y·d₂): the two main directions of the path walked "
            "(principal components), two random ones scaled to the filters' norms, or two weights",
            lambda _: self._choose_plane(),
        )
        self.weights = self._weight_fields()
        self.log_height = self.controls.switch(
            "log height",
            "Colours and heights by the logarithm of the error",
            lambda _: self._redraw(),
            on=True,
        )
        self.in_3d = self.controls.switch(
            "3-D",
            "The surface as a landscape: drag to turn, wheel to come nearer; arrow keys, + and − do the same",
            lambda _: self._redraw(),
        )
        self.flat, self.relief, self.bar = Surface2D(), Surface3D(), ColourBar()
        tip = "E(w₀ + x·d₁ + y·d₂), linear between the computed points; the line is the path projected on the plane"
        for face in (self.flat, self.relief):
            face.setToolTip(tip)
        self.relief.setAccessibleName("Error surface in three dimensions")
        self.bar.setToolTip("The error E. Lines are drawn at round values.")
        picture = QWidget()
        row = QHBoxLayout(picture)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._faces = QStackedWidget()
        self._faces.addWidget(self.flat)
        self._faces.addWidget(self.relief)
        row.addWidget(self._faces, 1)
        row.addWidget(self.bar)
        self.set_picture(picture)
        self.flat.pointed.connect(self._point)
        self.say("Press play: the surface and the path on it appear here")

    def _weight_fields(self) -> tuple[QSpinBox, QSpinBox]:
        fields = []
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        for name, start in (("x", 0), ("y", 1)):
            label = QLabel(name)
            label.setProperty("caption", True)
            field = QSpinBox()
            field.setMaximum(2**31 - 1)
            field.setValue(start)
            field.setKeyboardTracking(False)
            field.setAccessibleName(f"Weight along {name}")
            field.valueChanged.connect(self._choose_plane)
            label.setBuddy(field)
            layout.addWidget(label)
            layout.addWidget(field)
            fields.append(field)
        row.hide()
        self.controls.add(row)
        self._weight_row = row
        return fields[0], fields[1]

    # what is asked for

    def probe(self) -> SurfaceProbe:
        plane = cast(Literal["random", "path", "weights"], self.plane.currentData())
        if plane != "weights":
            return SurfaceProbe(plane)
        return SurfaceProbe(plane, self.weights[0].value(), self.weights[1].value())

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        return frozenset({self.probe()})

    def suits(self, snapshot: Snapshot) -> bool:
        return not self._why_not(snapshot.experiment)

    def _why_not(self, experiment: Experiment) -> str:
        """Why there is no surface; "" if there is one."""
        weights = experiment.analysis.parameter_count or 0
        if weights < 2:
            return "A surface needs a network with at least two weights"
        probe = self.probe()
        if too_dear(experiment, probe):
            points = f"{probe.resolution}×{probe.resolution}"
            return (
                f"No surface of so large a network: each of its {points} points is another set of "
                f"{weights:,} weights, and several passes through the network"
            )
        return ""

    def _choose_plane(self, *_: object) -> None:
        self._weight_row.setVisible(self.plane.currentData() == "weights")
        self.controls.arrange()
        self._name_weights()
        self._reading = self._terrain = None
        self.say("Computing the error surface …")
        self.watching_changed.emit()

    def show_selection(self, selection: Selection) -> None:
        """Weights clicked one after another become the plane's two axes."""
        if selection.weight >= 0 and selection.weight != self._weight:
            self._weight = selection.weight
            if self.plane.currentData() == "weights" and self.weights[1].value() != selection.weight:
                self.weights[0].blockSignals(True)
                self.weights[0].setValue(self.weights[1].value())
                self.weights[0].blockSignals(False)
                self.weights[1].setValue(selection.weight)

    def _offer_planes(self) -> None:
        """A choice of planes, where there is more than one."""
        pair = self.plane.parentWidget()
        if pair is not None and pair.isHidden() != self._is_whole_space():
            pair.setVisible(not self._is_whole_space())
            self.controls.arrange()

    def _name_weights(self) -> None:
        if self._experiment is None:
            return
        analysis = self._experiment.analysis
        for field in self.weights:
            field.setMaximum(max((analysis.parameter_count or 1) - 1, 0))
            name = weight_name(analysis, field.value())
            field.setToolTip(
                f"Number {field.value()} of all weights: {name}. A click on a weight sets it too."
            )

    # what is shown

    def show_snapshot(self, snapshot: Snapshot) -> None:
        if why := self._why_not(snapshot.experiment):
            self._reading = None
            self.say(why)
            return
        if self._experiment is not snapshot.experiment:
            if self._experiment is None or self._experiment.network != snapshot.experiment.network:
                self._terrain = None
            self._experiment = snapshot.experiment
            self._name_weights()
            self._offer_planes()
        reading = snapshot.reading(self.probe())
        if reading is None or reading is self._reading:
            return
        self._run = (snapshot.name, snapshot.colour)
        if self._terrain is not None and not is_spanned(reading):
            return  # too little is known of a new plane yet: the picture of the old one stays
        self._reading = reading
        self._redraw()

    def _redraw(self) -> None:
        reading = self._reading
        if reading is None:
            return
        land = terrain(reading, self.log_height.isChecked())
        self._terrain = land
        if land is None:
            self.say("Computing the error surface …")
            return
        self.bar.show_scale(
            Scale(sequential(self.theme), land.low, land.high, land.logarithmic), "error", self.theme
        )
        if self.in_3d.isChecked():
            self.relief.show_relief(self._relief(reading, land))
            self._faces.setCurrentWidget(self.relief)
        else:
            self.flat.show_surface(reading, land, trails(reading, *self._run), self._is_whole_space())
            self._faces.setCurrentWidget(self.flat)
        self.readout.rest(self._summary(reading))
        self.show_picture()

    def _is_whole_space(self) -> bool:
        """Whether the plane is all there is: two weights, and nothing lies off it."""
        return self._experiment is not None and self._experiment.analysis.parameter_count == 2

    def _relief(self, reading: Surface, land: Terrain) -> Relief:
        x, y = land.x, land.y

        def on_surface(trail: Trail) -> Trail:
            along = 2 * (trail.path[:, 0] - x[0]) / (x[-1] - x[0]) - 1
            across = 2 * (trail.path[:, 1] - y[0]) / (y[-1] - y[0]) - 1
            up = land.heights(land.at(trail.path[:, 0], trail.path[:, 1]))
            return replace(trail, path=np.stack([along, across, up], axis=1))

        return Relief(
            heights=land.heights(land.fine(101)[2] if len(x) < 101 else land.errors),
            levels=land.heights(np.array(land.levels)),
            trails=tuple(map(on_surface, trails(reading, *self._run))),
            axes=reading.axes,
            ends=((float(x[0]), float(x[-1])), (float(y[0]), float(y[-1]))),
        )

    def _summary(self, reading: Surface) -> str:
        """The current point's true error and what keeps the picture from being the whole truth."""
        words = []
        if len(reading.path):
            who = f"{self._run[0]} at " if reading.others else ""
            words.append(
                f"{who}step {int(reading.path_steps[-1]):,}: error {number(float(reading.path_errors[-1]))}"
            )
            away = float(reading.path_distances[-1])
            if not self._is_whole_space():
                words.append(f"{number(away, 2)} off the plane" if away > 1e-6 else "on the plane")
        words += [
            f"{other.name} {number(float(other.path_errors[-1]))}"
            for other in reading.others
            if np.isfinite(other.path_errors[-1:]).any()
        ]
        words.append(f"first {reading.examples:,} examples")
        if abs(reading.cosine) > 1e-6:
            words.append(f"cos(d₁, d₂) = {number(reading.cosine, 2)}")
        if not reading.complete:
            words.insert(0, "computing")
        return "  ·  ".join(words)

    def _point(self, point: tuple[float, float] | None) -> None:
        if point is None or self._terrain is None:
            self.readout.say("")
            return
        error = float(self._terrain.at(np.array(point[0]), np.array(point[1])))
        value = "not computed here" if np.isnan(error) else f"error {number(error)}"
        self.readout.say(f"at ({number(point[0])}, {number(point[1])}): {value}")

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.flat.show_theme(theme)
        self.relief.show_theme(theme)
        self._redraw()

    def table(self) -> Table:
        """One row a point of the grid."""
        if self._reading is None:
            return Table({})
        x, y = np.meshgrid(self._reading.x, self._reading.y)
        first, second = self._reading.axes
        if first == second:
            first, second = f"{first} (x)", f"{second} (y)"
        return Table({first: x.ravel(), second: y.ravel(), "error": self._reading.errors.ravel()})


def is_spanned(surface: Surface) -> bool:
    """Whether a first, coarse pass has come to the last rows."""
    known = np.flatnonzero(~np.isnan(surface.errors).all(axis=1))
    return len(known) > 1 and bool(known[-1] >= 0.8 * len(surface.errors))
