"""Each of the faults on purpose is really there, and is gone once it is mended as its description says."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from lab.experiment.experiment import Experiment
from lab.experiment.fault_presets import FAULTS
from lab.learning.clipping import Clipping
from lab.network.activations import LeakyReLU, Tanh
from lab.network.initializers import He, Xavier
from lab.network.network import Network
from lab.training.conditions import AlikeProbe, ConditionProbe, Health
from lab.training.health import health
from lab.training.readings import answer
from lab.training.run import Run


def mended(name: str, **changes: object) -> Experiment:
    """The fault of that name with other fields in all hidden layers; a start in the last, too."""
    e = FAULTS[name]
    of_all = {key: value for key, value in changes.items() if key == "start"}
    *hidden, last = e.network.nodes
    nodes = [msgspec.structs.replace(n, layer=msgspec.structs.replace(n.layer, **changes)) for n in hidden]
    nodes.append(msgspec.structs.replace(last, layer=msgspec.structs.replace(last.layer, **of_all)))
    return msgspec.structs.replace(e, network=Network(tuple(nodes)))


def solved(e: Experiment, steps: int, accuracy: float = 0.95) -> bool:
    run = Run(e)
    return not run.advance(steps).diverged and run.evaluate("validation").accuracy >= accuracy


def back(found: Health) -> float:
    """The gradient's spread in the first layer by that in the last."""
    return found.layers[0].gradient_spread / found.layers[-1].gradient_spread


def test_equal_units_stay_equal() -> None:
    """F3"""
    run = Run(FAULTS["all-equal-start"])
    hidden = run.experiment.network.nodes[:-1]
    for _ in range(5):
        alike = answer(AlikeProbe(), run.moment())
        for node in hidden:
            (group,) = alike.layers[node.name]
            assert group.units == tuple(range(8)), run.step
            assert group.read_alike
        assert not run.advance(100).diverged
    assert run.evaluate("validation").accuracy < 0.8, "which one unit cannot do better"
    assert solved(mended("all-equal-start", start=Xavier()), 1500)


def test_relus_die_while_it_trains() -> None:
    """C3"""
    run = Run(FAULTS["dying-relus"])
    shares = [health(run).of("dense2").dead_share]
    for _ in range(20):
        run.advance(10)
        shares.append(health(run).of("dense2").dead_share)
    assert shares[0] < 0.2
    assert shares[-1] > 0.5
    assert np.isfinite(run.curves().loss[-1])
    course = answer(ConditionProbe(), run.moment()).course
    assert course[0].of("dense2").dead_share == shares[0], "the view shows how it came"
    assert not solved(FAULTS["dying-relus"], 1000)
    assert solved(
        msgspec.structs.replace(
            FAULTS["dying-relus"], optimizer=msgspec.structs.replace(run.experiment.optimizer, rate=0.01)
        ),
        1000,
    )
    leaky = Run(mended("dying-relus", activation=LeakyReLU(0.1)))
    leaky.advance(200)
    assert all(layer.dead is None for layer in health(leaky).layers)


def test_gradients_vanish() -> None:
    run = Run(FAULTS["vanishing-gradients"])
    assert back(health(run)) < 1e-4
    run.advance(1000)
    found = health(run)
    assert back(found) < 1e-2, "training does not mend it"
    spreads = [layer.gradient_spread for layer in found.layers]
    assert spreads == sorted(spreads), "it shrinks in every layer"
    assert not solved(FAULTS["vanishing-gradients"], 2000, 0.8)
    assert solved(mended("vanishing-gradients", activation=Tanh()), 2000)


def test_gradients_explode() -> None:
    run = Run(FAULTS["exploding-gradients"])
    found = health(run)
    assert back(found) > 100
    assert found.layers[-1].spread > 100 * found.layers[0].spread, "and so do the numbers on the way up"
    assert run.advance(50).diverged
    assert solved(mended("exploding-gradients", start=He()), 1000)
    clipped = msgspec.structs.replace(FAULTS["exploding-gradients"], clipping=Clipping(by="norm", limit=1.0))
    run = Run(clipped)
    assert not run.advance(200).diverged


@pytest.mark.parametrize("name", FAULTS)
def test_before_the_first_update_all_is_finite(name: str) -> None:
    found = health(Run(FAULTS[name]))
    assert all(np.isfinite([layer.spread, layer.gradient_spread]).all() for layer in found.layers)
