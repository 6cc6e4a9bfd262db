"""What does not fit into this machine is refused before memory is taken."""

from __future__ import annotations

import msgspec

from lab.experiment import memory
from lab.experiment.experiment import Experiment
from lab.experiment.memory import machine_memory, memory_needed, memory_problem
from lab.experiment.presets import preset
from lab.learning.optimizers import SGD, Adam
from lab.network.layers import Conv2D, Dense, Flatten
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
    assert memory_needed(preset("lenet")) < 200e6


def test_an_optimizer_that_remembers_more_needs_more():
    lenet = preset("lenet")
    adam, sgd = (msgspec.structs.replace(lenet, optimizer=rule) for rule in (Adam(), SGD()))
    assert memory_needed(adam) > memory_needed(sgd)


def test_the_estimate_is_from_above():
    experiment = Experiment(network=network(Flatten(), Dense(500), Dense(10)), optimizer=Adam())
    run = Run(experiment)
    taken = sum(part.nbytes for part in run.machine.memory) + run.timeline.nbytes
    assert memory_needed(experiment) > taken


def test_networks_with_problems_are_left_to_those():
    assert memory_problem(Experiment(network=network(Dense(1_000_000)))) is None


def test_where_nothing_tells_all_is_allowed(monkeypatch):
    monkeypatch.setattr(memory, "machine_memory", lambda: None)
    assert memory_problem(Experiment(network=network(Flatten(), Dense(1_000_000), Dense(1_000_000)))) is None


def test_this_machine_has_some():
    assert 2**27 < machine_memory() < 2**50
