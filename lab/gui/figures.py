"""Pictures and tables for files: any view, or any widget, as PNG, SVG or PDF; tables as CSV.

A file is written under a temporary name beside its place and then renamed: it is there whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pyqtgraph as pg
from PySide6.QtCore import QBuffer, QEvent, QEventLoop, QIODevice, QMarginsF, QPoint, QRect, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPageLayout, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QWidget

from lab.export import tables
from lab.files import write_atomically
from lab.gui.theme import LIGHT, Theme, palette, stylesheet
from lab.gui.views.view import Table, View
from lab.problem import Problem, ProblemError

SUFFIXES = (".png", ".svg", ".pdf")
DOTS = 96
"""Dots per inch of a PDF: Qt's own pixel, so that labels keep their size."""
PRINT = 3.0
"""Pixels of what is drawn pixel by pixel for each of the widget, in SVG and PDF."""
SHARPNESS = 2
"""Pixels of a PNG for each pixel of the widget."""


def save(widget: QWidget, path: Path, theme: Theme = LIGHT, size: tuple[int, int] | None = None) -> None:
    """Draws a view (without its controls) or any widget to a file whose suffix says the format.

    `size` is (width, height) in pixels of a screen at 100 %, by default as it is now. Lines and words stay lines
    and words in SVG and PDF; maps of numbers are images. Raises ProblemError where it cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ProblemError(
            Problem(
                path.name, f"“{suffix or 'no suffix'}” is no format of pictures", "Use .png, .svg or .pdf"
            )
        )
    draw = {".png": _png, ".svg": _svg, ".pdf": _pdf}[suffix]
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    with _posed(widget) as own_size, _dressed(widget, theme, size or own_size):
        draw(widget, buffer, theme)
    picture = buffer.data().data()
    write_atomically(path, lambda stream: stream.write(picture))


def save_table(table: Table, path: Path) -> None:
    """Writes columns under their names as CSV. Raises ProblemError."""
    if not table.columns:
        raise ProblemError(Problem(path.name, "there is nothing to write yet", "Press play first"))
    tables.save_table(table.columns, path)


def picture_of(widget: QWidget, theme: Theme = LIGHT) -> QImage:
    """What `save` would write as a PNG."""
    with _posed(widget) as own_size, _dressed(widget, theme, own_size):
        return _image(widget, theme)


def _posed(widget: QWidget) -> AbstractContextManager[tuple[int, int] | None]:
    return widget.posed() if isinstance(widget, View) else nullcontext()


@contextmanager
def _dressed(widget: QWidget, theme: Theme, size: tuple[int, int] | None) -> Iterator[None]:
    """The widget in a theme and size for a while: laid out as if shown, views without their controls."""
    views = [widget] if isinstance(widget, View) else widget.findChildren(View)
    furniture = (
        [part for part in widget.furniture() if not part.isHidden()] if isinstance(widget, View) else []
    )
    before = (widget.size(), widget.styleSheet(), widget.palette())
    scrolling = widget.findChildren(QAbstractScrollArea) if isinstance(widget, View) else []
    policies = [(area, area.verticalScrollBarPolicy()) for area in scrolling]
    themes = [(view, getattr(view, "theme", theme)) for view in views]
    shown_by_us = not widget.isVisible()
    hidden_from_screen = widget.testAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    try:
        for part in furniture:
            part.hide()
        for area, _ in policies:
            area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        widget.setStyleSheet(stylesheet(theme))
        widget.setPalette(palette(theme))
        for view in views:
            view.show_theme(theme)
        if shown_by_us:
            widget.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen, True)
            widget.show()
        if size is not None:
            widget.resize(*size)
        _settle()
        if size is not None and widget.size() != QSize(*size):
            widget.resize(*size)  # a dock has given it back the room that it has there
            for _ in range(3):  # what is within; asking the dock, too, would undo it
                for part in widget.findChildren(QWidget):
                    QApplication.sendPostedEvents(part, QEvent.Type.LayoutRequest)
        yield
    finally:
        if shown_by_us:
            widget.hide()
            widget.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen, hidden_from_screen)
        for part in furniture:
            part.show()
        for area, policy in policies:
            area.setVerticalScrollBarPolicy(policy)
        widget.setStyleSheet(before[1])
        widget.setPalette(before[2])
        for view, old in themes:
            view.show_theme(old)
        if size is not None:
            widget.resize(before[0])


def _settle() -> None:
    """Let layouts and plots take their new sizes, without taking a person's clicks."""
    for _ in range(3):
        QApplication.sendPostedEvents()
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)


def _render(widget: QWidget, painter: QPainter, theme: Theme) -> None:
    painter.fillRect(QRect(QPoint(0, 0), widget.size()), QColor(theme.surface))
    plots = [widget] if isinstance(widget, pg.GraphicsView) else widget.findChildren(pg.GraphicsView)
    parts = [item for plot in plots for item in plot.scene().items() if isinstance(item, pg.GraphicsItem)]
    ratio = painter.device().devicePixelRatioF()
    drawn = [part for part in (widget, *widget.findChildren(QWidget)) if hasattr(part, "sharpness")]
    try:
        for part in parts:  # points as shapes, not as stamped pictures, and all lines smooth
            part.setExportMode(True, {"antialias": True, "ratio": ratio})
        for part in drawn:  # what is drawn pixel by pixel
            part.sharpness = max(ratio, PRINT if ratio == 1 else 1)
        widget.render(painter, QPoint(0, 0))
    finally:
        for part in parts:
            part.setExportMode(False)
        for part in drawn:
            part.sharpness = 1.0


def _png(widget: QWidget, to: QBuffer, theme: Theme) -> None:
    _image(widget, theme).save(to, "PNG")  # type: ignore[call-overload]


def _image(widget: QWidget, theme: Theme) -> QImage:
    image = QImage(widget.size() * SHARPNESS, QImage.Format.Format_ARGB32)
    image.setDevicePixelRatio(SHARPNESS)
    painter = QPainter(image)
    _render(widget, painter, theme)
    painter.end()
    return image


def _svg(widget: QWidget, to: QBuffer, theme: Theme) -> None:
    generator = QSvgGenerator()
    generator.setOutputDevice(to)
    generator.setResolution(DOTS)
    generator.setSize(widget.size())
    generator.setViewBox(QRect(QPoint(0, 0), widget.size()))
    generator.setTitle(_title(widget))
    painter = QPainter(generator)
    _render(widget, painter, theme)
    painter.end()


def _pdf(widget: QWidget, to: QBuffer, theme: Theme) -> None:
    writer = QPdfWriter(to)
    writer.setResolution(DOTS)
    points = QSizeF(widget.width() * 72 / DOTS, widget.height() * 72 / DOTS)
    page = QPageSize(points, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch)
    writer.setPageLayout(QPageLayout(page, QPageLayout.Orientation.Portrait, QMarginsF()))
    writer.setTitle(_title(widget))
    painter = QPainter(writer)
    _render(widget, painter, theme)
    painter.end()


def _title(widget: QWidget) -> str:
    return widget.title if isinstance(widget, View) else widget.windowTitle()
