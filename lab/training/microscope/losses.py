"""The error of the example and its derivative by an output: where the way back begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.learning.losses import (
    AbsoluteError,
    BinaryCrossEntropy,
    Hinge,
    Huber,
    Loss,
    OutputItself,
    SoftmaxCrossEntropy,
    SquaredError,
)
from lab.training.microscope.lines import Factors, Line, Real, Spot, Sum, Token, bracketed, said, step
from lab.training.microscope.slide import Slide


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network says and what it should say, float64 [C, H, W], of one example."""

    layer: str
    y: Real
    t: Real
    loss: Loss
    part: float
    """Where the loss is a mean over the outputs, what each of them counts for."""

    def spots(self) -> np.ndarray:
        return np.argwhere(np.ones(self.y.shape, bool))


def answer(loss: Loss, layer: str, y: Real, target: Real) -> Answer:
    """`y` is the output [C, H, W] of the last layer, `target` has as many numbers."""
    over = loss.constants[2]
    counted = y[0].size if isinstance(loss, SoftmaxCrossEntropy) else y.size
    return Answer(layer, y, target.reshape(y.shape), loss, over / counted if over else 1.0)


def answer_of(slide: Slide) -> Answer:
    y, t = slide.y(slide.last).astype(np.float64), slide.activations.target.astype(np.float64)
    return answer(slide.experiment.loss, slide.last, y, t)


def pieces_of(said: Answer) -> NDArray[np.int64]:
    """On which side of its kinks a loss is, output by output; the same everywhere where it has none."""
    if isinstance(said.loss, AbsoluteError):
        return np.sign(said.y - said.t).astype(np.int64)
    if isinstance(said.loss, Hinge):
        return (_hinge(said) > 0).astype(np.int64)
    return np.zeros(1, np.int64)


def error(slide: Slide) -> tuple[Line, ...]:
    """E of the example, output by output."""
    answer = answer_of(slide)
    found = ERRORS.get(type(answer.loss))
    if found is None:
        return ()
    terms = found(answer) * answer.part
    engine = np.nan if slide.batch and slide.experiment.network.whole_batch else slide.gradients.error
    spots, flat = answer.spots(), terms.ravel()
    counted = flat != 0 if len(flat) == len(spots) else np.ones(len(flat), bool)  # of many most may not count
    factors = Factors(flat[counted], answer.layer, spots[: len(flat)][counted])
    return (Sum(f"{answer.loss.formula}{_over(answer)}", factors, None, (), engine, "E"),)


def derivative(slide: Slide, spot: Spot) -> tuple[Line, ...]:
    """dE/dy of one of the network's outputs."""
    answer = answer_of(slide)
    found = DERIVATIVES.get(type(answer.loss))
    if found is None:
        return ()
    engine = float(slide.dy(spot.layer)[spot.at])
    symbols, tokens, value, before = found(answer, spot)
    if answer.part != 1:
        symbols += _over(answer)
        tokens = (Token("("), *tokens, Token(f") × {said(answer.part)}"))
    line = step(symbols, tokens, value * answer.part, engine, "dy", size=_size(answer, spot) * answer.part)
    return (*before, line)


def _size(answer: Answer, spot: Spot) -> float:
    return abs(float(answer.y[spot.at])) + abs(float(answer.t[spot.at])) + 1.0


def _over(answer: Answer) -> str:
    return "" if answer.part == 1 else f",  the mean over the outputs: each counts {said(answer.part)}"


# -- E, a term an output; softmax and the hinge have one a pixel -------------------------------------------


def log_shares(y: Real) -> Real:
    shifted = y - y.max(0)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(0)))


def _hinge(answer: Answer) -> Real:
    loss, y, t = answer.loss, answer.y.ravel(), answer.t.ravel()
    assert isinstance(loss, Hinge)
    if len(y) == 1:
        return np.asarray(np.maximum(0.0, loss.margin - t * y))
    c = int(t.argmax())
    short: Real = np.maximum(0.0, loss.margin - y[c] + y)
    short[c] = 0.0
    if loss.against == "worst":
        worst = int(short.argmax())
        short = np.where(np.arange(len(y)) == worst, short, 0.0)
    return short


def _huber(answer: Answer) -> Real:
    assert isinstance(answer.loss, Huber)
    away = np.abs(answer.y - answer.t)
    near = np.minimum(away, answer.loss.delta)
    return np.asarray(near * (away - 0.5 * near))


