"""Whether branches that meet look at the same place of the input when they meet."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

from lab.network.layers.layer import Line
from lab.network.network import INPUT, Facts, Network, analyse
from lab.network.receptive_field import known_shapes
from lab.network.shape import Shape
from lab.problem import Problem

Middle = tuple[Line, Line]
"""Per axis (a, b): the middle of what unit u sees of the network's input lies at a u + b."""


@lru_cache(maxsize=16)
def misaligned(network: Network, x: Shape) -> tuple[Problem, ...]:
    """Where images are added or concatenated whose receptive fields are not centred alike, on inputs of shape `x`.

    One Problem for each branch that differs from the first one of its join: its stride, or where the middle of its
    field lies; after an upsampling or a transposed convolution the mean over its phases counts. Such a network
    runs, but what it brings together belongs to different places. Joins of vectors have no places.
    """
    found = []
    for facts, branches in _branches(network, x):
        assert facts.output is not None  # only such layers have branches
        if not facts.output.is_vector:
            found += [p for n, b in enumerate(branches[1:], 1) if (p := _compared(facts, n, branches[0], b))]
    return tuple(found)


def middles(network: Network, x: Shape) -> dict[str, Middle]:
    """Of each layer of known shape, by the first of its branches where several meet."""
    return {facts.name: branches[0] for facts, branches in _branches(network, x)}


def _branches(network: Network, x: Shape) -> Iterator[tuple[Facts, list[Middle]]]:
    """Each layer of known shape, and where it looks through each of its inputs."""
    analysis = analyse(network, x)
    shapes = known_shapes(analysis)
    found: dict[str, Middle] = {INPUT: ((Fraction(1), Fraction(0)),) * 2}
    for facts in analysis.nodes:
        if facts.output is None:
            continue
        xs = tuple(shapes[name] for name in facts.inputs)
        branches = []
        for source, name in enumerate(facts.inputs):
            rows, columns = (_after(found[name][a], facts.layer.middle(a, xs, source)) for a in (0, 1))
            branches.append((rows, columns))
        found[facts.name] = branches[0]
        yield facts, branches


def _after(before: Line, layer: Line) -> Line:
    """What a layer sees of its input, seen through all layers before it."""
    (scale, offset), (a, b) = before, layer
    return scale * a, scale * b + offset


def _compared(facts: Facts, number: int, first: Middle, other: Middle) -> Problem | None:
    names = f"“{facts.inputs[number]}”", f"“{facts.inputs[0]}”"
    strides = [tuple(scale for scale, _ in middle) for middle in (other, first)]
    if strides[0] != strides[1]:
        steps = [_number(s[0]) if s[0] == s[1] else "×".join(map(_number, s)) for s in strides]
        return Problem(
            facts.name,
            f"from unit to unit {names[0]} moves over the input by {steps[0]} and {names[1]} by {steps[1]}, in pixels",
            "Give both branches strides and factors that come to the same",
        )
    words = (("above", "below"), ("left of", "right of"))
    offsets = [b - a for (_, a), (_, b) in zip(first, other, strict=True)]
    parts = [f"{_pixels(abs(d))} {words[axis][d > 0]}" for axis, d in enumerate(offsets) if d]
    if not parts:
        return None
    return Problem(
        facts.name,
        f"{names[0]} looks {' and '.join(parts)} where {names[1]} looks",
        "Pad and cut both branches evenly: odd kernels, sizes that the strides divide, an even number to be cropped",
    )


def _number(value: Fraction) -> str:
    return f"{float(value):g}"


def _pixels(value: Fraction) -> str:
    return f"{_number(value)} {'pixel' if value <= 1 else 'pixels'}"
