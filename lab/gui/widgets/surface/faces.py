"""The faces of error surfaces: from above, as a relief, along a line. They share what is pointed at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from lab.gui.theme import LIGHT, Theme
from lab.gui.widgets.surface.scene import Scene
from lab.gui.widgets.surface.slice import Slice
from lab.gui.widgets.surface.surface2d import Surface2D
from lab.gui.widgets.surface.surface3d import Surface3D

Shape = Literal["flat", "solid", "both", "line"]
KINDS: dict[Shape, tuple[str, ...]] = {
    "flat": ("flat",),
    "solid": ("solid",),
    "both": ("flat", "solid"),
    "line": ("line",),
}
TIPS = {
    "flat": "E(w₀ + x·d₁ + y·d₂), linear between the computed points. Lines stand at round values; a path is projected "
    "on the plane. A ring: the true error of the run there differs from the surface's by more than 10 %",
    "solid": "The same as a landscape: drag to turn, wheel to come nearer; arrow keys, + and − do the same. A stem "
    "leads from the surface to the run's true error where they differ by more than 10 %",
    "line": "E(w₀ + x·d₁). Points are true errors of the run, over the nearest point of the line",
}
TITLES = {"line": "line: E along d₁   ·   points: true errors of the run"}
Face = Surface2D | Surface3D | Slice
FACES: dict[str, type[Face]] = {"flat": Surface2D, "solid": Surface3D, "line": Slice}


class Framed(QWidget):
    """A face under its title."""

    def __init__(self, face: Face, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.face, self.title = face, QLabel()
        self.title.setProperty("caption", True)
        self.title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.title)
        column.addWidget(face, 1)

    def call(self, title: str) -> None:
        self.title.setText(title)
        self.title.setVisible(bool(title))


class Faces(QWidget):
    """The faces of one or two scenes, beside one another or, in a tall window, one above the other.

    `pointed` carries (x, y), or None; `start_moved` is as of Surface2D; `run_pressed` carries the number of a run whose
    mark was clicked.
    """

    pointed = Signal(object)
    start_moved = Signal(object, bool)
    run_pressed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(6)
        self._made: dict[tuple[int, str], Framed] = {}
        self._wanted: tuple[int, tuple[str, ...]] = 0, ()
        self._placed: tuple[object, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def shown(self) -> tuple[Face, ...]:
        """The faces in sight."""
        scenes, kinds = self._wanted
        places = [(k, kind) for k in range(scenes) for kind in kinds]
        return tuple(self._made[place].face for place in places if place in self._made)

    def face(self, kind: str, scene: int = 0) -> Face:
        """A face, made when it is first asked for."""
        return self._framed(kind, scene).face

    def _framed(self, kind: str, scene: int) -> Framed:
        if (scene, kind) not in self._made:
            face = FACES[kind]()
            framed = Framed(face, self)
            face.show_theme(self._theme)
            face.setToolTip(TIPS[kind])
            face.pointed.connect(self.pointed)
            framed.hide()
            if isinstance(face, Surface2D):
                flat = face
                flat.start_moved.connect(self.start_moved)
                flat.pressed.connect(lambda at: self._press(flat, at))
            self._made[scene, kind] = framed
        return self._made[scene, kind]

    def _press(self, face: Surface2D, at: tuple[float, float] | None) -> None:
        trail = None if at is None else face.run_at(at)
        if trail is not None:
            self.run_pressed.emit(trail.run)

    def show_scenes(self, scenes: Sequence[Scene], shape: Shape) -> None:
        self._wanted = len(scenes), KINDS[shape]
        self._place()
        for k, scene in enumerate(scenes):
            for place, kind in enumerate(KINDS[shape]):
                framed = self._framed(kind, k)
                framed.call(scene.title if len(scenes) > 1 and not place else TITLES.get(kind, ""))
                framed.face.show_scene(scene)

    def _place(self) -> None:
        scenes, kinds = self._wanted
        tall = self.height() > self.width()
        if self._placed == (self._wanted, tall):
            return
        self._placed = self._wanted, tall
        for framed in list(self._made.values()):  # what is hidden under the mouse says so, and is listened to
            self._grid.removeWidget(framed)
            framed.hide()
        for line in range(2):
            self._grid.setRowStretch(line, 0)
            self._grid.setColumnStretch(line, 0)
        across = (
            scenes > 1
        ) != tall  # scenes beside one another, and each one's faces below; or the other way round
        for k in range(scenes):
            for place, kind in enumerate(kinds):
                row, column = (place, k) if across else (k, place)
                framed = self._framed(kind, k)
                self._grid.addWidget(framed, row, column)
                self._grid.setRowStretch(row, 1)
                self._grid.setColumnStretch(column, 1)
                framed.show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def mark(self, point: tuple[float, float] | None) -> None:
        """Show the place that is pointed at on all faces."""
        for face in self.shown:
            face.mark(point)

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        for framed in self._made.values():
            framed.face.show_theme(theme)
