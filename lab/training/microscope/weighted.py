"""Dense layers, convolutions and transposed convolutions: sums of inputs times weights that are learned."""

from __future__ import annotations

from typing import cast

import numpy as np

from lab.network.layers import Conv2D, TransposedConv2D, Window
from lab.network.layers.geometry import window_on
from lab.network.network import INPUT, Facts
from lab.training.microscope.arithmetic import LinearArithmetic, Taps, activated, result
from lab.training.microscope.axes import places, seen, seen_by, through
from lab.training.microscope.lines import (
    Factors,
    Forward,
    Line,
    Patches,
    Spot,
    Step,
    Sum,
    Whole,
    step,
)
from lab.training.microscope.slide import Slide, spots_of
from lab.value import both


class DenseArithmetic(LinearArithmetic):
    """zⱼ = Σᵢ wᵢⱼ xᵢ + bⱼ: the lecture's four equations as they stand."""

    forwards = "zⱼ = Σᵢ wᵢⱼ {x}ᵢ + bⱼ"
    backwards = "dE/d{x}ᵢ = Σⱼ dE/dzⱼ · wᵢⱼ"
    learns = "dE/dwᵢⱼ = dE/dzⱼ · {x}ᵢ"

    def say(self, symbols: str, source: str) -> str:
        """As in the lecture x is the network's input, and what comes from a layer below is its y."""
        return symbols.replace("{x}", "x" if source == INPUT else "y")

    def into(self, slide: Slide, facts: Facts, spot: Spot) -> tuple[int, Taps]:
        W = slide.weights[f"{facts.name}.weight"]
        n = np.arange(W.shape[1])
        indices = slide.indices(facts.name, "weight", spot.unit, n)
        return 0, Taps(units(W.shape[1]), W[spot.unit].astype(np.float64), indices)

    def out_of(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Taps:
        W = slide.weights[f"{facts.name}.weight"]
        indices = slide.indices(facts.name, "weight", np.arange(W.shape[0]), pixel.unit)
        return Taps(units(W.shape[0]), W[:, pixel.unit].astype(np.float64), indices)

    def pairs(
        self, slide: Slide, facts: Facts, parameter: str, place: tuple[int, ...]
    ) -> tuple[Whole, Whole]:
        return np.array([[place[1], 0, 0]]), np.array([[place[0], 0, 0]])


def units(count: int) -> Whole:
    """The spots of a vector."""
    return np.stack([np.arange(count), np.zeros(count, np.int64), np.zeros(count, np.int64)], 1)


class ConvolutionArithmetic(LinearArithmetic):
    """A window of the input times a kernel, channel by channel."""

    forwards = "z = Σ over channels k and taps of w · x + b"
    backwards = "dE/dx = Σ dE/dz · w,  over the outputs that it feeds"
    learns = "dE/dw = Σ dE/dz · x,  over the places where w meets the image"

    def window(self, slide: Slide, facts: Facts) -> Window:
        found = facts.layer.window(slide.inputs(facts.name)[0])
        assert found is not None
        return found

    def links(self, slide: Slide, facts: Facts) -> Whole:
        """(filter, channel) of each kernel [n, 2], in the weights' order."""
        return cast(Conv2D, facts.layer).links(slide.inputs(facts.name)[0])

    def kernels(self, slide: Slide, facts: Facts, which: Whole, *taps: Whole) -> tuple[np.ndarray, Whole]:
        """These taps of the kernels of these numbers, and their flat indices."""
        W = slide.weights[f"{facts.name}.weight"]
        at = np.ix_(which, *taps)
        high, wide = W.shape[-2:]
        first = slide.indices(facts.name, "weight", *([0] * W.ndim))
        indices = first + (at[0] * high + at[1]) * wide + at[2]
        return W.reshape(-1, high, wide)[at].astype(np.float64), indices

    def into(self, slide: Slide, facts: Facts, spot: Spot) -> tuple[int, Taps]:
        x, window = slide.inputs(facts.name)[0], self.window(slide, facts)
        links = self.links(slide, facts)
        mine = np.flatnonzero(links[:, 0] == spot.unit)
        down, across = seen(spot.row, x.height, window, 0), seen(spot.column, x.width, window, 1)
        W, indices = self.kernels(slide, facts, mine, down.taps, across.taps)
        return 0, Taps(spots_of(links[mine, 1], down.at, across.at), W.ravel(), indices.ravel())

    def out_of(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Taps:
        y, window = slide.shape(facts.name), self.window(slide, facts)
        links = self.links(slide, facts)
        mine = np.flatnonzero(links[:, 1] == pixel.unit)
        down = seen_by(pixel.row, y.height, window, 0)
        across = seen_by(pixel.column, y.width, window, 1)
        W, indices = self.kernels(slide, facts, mine, down.taps, across.taps)
        return Taps(spots_of(links[mine, 0], down.at, across.at), W.ravel(), indices.ravel())

    def pairs(
        self, slide: Slide, facts: Facts, parameter: str, place: tuple[int, ...]
    ) -> tuple[Whole, Whole]:
        x, y, window = slide.inputs(facts.name)[0], slide.shape(facts.name), self.window(slide, facts)
        links = self.links(slide, facts)
        shape = slide.weights[f"{facts.name}.{parameter}"].shape
        unit, channel = links[int(np.ravel_multi_index(place[:-2], shape[:-2]))]
        at, to = through(place[-2], x.height, y.height, window, 0)
        across, beside = through(place[-1], x.width, y.width, window, 1)
        return spots_of(np.array([channel]), at, across), spots_of(np.array([unit]), to, beside)

    def patches(self, slide: Slide, facts: Facts, spot: Spot) -> Patches:
        x, window = slide.y(facts.inputs[0]), self.window(slide, facts)
        links = self.links(slide, facts)
        mine = np.flatnonzero(links[:, 0] == spot.unit)
        channels, high, wide = links[mine, 1], *window.taps
        kernel, indices = self.kernels(slide, facts, mine, np.arange(high), np.arange(wide))
        rows, columns = places(spot.row, window, 0), places(spot.column, window, 1)
        within = np.outer((rows >= 0) & (rows < x.shape[1]), (columns >= 0) & (columns < x.shape[2]))
        held = np.ix_(channels, rows.clip(0, x.shape[1] - 1), columns.clip(0, x.shape[2] - 1))
        bias = slide.addend(facts.name, "bias", spot.unit)
        return Patches(
            source=facts.inputs[0],
            channels=channels,
            patch=np.where(within, x[held].astype(np.float64), 0.0),
            kernel=kernel,
            weights=indices,
            rows=rows,
            columns=columns,
            inside=within,
            bias=bias[0] if bias else None,
        )

    def forward(self, slide: Slide, facts: Facts, spot: Spot) -> Forward:
        """The lecture's way: the products of each channel are added up, then the channels, then the bias."""
        patches = self.patches(slide, facts, spot)
        channels = Sum(
            "z = Σₖ patchₖ · kernelₖ + b,  over the channels k",
            Factors(patches.sums),
            None,
            () if patches.bias is None else (patches.bias,),
            result(slide, facts, spot),
            "z",
        )
        lines: tuple[Line, ...] = (channels, *activated(slide, facts, spot))
        return Forward(spot, lines, patches, size=sizes(slide, facts, self.window(slide, facts)))


def sizes(slide: Slide, facts: Facts, window: Window) -> tuple[Step, ...]:
    """The output's height and width from the input's, with their numbers.

    Where padding is not the same on both sides ("same" with an even kernel) what is after the image is counted out.
    """
    x, y = slide.inputs(facts.name)[0], slide.shape(facts.name)
    found = []
    axes = (("height", x.height, y.height), ("width", x.width, y.width))
    for axis, (name, extent, out) in enumerate(axes):
        size, stride, before = window.size[axis], window.stride[axis], window.padding[axis]
        after = max((out - 1) * stride + size - extent - before, 0) if same_of(facts) else before
        padding = f"2 × {before}" if before == after else f"{before} + {after}"
        numbers = f"⌊({extent} + {padding} − {size}) / {stride}⌋ + 1"
        dilation = window.dilation[axis]
        tip = f"The window spans {size} pixels"
        if dilation > 1:
            tip += f": {window.taps[axis]} taps, {dilation} apart"
        value = (extent + before + after - size) // stride + 1
        symbols = f"{name} of the output = ⌊({name} of the input + padding − window) / stride⌋ + 1"
        found.append(step(symbols, numbers, float(value), float(out), "step", tip))
    return tuple(found)


def same_of(facts: Facts) -> bool:
    return getattr(facts.layer, "padding", 0) == "same"


class TransposedArithmetic(LinearArithmetic):
    """Each pixel of the input stamps its kernel onto the output; where stamps overlap they add up."""

    forwards = "z = Σ x · w + b,  over the pixels whose stamps reach this place"
    backwards = "dE/dx = Σ dE/dz · w,  over the places that its stamp reaches"
    learns = "dE/dw = Σ dE/dz · x,  over all pixels that stamp with it"

    def window(self, slide: Slide, facts: Facts) -> Window:
        """Of the convolution that it is the adjoint of: it looks from the input, as its output, at the output."""
        layer = cast(TransposedConv2D, facts.layer)
        return window_on(slide.shape(facts.name), layer.kernel, layer.stride, layer.padding)

    def into(self, slide: Slide, facts: Facts, spot: Spot) -> tuple[int, Taps]:
        x, window = slide.inputs(facts.name)[0], self.window(slide, facts)
        down, across = seen_by(spot.row, x.height, window, 0), seen_by(spot.column, x.width, window, 1)
        at = np.ix_(np.arange(x.channels), np.array([spot.unit]), down.taps, across.taps)
        return 0, self._taps(slide, facts, at, spots_of(np.arange(x.channels), down.at, across.at))

    def out_of(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> Taps:
        y, window = slide.shape(facts.name), self.window(slide, facts)
        down, across = seen(pixel.row, y.height, window, 0), seen(pixel.column, y.width, window, 1)
        at = np.ix_(np.array([pixel.unit]), np.arange(y.channels), down.taps, across.taps)
        return self._taps(slide, facts, at, spots_of(np.arange(y.channels), down.at, across.at))

    def _taps(self, slide: Slide, facts: Facts, at: tuple[Whole, ...], spots: Whole) -> Taps:
        W = slide.weights[f"{facts.name}.weight"][at].astype(np.float64)
        return Taps(spots, W.ravel(), slide.indices(facts.name, "weight", *at).ravel())

    def pairs(
        self, slide: Slide, facts: Facts, parameter: str, place: tuple[int, ...]
    ) -> tuple[Whole, Whole]:
        x, y, window = slide.inputs(facts.name)[0], slide.shape(facts.name), self.window(slide, facts)
        channel, unit, tap, beside = place
        to, at = through(tap, y.height, x.height, window, 0)
        to_column, at_column = through(beside, y.width, x.width, window, 1)
        return spots_of(np.array([channel]), at, at_column), spots_of(np.array([unit]), to, to_column)

    def forward(self, slide: Slide, facts: Facts, spot: Spot) -> Forward:
        layer = cast(TransposedConv2D, facts.layer)
        x, y = slide.inputs(facts.name)[0], slide.shape(facts.name)
        window, found = self.window(slide, facts), []
        more = both(layer.output_padding)
        axes = (("height", x.height, y.height), ("width", x.width, y.width))
        for axis, (name, extent, out) in enumerate(axes):
            stride, kernel, cut = window.stride[axis], window.taps[axis], window.padding[axis]
            numbers = f"({extent} − 1) × {stride} + {kernel} − 2 × {cut} + {more[axis]}"
            value = (extent - 1) * stride + kernel - 2 * cut + more[axis]
            symbols = f"{name} of the output = ({name} of the input − 1) · stride + kernel − 2 · padding"
            symbols += " + output padding"
            found.append(step(symbols, numbers, float(value), float(out)))
        return Forward(
            spot, (self.line(slide, facts, spot), *activated(slide, facts, spot)), size=tuple(found)
        )
