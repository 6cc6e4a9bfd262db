"""The table of receptive fields against going back from single units, set by set, and against published figures."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from drawn import wholes
from hypothesis import given
from machine import quick

from lab.network.architectures import ALEXNET, LENET_5, U_NET, VGG_16
from lab.network.field_table import field_table
from lab.network.layers import Conv2D, Dense, Flatten, MaxPool2D, TransposedConv2D, Upsample
from lab.network.network import INPUT, Network, Node, analyse
from lab.network.receptive_field import field_of, known_shapes, receptive_fields
from lab.network.shape import Shape
from lab.value import both


def chain(*layers: tuple[str, object]) -> Network:
    return Network(tuple(Node(name, layer) for name, layer in layers))


def seen_by(network: Network, x: Shape, layer: str, at: int, axis: int) -> np.ndarray:
    """The twin: all pixels that a unit sees along an axis, as a set; borders cut nothing."""
    analysis = analyse(network, x)
    shapes, seen = known_shapes(analysis), {layer: {at}}
    for facts in reversed(analysis.nodes):
        for source, name in enumerate(facts.inputs if facts.name in seen else ()):
            xs = tuple(shapes[one] for one in facts.inputs)
            for place in seen[facts.name]:
                more = facts.layer.sees(np.array([place]), axis, xs, source)
                seen.setdefault(name, set()).update(more.tolist())
    return np.array(sorted(seen.get(INPUT, ())))


def leaves_gaps(network: Network) -> bool:
    """Whether stamps of some transposed convolution lie apart: then a stretch may end where a set does not."""
    stamps = [node.layer for node in network.nodes if isinstance(node.layer, TransposedConv2D)]
    return any(k < s for t in stamps for k, s in zip(both(t.kernel), both(t.stride), strict=True))


@quick(60)
@given(wholes(largest=8))
def test_sizes_and_starts_are_those_of_single_units(drawn) -> None:
    rows = field_table(drawn.network, drawn.x)
    if drawn.x.is_vector:
        assert rows == ()
        return
    analysis = analyse(drawn.network, drawn.x)
    assert [row.layer for row in rows] == [facts.name for facts in analysis.nodes]
    exact = not leaves_gaps(drawn.network)
    for row in rows:
        for axis, along in enumerate(row.axes):
            extent = (row.output.height, row.output.width)[axis]
            units = [seen_by(drawn.network, drawn.x, row.layer, at, axis) for at in range(extent)]
            sizes = [int(seen[-1] - seen[0]) + 1 if seen.size else 0 for seen in units]
            inside = [seen[(seen >= 0) & (seen < along.extent)] for seen in units]
            reached = max(int(np.ptp(seen)) + 1 if seen.size else 0 for seen in inside)
            assert along.most >= max(sizes)
            assert along.reaches >= reached
            if exact:
                assert (along.least, along.most) == (min(sizes), max(sizes))
            first = next((seen for seen in units if seen.size), None)
            if exact and first is not None:
                assert along.start == first[0]
                assert along.centre == Fraction(int(first[0] + first[-1]), 2)


@quick(40)
@given(wholes(largest=8))
def test_what_a_unit_sees_lies_within_the_table(drawn) -> None:
    """A border takes something away from a field and never adds to it."""
    for row in field_table(drawn.network, drawn.x):
        for y, x in np.ndindex(row.output.height, row.output.width):
            region = field_of(drawn.network, drawn.x, row.layer, y, x, padding=False)
            assert region.height <= row.axes[0].reaches
            assert region.width <= row.axes[1].reaches


@pytest.mark.parametrize("architecture", [LENET_5, ALEXNET, VGG_16], ids=["LeNet-5", "AlexNet", "VGG-16"])
def test_where_units_see_alike_it_is_the_closed_form(architecture) -> None:
    """Which tests/network/test_architectures.py holds against the published tables."""
    rows = {row.layer: row for row in field_table(architecture.network, architecture.input)}
    fields = receptive_fields(architecture.network, architecture.input)
    assert fields.keys() == rows.keys()
    for name, field in fields.items():
        for axis, along in enumerate(rows[name].axes):
            assert along.is_one
            assert (along.most, along.stride, -along.start) == (
                field.size[axis],
                field.stride[axis],
                field.padding[axis],
            )


def test_the_output_of_a_u_net_by_phase() -> None:
    """140 at the bottom; 188 to 204 of an output pixel, by its position modulo 16; as many pixels out as it moves."""
    rows = {row.layer: row for row in field_table(U_NET.network, U_NET.input)}
    down, across = rows["output"].axes
    assert down == across
    assert (down.least, down.most, down.stride) == (188, 204, 1)
    assert rows["bottom_2"].axes[0].most == 140
    assert not any(row.has_outgrown for row in rows.values())


def test_axes_that_differ_and_fields_that_outgrow_the_input() -> None:
    network = chain(
        ("a", Conv2D(2, (3, 1), (2, 1))),
        ("b", Conv2D(2, 3, padding=1, dilation=(2, 1))),
        ("up", Upsample((1, 2))),
        ("flat", Flatten()),
        ("fc", Dense(3)),
    )
    a, b, up, flat, _fc = field_table(network, Shape(1, 9, 6))
    assert [(along.most, along.stride, along.start) for along in a.axes] == [(3, 2, 0), (1, 1, 0)]
    assert [(along.most, along.start, along.centre) for along in b.axes] == [(11, -2, 3), (3, -1, 0)]
    assert [along.has_outgrown for along in b.axes] == [True, False]
    assert up.axes[1].stride == Fraction(1, 2)
    assert b.has_outgrown
    assert not a.has_outgrown
    assert flat.share == 1.0
    assert a.share == pytest.approx(3 / 54)


def test_layers_with_a_problem_are_left_out_and_vectors_have_no_places() -> None:
    assert [row.layer for row in field_table(chain(("a", MaxPool2D()), ("b", Dense(2))), Shape(1, 4, 4))] == [
        "a"
    ]
    assert field_table(chain(("a", Dense(2))), Shape(2)) == ()
