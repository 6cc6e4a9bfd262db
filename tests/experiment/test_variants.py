"""Variants of an experiment: they run, each differs in what its aspect says, and in nothing else."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from lab.data.prepare import prepare
from lab.experiment.experiment import problems
from lab.experiment.fairness import fairness
from lab.experiment.listed import listed, settings_in_words
from lab.experiment.presets import preset, presets
from lab.experiment.tuned import tuned
from lab.experiment.variants import AS_IT_IS, ASPECTS, geometric, starting_with, variants
from lab.learning.optimizers import OPTIMIZERS, SGD, Adam, Momentum, Rprop
from lab.network.initializers import He
from lab.network.network import Network, Node
from lab.training.run import Run
from lab.value import validated

NAMES = ("linear-neuron", "spiral", "lenet", "small-u-net", "iris", "noisy-ravine")
FIELDS = {
    "optimizers": {"optimizer"},
    "rates": {"optimizer"},
    "momenta": {"optimizer"},
    "batches": {"batch_size"},
    "preprocessing": {"preprocessing"},
    "starts": {"network"},
    "schedules": {"schedule"},
    "signs": {"optimizer", "batch_size"},
    "seeds": {"seed"},
}
ASPECT = {aspect.key: aspect for aspect in ASPECTS}


def examples(experiment):
    return len(prepare(experiment.data, experiment.preprocessing, experiment.split, experiment.seed).training)


def of(name, key):
    base = preset(name)
    return base, variants(base, ASPECT[key], examples(base))


def test_every_kind_is_here():
    assert set(FIELDS) == set(ASPECT)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", FIELDS)
def test_they_run_and_differ_in_that_alone(name, key):
    base, found = of(name, key)
    if key == "preprocessing" and not base.loss.compares:
        assert not found, "tilts are not what is learned from"
        return
    assert len(found) > 1
    assert base in [one.experiment for one in found], "the base takes part"
    assert len({one.experiment for one in found}) == len(found)
    assert len({one.name for one in found}) == len(found)
    assert 2 <= sum(one.suggested for one in found) <= 8
    for one in found:
        assert not problems(validated(one.experiment))
        differing = {
            field
            for field in base.__struct_fields__
            if getattr(base, field) != getattr(one.experiment, field)
        }
        assert differing <= FIELDS[key] | ({"schedule"} if key == "optimizers" and tuned(base) else set())
        assert (AS_IT_IS in one.words) == (one.experiment == base)


@pytest.mark.parametrize("key", ["optimizers", "rates", "momenta", "schedules"])
def test_a_race_of_rules_is_fair(key):
    base, found = of("lenet", key)
    for one in found:
        said = fairness(base, one.experiment)
        assert not [phrase for phrase in said if not phrase.startswith("2 things")], said


def test_all_optimizers_are_there_and_the_own_one_is_as_it_is():
    base, found = of("lenet", "optimizers")
    assert [type(one.experiment.optimizer) for one in found] == list(OPTIMIZERS)
    assert sum(one.experiment.optimizer == base.optimizer for one in found) == 1
    rates = {type(one.optimizer): one.optimizer.rate for one in listed(base)}
    assert rates[SGD] == rates[Momentum] == base.optimizer.rate, "these rates mean the same"
    suggested = {one.name for one in found if one.suggested}
    assert "Rprop" not in suggested, "it has mini-batches here"
    assert "Rprop" in {one.name for one in of("linear-neuron", "optimizers")[1] if one.suggested}


def test_words():
    assert settings_in_words(Adam(rate=0.002)) == "learning rate ε 0.002"
    assert settings_in_words(Momentum(momentum=0.5)) == "learning rate ε 0.01, momentum α 0.5"
    assert settings_in_words(Rprop(turn="wait")) == "first step size Δ₀ 0.1, on a change of sign wait"


def test_rates_are_geometric_and_within_limits():
    assert geometric(0.01, 5) == (0.001, 0.0032, 0.01, 0.032, 0.1)
    assert max(geometric(500.0, 7)) <= 1000
    nothing = msgspec.structs.replace(preset("lenet"), optimizer=SGD(rate=0.0))
    assert all(one.experiment.optimizer.rate > 0 for one in variants(nothing, ASPECT["rates"], 100)[1:])


def test_three_regimes_of_batches_are_suggested():
    base, found = of("spiral", "batches")
    sizes = [one.experiment.batch_size for one in found if one.suggested]
    assert sizes == [1, base.batch_size, examples(base)]
    assert [one.name for one in found if one.suggested] == ["online (1)", "batch 30", "all 400"]
    whole, found = of("linear-neuron", "batches")
    assert whole.batch_size > examples(whole)
    assert [one.name for one in found if AS_IT_IS in one.words] == ["all 70"]


def test_rprop_with_all_and_with_mini_batches():
    _, found = of("spiral", "signs")
    told = {
        one.name: (type(one.experiment.optimizer).__name__, one.experiment.batch_size) for one in found[1:]
    }
    assert told == {
        "Rprop all": ("Rprop", 400),
        "Rprop 30": ("Rprop", 30),
        "RMSprop all": ("RMSprop", 400),
        "RMSprop 30": ("RMSprop", 30),
    }


def test_only_what_runs():
    """A single example has no mini-batches, and no layer with a rule to begin by has no starts."""
    base = preset("spiral")
    assert not variants(base, ASPECT["signs"], 1)
    assert starting_with(Network(()), He()) is None
    broken = msgspec.structs.replace(base, network=Network((Node("a", base.network.nodes[0].layer),)))
    assert problems(broken)
    assert not variants(broken, ASPECT["rates"], 100)


def test_every_preset_has_a_race():
    for one in presets():
        assert variants(one.experiment, ASPECT["optimizers"], 100), one.name


def test_on_a_known_surface_each_has_the_setting_that_comes_to_the_minimum():
    base, found = of("rosenbrock", "optimizers")
    best = {type(one.optimizer): one for one in tuned(base)}
    for one in found:
        optimizer = one.experiment.optimizer
        if type(optimizer) is type(base.optimizer):
            assert one.experiment == base, "its own is as it is"
        else:
            assert (optimizer, one.experiment.schedule) == (
                best[type(optimizer)].optimizer,
                best[type(optimizer)].schedule,
            )
    assert "cosine, steps 12,000" in next(one.words for one in found if one.name == "RMSprop")


def test_a_surface_has_places_to_start_from():
    base, found = of("himmelblau", "starts")
    layers = [one.experiment.network.nodes[0].layer for one in found]
    assert len({(layer.x, layer.y) for layer in layers}) == 7
    assert found[0].experiment == base
    assert found[1].words == "from x = −3.9, y = −3.9"
    assert not of("rosenbrock", "batches")[1], "there is a single case"
    assert not of("rosenbrock", "seeds")[1]


def test_why_rprop_wants_whole_batches_is_a_race():
    """G3: with all ten cases the mean gradient is 0 and nobody moves; case by case rprop walks away, RMSprop stays."""
    _, found = of("nine-and-one", "signs")
    gone = {}
    for one in found:
        run = Run(one.experiment)
        start = run.params.copy()
        run.advance(600 if one.experiment.batch_size == 1 else 60)
        gone[one.name] = float(np.abs(run.params - start).max())
    assert gone["Rprop all"] < 1e-6
    assert gone["RMSprop all"] < 0.2
    assert gone["Rprop 1"] > 10 * gone["RMSprop 1"]
