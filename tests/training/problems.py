"""Small experiments that train in milliseconds."""

from __future__ import annotations

import msgspec

from lab.data.datasets import XOR, Digits, LinearCases
from lab.data.preprocessing import Preprocessing
from lab.experiment.experiment import Experiment
from lab.learning.losses import SquaredError
from lab.learning.optimizers import SGD, Momentum
from lab.network.activations import ReLU, Tanh
from lab.network.layers import Conv2D, Dense, Flatten, MaxPool2D
from lab.network.network import Network, Node

XOR_MLP = Experiment(
    name="XOR",
    data=XOR(points=200),
    network=Network(
        (
            Node("hidden", Dense(units=8, activation=Tanh())),
            Node("output", Dense(units=1, activation=Tanh())),
        )
    ),
    loss=SquaredError(low=-1, high=1),
    optimizer=Momentum(rate=0.05),
    batch_size=10,
)

SMALL_CNN = Experiment(
    name="digits",
    data=Digits(size=8),
    preprocessing=Preprocessing(shift="mean", scale="deviation", per="all"),
    network=Network(
        (
            Node("conv", Conv2D(filters=4, kernel=3, padding=1, activation=ReLU())),
            Node("pool", MaxPool2D()),
            Node("flat", Flatten()),
            Node("output", Dense(units=10)),
        )
    ),
    optimizer=Momentum(rate=0.05),
    batch_size=64,
)

LINEAR_NEURON = Experiment(
    name="linear neuron",
    data=LinearCases(cases="scaled"),
    network=Network((Node("neuron", Dense(units=1, bias=False)),)),
    loss=SquaredError(over_examples="sum"),
    optimizer=SGD(rate=0.1),
    batch_size=2,
)


def with_rate(experiment: Experiment, rate: float) -> Experiment:
    return msgspec.structs.replace(
        experiment, optimizer=msgspec.structs.replace(experiment.optimizer, rate=rate)
    )
