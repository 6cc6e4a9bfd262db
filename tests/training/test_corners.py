"""The corners of what can be asked of a run: right, or a Problem that says where, what and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from msgspec.structs import replace

from lab.data.datasets.random_images import RandomImages
from lab.data.preprocessing import Split
from lab.experiment.experiment import Experiment
from lab.learning.losses import SquaredError
from lab.learning.optimizers import SGD
from lab.network.activations import ReLU, Tanh
from lab.network.layers import (
    ActivationLayer,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    LayerNorm,
    LocalResponseNorm,
    MaxPool2D,
    PReLU,
    Softmax,
    TransposedConv2D,
)
from lab.network.network import Network, Node
from lab.problem import ProblemError
from lab.training.run import Run


@dataclass(frozen=True)
class Corner:
    """Layers on images of a size, of which `examples` are drawn."""

    layers: tuple
    height: int = 6
    width: int = 6
    channels: int = 1
    examples: int = 12
    batch: int = 4
    training: float = 0.6

    def experiment(self) -> Experiment:
        rest = (1 - self.training) / 2
        return Experiment(
            data=RandomImages(
                channels=self.channels,
                height=self.height,
                width=self.width,
                examples=self.examples,
                number_of_classes=3,
            ),
            network=Network(tuple(Node(f"l{i}", layer) for i, layer in enumerate(self.layers))),
            split=Split(training=self.training, validation=rest, test=1 - self.training - rest),
            batch_size=self.batch,
        )


PLAIN = (Conv2D(4, 3, activation=ReLU()), Flatten(), Dense(3))
NORMED = (Conv2D(4, 3), BatchNorm(), ActivationLayer(ReLU()), Flatten(), Dense(5), BatchNorm(), Dense(3))
KINDS = (
    Conv2D(3, 3, padding=1), BatchNorm(), ActivationLayer(ReLU()), LocalResponseNorm(), Dropout(0.1), PReLU(),
    LayerNorm(), Softmax(),
)  # fmt: skip
RIGHT = {
    "all examples for training": Corner(PLAIN, training=1.0),
    "hardly any for training": Corner(PLAIN, training=0.01),
    "a batch larger than the set": Corner(PLAIN, batch=10_000_000),
    "two examples": Corner(PLAIN, examples=2),
    "one example at a time": Corner(PLAIN, batch=1),
    "one pixel": Corner((Conv2D(4, 1), BatchNorm(), MaxPool2D(1, 1), Flatten(), Dense(3)), 1, 1, 3),
    "one pixel, windows beyond it": Corner(
        (Conv2D(4, 3, 2, "same", dilation=3), TransposedConv2D(2, 3, 2), GlobalAveragePool2D(), Dense(3)), 1, 1
    ),
    "a kernel as large as the image": Corner((Conv2D(4, (5, 7)), Flatten(), Dense(3)), 5, 7),
    "a stride larger than the kernel": Corner((Conv2D(4, 2, 5), Flatten(), Dense(3)), 9, 9),
    "a stride larger than the image": Corner((Conv2D(4, 2, 1000), Flatten(), Dense(3)), 9, 9),
    "one layer": Corner((Dense(3),), 1, 1, 7),
    "nothing learned but a normalization": Corner((BatchNorm(),), 1, 1, 3),
    "normalized, one at a time": Corner(NORMED, batch=1),
    "normalized, a last batch of one": Corner(NORMED, examples=8, batch=7),
    "normalized, a smaller last batch": Corner(NORMED, examples=8, batch=5),
    "normalized, all at once": Corner(NORMED, batch=10_000_000),
    "nearly all dropped": Corner((*PLAIN[:2], Dropout(0.99), Dense(8, Tanh()), Dropout(0.99), Dense(3))),
    "the answer dropped": Corner((Flatten(), Dense(3), Dropout(0.99))),
    "1000 dense layers": Corner((Flatten(), *[Dense(6, Tanh()) for _ in range(998)], Dense(3))),
    "1000 layers of many kinds": Corner((*(KINDS[i % 8] for i in range(998)), Flatten(), Dense(3)), 4, 4, 3),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_right(name):
    corner = RIGHT[name]
    run = Run(corner.experiment(), threads=2)
    N, steps = len(run.prepared.training), 9 if len(corner.layers) < 100 else 2
    assert run.advance(steps).done == steps
    assert np.isfinite(run.params).all()
    batch = min(corner.batch, N)
    sizes = [min(batch, N - first) for first in range(0, N, batch)]
    assert run.examples == sum((sizes * steps)[:steps])
    assert np.isfinite(run.curves().loss).all()
    for part in ("training", "validation", "test"):
        found = run.evaluate(part)
        assert np.isfinite(found.loss) == bool(len(getattr(run.prepared, part)))
        assert np.isfinite(found.outputs).all()
    kept = run.params.copy()
    run.go_to(1)
    run.advance(steps - 1)
    np.testing.assert_array_equal(run.params, kept)


WRONG = {
    "no layers": Corner(()),
    "nothing to learn": Corner((Flatten(), Softmax()), 1, 3),
    "a kernel larger than the image": Corner((Conv2D(4, (6, 7)), Flatten(), Dense(3)), 5, 7),
    "no examples for training": Corner(PLAIN, training=0.0),
    "one example": Corner(PLAIN, examples=1),
    "a batch of none": Corner(PLAIN, batch=0),
    "too many classes": Corner((Flatten(), Dense(4))),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong(name):
    with pytest.raises(ProblemError) as raised:
        Run(WRONG[name].experiment())
    for problem in raised.value.problems:
        assert problem.where
        assert problem.what
        assert problem.mend


def test_what_diverges_says_where_and_keeps_the_last_numbers():
    run = Run(replace(Corner(PLAIN).experiment(), optimizer=SGD(rate=1000.0), loss=SquaredError()))
    assert run.advance(30).diverged
    assert np.isfinite(run.params).all()
    assert run.diagnose().layer
