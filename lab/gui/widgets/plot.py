"""The one plot: pyqtgraph in the house's clothes, with named axes and ranges that stand still."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.colorbar import ticks
from lab.gui.widgets.wording import tick

pg.setConfigOptions(imageAxisOrder="row-major", antialias=False)

Range = tuple[float, float]
Name = str | tuple[str, ...]
"""An axis' name with its unit; of several the first that has room."""

UPWARDS, ACROSS = 4, 6
"""Digits that a tick's number may have before it is written as a power of ten."""


class Axis(pg.AxisItem):  # type: ignore[misc]
    """An axis with few, round numbers, written like all others."""

    def __init__(self, side: str) -> None:
        super().__init__(side)
        self.enableAutoSIPrefix(False)  # a factor in the name would contradict the numbers of a log axis

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        upright = self.orientation in ("left", "right")
        metrics = QFontMetricsF(self.style["tickFont"] or self.font())
        ends = ("0000",) if self.logMode else tuple(tick(float(f"{v:.2g}"), ACROSS) for v in (low, high))
        each = 1.9 * metrics.height() if upright else metrics.horizontalAdvance(max(ends, key=len) + "000")
        most = max(int(size / each), 2)
        if self.logMode:
            low, high = min(max(low, -300), 300), min(max(high, -300), 300)
            return [(1.0, [float(np.log10(v)) for v in ticks(10.0**low, 10.0**high, most, logarithmic=True)])]
        return [(1.0, ticks(low, high, most))]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        # there is more room for a long number below than beside
        digits = UPWARDS if self.orientation in ("left", "right") else ACROSS
        if self.logMode:
            return [tick(float(f"{10**v:.3g}"), digits) for v in values]
        return [tick(float(f"{v * scale:.6g}"), digits) for v in values]


