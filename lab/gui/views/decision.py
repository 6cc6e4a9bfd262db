"""Decision map: what the network says at every point of the plane, and the points it learns from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lab.data.prepare import Part
from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.theme import ColourMap, Theme, blended, diverging, rgb
from lab.gui.views.examples import class_names, data_of
from lab.gui.views.framed import FramedView
from lab.gui.views.point_tools import PointTools
from lab.gui.views.view import Table
from lab.gui.widgets.bent_plot import SYMBOLS, class_colour
from lab.gui.widgets.colorbar import ColourBar
from lab.gui.widgets.colour import Scale, rows_of_map
from lab.gui.widgets.legend import Entry, Legend
from lab.gui.widgets.plot import Plot
from lab.gui.widgets.surface.contours import contour_lines, placed
from lab.gui.widgets.wording import number
from lab.training.probes import Decision, DecisionProbe, Probe
from lab.training.snapshot import Snapshot

RESOLUTIONS = (50, 100, 200, 400)


class DecisionView(FramedView):
    name = "decision"
    title = "Decision map"
    tab = "Decision"
    summary = "For two inputs: the network's output over the whole plane, with the data's points"
    hint = "Point at the plane for the output there; click an example to select it"

    points_edited = Signal(object, str, str)
    """How the points are changed (of Points, to Points), what that is called, and what edits become one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reading: Decision | None = None
        self._experiment: Experiment | None = None
        self._data_of: Experiment | None = None
        self._limit = 1.0
        self._selection = Selection()
        self._with_points = self.controls.switch(
            "points",
            "Show the examples: filled are learned from, rings are for validation",
            self._show_points,
            on=True,
        )
        self._with_boundary = self.controls.switch(
            "boundary",
            "The line where the network turns from one class to another: output 0",
            self._redraw,
            on=True,
        )
        self.resolution = self.controls.choice(
            "Resolution",
            tuple((str(n), f"{n} × {n}") for n in RESOLUTIONS),
            "At how many places of the plane the network is asked",
            lambda _: self.watching_changed.emit(),
            captioned=False,
        )
        self.resolution.setCurrentIndex(1)
        self.plot = Plot()
        self.plot.setAccessibleName("Decision map")
        self.plot.keep_units_equal(True)
        self.bar = ColourBar()
        self.legend = Legend()
        self._image = pg.ImageItem()
        self._image.setZValue(-10)
        self.plot.addItem(self._image)
        self._boundary = self.plot.add_line(lambda theme: theme.text, width=2, smooth=True)
        self._points: list[pg.ScatterPlotItem] = []
        self.tools = PointTools(self.controls, self.plot)
        self.tools.edited.connect(self.points_edited)
        self.tools.taken.connect(self._see_what_is_edited)
        self.tools.said.connect(self.readout.say)
        picture = QWidget()
        column = QVBoxLayout(picture)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.plot, 1)
        row.addWidget(self.bar)
        column.addWidget(self.legend)
        column.addLayout(row, 1)
        self.set_picture(picture)
        self.plot.pointed.connect(self._point)
        self.plot.pressed.connect(self._pick)
        self.say("Press play, or step once: the map of the plane appears here")

    def suits(self, snapshot: Snapshot) -> bool:
        e = snapshot.experiment
        return e.data.answers and e.data.shape() == (2, 1, 1) and e.target.is_vector

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        return frozenset({self._probe}) if self.suits(snapshot) else frozenset()

    @property
    def _probe(self) -> DecisionProbe:
        return DecisionProbe(int(self.resolution.currentData()))

    def show_snapshot(self, snapshot: Snapshot) -> None:
        if not self.suits(snapshot):
            self._reading = None
            self.say("This view is for problems with two inputs and answers that are no images")
            return
        reading = snapshot.reading(self._probe)
        if reading is None or reading is self._reading:
            return
        self._reading, self._experiment = reading, snapshot.experiment
        new = self._data_of
        if new is None or (new.data, new.split, new.seed) != (
            snapshot.experiment.data,
            snapshot.experiment.split,
            snapshot.experiment.seed,
        ):
            self._data_of = snapshot.experiment
            self._show_points()
        self._redraw()
        self.show_picture()

    # the map

    def _redraw(self, *_: object) -> None:
        reading = self._reading
        if reading is None or self._experiment is None:
            return
        size = next(iter(reading.layers.values())).shape[1]
        x, y = (np.linspace(*bounds, size) for bounds in reading.bounds)
        if reading.winner is not None:
            picture = self._winner_colours()[reading.winner]
        elif reading.score is not None:
            colours = np.vstack([self._muted_map(), [128, 128, 128]]).astype(np.uint8)
            picture = colours[rows_of_map(reading.score, -self._limit, self._limit)]
        else:
            return
        self._image.setImage(picture, autoLevels=False, levels=(0, 255))
        self._image.setRect(QRectF(*placed(x, y)))
        self._draw_boundary(x, y)
        self.plot.frame(*reading.bounds)
        self._with_boundary.setEnabled(bool(class_names(self._experiment)))
        self.bar.setVisible(reading.score is not None)
        title = "output" if not class_names(self._experiment) else "lean"
        self.bar.show_scale(Scale(self._muted_map(), -self._limit, self._limit), title, self.theme)
        classes = "−1: surely the first class, +1: surely the second" if title == "lean" else "y(x₁, x₂)"
        self.plot.setToolTip(f"The network's output over the plane. {classes}")
        features = data_of(self._experiment)
        names = features.dataset.features if features is not None else ()
        first, second = names if len(names) == 2 else ("x₁", "x₂")
        self.plot.name_axes(f"{first} (raw unit)", f"{second} (raw unit)")

    def _draw_boundary(self, x: np.ndarray, y: np.ndarray) -> None:
        reading = self._reading
        classes = self._experiment is not None and bool(class_names(self._experiment))
        if reading is None or not classes or not self._with_boundary.isChecked():
            self._boundary.setData([], [])
        elif reading.winner is not None:
            lines = [
                contour_lines(x, y, (reading.winner == k).astype(float), [0.5])
                for k in np.unique(reading.winner)
            ]
            self._boundary.setData(*(np.concatenate(part) for part in zip(*lines, strict=True)))
        elif reading.score is not None:
            self._boundary.setData(*contour_lines(x, y, reading.score.astype(float), [0.0]))

    def _muted_map(self) -> ColourMap:
        """The diverging map, a little paler than the points that lie on it."""
        ground = np.array(rgb(self.theme.surface), np.float64)
        return np.asarray(np.rint(0.72 * diverging(self.theme) + 0.28 * ground), np.uint8)

    def _winner_colours(self) -> np.ndarray:
        colours = [rgb(blended(c, self.theme.surface, 0.4)) for c in self.theme.classes]
        return np.array(colours, np.uint8)

    # the points

    def _show_points(self, *_: object) -> None:
        for item in self._points:
            self.plot.removeItem(item)
        self._points = []
        experiment = self._data_of
        data = None if experiment is None else data_of(experiment)
        if experiment is None or data is None:
            return
        names = class_names(experiment)
        targets = data.training.targets
        self._limit = 1.0
        if not names and targets is not None:
            self._limit = float(np.abs(targets).max(initial=1e-9)) or 1.0
        entries: list[Entry] = []
        if self._with_points.isChecked():
            for number_of, part in enumerate((data.training, data.validation)):
                if len(part):
                    self._add_part(part, number_of > 0, len(names))
            for k, name in enumerate(names):
                entries.append(Entry(name, class_colour(k), symbol=SYMBOLS[k % len(SYMBOLS)]))
            entries += [
                Entry("training", _muted, symbol="o"),
                Entry("validation", _muted, symbol="o", hollow=True),
            ]
        self.legend.show_entries(tuple(entries))
        self.legend.setVisible(bool(entries) and self.height() > 300)
        self.tools.show_points(experiment, data)

    def _see_what_is_edited(self) -> None:
        self._with_points.setChecked(True)

    def _add_part(self, part: Part, ring: bool, classes: int) -> None:
        x, y = part.raw[:, 0, 0, 0], part.raw[:, 1, 0, 0]
        ground = self.theme.surface
        if classes and part.labels is not None:
            for k in range(classes):
                of = part.labels == k
                colour = self.theme.classes[k % 10]
                points = self.plot.add_points(self._size(), SYMBOLS[k % len(SYMBOLS)])
                points.setData(
                    x[of],
                    y[of],
                    pen=pg.mkPen(colour if ring else ground, width=2 if ring else 1),
                    brush=pg.mkBrush(ground if ring else colour),
                )
                self._points.append(points)
        elif part.targets is not None:
            rows = np.minimum(rows_of_map(part.targets[:, 0], -self._limit, self._limit), 255)
            colours = diverging(self.theme)[rows]
            points = self.plot.add_points(self._size())
            points.setData(
                x,
                y,
                pen=pg.mkPen(self.theme.text if ring else self.theme.muted, width=2 if ring else 1),
                brush=[pg.mkBrush(*map(int, c)) for c in colours],
            )
            self._points.append(points)

    def _size(self) -> int:
        return 8 if min(self.width(), self.height()) > 300 else 5

    def show_selection(self, selection: Selection) -> None:
        self._selection = selection

    def _pick(self, point: tuple[float, float] | None) -> None:
        """An example that is clicked is selected everywhere."""
        found = None if point is None or not self._with_points.isChecked() else self.tools.example_at(*point)
        if found is not None:
            self._selection = replace(self._selection, part=found[0], example=found[1])
            self.picked.emit(self._selection)

    def _point(self, point: tuple[float, float] | None) -> None:
        reading = self._reading
        if point is None or reading is None:
            self.readout.say("")
            return
        size = next(iter(reading.layers.values())).shape[1]
        spot = []
        for value, (low, high) in zip(point, reading.bounds, strict=True):
            spot.append(round((value - low) / (high - low) * (size - 1)))
        if not all(0 <= k < size for k in spot):
            self.readout.say("")
            return
        words = f"at ({number(point[0])}, {number(point[1])}): "
        names = class_names(self._experiment) if self._experiment else ()
        if reading.winner is not None:
            words += names[int(reading.winner[spot[1], spot[0]])]
        elif reading.score is not None:
            score = float(reading.score[spot[1], spot[0]])
            words += f"{number(score)}" + (f"  ({names[int(score > 0)]})" if len(names) == 2 else "")
        self.readout.say(words)

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.tools.theme = theme
        self.plot.show_theme(theme)
        self.legend.show_theme(theme)
        self._show_points()
        self._redraw()

    def table(self) -> Table:
        """One row a point of the plane."""
        if self._reading is None:
            return Table({})
        size = next(iter(self._reading.layers.values())).shape[1]
        x, y = np.meshgrid(*(np.linspace(*bounds, size) for bounds in self._reading.bounds))
        columns: dict[str, np.ndarray] = {"x1": x.ravel(), "x2": y.ravel()}
        if self._reading.score is not None:
            columns["output"] = self._reading.score.ravel()
        if self._reading.winner is not None:
            columns["class"] = self._reading.winner.ravel()
        return Table(columns)


def _muted(theme: Theme) -> str:
    return theme.muted
