"""The way back: the lecture's four equations for one unit, one of its weights and one number that comes in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lab.network.layers import (
    ActivationLayer,
    Add,
    AveragePool2D,
    BatchNorm,
    Concat,
    Conv2D,
    Crop,
    Dense,
    Dropout,
    Flatten,
    Formula,
    GlobalAveragePool2D,
    GlobalMaxPool2D,
    LayerNorm,
    LocalResponseNorm,
    MaxPool2D,
    PReLU,
    Softmax,
    Subsample,
    TransposedConv2D,
    Upsample,
)
from lab.network.layers.layer import Layer
from lab.network.network import Facts
from lab.training.microscope import losses
from lab.training.microscope.arithmetic import NOWHERE, Arithmetic, chosen_weight, deactivated
from lab.training.microscope.formula import FormulaArithmetic
from lab.training.microscope.lines import (
    Backward,
    Choice,
    Factors,
    Forward,
    Line,
    Real,
    Spot,
    Step,
    Sum,
)
from lab.training.microscope.moving import (
    AddArithmetic,
    ConcatArithmetic,
    CropArithmetic,
    FlattenArithmetic,
    UpsampleArithmetic,
)
from lab.training.microscope.normalization import (
    BatchNormArithmetic,
    LayerNormArithmetic,
    ResponseArithmetic,
)
from lab.training.microscope.pointwise import (
    ActivationArithmetic,
    DropoutArithmetic,
    PReLUArithmetic,
    SoftmaxArithmetic,
)
from lab.training.microscope.pooling import MaxArithmetic, MeanArithmetic, SubsampleArithmetic
from lab.training.microscope.slide import Slide
from lab.training.microscope.weighted import ConvolutionArithmetic, DenseArithmetic, TransposedArithmetic

KINDS: dict[type[Layer], Arithmetic] = {
    Dense: DenseArithmetic(),
    Conv2D: ConvolutionArithmetic(),
    TransposedConv2D: TransposedArithmetic(),
    MaxPool2D: MaxArithmetic(),
    GlobalMaxPool2D: MaxArithmetic(),
    AveragePool2D: MeanArithmetic(),
    GlobalAveragePool2D: MeanArithmetic(),
    Subsample: SubsampleArithmetic(),
    Flatten: FlattenArithmetic(),
    Crop: CropArithmetic(),
    Concat: ConcatArithmetic(),
    Add: AddArithmetic(),
    Upsample: UpsampleArithmetic(),
    ActivationLayer: ActivationArithmetic(),
    PReLU: PReLUArithmetic(),
    Dropout: DropoutArithmetic(),
    Softmax: SoftmaxArithmetic(),
    BatchNorm: BatchNormArithmetic(),
    LayerNorm: LayerNormArithmetic(),
    LocalResponseNorm: ResponseArithmetic(),
    Formula: FormulaArithmetic(),
}
"""A new kind of layer is one line here. One that is missing shows its numbers without their arithmetic."""


def kind_of(facts: Facts) -> Arithmetic | None:
    return KINDS.get(type(facts.layer))


def forward(slide: Slide, spot: Spot) -> Forward:
    """How the number at `spot` of a layer's output is made."""
    facts = slide.facts(spot.layer)
    kind = kind_of(facts)
    if kind is None:
        y = float(slide.y(spot.layer)[spot.at])
        return Forward(spot, (Step("y", (slide.token(spot),), y, y, "y"),))
    return kind.forward(slide, facts, spot)


