"""What scrolls up and down: a mosaic, or anything else that is as high as it needs to be."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from lab.gui.widgets.mosaic import Mosaic, Place


def hold(area: QScrollArea, widget: QWidget) -> None:
    """Let `area` scroll a widget up and down, on the ground of whatever it stands on."""
    area.setWidget(widget)
    widget.setAutoFillBackground(False)
    area.viewport().setAutoFillBackground(False)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)


def scrolled(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    hold(area, widget)
    return area


class ScrolledMosaic(QScrollArea):
    """Scrolls up and down, on the ground of whatever it stands on; `mosaic` is the thing itself."""

    def __init__(self, name: str, tip: str) -> None:
        super().__init__()
        self.mosaic = Mosaic()
        self.mosaic.setAccessibleName(name)
        self.mosaic.setToolTip(tip)
        hold(self, self.mosaic)
        self.mosaic.clicked.connect(self.bring_into_view)

    def bring_into_view(self, place: Place) -> None:
        area = self.mosaic.area_of(place)
        if area is not None:
            self.ensureVisible(round(area.center().x()), round(area.center().y()), 40, 60)
