"""A comparison is fair where one thing differs, and data, start and batches are the same to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from lab.data.datasets import XOR, Rings
from lab.data.preprocessing import Preprocessing, Split
from lab.experiment.diff import renamings
from lab.experiment.experiment import Experiment
from lab.experiment.fairness import fairness
from lab.experiment.of_layer import OfLayer, with_layer
from lab.learning.clipping import Clipping
from lab.learning.losses import SoftmaxCrossEntropy, SquaredError
from lab.learning.optimizers import Adam, Momentum
from lab.learning.rates import LayerRate, LayerRates
from lab.learning.regularization import Regularization
from lab.learning.schedules import Exponential
from lab.network.activations import ReLU, Tanh
from lab.network.initializers import Constant, FanIn, He, Xavier, Zero
from lab.network.layers import Dense, Dropout, PReLU
from lab.network.network import Network, Node
from lab.training.run import Run

HIDDEN, SECOND, OUTPUT = Dense(8, Tanh()), Dense(8, Tanh()), Dense(2)


def network(**layers) -> Network:
    return Network(tuple(Node(name, layer) for name, layer in layers.items()))


BASE = Experiment(
    data=XOR(points=60),
    network=network(one=HIDDEN, two=SECOND, output=OUTPUT),
    loss=SoftmaxCrossEntropy(),
    optimizer=Momentum(rate=0.1),
    batch_size=10,
)


def changed(**new) -> Experiment:
    return replace(BASE, **new)


def layered(**layers) -> Experiment:
    return changed(network=network(**layers))


@pytest.mark.parametrize(
    "other",
    [
        BASE,
        changed(name="Mine", description="the second"),
        changed(optimizer=Momentum(rate=0.2)),
        changed(optimizer=Adam()),
        changed(schedule=Exponential()),
        changed(clipping=Clipping(by="norm")),
        changed(regularization=Regularization(l2=0.1)),
        with_layer(BASE, "one", OfLayer(factor=0.5)),
        changed(rates=LayerRates(layers=(LayerRate("one", 1.0),))),
        layered(one=Dense(8, ReLU()), two=SECOND, output=OUTPUT),
        layered(one=Dense(8, ReLU()), two=Dense(8, ReLU()), output=OUTPUT),
        layered(one=HIDDEN, two=SECOND, more=Dense(8), drop=Dropout(), output=OUTPUT),
        layered(one=HIDDEN, output=OUTPUT),
    ],
)
def test_fair(other: Experiment) -> None:
    assert fairness(BASE, other) == fairness(other, BASE) == ()


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (changed(seed=2), "other seed: another split, start and order of the examples"),
        (changed(data=Rings()), "other data: XOR → Rings"),
        (changed(data=XOR(points=80)), "other data: points 60 → 80"),
        (changed(preprocessing=Preprocessing(shift="mean")), "other preprocessing: shift none → mean"),
        (
            changed(split=Split(0.8, 0.1, 0.1)),
            "other split: training 0.7 → 0.8, validation 0.15 → 0.1, test 0.15 → 0.1",
        ),
        (changed(batch_size=20), "other batch size: fewer updates for the same examples"),
        (changed(batch_size=5), "other batch size: more updates for the same examples"),
        (changed(loss=SquaredError()), "other loss: the errors are on different scales"),
        (
            layered(one=replace(HIDDEN, start=He()), two=SECOND, output=OUTPUT),
            "other start: initializer of one differs",
        ),
        (
            layered(one=replace(HIDDEN, start=He()), two=replace(SECOND, start=Xavier()), output=OUTPUT),
            "other start: initializers of one and two differ",
        ),
        (
            layered(one=Dense(9, Tanh()), two=SECOND, output=OUTPUT),
            "other start: one and two have weights of another shape or spread",
        ),
        (layered(one=HIDDEN, second=SECOND, output=OUTPUT), "other start: two is called second, and draws by its name"),
    ],
)  # fmt: skip
def test_one_condition(other: Experiment, said: str) -> None:
    assert fairness(BASE, other) == (said,)


def test_several_conditions_and_several_things() -> None:
    other = changed(
        seed=2, batch_size=1, optimizer=Adam(), schedule=Exponential(), network=network(output=OUTPUT)
    )
    assert fairness(BASE, other) == (
        "other seed: another split, start and order of the examples",
        "other start: output has weights of another shape or spread",
        "other batch size: more updates for the same examples",
        "3 things differ at once: layer one removed, 1 more; optimizer momentum → Adam; "
        "schedule constant → exponential decay",
    )
    faster = changed(optimizer=Momentum(rate=0.2, momentum=0.5))
    assert fairness(BASE, faster) == ("2 things differ at once: momentum 0.9 → 0.5; learning rate 0.1 → 0.2",)


def test_an_initializer_is_not_told_twice() -> None:
    other = replace(layered(one=replace(HIDDEN, start=He()), two=SECOND, output=OUTPUT), optimizer=Adam())
    assert fairness(BASE, other) == ("other start: initializer of one differs",)


def test_what_is_not_drawn_starts_alike_under_any_name_and_shape() -> None:
    def of(units: int, name: str, start=Zero()):  # noqa: B008  a frozen value
        return layered(**{name: Dense(units, start=start), "output": Dense(2, start=start)})

    assert fairness(of(8, "one"), of(8, "other")) == ()
    assert fairness(of(8, "one"), of(9, "one")) == ()
    assert fairness(of(8, "one"), of(8, "one", Constant(0.1))) == (
        "other start: initializers of one and output differ",
    )
    slopes = [layered(one=HIDDEN, act=PReLU(slope=slope), output=OUTPUT) for slope in (0.1, 0.2)]
    assert fairness(*slopes) == ("other start: initializer of act differs",)


def test_dropout_draws_by_its_name() -> None:
    a, b = (layered(**{"one": HIDDEN, name: Dropout(0.5), "output": OUTPUT}) for name in ("drop", "other"))
    assert fairness(a, b) == ("other dropout: drop is called other, and draws by its name",)
    idle = [layered(**{"one": HIDDEN, name: Dropout(0), "output": OUTPUT}) for name in ("drop", "other")]
    assert fairness(*idle) == ()


starts = st.sampled_from([Zero(), Constant(0.5), FanIn(), He(), Xavier()])
experiments = st.builds(
    lambda units, one, two, name, seed, batch: changed(
        network=network(**{name: Dense(units, Tanh(), one), "output": Dense(2, start=two)}),
        seed=seed,
        batch_size=batch,
    ),
    st.integers(1, 3),
    starts,
    starts,
    st.sampled_from(["one", "two"]),
    st.sampled_from([1, 1, 2]),
    st.sampled_from([10, 20]),
)


@settings(max_examples=150, deadline=None)
@given(experiments, experiments)
def test_where_it_says_nothing_runs_begin_alike(a: Experiment, b: Experiment) -> None:
    """Examples, their order, batches, and every weight of layers that both have, a renamed one's, too."""
    said, one, other = fairness(a, b), Run(a), Run(b)
    names = renamings(a.network, b.network)
    pairs = []
    for name, value in one.parameters.items():
        layer, _, own = name.rpartition(".")
        there = other.parameters.get(f"{names.get(layer, layer)}.{own}")
        pairs += [] if there is None else [(value, there)]
    # weights that are not drawn may be more or fewer of the same: only arrays of one shape can be unlike
    unlike = any(x.shape == y.shape and not np.array_equal(x, y) for x, y in pairs)
    alike = all(x.shape == y.shape and np.array_equal(x, y) for x, y in pairs if x.any() or y.any())
    drawn = any(n.layer.start not in (Zero(), Constant(0.5)) for e in (a, b) for n in e.network.nodes)
    same = (a.seed, a.batch_size) == (b.seed, b.batch_size)
    if not said:
        assert same
        assert not unlike
        assert np.array_equal(one.prepared.training.indices, other.prepared.training.indices)
    elif same:
        assert not alike or not drawn
