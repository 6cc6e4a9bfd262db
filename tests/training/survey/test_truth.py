"""What a surface shows is true: the error logged, the closed form, twins."""

from __future__ import annotations

import numpy as np
import pytest

from lab.learning.losses import SquaredError
from lab.learning.optimizers import SGD
from lab.training.surfaces import SurfaceProbe
from tests.training.problems import LINEAR_NEURON, SMALL_CNN, XOR_MLP
from tests.training.survey.looking import compass, edited, neuron, seen, walked

ALL = 1 << 20


@pytest.mark.parametrize("experiment", [XOR_MLP, SMALL_CNN, LINEAR_NEURON])
@pytest.mark.parametrize("plane", ["path", "random"])
def test_along_the_path_it_is_the_loss_that_was_logged(experiment, plane) -> None:
    """Of batch descent the loss of step k + 1 is taken at the point of step k, over all examples."""
    run = walked(edited(experiment, batch_size=ALL, optimizer=SGD(rate=0.05)), 25)
    surface = seen(run, SurfaceProbe(plane, resolution=3, examples=ALL))
    assert surface.path_steps.tolist() == [*range(26), 25]
    np.testing.assert_allclose(surface.path_errors[:25], run.curves().loss, rtol=2e-6, atol=1e-9)


@pytest.mark.parametrize("cases", ["unshifted", "shifted", "unscaled"])
def test_over_two_weights_it_is_the_closed_form(cases) -> None:
    run = walked(neuron(cases, optimizer=SGD(rate=1e-5)), 4)
    surface = seen(run, SurfaceProbe(resolution=17))
    part = run.prepared.training
    X, t = part.inputs.reshape(2, 2).astype(float), part.targets[:, 0].astype(float)
    w = np.stack(np.meshgrid(surface.x, surface.y), -1)
    expected = 0.5 * ((w @ X.T - t) ** 2).sum(-1)
    np.testing.assert_allclose(surface.errors, expected, rtol=1e-4, atol=1e-8 * expected.max())
    np.testing.assert_allclose(surface.minimum, np.linalg.solve(X, t), atol=1e-9)


@pytest.mark.parametrize(
    ("cases", "condition"), [("unshifted", 40005.92), ("shifted", 1), ("unscaled", 10_000), ("scaled", 1)]
)
def test_the_numbers_of_the_lectures_cases(cases, condition) -> None:
    run = walked(neuron(cases, optimizer=SGD(rate=1e-6)), 2)
    found = compass(run, SurfaceProbe(resolution=3))
    X = run.prepared.training.inputs.reshape(2, 2).astype(float)
    high, low = np.linalg.svd(X)[1] ** 2
    assert found.exact
    assert found.condition == pytest.approx(condition, rel=1e-6)
    assert found.condition == pytest.approx(high / low, rel=1e-9)
    assert found.eigenvalues == pytest.approx((high, low), rel=1e-9)
    assert found.largest_rate == pytest.approx(2 / high, rel=1e-12)
    H = X.T @ X
    for value, direction in zip(found.eigenvalues, found.eigenvectors, strict=True):
        np.testing.assert_allclose(H @ direction, value * direction, atol=1e-9 * high)


@pytest.mark.parametrize("over_outputs", ["sum", "mean"])
@pytest.mark.parametrize("bias", [True, False])
def test_a_neuron_of_three_inputs_is_exact_on_any_two_of_its_weights(over_outputs, bias) -> None:
    layer = LINEAR_NEURON.network.nodes[0]
    network = edited(LINEAR_NEURON.network, nodes=(edited(layer, layer=edited(layer.layer, bias=bias)),))
    run = walked(
        neuron(
            "portions",
            network=network,
            loss=SquaredError(over_outputs=over_outputs),
            optimizer=SGD(rate=0.001),
            batch_size=5,
        ),
        3,
    )
    probe = SurfaceProbe("weights", 0, 2, resolution=41, extent=20.0)
    surface, found = seen(run, probe), compass(run, probe)
    X = run.prepared.training.inputs.reshape(5, 3).astype(float)
    X = np.concatenate([X, np.ones((5, 1))], axis=1) if bias else X
    t = run.prepared.training.targets[:, 0].astype(float)
    scale = (2 if over_outputs == "mean" else 1) / 5
    H = scale * X.T @ X
    within = H[np.ix_([0, 2], [0, 2])]
    assert found.eigenvalues == pytest.approx(np.linalg.eigvalsh(within)[::-1], rel=1e-9)
    assert found.largest_rate == pytest.approx(2 / np.linalg.eigvalsh(H)[-1], rel=1e-9)
    way = np.linalg.lstsq(X, t, rcond=None)[0] - run.params
    assert found.arrows["minimum"].length == pytest.approx(np.linalg.norm(way), rel=1e-5)
    assert found.arrows["minimum"].shadow == pytest.approx((way[0], way[2]), rel=1e-5)
    assert found.arrows["minimum"].share == pytest.approx(
        np.hypot(way[0], way[2]) / np.linalg.norm(way), rel=1e-5
    )
    # the least of the section is where its own slope vanishes
    rest = t - X[:, 1] * run.params[1] - (X[:, 3] * run.params[3] if bias else 0)
    least = np.linalg.lstsq(X[:, [0, 2]], rest, rcond=None)[0]
    assert surface.minimum == pytest.approx(least, rel=1e-4)
    w = np.stack(np.meshgrid(surface.x, surface.y), -1)
    expected = scale / 2 * ((w @ X[:, [0, 2]].T - rest) ** 2).sum(-1)
    np.testing.assert_allclose(surface.errors, expected, rtol=1e-4, atol=1e-6 * expected.max())


def test_where_many_minima_are_the_nearest_is_meant() -> None:
    run = walked(neuron("portions", optimizer=SGD(rate=1e-3), batch_size=1), 0)
    found = compass(run, SurfaceProbe("weights", 0, 1, over="case", case=2, resolution=3))
    part = run.prepared.training
    x, t = part.inputs[2].ravel().astype(float), float(part.targets[2, 0])
    nearest = x * (t - x @ run.params) / (x @ x)
    assert found.arrows["minimum"].length == pytest.approx(np.linalg.norm(nearest), rel=1e-5)
    assert found.condition == np.inf, "one case leaves a valley without end"
    line = compass(run, SurfaceProbe("weights", 0, 1, over="case", case=2, resolution=3)).constraint
    lowest = seen(run, SurfaceProbe("weights", 0, 1, over="case", case=2, resolution=3)).minimum
    assert line[0] * lowest[0] + line[1] * lowest[1] == pytest.approx(line[2]), "the case's own line"
    way = np.array(lowest) - run.params[:2]
    assert way[0] * line[1] - way[1] * line[0] == pytest.approx(0, abs=1e-3 * np.linalg.norm(way)), (
        "and the nearest"
    )
