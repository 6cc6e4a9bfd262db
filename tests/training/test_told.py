"""An update told term by term, against what the engine did: every optimizer, with all that comes before the rule."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from lab.experiment.of_layer import OfLayer, with_layer
from lab.learning.clipping import Clipping
from lab.learning.optimizers import SGD, Adam, AdamW, Momentum, Nesterov, Rprop
from lab.learning.regularization import Regularization
from lab.learning.schedules import Exponential, RiseAndFall
from lab.learning.told import Before, Term
from lab.network.layers import BatchNorm, Dense
from lab.network.network import Network, Node
from lab.training.observer import Observer
from lab.training.probes import ToldProbe
from lab.training.readings import answer
from lab.training.recording import twin
from lab.training.run import Run
from lab.training.told import AT_START, UNKNOWN
from tests.training.problems import XOR_MLP, with_rate
from tests.training.test_internals import EVERY, under


def telling(experiment, steps):
    run = Run(experiment)
    run.remembers = True
    run.advance(steps)
    return run


def all_weights(run):
    reading = answer(ToldProbe(tuple(range(run.params.size))), run.moment(internals=True))
    assert reading is not None
    return reading.updates


def check(run, rtol=3e-5):
    """The change that is told is the change that was made, to the rounding of single precision."""
    updates = all_weights(run)
    assert len(updates) == run.params.size
    for update, made, now in zip(updates, run.last_update, run.params, strict=True):
        *_, change, weight = update.terms
        before = float(now) - float(made)
        rounding = 2.0**-23 * max(abs(before), abs(float(now)), 1e-30)
        assert change.value == pytest.approx(float(made), rel=rtol, abs=2 * rounding), update
        assert weight.value == update.value == float(now)
        assert before + change.value == pytest.approx(float(now), rel=1e-5, abs=2 * rounding)
    return updates


@pytest.mark.parametrize("o", EVERY, ids=repr)
@pytest.mark.parametrize(
    "others",
    [
        {},
        {"clipping": Clipping("norm", 0.05)},
        {"clipping": Clipping("value", 0.01), "regularization": Regularization(l1=0.001, l2=0.02)},
    ],
    ids=["plain", "by norm", "by value, with penalties"],
)
def test_what_is_told_is_what_was_done(o, others):
    run = telling(under(o, **others), 7)
    for _ in range(5):
        run.advance(3)
        check(run)


@pytest.mark.parametrize("o", EVERY, ids=repr)
def test_terms_on_the_way_are_what_the_optimizer_remembers_now(o):
    """Each slot after the update is the value of one of the terms."""
    run = telling(under(o), 30)
    for update in all_weights(run):
        values = [term.value for term in update.terms]
        for name in o.slots:
            if name == "last gradient":
                continue
            slot = update.numbers[name]
            assert any(value == pytest.approx(slot, rel=2e-5, abs=1e-12) for value in values), (name, update)


@pytest.mark.parametrize("clipping", [Clipping(), Clipping("norm", 0.02), Clipping("value", 0.005)])
def test_from_the_gradient_of_the_batch_to_the_one_the_rule_sees(clipping):
    """The gradient before clipping and penalties is that of a twin that has neither."""
    run = telling(under(SGD(rate=0.1), clipping=clipping, regularization=Regularization(l1=0.01, l2=0.3)), 9)
    other = twin(run)
    other.edit(msgspec.structs.replace(run.experiment, clipping=Clipping(), regularization=Regularization()))
    other.advance(1)
    run.advance(1)
    raw = other.internals().gradient.astype(float)
    length = np.linalg.norm(raw)
    clipped_any = 0
    for update, g, seen in zip(all_weights(run), raw, run.internals().gradient, strict=True):
        first = update.terms[0]
        if "shortened" in first.words:
            clipped_any += 1
            assert first.value == pytest.approx(g * 0.02 / length, rel=1e-3, abs=1e-8)
        elif "cut" in first.words:
            clipped_any += 1
            assert abs(g) >= 0.005
            assert first.value == pytest.approx(math.copysign(0.005, g), rel=1e-4)
        elif "penalty" in first.words:
            shown = float(first.numbers.split(" ")[0].replace("−", "-").split("·")[0])
            if "·" not in first.numbers.split(" ")[0]:
                assert shown == pytest.approx(g, rel=2e-3, abs=1e-6)
        penalty = [term for term in update.terms if "penalty" in term.words]
        assert bool(penalty) == update.name.split("[")[0].endswith("weight")
        for term in penalty:
            assert term.value == float(seen)
    assert bool(clipped_any) == (clipping.by != "none")


def test_the_rate_is_told_where_it_is_not_the_one_that_was_set():
    run = telling(under(SGD(rate=0.1)), 6)  # a half-life of 30, and half of it in the layer "output"
    for update in all_weights(run):
        (rate,) = [term for term in update.terms if term.words == "the learning rate now"]
        factor = 0.5 if update.name.startswith("output") else 1.0
        assert rate.value == pytest.approx(0.1 * 2 ** (-5 / 30) * factor)
        assert ("factor of the layer" in rate.symbols) == (factor != 1)
    plain = telling(with_rate(XOR_MLP, 0.1), 6)
    assert not any("rate now" in term.words for update in all_weights(plain) for term in update.terms)


def test_a_rate_that_answers_to_the_error():
    o = msgspec.structs.replace(XOR_MLP, schedule=RiseAndFall(window=1, steady=1), optimizer=Adam(rate=0.01))
    run = telling(o, 30)
    updates = check(run)
    assert any("schedule" in term.symbols for term in updates[0].terms)


def test_frozen_layers_and_running_statistics():
    frozen = with_layer(msgspec.structs.replace(XOR_MLP, optimizer=Rprop(rate=0.01)), "output", OfLayer(0.0))
    for update in check(telling(frozen, 5)):
        assert ("frozen" in update.terms[0].words) == update.name.startswith("output")
    nodes = XOR_MLP.network.nodes
    network = Network((nodes[0], Node("norm", BatchNorm()), Node("output", Dense(units=1))))
    run = telling(msgspec.structs.replace(XOR_MLP, network=network, optimizer=Momentum(rate=0.05)), 8)
    statistics = [u for u in check(run) if "running" in u.terms[0].words]
    assert statistics


def test_decay_is_spared_for_biases_unless_told_otherwise():
    for of, wanted in (("weights", {"weight"}), ("all", {"weight", "bias"})):
        run = telling(under(AdamW(rate=0.01, decay=0.1, decay_of=of)), 5)
        decayed = {
            update.name.split("[")[0].rpartition(".")[2]
            for update in check(run)
            if any("decay" in term.words for term in update.terms)
        }
        assert decayed == wanted
    check(telling(under(AdamW(rate=0.01, decay=0.1, decay_times="schedule")), 5))


def test_momentum_as_the_lecture_writes_it():
    (term,) = Momentum(rate=0.01).told(Before(w=1.0, g=0.5, slots=(0.0123,), rate=0.01, age=3))
    assert term == Term(
        term.words, "Δw(t) = α Δw(t−1) − ε g", "0.9 × 0.01230 − 0.01 × 0.5000", 0.9 * 0.0123 - 0.01 * 0.5
    )
    assert term.sentence == ("Δw(t) = α Δw(t−1) − ε g = 0.9 × 0.01230 − 0.01 × 0.5000 = 0.006070")


def test_rprop_says_why_it_grows_on_gradients_that_cancel():
    """G3: +0.1 nine times and −0.9 once leave the weight where it was; rprop lets it go far."""
    o, slots, w = Rprop(rate=0.1), (0.0, 0.0), 0.0
    said = []
    for t, g in enumerate([0.1] * 9 + [-0.9], 1):
        signs, size, move = o.told(Before(w, g, slots, 0.1, t))
        said.append((signs.words, size.words, move.words))
        turned = signs.value < 0
        slots, w = (0.0 if turned else g, size.value), w + move.value
    assert said[0] == (
        "there are no two signs to compare",
        "its step begins",
        "a step of its own size, by the sign alone",
    )
    assert said[4][:2] == ("the gradient has kept its sign", "its step grows")
    assert said[9] == (
        "the gradient has changed its sign: the weight has jumped over a minimum",
        "its step shrinks",
        "its last move is taken back",
    )
    steps = 0.1 * 1.2 ** np.arange(9)
    assert w == pytest.approx(-steps[:8].sum())


def test_it_is_known_again_after_going_back_and_says_so_where_it_is_not():
    run = Run(under(Adam(rate=0.01)))
    probe = ToldProbe((3,))
    assert answer(probe, run.moment()) is None, "nobody asked the run"
    at_start = answer(probe, run.moment(internals=True)).updates[0]
    assert (at_start.why, at_start.terms) == (AT_START, ())
    run.advance(40)
    assert answer(probe, run.moment(internals=True)).updates[0].why == UNKNOWN
    kept = run.state()
    run.make_last_update_again()
    assert run.state().is_same_as(kept)
    here = answer(probe, run.moment(internals=True)).updates[0]
    assert here.terms
    run.advance(20)
    run.go_to(40)
    run.make_last_update_again()
    assert answer(probe, run.moment(internals=True)).updates[0] == here
    run.edit(with_rate(run.experiment, 0.5))
    run.make_last_update_again()
    assert answer(probe, run.moment(internals=True)).updates[0].why == UNKNOWN


def test_a_run_that_remembers_makes_the_same_numbers():
    one, other = Run(under(Adam(rate=0.01))), telling(under(Adam(rate=0.01)), 50)
    one.advance(50)
    assert one.state().is_same_as(other.state())
    for name in ("loss", "rate", "gradient_norm", "step", "examples", "validation_loss"):
        assert np.array_equal(getattr(one.curves(), name), getattr(other.curves(), name))


def test_weights_beyond_the_network_are_left_out():
    run = telling(under(SGD(rate=0.1)), 2)
    reading = answer(ToldProbe((0, 10_000)), run.moment(internals=True))
    assert [update.index for update in reading.updates] == [0]


def test_an_observer_knows_who_asks():
    observer = Observer("observer", 1.0)
    observer.watch({1: frozenset({ToldProbe((0,))})})
    assert observer.wanted_of(1, ToldProbe)
    assert Exponential().factors(0, 1) == 1


def test_what_moves_is_called_by_its_letter():
    """Nesterov's parameters are the point ahead; all others are weights."""
    for o, symbols in (
        (Nesterov(rate=0.05), "a ← a + Δa"),
        (AdamW(rate=0.01), "w ← w + Δw"),
        (Rprop(), "w ← w + Δw"),
    ):
        assert {update.terms[-1].symbols for update in all_weights(telling(under(o), 3))} == {symbols}