def beside(slide: Slide, spot: Spot) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The numbers of which the output at `spot` has one besides its weights, by parameter and place: its bias."""
    facts = slide.facts(spot.layer)
    kind = kind_of(facts)
    return () if kind is None else kind.others(slide, facts, spot)


def choose(slide: Slide, spot: Spot, weight: int = -1, pixel: Spot | None = None) -> Choice:
    """The weight and the number that comes in that the equations are written for: those that are wished, where they
    are of this layer, else those of the largest product."""
    facts = slide.facts(spot.layer)
    kind = kind_of(facts)
    found = Choice() if kind is None else kind.default(slide, facts, spot)
    place = slide.place_of(weight)
    if place is not None and kind is not None and place[0] == f"{spot.layer}.{kind.weight}":
        found = chosen_weight(slide, weight, found.pixel)
        used, made = kind.pairs(slide, facts, kind.weight, place[1])
        here = used[(made == spot.at).all(1)]
        if len(here):  # what the weight multiplies there
            found = replace(found, pixel=Spot(facts.inputs[0], *map(int, here[0])))
    if pixel is not None and pixel.layer in facts.inputs and _is_there(slide, pixel):
        found = replace(found, pixel=pixel)
    return found


def _is_there(slide: Slide, pixel: Spot) -> bool:
    s = slide.shape(pixel.layer)
    return all(0 <= k < n for k, n in zip(pixel.at, (s.channels, s.height, s.width), strict=True))


def backward(slide: Slide, spot: Spot, chosen: Choice) -> Backward:
    """How dE/dy of the output at `spot` comes about, and what it is for the chosen weight and number."""
    facts = slide.facts(spot.layer)
    kind = kind_of(facts)
    lines = [*arriving(slide, spot), *deactivated(slide, facts, spot)]
    if kind is None:
        return Backward(spot, tuple(lines), chosen)
    used, made, fed = NOWHERE, NOWHERE, NOWHERE
    if chosen.weight >= 0:
        lines += kind.learning(slide, facts, kind.weight, chosen.place)
        used, made = kind.pairs(slide, facts, kind.weight, chosen.place)
    for parameter, place in kind.others(slide, facts, spot):
        *before, last = kind.learning(slide, facts, parameter, place)
        lines += [*before, replace(last, role="db")]
    if chosen.pixel is not None:
        for source, name in enumerate(facts.inputs):
            if name == chosen.pixel.layer:
                lines += kind.share(slide, facts, source, chosen.pixel)
                fed = kind.fed(slide, facts, source, chosen.pixel)
    return Backward(spot, tuple(lines), chosen, fed, used, made)


def arriving(slide: Slide, spot: Spot) -> tuple[Line, ...]:
    """dE/dy of an output, or of an input of the network: from the loss, or through the layers that read it.

    The last line is the whole of it.
    """
    if spot.layer == slide.last:
        return (*losses.error(slide), *losses.derivative(slide, spot))
    lines: list[Line] = []
    shares: list[float] = []
    readers = slide.readers(spot.layer)
    engine = float(slide.dy(spot.layer)[spot.at])
    for facts, source in readers:
        kind = kind_of(facts)
        if kind is None:
            shares.append(np.nan)
            continue
        found = kind.share(slide, facts, source, spot)
        for line in found:
            symbols = through(line.symbols, facts.name)
            last = line is found[-1]
            lines.append(replace(line, symbols=symbols, role="dy" if last and len(readers) == 1 else "step"))
        shares.append(found[-1].value)
    if len(readers) != 1:
        values: Real = np.array(shares)
        if np.isnan(values).any():
            return (*lines, Step(f"dE/dy: of {len(readers)} layers", (), engine, engine, "dy"))
        names = " + ".join(f"“{facts.name}”" for facts, _ in readers)
        lines.append(Sum(f"dE/dy = through {names}", Factors(values), None, (), engine, "dy"))
    elif not lines:
        lines.append(Step(f"dE/dy,  through “{readers[0][0].name}”", (), engine, engine, "dy"))
    return tuple(lines)


def through(symbols: str, layer: str) -> str:
    """A line of a layer that reads the output: what that calls dE/dx is this one's dE/dy."""
    if symbols.startswith("dE/dx ="):
        return f"dE/dy = dE/dx of “{layer}”;  {symbols}"
    return f"{symbols},  through “{layer}”"
