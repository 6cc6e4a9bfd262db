"""A mosaic that scrolls."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea

from lab.gui.widgets.mosaic import Mosaic, Place


class ScrolledMosaic(QScrollArea):
    """Scrolls up and down, on the ground of whatever it stands on; `mosaic` is the thing itself."""

    def __init__(self, name: str, tip: str) -> None:
        super().__init__()
        self.mosaic = Mosaic()
        self.mosaic.setAccessibleName(name)
        self.mosaic.setToolTip(tip)
        self.setWidget(self.mosaic)
        self.mosaic.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.mosaic.clicked.connect(self.bring_into_view)

    def bring_into_view(self, place: Place) -> None:
        area = self.mosaic.area_of(place)
        if area is not None:
            self.ensureVisible(round(area.center().x()), round(area.center().y()), 40, 60)
