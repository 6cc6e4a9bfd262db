"""Where views stand: arranged for a kind of problem, kept, and given back though there are new ones."""

from pathlib import Path
from typing import get_args

import msgspec
import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QTabBar
from pytestqt.qtbot import QtBot

from lab.experiment.presets import preset
from lab.gui.arrangement import ARRANGEMENTS, Kind, kind_of
from lab.gui.document import Document
from lab.gui.editing import ArchitectureEdits
from lab.gui.panels.graph import GraphEditor
from lab.gui.views import VIEWS
from lab.gui.workspace import STATE_VERSION, Workspace
from lab.network.network import Network


def shown(qtbot: QtBot, document: Document, with_graph: bool) -> Workspace:
    edits = ArchitectureEdits(document, document)
    views = (*VIEWS, lambda: GraphEditor(document, edits)) if with_graph else VIEWS
    workspace = Workspace(document, views)
    qtbot.addWidget(workspace)
    workspace.resize(1000, 700)
    with qtbot.waitExposed(workspace):
        workspace.show()
    return workspace


def closed(workspace: Workspace) -> set[str]:
    return {name for name, dock in workspace.docks.items() if dock.isHidden()}


def test_closed_views_stay_closed_and_a_new_one_has_its_tab(
    qtbot: QtBot, document: Document, tmp_path: Path
) -> None:
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    before = shown(qtbot, document, with_graph=False)
    before.docks["filters"].hide()
    before.save_to(settings)
    after = shown(qtbot, document, with_graph=True)
    assert after.restore_from(settings)
    assert closed(after) == {
        "filters",
        "predictions",
        "decision",
        "units",
        "bent_grid",
        "sweep",
        "optimizers",
    }
    assert after.docks["architecture"] in after.tabifiedDockWidgets(after.docks["surface"])
    after.docks["architecture"].hide()
    after.save_to(settings)
    again = shown(qtbot, document, with_graph=True)
    again.restore_from(settings)
    assert closed(again) == closed(after)


def test_the_graph_comes_in_front_where_the_list_does_not_tell_all(qtbot: QtBot, document: Document) -> None:
    document.draft = preset("small-u-net")
    workspace = shown(qtbot, document, with_graph=True)
    workspace.arrange("image")
    assert not workspace.docks["architecture"].view.property("covered")
    assert workspace.docks["surface"].view.property("covered")


def tabs_of(workspace: Workspace) -> list[tuple[QTabBar, int]]:
    bars = workspace.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
    return [(bar, tab) for bar in bars if bar.isVisible() for tab in range(bar.count())]


@pytest.mark.parametrize("kind", get_args(Kind))
def test_no_title_of_a_tab_is_cut_off_in_a_small_window(qtbot: QtBot, document: Document, kind: Kind) -> None:
    workspace = shown(qtbot, document, with_graph=True)
    workspace.resize(714, 610)  # what is left of 1280x800
    workspace.arrange(kind)
    names = [name for cell in ARRANGEMENTS[kind].cells if len(cell) > 1 for name in cell]
    qtbot.waitUntil(lambda: len(tabs_of(workspace)) == len(names))
    for bar, tab in tabs_of(workspace):
        text = bar.tabText(tab)
        assert bar.tabRect(tab).width() >= bar.fontMetrics().horizontalAdvance(text) + 20, text


def test_a_tab_says_in_full_what_it_is(qtbot: QtBot, document: Document) -> None:
    workspace = shown(qtbot, document, with_graph=True)
    qtbot.waitUntil(lambda: bool(tabs_of(workspace)))
    tips = {bar.tabText(tab): bar.tabToolTip(tab) for bar, tab in tabs_of(workspace)}
    assert tips["Graph"].startswith("Architecture: ")
    actions = [action.text() for action in workspace.actions_to_show()]
    assert "Architecture" in actions
    assert "Confusion matrix" in actions


def test_a_view_that_is_not_arranged_opens_as_a_tab_beside_others(qtbot: QtBot, document: Document) -> None:
    workspace = shown(qtbot, document, with_graph=True)
    workspace.arrange("plane")
    assert workspace.docks["filters"].isHidden()
    action = next(a for a in workspace.actions_to_show() if a.text() == "Filters")
    action.trigger()
    assert workspace.docks["program"] in workspace.tabifiedDockWidgets(workspace.docks["filters"])
    qtbot.waitUntil(lambda: not workspace.docks["filters"].view.property("covered"))


def test_what_is_restored_has_the_sizes_that_it_had(qtbot: QtBot, document: Document) -> None:
    workspace = shown(qtbot, document, with_graph=True)
    workspace.arrange("branched")
    qtbot.waitUntil(
        lambda: workspace.docks["architecture"].width() > 1.4 * workspace.docks["surface"].width()
    )
    kept = workspace.saveState(STATE_VERSION), workspace.in_sight
    before = workspace.docks["architecture"].geometry()
    workspace.arrange("image")
    QApplication.processEvents()
    workspace.arrange("branched")
    assert workspace.restore(*kept)
    qtbot.waitUntil(lambda: workspace.docks["architecture"].geometry() == before)


def test_an_edit_that_adds_a_skip_moves_no_views() -> None:
    lenet, unet = preset("lenet"), preset("small-u-net")
    assert (kind_of(lenet), kind_of(unet)) == ("image", "branched")
    edited = msgspec.structs.replace(lenet, network=unet.network)
    assert kind_of(edited, "image") == "image"
    assert (
        kind_of(msgspec.structs.replace(unet, network=Network(lenet.network.nodes)), "branched") == "branched"
    )
    assert kind_of(preset("spiral"), "image") == "plane"


def test_a_view_is_brought_to_the_front(qtbot: QtBot, document: Document) -> None:
    workspace = shown(qtbot, document, with_graph=True)
    workspace.arrange("image")
    for name in ("sweep", "runs"):
        view = workspace.bring(name)
        assert view is workspace.docks[name].view
        qtbot.waitUntil(lambda view=view: view in workspace.open_views)
