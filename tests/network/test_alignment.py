"""Branches that meet: centred alike or reported, with by how much."""

from fractions import Fraction

import numpy as np
import pytest

from lab.network.alignment import misaligned
from lab.network.layers import (
    Add,
    AveragePool2D,
    Concat,
    Conv2D,
    Crop,
    Dense,
    Flatten,
    GlobalMaxPool2D,
    MaxPool2D,
    TransposedConv2D,
    Upsample,
)
from lab.network.network import INPUT, Network, Node, analyse
from lab.network.shape import Shape


def residual(*layers, shortcut=(), join=None):
    """Two branches from the input, each a chain, and what joins them."""
    nodes, ends = [], []
    for branch, chain in (("main", layers), ("short", shortcut)):
        before = INPUT
        for i, layer in enumerate(chain):
            nodes.append(Node(f"{branch}{i}", layer, (before,)))
            before = nodes[-1].name
        ends.append(before)
    return Network((*nodes, Node("join", join or Add(), tuple(ends))))


EVEN, ODD = Shape(2, 8, 8), Shape(2, 9, 9)


@pytest.mark.parametrize(
    ("network", "x"),
    [
        (residual(Conv2D(2, 3, padding=1), Conv2D(2, 5, padding="same")), EVEN),
        (residual(Conv2D(2, 3, 2, 1), shortcut=[Conv2D(2, 1, 2)]), EVEN),
        (residual(Conv2D(2, 3, 2, "same"), shortcut=[Conv2D(2, 1, 2)]), ODD),
        (residual(Conv2D(2, 3, dilation=3), shortcut=[Crop(3)]), EVEN),
        (residual(Conv2D(2, (3, 5)), shortcut=[Crop((1, 2))]), EVEN),
        (residual(Conv2D(2, 3), join=Add(crop=True)), EVEN),
        (residual(AveragePool2D(2), Upsample(2)), EVEN),
        (residual(AveragePool2D(2), Upsample(2, "bilinear")), EVEN),
        (residual(MaxPool2D((2, 4), (2, 4)), TransposedConv2D(2, (2, 4), (2, 4))), EVEN),
        (residual(MaxPool2D(3, 2, 1), TransposedConv2D(2, 3, 2, 1, output_padding=1)), EVEN),
        (residual(MaxPool2D(2), TransposedConv2D(2, 3, 2), shortcut=[Conv2D(2, 2, padding=1)]), EVEN),
        (residual(Conv2D(2, 3), shortcut=[Conv2D(2, (5, 3), padding=(1, 1)), Conv2D(2, (1, 3))]), EVEN),
        (residual(GlobalMaxPool2D(), shortcut=[Conv2D(2, 4), Conv2D(2, 5, padding=0)]), EVEN),
        (residual(Flatten(), Dense(3), shortcut=[Crop(1), Flatten(), Dense(3)]), EVEN),
    ],
)
def test_branches_that_are_centred_alike(network, x):
    assert analyse(network, x).problems == ()
    assert misaligned(network, x) == ()


@pytest.mark.parametrize(
    ("network", "x", "said"),
    [
        # TensorFlow's padding puts the odd row below
        (residual(Conv2D(2, 3, 2, "same"), shortcut=[Conv2D(2, 1, 2)]), EVEN, "1 pixel above and 1 pixel left of"),
        (residual(Conv2D(2, 4, padding="same")), EVEN,
         "“input” looks 0.5 pixel above and 0.5 pixel left of where “main0” looks"),
        (residual(Conv2D(2, (4, 3)), join=Concat(crop=True)), EVEN, "looks 0.5 pixel above where"),
        (residual(MaxPool2D(2), shortcut=[Crop(2)]), EVEN, "“short0” moves over the input by 1 and “main0” by 2"),
        (residual(Conv2D(2, 3, (1, 2), (1, 1)), shortcut=[Crop((0, 2))]), EVEN, "by 1 and “main0” by 1×2"),
        (residual(MaxPool2D(3, 2, 1), Upsample(2)), EVEN, "0.5 pixel below and 0.5 pixel right of"),
    ],
)  # fmt: skip
def test_branches_that_are_not(network, x, said):
    assert analyse(network, x).problems == ()
    reports = misaligned(network, x)
    (report,) = reports
    assert report.where == "join"
    assert said in report.what
    assert report.mend


def test_each_branch_is_compared_with_the_first():
    nodes = (
        Node("a", Conv2D(2, 4, padding="same"), (INPUT,)),
        Node("b", Conv2D(2, 3, padding="same"), (INPUT,)),
        Node("c", Conv2D(2, 4, padding="same"), (INPUT,)),
        Node("cat", Concat(), ("a", "b", "c")),
        Node("last", Conv2D(2, 3, padding=1)),
        Node("sum", Add(), ("last", "a")),
    )
    (report,) = misaligned(Network(nodes), EVEN)
    assert (report.where, report.what[:3]) == ("cat", "“b”")


def test_layers_of_unknown_shape_say_nothing():
    network = residual(Conv2D(2, 99), Conv2D(2, 3))
    assert analyse(network, EVEN).problems
    assert misaligned(network, EVEN) == ()


LAYERS = [
    Conv2D(1, (3, 4), (2, 3), (1, 0), dilation=(2, 1)),
    Conv2D(1, 4, (1, 3), "same"),
    MaxPool2D((3, 2), (2, 5), (1, 0)),
    Crop((1, 4)),
    Upsample((2, 3)),
    Upsample((2, 3), "bilinear"),
    Upsample((4, 5), "bilinear"),
    TransposedConv2D(1, (3, 4), (2, 3), (1, 0)),
    TransposedConv2D(1, (2, 5), (2, 2), (0, 2), output_padding=(1, 0)),
]


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_the_middle_is_the_mean_of_what_is_seen(layer):
    """Over 60 neighbouring outputs, a multiple of every number of phases here."""
    xs = (Shape(1, 400, 400),)
    for axis in (0, 1):
        scale, offset = layer.middle(axis, xs, 0)
        ends = [layer.sees(np.array([u]), axis, xs, 0)[[0, -1]] for u in range(60, 120)]
        mean = Fraction(int(np.sum(ends)), 2 * len(ends))
        assert mean == scale * Fraction(60 + 119, 2) + offset
