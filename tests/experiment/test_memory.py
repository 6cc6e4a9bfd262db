"""What does not fit into this machine is refused before memory is taken."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from lab.experiment import memory
from lab.experiment.experiment import Experiment
from lab.experiment.memory import machine_memory, memory_needed, memory_problem
from lab.experiment.plan import plan
from lab.experiment.presets import preset
from lab.files import in_bytes
from lab.learning.optimizers import SGD, Adam, Momentum
from lab.network.activations import ReLU
from lab.network.layers import Conv2D, Dense, Flatten, MaxPool2D
from lab.network.network import Network, Node
from lab.training.run import Run


def network(*layers) -> Network:
    return Network(tuple(Node(f"layer{i}", layer) for i, layer in enumerate(layers)))


def test_a_layer_that_is_too_large_is_named():
    wide = network(Flatten(), Dense(1_000_000), Dense(1_000_000), Dense(10))
    problem = memory_problem(Experiment(network=wide))
    assert problem is not None
    assert problem.where == "layer2"
    assert "TB" in problem.what


def test_feature_maps_that_are_too_large_are_named(monkeypatch):
    monkeypatch.setattr(memory, "machine_memory", lambda: 10**9)
    maps = network(Conv2D(60_000, 3, padding=1), Conv2D(1), Flatten(), Dense(10))
    problem = memory_problem(Experiment(network=maps))
    assert problem is not None
    assert problem.where == "layer0"


def test_ordinary_ones_pass():
    assert memory_problem(preset("lenet")) is None
    assert memory_needed(preset("lenet")) < 400e6


def test_an_optimizer_that_remembers_more_needs_more():
    lenet = preset("lenet")
    adam, sgd = (msgspec.structs.replace(lenet, optimizer=rule) for rule in (Adam(), SGD()))
    assert memory_needed(adam) > memory_needed(sgd)


@pytest.mark.parametrize(
    "layers",
    [
        (Flatten(), Dense(500), Dense(10)),
        (Conv2D(6, 5, activation=ReLU()), MaxPool2D(), Flatten(), Dense(10)),
    ],
)
def test_a_run_takes_what_its_plan_says(layers):
    experiment = Experiment(network=network(*layers), optimizer=Adam())
    run = Run(experiment)
    planned, memory = plan(experiment, len(run.prepared.training)), run.machine.memory
    assert planned.parameters == memory.params.nbytes + memory.before.nbytes
    assert planned.gradients == memory.grads.nbytes
    assert planned.optimizer == memory.slots.nbytes
    assert planned.training == memory.arenas.nbytes
    assert planned.evaluating == run.machine.check_arenas.nbytes
    run.advance(30)
    assert planned.history > run.timeline.nbytes + sum(v.nbytes for v in run.path.points(run.step)[1])
    assert memory_needed(experiment) > planned.total


def test_a_plan_in_words_adds_up():
    planned = plan(preset("lenet"), 1259)
    assert sum(planned.parts(3).values()) == planned.working(3)
    assert planned.working(3) - planned.working() == 2 * planned.evaluating
    assert planned.working() + planned.history == planned.total
    said = planned.sentence(3)
    assert said.startswith(f"Training takes about {in_bytes(planned.working(3))} of memory (parameters ")
    assert f"evaluation {in_bytes(3 * planned.evaluating)}" in said


def test_a_rate_changes_no_plan():
    lenet = preset("lenet")
    slower = msgspec.structs.replace(lenet, optimizer=Momentum(rate=0.003), name="Slower")
    assert plan(slower, 100) is plan(lenet, 100)
    assert plan(msgspec.structs.replace(lenet, optimizer=Adam()), 100).optimizer > plan(lenet, 100).optimizer


def test_a_run_of_a_network_too_large_for_history_keeps_two_checkpoints_and_no_path(monkeypatch):
    monkeypatch.setattr("lab.training.path.PATH", 10_000)
    monkeypatch.setattr("lab.training.timeline.CHECKPOINTS", 10_000)
    run = Run(Experiment(network=network(Flatten(), Dense(20), Dense(10)), optimizer=Adam()))
    for _ in range(3):
        run.advance(run.batches.per_epoch)
    assert run.path.points(run.step)[1] == []
    assert run.timeline.nbytes <= 2 * 3 * run.params.nbytes
    at = run.params.copy()
    run.advance(1)
    run.go_to(run.step - 1)
    np.testing.assert_array_equal(run.params, at)


def test_networks_with_problems_are_left_to_those():
    assert memory_problem(Experiment(network=network(Dense(1_000_000)))) is None


def test_where_nothing_tells_all_is_allowed(monkeypatch):
    monkeypatch.setattr(memory, "machine_memory", lambda: None)
    assert memory_problem(Experiment(network=network(Flatten(), Dense(1_000_000), Dense(1_000_000)))) is None


def test_this_machine_has_some():
    assert 2**27 < machine_memory() < 2**50
