"""What can be set about an error surface: a short row, and a sheet for what is set more rarely."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QSpinBox, QToolButton, QWidget

from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.widgets.flow import FlowBar
from lab.gui.widgets.popover import Popover
from lab.gui.widgets.surface.anchors import AnchorButton
from lab.gui.widgets.surface.arrows import ARROWS
from lab.gui.widgets.surface.faces import Shape
from lab.gui.widgets.surface.scales import SCALES
from lab.gui.widgets.surface.scene import Marks
from lab.gui.widgets.surface.terrain import Cut, Look
from lab.gui.widgets.surface.weight_boxes import WeightBoxes, captioned
from lab.training.snapshot import Snapshot
from lab.training.surfaces import Height, Over, PlaneName, SurfaceProbe

PLANES: tuple[tuple[PlaneName, str], ...] = (
    ("path", "along the path"),
    ("random", "random"),
    ("weights", "two weights"),
    ("gradient", "gradient"),
    ("curvature", "curvature"),
    ("moments", "moments"),
)
PLANE_TIP = (
    "Which directions d₁, d₂ span the plane E(w₀ + x·d₁ + y·d₂): the two main directions of the path walked (principal "
    "components); two random ones, each filter scaled to the norm of the filter's weights; two weights; down the "
    "gradient and its conjugate direction; the two directions of largest curvature; through two or three moments"
)
OVERS: tuple[tuple[Over, str], ...] = (
    ("training", "training"),
    ("validation", "validation"),
    ("batch", "next batch"),
    ("case", "one case"),
)
OVER_WORDS: dict[Over, str] = {
    "training": "training examples",
    "validation": "validation examples",
    "batch": "the batch that comes next",
    "case": "one training case",
}
SHAPES: tuple[tuple[Shape, str], ...] = (
    ("flat", "2-D"),
    ("solid", "3-D"),
    ("both", "both"),
    ("line", "line"),
)
HEIGHTS = (("loss", "loss E"), ("objective", "objective"), ("accuracy", "accuracy"))
CUTS = (("", "all of it"), ("path", "to the paths' highest"), ("95", "lower 95 %"), ("75", "lower 75 %"))
LINES = (("0", "none"), ("6", "few"), ("11", "some"), ("20", "many"))
FINEST_FIRST = 151, 101, 61, 41
RESOLUTIONS = (("0", "chosen by the lab"), *((str(n), f"{n} × {n}") for n in (21, 41, 61, 101, 151, 201)))
QUICK = 5e8
"""Multiply-adds of a surface that is there in about a second: of so many points as cost less it is made."""
DRAW, MOMENTS = "Random directions", "Moments"
"""What the choices are called that no control holds."""
ALONG = 201
"""Points of a line, which is cheap."""
EXTENTS = (("0", "chosen by the lab"), *((f"{r:g}", f"± {r:g}") for r in (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)))
EXAMPLES = (("64", "first 64"), ("256", "first 256"), ("1024", "first 1,024"), ("1000000000", "all"))
BATCHES = (("", "not shown"), ("beside", "beside"), ("over", "lines over it"))


class SurfaceControls(QObject):
    """`asked` when another surface is wanted, `restyled` when the same is to be shown otherwise."""

    asked = Signal()
    restyled = Signal()

    def __init__(self, bar: FlowBar) -> None:
        super().__init__(bar)
        self._bar = bar
        self._seed = 0
        self._has_two_weights = False
        self.plane = bar.choice("Plane", PLANES, PLANE_TIP, lambda _: self._choose_plane(), captioned=False)
        self.weights, self.anchors = WeightBoxes(self), AnchorButton()
        self.weights.chosen.connect(self.asked)
        self.anchors.chosen.connect(self.asked)
        self.draw = bar.button("another draw", "Two other random directions", self._draw_again)
        for widget in (*self.weights.rows, self.anchors):
            bar.add(widget)
        self.over = bar.choice(
            "Error over",
            OVERS,
            "Which error: over the training examples, the validation examples, the batch that comes next, or one case",
            lambda _: self._choose_over(),
            captioned=False,
        )
        self.case = self._case_field()
        self.shape = bar.choice(
            "Shape",
            SHAPES,
            "From above; as a landscape (drag to turn, wheel to come nearer); both; or along the first direction alone",
            lambda _: self._choose_shape(),
            captioned=False,
        )
        self.more = QToolButton()
        self.more.setText("⋯")
        self.more.setAccessibleName("More settings of the surface")
        self.more.setToolTip("Heights, lines, arrows, the frame, the batch's own surface")
        bar.add(self.more)
        self._fill(Popover(self.more))
        self._arrange()

    def _case_field(self) -> QSpinBox:
        field = QSpinBox()
        field.setMaximum(2**31 - 1)
        field.setKeyboardTracking(False)
        field.setAccessibleName("Training case")
        field.setToolTip(
            "The number of the training case; a training example that is selected anywhere sets it"
        )
        field.valueChanged.connect(self.asked)
        field.setMaximumWidth(90)
        self._bar.add(captioned("case", field))
        return field

    def _fill(self, sheet: Popover) -> None:
        self.sheet = sheet
        sheet.heading("Heights")
        self.height = sheet.choice(
            "Height",
            HEIGHTS,
            "The loss E; the objective, E and what weight decay adds to it; or the accuracy, right / all answers",
            lambda _: self.asked.emit(),
        )
        self.cut = sheet.choice(
            "Show",
            CUTS,
            "Heights above are cut off, so that the valleys have the colours",
            lambda _: self.restyled.emit(),
        )
        self.log_height = sheet.switch(
            "logarithmic",
            "Colours and heights by the logarithm of the error",
            lambda _: self.restyled.emit(),
            on=True,
        )
        self.lines = sheet.choice(
            "Lines",
            LINES,
            "How many lines of equal error, at round values",
            lambda _: self.restyled.emit(),
            "11",
        )
        sheet.heading("Plane")
        self.extent = sheet.choice(
            "Half-width",
            EXTENTS,
            "How far the frame reaches from its middle, in units of the directions",
            self._ask,
        )
        self.resolution = sheet.choice(
            "Points", RESOLUTIONS, "How many points are computed: chosen by what a point costs", self._ask
        )
        self.examples = sheet.choice(
            "Examples",
            EXAMPLES,
            "Of a set so many examples make up the error: fewer are quicker",
            self._ask,
            "256",
        )
        self.pinned = sheet.switch(
            "pinned", "The plane stays; otherwise another is chosen when the path has left it", self._ask
        )
        self.set_aside = sheet.switch(
            "biases set aside",
            "Random directions leave biases and the parameters of normalisation as they are",
            self._ask,
            on=True,
        )
        sheet.heading("The next batch, and the point where the run stands")
        self.batch = sheet.choice(
            "Batch's surface",
            BATCHES,
            "The error over the batch that comes next, in the same frame and by the same scale",
            self._ask,
        )
        self.compass = sheet.switch(
            "compass card",
            "Angles, curvatures and rates at the point where the run stands",
            self._restyle,
            on=True,
        )
        on = Marks().arrows
        self.arrows = {
            kind.key: sheet.switch(f"{kind.title}  {kind.sign}", kind.tip, self._restyle, kind.key in on)
            for kind in ARROWS
        }
        self.scales = {
            kind.key: sheet.switch(f"{kind.title}  {kind.sign}", kind.tip, self._restyle) for kind in SCALES
        }
        self.ellipse = sheet.switch(
            "axes of the ellipse", "The eigenvectors of the Hessian within the plane", self._restyle, on=True
        )
        self.constraint = sheet.switch(
            "constraint line",
            "Where the current case's error of a linear neuron is 0",
            self._restyle,
            on=True,
        )
        self.truth = sheet.switch(
            "rings: true error differs",
            "Ring the points of the path whose true error differs from the surface's by more than 10 %, because they "
            "lie off the plane",
            self._restyle,
            on=True,
        )

    def _ask(self, *_: object) -> None:
        self.asked.emit()

    def _restyle(self, *_: object) -> None:
        self.restyled.emit()

    # what is wanted

    def probe(self, experiment: Experiment | None) -> SurfaceProbe:
        """What is asked for of an experiment, if it is known; what does not matter to the question is as it is by
        default, so that the same is the same."""
        plane, over = cast(PlaneName, self.plane.currentData()), cast(Over, self.over.currentData())
        first, second = self.weights.pair if plane == "weights" else (0, 1)
        examples, line = int(self.examples.currentData()), self.kind == "line"
        points = int(self.resolution.currentData()) or chosen_points(experiment, over, examples, line)
        return SurfaceProbe(
            plane=plane,
            first=first,
            second=second,
            resolution=points,
            extent=float(self.extent.currentData()),
            examples=examples,
            over=over,
            case=self.case.value() if over == "case" else 0,
            height=cast(Height, self.height.currentData()),
            set_aside=self.set_aside.isChecked() or plane != "random",
            seed=self._seed if plane == "random" else 0,
            anchors=self.anchors.anchors if plane == "moments" else (),
            line=line,
            pinned=self.pinned.isChecked(),
        )

    @property
    def kind(self) -> Shape:
        return cast(Shape, self.shape.currentData())

    @property
    def look(self) -> Look:
        return Look(
            logarithmic=self.log_height.isChecked(),
            cut=cast(Cut, self.cut.currentData()),
            lines=int(self.lines.currentData()),
            height=cast(Height, self.height.currentData()),
        )

    @property
    def marks(self) -> Marks:
        return Marks(
            arrows=frozenset(key for key, box in self.arrows.items() if box.isChecked()),
            scales=frozenset(key for key, box in self.scales.items() if box.isChecked()),
            ellipse=self.ellipse.isChecked(),
            constraint=self.constraint.isChecked(),
            truth=self.truth.isChecked(),
        )

    @property
    def batch_as(self) -> str:
        """ "beside", "over", or "" where the batch's surface is not wanted."""
        return str(self.batch.currentData())

    # what is offered

    def show_snapshot(self, snapshot: Snapshot, is_new: bool) -> None:
        self.anchors.show_snapshot(snapshot)
        if is_new:
            analysis = snapshot.experiment.analysis
            self._has_two_weights = analysis.parameter_count == 2
            self.weights.name_weights(analysis)
            self._arrange()

    def show_selection(self, selection: Selection) -> None:
        """Weights clicked one after another become the plane's two axes, a training example the case."""
        self.weights.click(selection.weight, self.plane.currentData() == "weights")
        if self.over.currentData() == "case" and selection.part == "training":
            self.case.setValue(selection.example)

    def written(self) -> dict[str, str]:
        """What no box and no switch holds, by name: which random directions, and which moments."""
        return {DRAW: str(self._seed), MOMENTS: self.anchors.written()}

    def read(self, settings: Mapping[str, str]) -> None:
        """Choose as `written` says; what says nothing is left as it is."""
        seed = settings.get(DRAW, "")
        if re.fullmatch(r"[0-9]{1,9}", seed) and int(seed) != self._seed:
            self._seed = int(seed)
            self.asked.emit()
        if MOMENTS in settings:
            self.anchors.read(settings[MOMENTS])

    def _choose_plane(self) -> None:
        if self.plane.currentData() == "moments":
            self.anchors.suggest()
        self._arrange()
        self.asked.emit()

    def _choose_over(self) -> None:
        self._arrange()
        self.asked.emit()

    def _choose_shape(self) -> None:
        self.restyled.emit()
        self.asked.emit()

    def _draw_again(self) -> None:
        self._seed += 1
        self.asked.emit()

    def _arrange(self) -> None:
        """Show what belongs to the plane; where two weights are all there are, there is no choice of planes."""
        plane = "" if self._has_two_weights else self.plane.currentData()
        pairs: dict[QWidget | None, bool] = {
            self.plane.parentWidget(): not self._has_two_weights,
            **dict.fromkeys(self.weights.rows, plane == "weights"),
            self.anchors: plane == "moments",
            self.draw: plane == "random",
            self.case.parentWidget(): self.over.currentData() == "case",
        }
        for widget, wanted in pairs.items():
            if widget is not None:
                widget.setVisible(wanted)
        self.set_aside.setEnabled(plane == "random")
        self._bar.arrange()


def chosen_points(experiment: Experiment | None, over: Over, examples: int, line: bool) -> int:
    """How many points a surface has along each side: as many as are there in about a second."""
    if experiment is None:
        return SurfaceProbe().resolution
    if over == "case":
        examples = 1
    cost = max(experiment.analysis.multiply_adds or 0, 1) * examples
    if line:
        return next((n for n in (ALONG, *FINEST_FIRST) if n * cost <= QUICK), FINEST_FIRST[-1])
    return next((n for n in FINEST_FIRST if n * n * cost <= QUICK), FINEST_FIRST[-1])
