"""The views there are. A new one is one file here and one line in this table."""

from lab.gui.views.bent_grid import BentGridView
from lab.gui.views.confusion import ConfusionView
from lab.gui.views.curves import CurvesView
from lab.gui.views.decision import DecisionView
from lab.gui.views.diagram import DiagramView
from lab.gui.views.fields import FieldsView
from lab.gui.views.filters import FiltersView
from lab.gui.views.health import HealthView
from lab.gui.views.maps import MapsView
from lab.gui.views.microscope import MicroscopeView
from lab.gui.views.mistakes import MistakesView
from lab.gui.views.optimizers import OptimizersView
from lab.gui.views.pad import PadView
from lab.gui.views.predictions import PredictionsView
from lab.gui.views.program import ProgramView
from lab.gui.views.runs import RunsView
from lab.gui.views.surface import SurfaceView
from lab.gui.views.sweep import SweepView
from lab.gui.views.unit import UnitView
from lab.gui.views.units import UnitsView
from lab.gui.views.view import View
from lab.gui.views.watches import WatchesView

VIEWS: tuple[type[View], ...] = (
    CurvesView,
    RunsView,
    OptimizersView,
    SweepView,
    SurfaceView,
    DiagramView,
    MapsView,
    UnitView,
    MicroscopeView,
    PadView,
    FieldsView,
    HealthView,
    FiltersView,
    ConfusionView,
    MistakesView,
    PredictionsView,
    DecisionView,
    UnitsView,
    BentGridView,
    ProgramView,
    WatchesView,
)

__all__ = ["VIEWS", "View"]