ERRORS: dict[type[Loss], Callable[[Answer], Real]] = {
    SoftmaxCrossEntropy: lambda a: -a.t * log_shares(a.y),
    BinaryCrossEntropy: lambda a: np.logaddexp(0, a.y) - a.t * a.y,
    Hinge: _hinge,
    SquaredError: lambda a: 0.5 * (a.t - a.y) ** 2,
    AbsoluteError: lambda a: np.abs(a.t - a.y),
    Huber: _huber,
    OutputItself: lambda a: a.y,
}


# -- dE/dy: symbols, numbers, value, and lines before -----------------------------------------------------

DIGITS = 7
Found = tuple[str, tuple[Token, ...], float, tuple[Line, ...]]


def _pair(answer: Answer, spot: Spot) -> tuple[float, float, Token]:
    """y, t and y as it is written: with all its digits, because near the target few are left of the difference."""
    y, t = float(answer.y[spot.at]), float(answer.t[spot.at])
    return y, t, Token(bracketed(y, DIGITS), spot)


def _squared(answer: Answer, spot: Spot) -> Found:
    y, t, token = _pair(answer, spot)
    return "dE/dyⱼ = −(tⱼ − yⱼ)", (Token(f"−({said(t, DIGITS)} − "), token, Token(")")), -(t - y), ()


def _softmax(answer: Answer, spot: Spot) -> Found:
    column = answer.y[:, spot.row, spot.column]
    shares = np.exp(log_shares(column))
    p, t = float(shares[spot.unit]), float(answer.t[spot.at])
    whole = float(answer.t[:, spot.row, spot.column].sum())
    y = float(column[spot.unit])
    total = float(np.exp(column - column.max()).sum())
    numbers = (
        Token("exp("), Token(said(y), spot), Token(f" − {bracketed(float(column.max()))}) / {said(total)}"),
    )  # fmt: skip
    share = step("pⱼ = exp(yⱼ − m) / Σₖ exp(yₖ − m),  m the largest y", numbers, p)
    return "dE/dyⱼ = pⱼ − tⱼ", (Token(f"{said(p * whole)} − {said(t)}"),), p * whole - t, (share,)


def _binary(answer: Answer, spot: Spot) -> Found:
    y, t, token = _pair(answer, spot)
    p = float(1 / (1 + np.exp(-np.clip(y, -700, 700))))
    share = step("pⱼ = 1 / (1 + exp(−yⱼ))", (Token("1 / (1 + exp(−"), token, Token("))")), p)
    return "dE/dyⱼ = pⱼ − tⱼ", (Token(f"{said(p)} − {said(t)}"),), p - t, (share,)


def _absolute(answer: Answer, spot: Spot) -> Found:
    y, t, token = _pair(answer, spot)
    numbers = (Token("sign("), token, Token(f" − {bracketed(t)})"))
    return "dE/dyⱼ = sign(yⱼ − tⱼ)", numbers, float(np.sign(y - t)), ()


def _held(answer: Answer, spot: Spot) -> Found:
    assert isinstance(answer.loss, Huber)
    y, t, token = _pair(answer, spot)
    delta = answer.loss.delta
    numbers = (token, Token(f" − {bracketed(t)}, held within ±{said(delta)}"))
    return "dE/dyⱼ = yⱼ − tⱼ,  held within ±δ", numbers, float(np.clip(y - t, -delta, delta)), ()


def _margin(answer: Answer, spot: Spot) -> Found:
    terms, t = _hinge(answer), answer.t.ravel()
    if len(t) == 1:
        short = bool(terms[0] > 0)
        numbers = (Token(f"−{bracketed(float(t[0]))}" if short else "0"),)
        return "dE/dy = −t where m − t · y > 0, else 0", numbers, -float(t[0]) if short else 0.0, ()
    c, near = int(t.argmax()), int((terms > 0).sum())
    if spot.unit == c:
        symbols = "dE/dyc = −the number of classes that come too near to the right one"
        return symbols, (Token(f"−{near}"),), -float(near), ()
    value = float(terms[spot.unit] > 0)
    return "dE/dyⱼ = 1 where m − yc + yⱼ > 0, else 0", (Token(said(value)),), value, ()


def _itself(answer: Answer, spot: Spot) -> Found:
    return "dE/dyⱼ = 1", (Token("1"),), 1.0, ()


DERIVATIVES: dict[type[Loss], Callable[[Answer, Spot], Found]] = {
    SoftmaxCrossEntropy: _softmax,
    BinaryCrossEntropy: _binary,
    Hinge: _margin,
    SquaredError: _squared,
    AbsoluteError: _absolute,
    Huber: _held,
    OutputItself: _itself,
}
