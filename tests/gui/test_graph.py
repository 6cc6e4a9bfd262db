"""The graph of the architecture: what is drawn after each edit, by mouse and by key."""

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.experiment.of_layer import with_network
from lab.experiment.presets import preset
from lab.gui import figures
from lab.gui.document import Document
from lab.gui.editing import ArchitectureEdits
from lab.gui.panels.graph import GraphEditor
from lab.gui.theme import DARK, LIGHT
from lab.gui.widgets.graph.faces import Sights, brief
from lab.network.diagram import diagram
from lab.network.layers import Add, Conv2D, Dense, Dropout, GlobalAveragePool2D
from lab.network.network import INPUT, Network, Node

LEFT, CTRL, NONE = (
    Qt.MouseButton.LeftButton,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.NoModifier,
)


@pytest.fixture
def graph(qtbot: QtBot, document: Document) -> GraphEditor:
    editor = GraphEditor(document, ArchitectureEdits(document, document))
    editor.show_theme(LIGHT)
    editor.resize(620, 1200)
    qtbot.addWidget(editor)
    with qtbot.waitExposed(editor):
        editor.show()
    return editor


def names(document: Document) -> list[str]:
    return [node.name for node in document.draft.network.nodes]


def drawn(graph: GraphEditor) -> list[str]:
    return [block.face.title for block in graph.canvas.graph.blocks if block.is_layer]


def inputs(document: Document, name: str) -> tuple[str, ...]:
    return document.draft.analysis.facts(name).inputs


def edges(graph: GraphEditor) -> set[tuple[str, str]]:
    return {(e.edge.source, e.edge.target) for e in graph.canvas.graph.edges if e.edge is not None}


def on_screen(graph: GraphEditor, point: QPointF) -> QPoint:
    return graph.canvas.mapFromScene(point)


def middle(graph: GraphEditor, name: str) -> QPoint:
    block = graph.canvas.graph.block(name)
    assert block is not None
    return on_screen(graph, block.pos() + QPointF(60, 30))


def port(graph: GraphEditor, name: str) -> QPoint:
    block = graph.canvas.graph.block(name)
    assert block is not None
    return on_screen(graph, block.pos() + block.port)


def edge(graph: GraphEditor, source: str, target: str):
    return next(
        item
        for item in graph.canvas.graph.edges
        if item.edge is not None and (item.edge.source, item.edge.target) == (source, target)
    )


def send(graph: GraphEditor, kind: QEvent.Type, at: QPoint, buttons: Qt.MouseButton, keys=NONE) -> None:
    """The event as a window system sends it: QTest forgets the buttons held while moving."""
    viewport = graph.canvas.viewport()
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else LEFT
    where = QPointF(viewport.mapToGlobal(at))
    QApplication.sendEvent(viewport, QMouseEvent(kind, QPointF(at), where, button, buttons, keys))


def drag(graph: GraphEditor, start: QPoint, end: QPoint, keys=NONE) -> None:
    send(graph, QEvent.Type.MouseButtonPress, start, LEFT, keys)
    for share in (0.3, 0.7, 1.0):
        send(graph, QEvent.Type.MouseMove, start + (end - start) * share, LEFT, keys)
    send(graph, QEvent.Type.MouseButtonRelease, end, Qt.MouseButton.NoButton, keys)


def click(graph: GraphEditor, qtbot: QtBot, name: str, keys=NONE) -> None:
    qtbot.mouseClick(graph.canvas.viewport(), LEFT, keys, middle(graph, name))


def with_skip(document: Document) -> None:
    """conv1 -> conv2 -> conv3 -> sum, which takes conv1 too, and a head."""
    conv = Conv2D(4, 3, padding=1)
    nodes = [Node(f"conv{n}", conv) for n in (1, 2, 3)]
    tail = (
        Node("sum", Add(), ("conv1", "conv3")),
        Node("pool", GlobalAveragePool2D()),
        Node("out", Dense(10)),
    )
    document.edit(with_network(document.draft, Network((*nodes, *tail))), "Test")


def test_every_layer_its_shape_its_numbers_and_its_field(graph: GraphEditor, document: Document) -> None:
    assert drawn(graph) == names(document)
    texts = [item.edge.text for item in graph.canvas.graph.edges if item.edge is not None]
    assert texts == ["1×32×32", "6×28×28", "6×14×14", "16×10×10", "16×5×5", "400", "120", "84", "10"]
    conv2 = graph.canvas.graph.block("conv2").face
    assert conv2.kind == "Convolution 5×5 · 16 filters · ReLU"
    assert conv2.numbers == "2,416 parameters · 240 k mult-adds"
    assert conv2.sight.words == "sees 14×14 of 32×32"
    assert graph.canvas.graph.block("dense1").face.sight.words == "sees all 32×32"
    assert graph.canvas.graph.blocks[0].face.kind == "1×32×32"
    assert graph.totals.text.startswith("8 layers · 61.7 k parameters · 417 k mult-adds")


