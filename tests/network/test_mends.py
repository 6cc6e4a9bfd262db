"""Each mend mends: the problem is gone, and no layer that was in order is out of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.network.layers import (
    Add,
    AveragePool2D,
    Concat,
    Conv2D,
    Crop,
    Dense,
    Flatten,
    MaxPool2D,
    Subsample,
    TransposedConv2D,
    Upsample,
)
from lab.network.mends import MOST, all_mends, mends
from lab.network.network import INPUT, Network, Node, analyse
from lab.network.refits import with_join
from lab.network.shape import Shape
from lab.problem import Problem

X = Shape(1, 64, 64)


def checked(network, x=X):
    """All mends by their texts; each has been found to mend it."""
    analysis = analyse(network, x)
    for problem, offered in all_mends(network, x).items():
        assert len(offered) <= MOST
        assert len({mend.text for mend in offered}) == len(offered)
        known = {f.name for f in analysis.nodes if f.output is not None} - {
            p.where for p in analysis.problems
        }
        for mend in offered:
            after = analyse(mend.network, x)
            assert problem not in after.problems
            assert not known & {p.where for p in after.problems}
            assert {p.what for p in after.problems if p.where == problem.where} <= {
                p.what for p in analysis.problems if p.where == problem.where
            }
    return {mend.text: mend.network for offered in all_mends(network, x).values() for mend in offered}


def joined(join, *, one, two):
    """Two branches from the input that meet; each is a list of layers."""
    nodes = []
    ends = []
    for name, layers in (("a", one), ("b", two)):
        before = INPUT
        for number, layer in enumerate(layers, 1):
            nodes.append(Node(f"{name}{number}", layer, (before,)))
            before = f"{name}{number}"
        ends.append(before)
    return Network((*nodes, Node("join", join, tuple(ends)), Node("flat", Flatten()), Node("out", Dense(2))))


WIDE, NARROW = [Conv2D(4, 3, padding=1)], [Conv2D(4, 5), Conv2D(4, 5)]


def test_a_skip_that_is_larger_than_the_decoder():
    there = checked(joined(Concat(), one=WIDE, two=NARROW))
    assert list(there) == [
        "Switch on its centre crop", "Crop a1 by 4 on each side", "Use padding “same” in b1 and b2",
    ]  # fmt: skip
    crop = next(node for node in there["Crop a1 by 4 on each side"].nodes if isinstance(node.layer, Crop))
    assert crop.layer.border == 4
    said = str(analyse(joined(Concat(), one=WIDE, two=NARROW), X).problems[0])
    assert said == (
        "join: its inputs differ in height and width: “a1” is 4×64×64 and “b2” is 4×56×56. "
        "Switch on the centre crop, which cuts 4 from each side, or pad the convolutions of the smaller."
    )


CASES = [
    (joined(Concat(), one=WIDE, two=[MaxPool2D()]), {"Upsample b1 by 2", "Pool a1 by 2"}),
    (joined(Concat(), one=[MaxPool2D(3, 2)], two=[MaxPool2D(2, 2)]), {"Switch on its centre crop"}),
    (joined(Add(), one=[Conv2D(4)], two=[Conv2D(6)]),
     {"Give b1 4 filters", "Give a1 6 filters", "Bring b1 to 4 channels by a 1×1 convolution"}),
    (joined(Add(), one=[Conv2D(4, padding="same"), MaxPool2D()], two=[Conv2D(6, padding="same")]),
     {"Bring b1 to 4 channels by a 1×1 convolution of stride 2", "Make it a Concat with centre crop"}),
    (joined(Add(), one=[Flatten(), Dense(4)], two=[Flatten(), Dense(6)]),
     {"Give b2 4 units", "Give a2 6 units", "Put a Dense of 4 after b2", "Put a Dense of 6 after a2"}),
    (joined(Concat(), one=[Flatten(), Dense(4)], two=[Conv2D(6)]), {"Put a Flatten after b1"}),
    (Network((Node("a", Dense(4)),)), {"Put a Flatten before it", "Put a Global average pooling before it"}),
    (Network((Node("a", Conv2D(1, 70)), Node("f", Flatten()))), {"Kernel 64", "Padding same", "Padding 3"}),
    (Network((Node("a", Conv2D(1, (70, 3))), Node("f", Flatten()))), {"Kernel 64×3", "Padding 3×0"}),
    (Network((Node("a", Conv2D(1, 40, dilation=2)), Node("f", Flatten()))),
     {"Kernel 32", "Padding same", "Dilation 1", "Padding 8"}),
    (Network((Node("a", MaxPool2D(70)), Node("f", Flatten()))), {"Kernel 64", "Padding 3", "Remove it"}),
    (Network((Node("a", Subsample(70)), Node("f", Flatten()))), {"Kernel 64", "Remove it"}),
    (Network((Node("a", AveragePool2D(2, 2, 2)), Node("f", Flatten()))), {"Padding 1", "Remove it"}),
    (Network((Node("a", Conv2D(6, groups=4)), Node("f", Flatten()))), {"1 group"}),
    (Network((Node("a", Conv2D(2, connections=((0,), (0,), (0,)))), Node("f", Flatten()))),
     {"Let every filter see every map", "3 filters"}),
    (Network((Node("a", Conv2D(2, connections=((0,), (5,)))),)), {"Let every filter see every map"}),
    (Network((Node("c", Conv2D(4)), Node("a", Conv2D(2, connections=((0,), (1,)), groups=2)))),
     {"Let every filter see every map", "1 group"}),
    (Network((Node("a", TransposedConv2D(2, output_padding=2)),)), {"Output padding 1", "Stride 3"}),
    (Network((Node("a", TransposedConv2D(2, padding=70)),)), {"Padding 63"}),
    (Network((Node("a", Crop(40)),)), {"Cut 31 a side", "Remove it"}),
    (Network((Node("a", Flatten()), Node("a", Dense(2)))), {"Call it dense2"}),
    (Network((Node(INPUT, Flatten()), Node("a", Dense(2)))), {"Call it flatten2"}),
    (Network((Node("a", Flatten()), Node("b", Dense(2), ("nobody",)))), {"Take a instead"}),
    (Network((Node("a", Flatten(), ("b",)), Node("b", Crop(), (INPUT,)), Node("c", Dense(), ("a",)))),
     {"Put b before it"}),
    (Network((Node("a", Flatten()), Node("b", Concat(), ("nobody", "a")))), {"Leave nobody out"}),
    (Network((Node("a", Flatten()), Node("b", Dense(), ("b",)))), {"Take a instead"}),
    (Network((Node("a", Crop()), Node("b", Crop()), Node("c", Flatten(), ("a", "b")))),
     {"Put a Concat with centre crop before it", "Put an Add with centre crop before it", "Take b alone"}),
    (Network((Node("a", Conv2D()), Node("b", Conv2D(), (INPUT,)), Node("c", Crop()))),
     {"Concat it with b", "Remove it"}),
    (Network((Node("a", Crop()), Node("b", Crop()), Node("c", Upsample(), (INPUT,)), Node("d", Flatten()))),
     {"Remove it and a", "Concat it with c, with centre crop"}),
    (Network((Node("a", Conv2D()), Node("b", Conv2D(), (INPUT,)), Node("c", Add(), ("b", INPUT)))), set()),
    (Network((Node("a", Conv2D(1)), Node("b", Conv2D(1), (INPUT,)), Node("c", Add()), Node("d", Flatten()))),
     {"Let c take it, too", "Remove it"}),
]  # fmt: skip


@pytest.mark.parametrize(("network", "expected"), CASES)
def test_what_is_offered(network, expected):
    there = checked(network)
    assert there
    assert expected <= set(there)


def test_an_odd_row_is_padded_where_it_was_lost():
    network = joined(Concat(), one=[Conv2D(4, 1)], two=[MaxPool2D(), TransposedConv2D(4, 2, 2)])
    there = checked(network, Shape(1, 7, 9))
    assert "Output padding 1 in b2" in there


def test_nothing_is_offered_of_what_is_not_wrong():
    network = joined(Concat(), one=WIDE, two=WIDE)
    assert all_mends(network, X) == {}
    assert mends(network, X, Problem("join", "is too old")) == ()


@pytest.mark.parametrize(
    ("join", "after", "inputs"),
    [
        (Add(), "c", ("c", "a")),  # not b, which is smaller
        (Add(), "b", ("b", "a")),  # nothing is as large: a is cut
        (Concat(), None, ("c", "a")),
        (Concat(), INPUT, (INPUT,)),
        (Add(), "a", ("a",)),  # the input has another number of channels
    ],
)
def test_a_join_takes_the_nearest_output_that_fits(join, after, inputs):
    network = Network((Node("a", Conv2D(2, 1)), Node("b", Conv2D(2, 3)), Node("c", Conv2D(2, 3, padding=2))))
    there, name = with_join(network, Shape(1, 8, 8), join, after)
    facts = analyse(there, Shape(1, 8, 8)).facts(name)
    assert facts.inputs == inputs
    assert facts.output is not None
    assert facts.layer.crop == (after == "b")


LAYERS = st.sampled_from(
    (Conv2D(2, 3), Conv2D(3, 5, padding="same", groups=2), Conv2D(2, 9, 2), MaxPool2D(), MaxPool2D(3, 2, 2), Flatten(),
     Dense(4), Add(), Add(crop=True), Concat(), Crop(3), TransposedConv2D(2, 2, 2), Upsample())
)  # fmt: skip


@st.composite
def drafts(draw):
    """Anything: sizes that do not fit, names twice, sources that are not there, come later or go in circles."""
    names = st.sampled_from(("a", "b", "c", "d", INPUT, "nobody"))
    node = st.builds(Node, names, LAYERS, st.lists(names, max_size=3).map(tuple))
    ordered = st.builds(Node, st.just("x"), LAYERS, st.just(()))
    nodes = draw(st.lists(node | ordered, max_size=6))
    return Network(
        tuple(Node(f"x{n}", node.layer) if node.name == "x" else node for n, node in enumerate(nodes))
    )


@settings(max_examples=150, deadline=None)
@given(drafts(), st.sampled_from((Shape(2, 12, 12), Shape(5), Shape(1, 3, 7))))
def test_every_mend_mends(network, x):
    if analyse(network, x).problems:
        checked(network, x)
