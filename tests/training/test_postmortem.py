"""What a post-mortem says of explosions that were made on purpose: where, why, and with which numbers."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from lab.data.datasets import XOR
from lab.experiment.experiment import Experiment
from lab.kernels import interpreter
from lab.network.activations import ReLU
from lab.network.layers import Add, BatchNorm, Concat, Conv2D, Dense, Flatten
from lab.network.network import Network, Node
from lab.training.postmortem import Postmortem, postmortem
from lab.training.run import Run
from tests.training.problems import LINEAR_NEURON, SMALL_CNN, XOR_MLP, with_rate

MOST = float(np.finfo(np.float32).max)


def examined(run: Run, steps: int = 3000) -> Postmortem:
    """Of a run that has diverged; what was looked at changes nothing."""
    assert run.advance(steps).diverged
    before, curves = run.state(), run.curves()
    event = run.diagnose()
    assert before.is_same_as(run.state())
    assert run.step == run.furthest
    np.testing.assert_array_equal(curves.loss, run.curves().loss)
    found = event.postmortem
    assert (event.layer, event.operation, event.step) == (found.layer, found.operation, run.step)
    assert event.step_back == max(0, run.step - 20)
    assert [link.layer for link in found.chain] == [node.name for node in run.experiment.network.nodes]
    return found


def test_a_rate_of_1000() -> None:
    found = examined(Run(with_rate(LINEAR_NEURON, 3.0)))
    assert (found.layer, found.operation, found.direction) == ("loss", "loss", "loss")
    assert found.at == found.step == 28
    assert found.steps.tolist() == list(range(9, 29))
    assert "the learning rate is probably too high" in found.sentence
    assert "from 4.35·10¹¹ at step 9" in found.sentence
    output, targets = found.taken
    assert (output.name, targets.name) == ("z of neuron", "targets of the batch")
    assert output.reach**2 > MOST
    assert output.broken == 0
    assert found.chain[0].weights == pytest.approx(6.14e19, rel=0.01)


def test_the_forward_row_in_the_middle() -> None:
    wide = msgspec.structs.replace(
        with_rate(SMALL_CNN, 1000.0),
        network=Network(
            (
                Node("flat", Flatten()),
                Node("first", Dense(60, ReLU())),
                Node("second", Dense(60, ReLU())),
                Node("third", Dense(60, ReLU())),
                Node("output", Dense(10)),
            )
        ),
    )
    found = examined(Run(wide))
    assert found.direction == "forward"
    at = [link.layer for link in found.chain].index(found.layer)
    assert at > 1
    assert all(link.broken == 0 for link in found.chain[:at])
    assert found.chain[at].broken
    assert all(np.isnan(link.outputs) for link in found.chain[at + 1 :]), "they were not come to"
    assert found.operation == "dense"
    assert all(v.broken == 0 for v in found.taken), "what went in was finite"
    assert found.made[0].broken > 0


def test_a_weight_of_1e38_set_by_hand() -> None:
    run = Run(SMALL_CNN)
    run.advance(5)
    run.set_parameters({"output.weight": np.full((10, 64), 1e38, np.float32)})
    found = examined(run)
    assert (found.layer, found.operation, found.direction) == ("output", "dense", "forward")
    assert found.sentence == "output.weight has grown to 1.00·10³⁸; sums with it are beyond 3.40·10³⁸."
    names = [v.name for v in found.taken]
    assert names == ["y of flat", "output.weight", "output.bias"]
    weight = found.taken[1]
    assert (weight.size, weight.broken) == (640, 0)
    assert weight.least == weight.greatest == pytest.approx(1e38)
    assert found.made[0].broken == found.made[0].size == 640, "64 examples, 10 outputs"


def test_weights_that_are_not_finite_as_they_are_set() -> None:
    run = Run(SMALL_CNN)
    weight = run.parameters["conv.weight"]
    weight[2, 0, 1, 1] = np.inf
    run.set_parameters({"conv.weight": weight})
    found = examined(run)
    assert (found.layer, found.direction) == ("conv", "weights")
    assert found.sentence == "conv.weight is not finite, as it was set by hand."
    assert found.taken[0].broken == 1


def with_inputs(run: Run, inputs: np.ndarray) -> Run:
    cases = run.machine.cases["training"]
    kept = interpreter.cases(inputs, cases.targets)
    run.machine = replace(run.machine, cases={**run.machine.cases, "training": kept})
    return run


def test_a_nan_among_the_inputs() -> None:
    run = Run(SMALL_CNN)
    inputs = run.machine.cases["training"].inputs.copy()
    inputs[12, 8 * 3 + 5] = np.nan
    found = examined(with_inputs(run, inputs))
    assert found.direction == "data"
    assert found.sentence.startswith("The input of training example 12 has NaN in row 3, column 5.")
    assert found.taken[0].broken == 1


def test_an_infinite_input_in_a_column() -> None:
    run = Run(XOR_MLP)
    inputs = run.machine.cases["training"].inputs.copy()
    inputs[7, 1] = np.inf
    found = examined(with_inputs(run, inputs))
    names = XOR().load(0).features
    assert found.sentence.startswith(f"The input of training example 7 has ∞ in column 1 ({names[1]}).")


def stretched(weight: float, rate: float) -> Run:
    """Hidden units that give 0, and weights out of them so large that their derivatives are."""
    experiment = msgspec.structs.replace(
        with_rate(XOR_MLP, rate), loss=msgspec.structs.replace(XOR_MLP.loss, over_examples="sum")
    )
    run = Run(experiment)
    run.advance(5)
    run.set_parameters(
        {
            "hidden.weight": np.zeros((8, 2), np.float32),
            "hidden.bias": np.zeros(8, np.float32),
            "output.weight": np.full((1, 8), weight, np.float32),
            "output.bias": np.zeros(1, np.float32),
        }
    )
    return run


def test_a_gradient_that_is_not_finite_where_the_loss_is() -> None:
    run = stretched(3e38, 0.05)
    found = examined(run)
    assert run.step == 6, "one update was made of it"
    assert (found.at, found.layer, found.operation, found.direction) == (5, "hidden", "dense", "gradient")
    assert "The loss was finite, its gradient is not: in hidden, dE/dz of hidden reaches" in found.sentence
    assert [v.broken for v in found.taken] == [0] * len(found.taken)
    assert next(v for v in found.made if v.name == "gradient of hidden.weight").broken > 0
    assert np.isfinite(found.losses).all()


def test_an_update_that_leaves_the_range() -> None:
    run = stretched(1e37, 1000.0)
    found = examined(run)
    assert run.step == 6
    assert (found.at, found.layer, found.operation, found.direction) == (5, "hidden", "update", "update")
    assert found.sentence.startswith(
        "The gradient was finite, but the step made of it at rate 1,000 took hidden.weight"
    )
    assert [v.name for v in found.taken] == ["hidden.weight", "gradient of hidden.weight"]
    assert found.taken[1].reach * 1000 > MOST
    assert found.made[0].broken


BRANCHED: Experiment = msgspec.structs.replace(
    SMALL_CNN,
    network=Network(
        (
            Node("conv", Conv2D(4, 3, padding=1, activation=ReLU())),
            Node("norm", BatchNorm()),
            Node("side", Conv2D(4, 3, padding=1), ("conv",)),
            Node("sum", Add(), ("norm", "side")),
            Node("both", Concat(), ("sum", "conv")),
            Node("flat", Flatten()),
            Node("output", Dense(10)),
        )
    ),
)


@pytest.mark.parametrize(
    ("parameter", "layer"), [("norm.scale", "norm"), ("side.weight", "side"), ("output.bias", "loss")]
)
def test_branches_and_batches_that_go_through_in_one_piece(parameter: str, layer: str) -> None:
    run = Run(BRANCHED)
    run.advance(3)
    huge = np.full_like(run.parameters[parameter], 3e38)
    huge.flat[0] = -3e38
    run.set_parameters({parameter: huge})
    found = examined(run)
    assert found.layer == layer
    assert found.at == found.step == 3


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    run = Run(SMALL_CNN)
    run.advance(4)
    found = postmortem(run)
    assert (found.layer, found.direction) == ("loss", "loss")
    assert sum(link.broken for link in found.chain) == 0