def test_memory_and_long_sought_fields_come_after_the_drawing(
    qtbot: QtBot, graph: GraphEditor, document: Document
) -> None:
    qtbot.waitUntil(lambda: graph.totals.text.endswith("to train"))
    document.open(preset("small-u-net"))
    qtbot.waitUntil(lambda: all(b.face.sight for b in graph.canvas.graph.blocks if b.is_layer))
    assert graph.canvas.graph.is_folded


@pytest.mark.parametrize(
    ("number", "words"), [(872, "872"), (61_706, "61.7 k"), (1_200_000, "1.20 M"), (999_700, "1.00 M")]
)
def test_counts_in_short(number: int, words: str) -> None:
    assert brief(number) == words


def test_click_chooses_and_shows_what_others_choose(
    qtbot: QtBot, graph: GraphEditor, document: Document
) -> None:
    click(graph, qtbot, "pool1")
    assert document.selection.layer == "pool1"
    click(graph, qtbot, "conv2", CTRL)
    assert graph.canvas.graph.chosen == {"pool1", "conv2"}
    click(graph, qtbot, "pool1", CTRL)
    assert graph.canvas.graph.chosen == {"conv2"}
    document.select_layer("dense2")
    assert graph.canvas.graph.chosen == {"dense2"}
    assert graph.canvas.current == "dense2"


def test_a_frame_chooses_many(graph: GraphEditor) -> None:
    left = graph.canvas.graph.block("pool1").pos() + QPointF(-40, -6)
    right = graph.canvas.graph.block("pool2").pos() + QPointF(300, 70)
    drag(graph, on_screen(graph, left), on_screen(graph, right))
    assert graph.canvas.graph.chosen == {"pool1", "conv2", "pool2"}
    assert graph.canvas.overlay.path().isEmpty()


def test_add_comes_after_the_chosen_one(qtbot: QtBot, graph: GraphEditor, document: Document) -> None:
    click(graph, qtbot, "pool2")
    graph.tools.menu.picked.emit(Dropout(0.5))
    assert names(document)[4] == "dropout1"
    assert drawn(graph) == names(document)
    assert graph.canvas.current == "dropout1"


def test_delete_duplicate_copy_cut_paste_and_undo(
    qtbot: QtBot, graph: GraphEditor, document: Document
) -> None:
    before = names(document)
    canvas, key = graph.canvas, Qt.Key
    canvas.setFocus()
    click(graph, qtbot, "pool2")
    qtbot.keyClick(canvas, key.Key_Delete)
    assert "pool2" not in drawn(graph)
    document.undo_stack.undo()
    assert drawn(graph) == before
    click(graph, qtbot, "dense2")
    qtbot.keyClick(canvas, key.Key_D, CTRL)
    assert len(drawn(graph)) == len(before) + 1
    document.undo_stack.undo()
    click(graph, qtbot, "dense1")
    click(graph, qtbot, "dense2", CTRL)
    qtbot.keyClick(canvas, key.Key_C, CTRL)
    qtbot.keyClick(canvas, key.Key_V, CTRL)
    assert len(drawn(graph)) == len(before) + 2
    assert len(graph.canvas.graph.chosen) == 2
    qtbot.keyClick(canvas, key.Key_X, CTRL)
    assert drawn(graph) == before
    qtbot.keyClick(canvas, key.Key_A, CTRL)
    assert graph.canvas.graph.chosen == set(before)


def test_connect_from_a_port_and_disconnect_by_taking_the_end_off(
    graph: GraphEditor, document: Document
) -> None:
    with_skip(document)
    drag(graph, port(graph, "conv2"), middle(graph, "sum"))
    assert inputs(document, "sum") == ("conv1", "conv3", "conv2")
    assert ("conv2", "sum") in edges(graph)
    end = edge(graph, "conv2", "sum")
    tip = on_screen(graph, QPointF(*end.edge.points[-1]) - _towards(end.edge.points))
    drag(graph, tip, tip + QPoint(90, 60))
    assert inputs(document, "sum") == ("conv1", "conv3")
    assert ("conv2", "sum") not in edges(graph)
    document.undo_stack.undo()
    assert inputs(document, "sum") == ("conv1", "conv3", "conv2")


def _towards(points) -> QPointF:
    """A few pixels back from an arrow's tip, where it can be grasped outside of the block."""
    (a, b), (c, d) = points[-2:]
    return QPointF((c > a) - (c < a), (d > b) - (d < b)) * 5


