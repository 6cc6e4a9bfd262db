"""Layouts that were saved before there was another view."""

from pathlib import Path

from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from lab.experiment.presets import preset
from lab.gui.document import Document
from lab.gui.editing import ArchitectureEdits
from lab.gui.panels.graph import GraphEditor
from lab.gui.views import VIEWS
from lab.gui.workspace import Workspace


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
    assert closed(after) == {"filters", "predictions", "decision", "units"}
    assert after.docks["architecture"] in after.tabifiedDockWidgets(after.docks["maps"])
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
    assert workspace.docks["maps"].view.property("covered")
