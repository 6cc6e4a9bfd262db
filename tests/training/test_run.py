"""A run: the same numbers however it is asked, edits that keep what survives, and any step had again."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from lab.data.datasets.digits import Digits
from lab.experiment.plan import shard_count
from lab.network.layers import Dense, MaxPool2D
from lab.network.network import Network, Node
from lab.problem import ProblemError
from lab.training import machine, timeline
from lab.training.run import Run
from tests.training.problems import LINEAR_NEURON, SMALL_CNN, XOR_MLP, with_rate


def same(a: Run, b: Run) -> bool:
    x, y = a.state(), b.state()
    return (
        (x.step, x.examples, x.age) == (y.step, y.examples, y.age)
        and x.params.tobytes() == y.params.tobytes()
        and x.slots.tobytes() == y.slots.tobytes()
    )


def test_learns_xor() -> None:
    run = Run(XOR_MLP)
    assert run.evaluate("validation").accuracy < 0.9
    run.advance(3000)
    assert run.evaluate("validation").accuracy == 1.0
    assert run.evaluate("test").accuracy > 0.9


def test_the_linear_neuron_finds_its_closed_form() -> None:
    run = Run(LINEAR_NEURON)
    run.advance(500)
    inputs, targets = run.prepared.training.inputs.reshape(2, 2), run.prepared.training.targets
    assert np.allclose(run.parameters["neuron.weight"][0], np.linalg.solve(inputs, targets[:, 0]), atol=1e-4)


@pytest.mark.parametrize("experiment", [XOR_MLP, SMALL_CNN], ids=lambda e: e.name)
def test_the_same_seed_gives_the_same_numbers(experiment) -> None:
    a, b = Run(experiment), Run(experiment)
    a.advance(60)
    for _ in range(60):
        b.advance(1)
    assert same(a, b)
    other = Run(msgspec.structs.replace(experiment, seed=experiment.seed + 1))
    other.advance(60)
    assert not same(a, other)


def test_threads_change_no_bit() -> None:
    larger = msgspec.structs.replace(SMALL_CNN, data=Digits(size=28), batch_size=200)
    one, two = Run(larger, threads=1), Run(larger, threads=2)
    assert one.machine.shards > 1, "the test needs a batch that is shared out"
    one.advance(25)
    two.advance(25)
    assert same(one, two)
    assert one.evaluate("training").loss == two.evaluate("training").loss
    assert np.array_equal(one.curves().validation_loss, two.curves().validation_loss)


def test_history_has_a_row_for_every_update_and_counts_examples() -> None:
    run = Run(SMALL_CNN)
    run.advance(run.batches.per_epoch + 3)
    curves = run.curves()
    assert curves.step.tolist() == list(range(1, run.step + 1))
    N = len(run.prepared.training)
    assert curves.examples[run.batches.per_epoch - 1] == N, "the last batch of an epoch is smaller"
    assert run.examples == N + 3 * 64
    assert np.all((curves.accuracy >= 0) & (curves.accuracy <= 1))
    assert curves.validation_step[0] == 0


def test_regression_has_no_accuracy() -> None:
    run = Run(LINEAR_NEURON)
    run.advance(3)
    assert np.isnan(run.curves().accuracy).all()
    assert run.evaluate("training").accuracy is None
    assert np.isnan(run.evaluate("validation").loss), "two cases are all for training"


def test_the_path_starts_with_every_step_and_thins_out() -> None:
    run = Run(XOR_MLP)
    run.advance(100)
    assert run.moment().path_steps.tolist() == list(range(101))
    run.advance(5000)
    steps = run.moment().path_steps
    assert steps[:65].tolist() == list(range(65)), "the first steps stay"
    assert 128 <= len(steps) <= 258 + 65
    assert set(np.diff(steps[steps >= 64]).tolist()) == {32}


def test_validations_depend_on_the_step_alone() -> None:
    whole, pieces = Run(XOR_MLP), Run(XOR_MLP)
    whole.advance(1000)
    while pieces.step < 1000:
        pieces.advance(min(7, 1000 - pieces.step))
    a, b = whole.curves(), pieces.curves()
    assert np.array_equal(a.validation_step, b.validation_step)
    assert np.array_equal(a.validation_loss, b.validation_loss)
    assert len(a.validation_step) >= 10


def test_the_past_has_its_future_until_something_is_changed_there() -> None:
    run = Run(SMALL_CNN)
    run.advance(150)
    there, curves = run.state(), run.curves()
    run.go_to(70)
    assert (run.step, run.furthest) == (70, 150)
    assert run.curves().step[-1] == 150
    assert run.moment().path_steps.max() <= 70
    run.advance(80)
    assert run.state().is_same_as(there)
    assert run.curves().loss.tobytes() == curves.loss.tobytes(), "nothing is logged twice"
    run.go_to(70)
    run.edit(with_rate(SMALL_CNN, 0.001))
    assert (run.step, run.furthest) == (70, 70)
    assert run.curves().step[-1] == 70
    assert run.curves().validation_step[-1] <= 70
    assert run.moment().path_steps.max() <= 70


def test_checkpoints_thin_out_and_stay_within_their_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "MOST_CHECKPOINTS", 12)
    monkeypatch.setattr(machine, "REPLAY", 1e-5)
    run, fresh = Run(XOR_MLP), Run(XOR_MLP)
    run.advance(2000)
    assert len(run.timeline._kept) <= 12
    gaps = np.diff(run.timeline._steps)
    assert gaps[-1] <= gaps[0], "the recent past is kept more densely"
    run.go_to(777)
    fresh.advance(777)
    assert same(run, fresh)


def test_an_edit_keeps_what_survives_by_name_and_shape() -> None:
    run = Run(SMALL_CNN)
    run.advance(30)
    before, memory = run.parameters, run.state().slots.copy()
    nodes = SMALL_CNN.network.nodes
    wider = msgspec.structs.replace(
        SMALL_CNN,
        network=Network((*nodes[:3], Node("hidden", Dense(units=20)), nodes[3])),
    )
    kept = run.edit(wider).surgery
    assert set(kept.whole) == {"conv.weight", "conv.bias", "output.bias"}
    assert set(kept.renewed) == {"hidden.weight", "hidden.bias", "output.weight"}
    assert np.array_equal(run.parameters["conv.weight"], before["conv.weight"])
    assert np.array_equal(run.state().slots[:36], memory[:36]), "the velocity of a kept weight is kept"
    assert run.step == 30
    run.advance(10)


def test_a_refused_edit_leaves_the_run_as_it_was() -> None:
    run = Run(SMALL_CNN)
    run.advance(10)
    before = run.state()
    broken = Network((Node("pool", MaxPool2D(kernel=9)), *SMALL_CNN.network.nodes[2:]))
    with pytest.raises(ProblemError, match="9×9 window does not fit into the 8×8 input"):
        run.edit(msgspec.structs.replace(SMALL_CNN, network=broken))
    assert run.state().params.tobytes() == before.params.tobytes()
    assert run.experiment == SMALL_CNN
    run.advance(1)


def test_a_loss_that_is_not_finite_stops_before_the_update_and_names_the_layer() -> None:
    run = Run(with_rate(SMALL_CNN, 1000.0))
    advance = run.advance(200)
    assert advance.diverged
    assert advance.done == run.step < 200
    assert np.isfinite(run.curves().loss).all()
    found = run.diagnose()
    assert found.layer in {"conv", "output", "loss"}
    assert found.step_back == max(0, run.step - 20)
    run.go_to(found.step_back)
    run.edit(with_rate(SMALL_CNN, 0.01))
    assert np.isfinite(run.params).all()


def test_weights_go_out_and_come_back() -> None:
    run, other = Run(SMALL_CNN), Run(SMALL_CNN)
    run.advance(40)
    other.set_parameters(run.parameters)
    assert np.array_equal(run.evaluate("test").outputs, other.evaluate("test").outputs)


def test_shards_depend_on_the_work_alone() -> None:
    assert shard_count(10, 90, 100) == 1, "a tiny network stays on one core"
    assert shard_count(64, 417_000, 61_706) == 4
    assert shard_count(64, 109_000, 109_386) in (2, 4), "many parameters: adding up gradients costs"
    assert shard_count(1, 10**9, 1000) == 1