def test_an_end_dropped_on_another_block_goes_there_in_one_step(
    graph: GraphEditor, document: Document
) -> None:
    with_skip(document)
    steps = document.undo_stack.count()
    end = edge(graph, "conv1", "sum")
    tip = on_screen(graph, QPointF(*end.edge.points[-1]) - _towards(end.edge.points))
    drag(graph, tip, middle(graph, "conv3"))
    assert inputs(document, "conv3") == ("conv1",)
    assert inputs(document, "sum") == ("conv3",)
    assert document.undo_stack.count() == steps + 1
    document.undo_stack.undo()
    assert inputs(document, "sum") == ("conv1", "conv3")


def test_a_chosen_edge_goes_with_delete(qtbot: QtBot, graph: GraphEditor, document: Document) -> None:
    with_skip(document)
    item = edge(graph, "conv1", "sum")
    qtbot.mouseClick(graph.canvas.viewport(), LEFT, NONE, on_screen(graph, item.middle))
    assert item.chosen
    qtbot.keyClick(graph.canvas, Qt.Key.Key_Delete)
    assert inputs(document, "sum") == ("conv3",)


def test_a_block_dropped_on_an_edge_stands_there(graph: GraphEditor, document: Document) -> None:
    drag(graph, middle(graph, "pool1"), on_screen(graph, edge(graph, "conv2", "pool2").middle))
    assert names(document)[:4] == ["conv1", "conv2", "pool1", "pool2"]
    assert drawn(graph) == names(document)
    drag(graph, middle(graph, "pool1"), middle(graph, "pool1") + QPoint(200, 4))  # beside everything
    assert names(document)[:4] == ["conv1", "conv2", "pool1", "pool2"]


def test_escape_lets_go(qtbot: QtBot, graph: GraphEditor, document: Document) -> None:
    before = document.draft
    start, end = middle(graph, "pool1"), on_screen(graph, edge(graph, "conv2", "pool2").middle)
    send(graph, QEvent.Type.MouseButtonPress, start, LEFT)
    send(graph, QEvent.Type.MouseMove, end, LEFT)
    assert edge(graph, "conv2", "pool2").targeted
    qtbot.keyClick(graph.canvas, Qt.Key.Key_Escape)
    send(graph, QEvent.Type.MouseButtonRelease, end, Qt.MouseButton.NoButton)
    assert document.draft == before
    assert not edge(graph, "conv2", "pool2").targeted


def test_a_problem_stands_in_its_block_and_one_click_mends_it(
    qtbot: QtBot, graph: GraphEditor, document: Document
) -> None:
    rest = [node for node in document.draft.network.nodes if node.name != "flatten1"]
    document.edit(with_network(document.draft, Network(tuple(rest))), "Test")
    block = graph.canvas.graph.block("dense1")
    assert block.face.problems
    assert "Flatten" in block.face.mends[0]
    assert graph.totals.text == "7 layers"
    assert "vector" in block.face.spoken
    at = block.pos() + block.mend_rects()[0].center()
    qtbot.mouseClick(graph.canvas.viewport(), LEFT, NONE, on_screen(graph, at))
    assert not document.problems
    assert not graph.canvas.graph.block("dense1").face.problems
    assert len(drawn(graph)) == 8


def test_arrows_walk_along_edges(qtbot: QtBot, graph: GraphEditor, document: Document) -> None:
    document.open(preset("small-u-net"))
    canvas, key = graph.canvas, Qt.Key
    for press, there in (
        (key.Key_Down, "down1_1"),  # nothing was chosen
        (key.Key_Down, "down1_2"),
        (key.Key_Right, "join1"),
        (key.Key_Down, "up1"),
        (key.Key_Up, "join1"),
        (key.Key_Left, "down1_2"),
        (key.Key_End, "output"),
        (key.Key_Home, "down1_1"),
    ):
        qtbot.keyClick(canvas, press)
        assert canvas.current == there
    assert document.selection.layer == "down1_1"


def test_the_form_opens_beside_its_block_and_edits(
    qtbot: QtBot, graph: GraphEditor, document: Document
) -> None:
    click(graph, qtbot, "conv1")
    qtbot.keyClick(graph.canvas, Qt.Key.Key_Return)
    popover = graph.popover
    assert popover.isVisible()
    assert popover.block.form is not None
    popover.block.form.edited.emit(Conv2D(9, 5), "filters")
    assert document.draft.network.nodes[0].layer.filters == 9
    assert edge(graph, "conv1", "pool1").edge.text == "9×28×28"
    popover.block.renamed.emit("first")
    assert "first" in names(document)
    assert popover.isVisible()
    assert popover.layer == "first"
    qtbot.keyClick(popover, Qt.Key.Key_Escape)
    assert not popover.isVisible()
    qtbot.mouseDClick(graph.canvas.viewport(), LEFT, NONE, middle(graph, "pool1"))
    assert popover.isVisible()
    assert popover.layer == "pool1"
    document.undo_stack.undo()
    click(graph, qtbot, "conv2")
    assert not popover.isVisible()