class Plot(pg.PlotWidget):  # type: ignore[misc]
    """Follows its data by `frame` until a person pans or zooms; a double click or Home brings it back.

    Log scales are set per axis; `frame`, `add_*` and `pointed` always speak in plain values.
    """

    pointed = Signal(object)
    """(x, y) under the mouse, or None."""
    pressed = Signal(object)
    """(x, y) clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        axes = {side: Axis(side) for side in ("left", "bottom")}
        self._names: dict[str, Name] = {"left": "", "bottom": ""}
        self._theme = LIGHT
        self._built = False
        super().__init__(parent, axisItems=axes)
        self._log = [False, False]
        self._free = self._equal = False
        self._frame: tuple[Range, Range] = ((0.0, 1.0), (0.0, 1.0))
        self._restyled: list[Callable[[Theme], None]] = []
        self.setMinimumSize(80, 60)
        self.setFrameShape(pg.QtWidgets.QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        item = self.getPlotItem()
        item.setMenuEnabled(False)
        item.hideButtons()
        item.disableAutoRange()
        self.box = item.getViewBox()
        self.box.sigRangeChangedManually.connect(self._let_go)
        self.box.sigResized.connect(self._label)
        later = QTimer(self)  # not at once: the layout is at work when it says that the box has another size
        later.setSingleShot(True)
        later.timeout.connect(self._settle)
        self.box.sigResized.connect(lambda *_: later.start(0))
        self.scene().sigMouseMoved.connect(self._moved)
        self.scene().sigMouseClicked.connect(self._pressed)
        for axis in axes.values():
            axis.setStyle(tickLength=-4, hideOverlappingLabels=13)
        self._built = True
        self.show_theme(LIGHT)

    def name_axes(self, x: Name, y: Name) -> None:
        """Names with their units."""
        names: dict[str, Name] = {"bottom": x, "left": y}
        if names != self._names:
            self._names = names
            self._label()

    def number_axis(self, side: str, numbered: bool) -> None:
        """Whether an axis has numbers at its ticks."""
        axis = self.getAxis(side)
        if axis.style["showValues"] != numbered:
            axis.setStyle(showValues=numbered)
            self._fit_box()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.setBackground(theme.surface)
        font = number_font(max(self.font().pointSizeF() - 1, 7))
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.setPen(pg.mkPen(theme.border))
            axis.setTextPen(pg.mkPen(theme.muted))
            axis.setTickFont(font)
        # all plots leave the same room at the left, so that those above one another are in line
        wide = QFontMetricsF(font).horizontalAdvance("−0.00")
        self.getAxis("left").setWidth(round(wide + QFontMetricsF(self.font()).height() + 9))
        self._label()
        for restyle in self._restyled:
            restyle(theme)

    def styled(self, restyle: Callable[[Theme], None]) -> None:
        """`restyle` is called now and whenever the theme changes."""
        self._restyled.append(restyle)
        restyle(self._theme)

    def _label(self, *_: object) -> None:
        """The whole name where it fits beside the axis, else without its unit, else nothing."""
        metrics = QFontMetricsF(self.font())
        for side, name in self._names.items():
            room = self.box.height() + 10 if side == "left" else self.box.width() + 40
            tries = name if isinstance(name, tuple) else (name, name.split(" (")[0])
            fits = next((text for text in tries if metrics.horizontalAdvance(text) <= room), "")
            axis = self.getAxis(side)
            if axis.labelText != fits or axis.labelStyle.get("color") != self._theme.muted:
                axis.setLabel(fits, color=self._theme.muted)
                axis.showLabel(bool(fits))
        self._centre_labels()

    def _centre_labels(self, *_: object) -> None:
        for side in self._names:
            self.getAxis(side).resizeEvent()

    def keep_units_equal(self, equal: bool) -> None:
        """One unit of x as long as one of y: the box takes the shape of what is framed, in the middle."""
        if equal != self._equal:
            self._equal = equal
            self.box.setAspectLocked(equal)
            self._fit_box()

    def _settle(self) -> None:
        """With equal units a box of another shape would show another range."""
        if self._equal and not self._free:
            self._fit_box()
            self._apply()

    def _fit_box(self) -> None:
        """Room around the box: for half a number at the ends of the axes, and what equal units leave over."""
        left, bottom = self.getAxis("left"), self.getAxis("bottom")
        margins = [0.0, 6.0, 14.0, 0.0 if bottom.style["showValues"] else 7.0]
        if self._equal:
            (x0, x1), (y0, y1) = self._frame
            wide = self.width() - left.width() - margins[0] - margins[2]
            high = self.height() - bottom.height() - margins[1] - margins[3]
            each = min(wide / (x1 - x0), high / (y1 - y0))
            across, down = (wide - each * (x1 - x0)) / 2, (high - each * (y1 - y0)) / 2
            margins = [a + b for a, b in zip(margins, (across, down, across, down), strict=True)]
        item = self.getPlotItem()
        if item.layout.getContentsMargins() != tuple(margins):
            item.layout.setContentsMargins(*margins)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._built:  # Qt sizes it while pyqtgraph is still building it
            self._fit_box()  # before: margins of another size may leave no room for a smaller one
        super().resizeEvent(event)
        if self._built:
            self._label()

    # curves and points

    def add_line(
        self,
        colour: Callable[[Theme], str],
        style: Qt.PenStyle = Qt.PenStyle.SolidLine,
        width: int = 1,
        smooth: bool = False,
    ) -> pg.PlotDataItem:
        """A line with gaps where it is NaN. `smooth` (antialiased) is for lines of few points."""
        line = self.plot([], [], connect="finite", antialias=smooth)
        if not smooth:
            line.setDownsampling(auto=True, method="peak")
            line.setClipToView(True)
        self.styled(lambda theme: line.setPen(pen(colour(theme), width, style)))
        return line

    def add_points(self, size: int, symbol: str = "o") -> pg.ScatterPlotItem:
        points = pg.ScatterPlotItem(size=size, symbol=symbol, pxMode=True)
        self.addItem(points)
        return points

    # ranges

    def set_log(self, x: bool | None = None, y: bool | None = None) -> None:
        self._log = [self._log[0] if x is None else x, self._log[1] if y is None else y]
        self.getPlotItem().setLogMode(*self._log)
        self._free = False

    def frame(self, x: Range, y: Range) -> None:
        """Show these ranges, unless a person chose their own."""
        if (x, y) != self._frame:
            self._frame = (x, y)
            self._fit_box()
        if not self._free:
            self._apply()

    def _apply(self) -> None:
        ranges = [self._on_axis(r, log) for r, log in zip(self._frame, self._log, strict=True)]
        current = self.box.viewRange()
        if not np.allclose(current, ranges, rtol=1e-6, atol=1e-12):
            self.box.setRange(xRange=ranges[0], yRange=ranges[1], padding=0)

    @staticmethod
    def _on_axis(limits: Range, log: bool) -> Range:
        low, high = limits
        if log:
            high = max(high, 1e-300)
            low = float(np.log10(max(low, high * 1e-40)))
            high = float(np.log10(high))
        return (low, high) if high > low else (low - 0.5, low + 0.5)

    def _let_go(self, *_: object) -> None:
        self._free = True

    def refit(self) -> None:
        self._free = False
        self._apply()

    # pointing

    def _values(self, position: QPointF) -> tuple[float, float] | None:
        if not self.box.sceneBoundingRect().contains(position):
            return None
        point = self.box.mapSceneToView(position)
        x, y = (10.0**v if log else v for v, log in zip((point.x(), point.y()), self._log, strict=True))
        return x, y

    def _moved(self, position: QPointF) -> None:
        self.pointed.emit(self._values(position))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointed.emit(None)

    def _pressed(self, click: object) -> None:
        if click.double():  # type: ignore[attr-defined]
            self.refit()
        elif click.button() == Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            self.pressed.emit(self._values(click.scenePos()))  # type: ignore[attr-defined]

    own_keys = frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home})

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows pan, plus and minus zoom, Home shows everything."""
        key = Qt.Key(event.key())
        (x0, x1), (y0, y1) = self.box.viewRange()
        pan = {
            Qt.Key.Key_Left: (-0.1, 0.0),
            Qt.Key.Key_Right: (0.1, 0.0),
            Qt.Key.Key_Up: (0.0, 0.1),
            Qt.Key.Key_Down: (0.0, -0.1),
        }.get(key)
        zoom = {Qt.Key.Key_Plus: 0.8, Qt.Key.Key_Equal: 0.8, Qt.Key.Key_Minus: 1.25}.get(key)
        if key == Qt.Key.Key_Home:
            self.refit()
        elif pan is not None:
            self._free = True
            self.box.translateBy(x=pan[0] * (x1 - x0), y=pan[1] * (y1 - y0))
        elif zoom is not None:
            self._free = True
            self.box.scaleBy((zoom, zoom))
        else:
            super().keyPressEvent(event)


def positive(values: NDArray[np.floating], log: bool) -> NDArray[np.float64]:
    """Values for an axis: on a log axis what has no logarithm is left out (NaN)."""
    plain: NDArray[np.float64] = np.asarray(values, np.float64)
    return np.where(plain > 0, plain, np.nan) if log else plain


def pen(colour: str, width: int = 1, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """A pen so many pixels wide at every zoom."""
    result = QPen(QColor(colour))
    result.setWidth(width)
    result.setStyle(style)
    result.setCosmetic(True)
    return result
