"""The compass of an error surface: arrows, the card of numbers, the axes of the ellipse, the constraint line."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QTransform
from PySide6.QtWidgets import QApplication

from lab.gui.theme import LIGHT
from lab.gui.views.surface import SurfaceView
from lab.gui.widgets.surface.arrows import ARROWS, drawn_length
from lab.gui.widgets.surface.compass_card import facts
from lab.gui.widgets.surface.compass_items import ellipse_axes, line_through
from lab.gui.widgets.surface.scales import REACH
from lab.gui.widgets.surface.terrain import Look, terrain
from lab.training.surfaces import Arrow, Compass, Surface
from tests.gui.fake_snapshots import bowl_surface, surface, with_compass, with_other_paths
from tests.gui.views.stage import Stage
from tests.gui.views.test_surface import choose, feed, flat_of, point_at
from tests.gui.views.test_surface_faces import solid_of


def shown_arrows(view: SurfaceView) -> set[str]:
    return {key for key, item in flat_of(view).compass.arrows.items() if item.isVisible()}


def test_no_two_arrows_look_alike_without_their_colours() -> None:
    looks = {(kind.dash, kind.head) for kind in ARROWS}
    assert len(looks) == len({kind.sign for kind in ARROWS}) == len(ARROWS)


def test_arrows_are_switched_and_point_where_they_should(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    reading = with_compass(surface())
    feed(view, reading)
    assert shown_arrows(view) == {"descent", "step"}
    view.settings.arrows["batch descent"].setChecked(True)
    view.settings.arrows["step"].setChecked(False)
    assert shown_arrows(view) == {"descent", "batch descent"}
    flat = flat_of(view)
    item, shadow = flat.compass.arrows["descent"], reading.compass.arrows["descent"].shadow
    (left, right), (low, high) = flat.box.viewRange()
    across, up = shadow[0] / (right - left) * flat.box.width(), shadow[1] / (high - low) * flat.box.height()
    assert np.arctan2(-item.tip.y(), item.tip.x()) == pytest.approx(np.arctan2(up, across), abs=1e-6)
    assert (item.pos().x(), item.pos().y()) == tuple(reading.path[-1])


def test_an_arrow_is_as_long_as_its_share_in_the_plane() -> None:
    assert drawn_length(1.0, 60) == 60
    assert drawn_length(0.5, 60) == 30
    assert drawn_length(0.01, 60) == 18, "short, but to be seen"


def test_an_arrow_under_the_mouse_is_named(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    feed(view, with_compass(surface()))
    QApplication.processEvents()  # the card has taken its room
    flat = flat_of(view)
    item = flat.compass.arrows["descent"]
    tip = flat.box.mapSceneToView(item.scenePos() + item.tip)
    point_at(flat, tip.x(), tip.y())
    assert view.readout.text().startswith("−∇E, steepest descent: length")
    assert "93% of it in the plane" in view.readout.text()


def test_without_a_compass_there_is_no_card_and_no_arrow(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    feed(view, surface())
    assert view.card.isHidden()
    assert not shown_arrows(view)


def test_the_card_says_what_is_known_and_nothing_else(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    reading = with_compass(surface())
    feed(view, reading)
    assert not view.card.isHidden()
    said = {name: labels[1].text() for name, labels in view.card.rows.items() if not labels[0].isHidden()}
    assert said["step to contour"] == f"{reading.compass.step_to_contour:.1f}°"
    assert said["condition λ₁/λ₂"] == f"{reading.compass.condition:.2f}"
    assert "−∇E to minimum" not in said, "no minimum is known"
    view.settings.compass.setChecked(False)
    assert view.card.isHidden()
    assert "step to contour" in view.readout.text(), "then the readout has it"


def test_a_card_without_room_gives_its_numbers_to_the_readout(stage: Stage) -> None:
    view = stage.show(SurfaceView, size=(380, 320))
    feed(view, with_compass(surface()))
    assert view.card.isHidden()
    assert "cos(batch, full) 0.978" in view.readout.text()
    view.resize(445, 640)
    assert not view.card.isHidden()
    assert view.card.y() > view.faces.y() + 200, "below a tall picture"
    view.resize(900, 500)
    QApplication.processEvents()
    assert view.card.x() > view.faces.x() + 300, "beside a wide one"


def test_a_rate_above_the_largest_stable_one_is_marked() -> None:
    compass = Compass({}, largest_rate=0.5)
    above, below = ({fact.name: fact for fact in facts(compass, rate)} for rate in (0.6, 0.4))
    assert above["present ε"].warns
    assert above["present ε"].said.startswith("▲")
    assert not below["present ε"].warns
    assert facts(Compass({}), 0.4) == ()


def test_what_is_known_of_the_plane_alone_is_said_to_be() -> None:
    exact, other = (
        {
            fact.name: fact.said
            for fact in facts(Compass({}, eigenvalues=(4.0, float("nan")), largest_rate=0.5, exact=e), 1)
        }
        for e in (True, False)
    )
    assert exact["largest stable ε"] == "0.500"
    assert other["largest stable ε"] == "≤ 0.500"
    assert exact["λ₁, λ₂"] == "4.00", "of a line there is one"


def test_the_axes_of_the_ellipse_are_as_long_as_it_is(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    reading, _ = bowl_surface()
    feed(view, reading)
    axes = ellipse_axes(view.scenes[0], reading.compass.eigenvalues, reading.compass.eigenvectors)
    first, second = axes[:2], axes[3:5]
    lengths = [float(np.hypot(*(piece[1] - piece[0]))) for piece in (first, second)]
    assert lengths[1] / lengths[0] == pytest.approx(4, rel=1e-3), "the root of the condition number, 16"
    np.testing.assert_allclose(first.mean(axis=0), reading.minimum)
    assert abs((first[1] - first[0]) @ (second[1] - second[0])) < 1e-6
    drawn = flat_of(view).compass.axes
    np.testing.assert_array_equal(drawn.getData()[0], axes[:, 0])
    view.settings.ellipse.setChecked(False)
    assert len(drawn.getData()[0]) == 0


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        ((1.0, 0.0, 0.5), {(0.5, -1.5), (0.5, 2.5)}),
        ((0.0, 2.0, 1.0), {(-2.0, 0.5), (3.0, 0.5)}),
        ((1.0, 1.0, 0.0), {(-2.0, 2.0), (1.5, -1.5)}),
        ((1.0, 0.0, 9.0), set()),
        ((0.0, 0.0, 1.0), set()),
    ],
)
def test_a_constraint_line_is_cut_to_the_frame(line: tuple[float, float, float], ends: set) -> None:
    land = terrain(surface(), Look())
    assert land is not None
    assert {tuple(p) for p in line_through(land, *line).tolist()} == ends


def test_a_constraint_line_is_drawn_where_it_is_wanted(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    of = with_compass(surface())
    feed(view, replace(of, compass=replace(of.compass, constraint=(1.0, 1.0, 0.0))))
    drawn = flat_of(view).compass.constraint
    assert drawn.opts["pen"].color().name() == LIGHT.danger
    x, y = drawn.getData()
    np.testing.assert_allclose(x + y, 0, atol=1e-12)
    view.settings.constraint.setChecked(False)
    assert len(drawn.getData()[0]) == 0


def stepping(reading: Surface) -> Surface:
    others = tuple(replace(o, arrows={"step": Arrow((0.1, 0.1), 0.2, 0.8)}) for o in reading.others)
    return replace(reading, others=others)


def test_other_runs_have_their_steps_in_their_colours(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    feed(view, stepping(with_other_paths(with_compass(surface()), 3)), 3)
    others = flat_of(view).compass.others
    assert [item.colour.name() for item in others] == [LIGHT.runs[1], LIGHT.runs[2]]
    view.settings.arrows["step"].setChecked(False)
    assert flat_of(view).compass.others == []


def test_arrows_lie_on_the_relief(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    choose(view.settings.shape, "solid")
    reading, _ = bowl_surface()
    feed(view, reading)
    pointers = {pointer.kind.key: pointer for pointer in solid_of(view)._pointers}
    assert set(pointers) == {"descent", "step", "minimum"}
    land = view.scenes[0].land
    x = land.x[0] + (pointers["minimum"].points[:, 0] + 1) / 2 * (land.x[-1] - land.x[0])
    y = land.y[0] + (pointers["minimum"].points[:, 1] + 1) / 2 * (land.y[-1] - land.y[0])
    np.testing.assert_allclose(pointers["minimum"].points[:, 2], land.scale.share(land.at(x, y)), atol=1e-9)
    assert (x[-1], y[-1]) == pytest.approx(reading.minimum)
    view.grab()


def test_what_optimizers_keep_of_two_weights_is_drawn_at_every_marker_once_it_is_wanted(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    reading = with_compass(with_other_paths(surface(), 2))
    kept = {"step size": (0.1, 0.4), "running square": (3.0, 1.0)}
    other = replace(reading.others[0], scales=kept)
    feed(view, replace(reading, others=(other,), compass=replace(reading.compass, scales=kept)), 2)
    flat = flat_of(view)
    assert flat.scales.shapes == ()
    for box in view.settings.scales.values():
        box.setChecked(True)
    assert len(flat.scales.shapes) == 4
    to_pixels = QTransform(10, 0, 0, -10, 0, 0)
    for shape in flat.scales.shapes:
        area = shape.area(to_pixels)
        assert area.height() / area.width() == pytest.approx(shape.half[1] / shape.half[0])
        assert max(area.width(), area.height()) == pytest.approx(2 * REACH)
    view.grab()