def test_menus_offer_everything(graph: GraphEditor, document: Document) -> None:
    from lab.gui.widgets.graph.menu import edge_menu, layer_menu, paper_menu, takers

    with_skip(document)
    analysis, edits, actions = document.draft.analysis, graph._edits, graph.actions_here
    menu = layer_menu(graph, edits, analysis, "conv2", actions.of_layer(), ())
    words = [action.text() for action in menu.actions() if action.text()]
    for word in ("Add after", "Add beside", "Duplicate layer", "Copy", "Cut", "Paste", "Remove layer"):
        assert word in words
    assert takers(analysis, "conv2") == (["sum"], ["pool", "out"])
    assert takers(analysis, "out") == ([], [])
    assert edge_menu(graph, edits, "conv1", "sum").actions()[-1].text() == "Disconnect"
    assert paper_menu(graph, edits, actions.of_paper()).actions()[0].text() == "Add a layer"


def test_nothing_is_drawn_while_it_is_covered(graph: GraphEditor, document: Document) -> None:
    graph.setProperty("covered", True)
    with_skip(document)
    assert "sum" not in drawn(graph)
    graph.setProperty("covered", False)
    graph.show_selection(document.selection)
    assert "sum" in drawn(graph)


def test_an_empty_network_says_what_to_do(graph: GraphEditor, document: Document) -> None:
    document.edit(with_network(document.draft, Network()), "Test")
    assert graph._hint.isVisible()
    assert edges(graph) == {(INPUT, "")}
    graph.tools.menu.picked.emit(Dense(10))
    assert not graph._hint.isVisible()


def test_zoom_scrolls_about_the_pointer_and_fits(graph: GraphEditor) -> None:
    canvas, at = graph.canvas, QPointF(200, 300)
    before = canvas.mapToScene(at.toPoint())
    canvas.zoom(1.5, at)
    after = canvas.mapToScene(at.toPoint())
    assert abs(after.x() - before.x()) + abs(after.y() - before.y()) < 4
    canvas.fit()
    shown = canvas.mapToScene(canvas.viewport().rect()).boundingRect()
    assert shown.adjusted(-2, -2, 2, 2).contains(canvas.graph.drawing)
    assert canvas.scale_now <= 1


def test_a_picture_has_all_of_it_and_the_table_a_row_a_layer(graph: GraphEditor, tmp_path) -> None:
    graph.resize(400, 300)
    before = graph.canvas.transform()
    for suffix in figures.SUFFIXES:
        figures.save(graph, tmp_path / f"a{suffix}", DARK)
    svg = (tmp_path / "a.svg").read_text("utf-8")
    assert "dense3" in svg
    assert "16×10×10" in svg
    assert graph.canvas.transform() == before
    assert graph.theme == LIGHT
    columns = graph.table().columns
    assert list(columns["layer"])[:2] == ["conv1", "pool1"]
    assert list(columns["receptive field (pixels)"])[2] == "14×14"


def big() -> Network:
    nodes, before = [Node("first", Conv2D(4, 3, padding=1))], "first"
    for at in range(66):
        nodes.append(Node(f"{at}a", Conv2D(4, 3, padding=1), (before,)))
        nodes.append(Node(f"{at}b", Conv2D(4, 3, padding=1)))
        nodes.append(Node(f"{at}+", Add(), (before, f"{at}b")))
        before = f"{at}+"
    return Network((*nodes, Node("pool", GlobalAveragePool2D()), Node("out", Dense(10))))


def test_200_layers_are_drawn_at_once_from_the_same_items(graph: GraphEditor, document: Document) -> None:
    document.edit(with_network(document.draft, big()), "Test")
    assert len(drawn(graph)) == 201
    canvas = graph.canvas
    items = len(canvas.graph.items())
    graph._edits.choose({"30a"})
    place = canvas.mapFromScene(canvas.graph.block("30a").pos())
    for width in (2, 1, 2, 1):
        graph._edits.edit_layer("30a", Conv2D(4, 3, padding=width, dilation=width), "dilation")
        canvas.viewport().grab()
    assert len(canvas.graph.items()) == items
    assert canvas.mapFromScene(canvas.graph.block("30a").pos()) == place
    assert diagram(document.draft.analysis).height > 15_000


def test_a_field_larger_than_the_input_is_marked() -> None:
    """Of LeNet on 28x28 pixels with two around them, dense units see 32x32; those of the last pooling 16x16."""
    network = preset("lenet-28").network
    sights = Sights().turn_to(network, preset("lenet-28").analysis)
    assert sights["dense1"].words == "▲ sees 32×32 of 28×28"
    assert sights["pool2"].words == "sees 16×16 of 28×28"
