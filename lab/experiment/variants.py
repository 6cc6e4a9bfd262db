"""Variants of one experiment, to be raced side by side: by one aspect they differ, all else is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from lab.data.preprocessing import Preprocessing
from lab.experiment.experiment import Experiment, problems
from lab.experiment.listed import LISTED, listed, settings_in_words
from lab.learning.optimizers import AnyOptimizer, Momentum, RMSprop, Rprop
from lab.learning.schedules import (
    AnySchedule,
    Constant,
    Cosine,
    Exponential,
    Plateau,
    RiseAndFall,
    Step,
    WarmUp,
)
from lab.network.formula.errors import FormulaError
from lab.network.formula.known import known
from lab.network.initializers import AnyInitializer, FanIn, He, Normal, Orthogonal, Xavier, Zero
from lab.network.layers import Formula
from lab.network.network import Network
from lab.problem import ProblemError
from lab.value import changed, fields, validated
from lab.wording import counted, tick

MOST_RATE = 1000.0
HALF_DECADE = 10**0.5
AS_IT_IS = "as it is now"


@dataclass(frozen=True)
class Variant:
    """`name` is what a run of it is called, `words` say what it does otherwise. `suggested` are those that a race
    begins with where a person has not chosen.
    """

    name: str
    words: str
    experiment: Experiment
    suggested: bool = True


Found = tuple[str, str, Experiment, bool]
"""Name, words, experiment, and whether it is suggested."""


@dataclass(frozen=True)
class Aspect:
    """In what variants differ. `of` gives the variants of an experiment whose training part has so many examples; where
    they begin with other weights, `other_start` is set. `breaks` is the condition of a fair comparison that is not met
    because it is what is compared.
    """

    key: str
    title: str
    summary: str
    of: Callable[[Experiment, int], Iterator[Found]]
    other_start: bool = False
    breaks: str = ""


def variants(base: Experiment, aspect: Aspect, examples: int) -> tuple[Variant, ...]:
    """All in which this aspect differs and that can run, each once; the base itself is among them.

    `examples` is how many the training part has.
    """
    found: dict[Experiment, Variant] = {}
    for name, words, experiment, suggested in aspect.of(base, examples):
        if _runs(experiment):
            words = f"{words} ({AS_IT_IS})" if experiment == base else words
            found.setdefault(experiment, Variant(name, words, experiment, suggested))
    if found and base not in found:
        found = {base: Variant("as it is", AS_IT_IS, base, False), **found}
    return tuple(found.values()) if len(found) > 1 else ()


def _runs(experiment: Experiment) -> bool:
    try:
        return not problems(validated(experiment))
    except ProblemError:
        return False


# --- optimizers and their rates


def optimizers(base: Experiment, examples: int) -> Iterator[Found]:
    """Each with its listed setting; rprop is suggested only where it has what it is made for, the full batch."""
    whole = base.batch_size >= examples
    for experiment in listed(base):
        one = experiment.optimizer
        others = not isinstance(one, Rprop) and one.title != "AdamW"
        suggested = type(one) is type(base.optimizer) or others or (isinstance(one, Rprop) and whole)
        words = settings_in_words(one)
        if experiment.schedule != base.schedule:
            words += f", {experiment.schedule.title}, {settings_in_words(experiment.schedule)}"
        yield named(one), words, experiment, suggested


def rates(base: Experiment, examples: int) -> Iterator[Found]:
    middle = base.optimizer.rate or _default_rate(base.optimizer)
    for rate in geometric(middle, 7):
        times = f"{tick(float(f'{max(rate / middle, middle / rate):.2g}'))} times"
        words = "" if rate == middle else f", {times} {'smaller' if rate < middle else 'larger'}"
        yield f"ε {tick(rate)}", f"{base.optimizer.title} at {tick(rate)}{words}", with_rate(base, rate), True


def geometric(middle: float, count: int, factor: float = HALF_DECADE) -> tuple[float, ...]:
    """An odd number of rates around one that is exactly among them, each `factor` times the last, two digits of it."""
    half = count // 2
    spread = [middle if not k else float(f"{middle * factor**k:.1e}") for k in range(-half, half + 1)]
    return tuple(rate for rate in spread if 0 < rate <= MOST_RATE)


def with_rate(base: Experiment, rate: float) -> Experiment:
    return msgspec.structs.replace(base, optimizer=msgspec.structs.replace(base.optimizer, rate=rate))


def _default_rate(optimizer: AnyOptimizer) -> float:
    return next(one.rate for one in LISTED if type(one) is type(optimizer))


def momenta(base: Experiment, examples: int) -> Iterator[Found]:
    """Of the base's own rule, where it has a momentum."""
    own = base.optimizer if hasattr(base.optimizer, "momentum") else Momentum(rate=base.optimizer.rate)
    if type(own) is not type(base.optimizer) and base.optimizer.title != "SGD":
        own = next(one for one in LISTED if isinstance(one, Momentum))
    for alpha in sorted({0.0, 0.5, 0.8, 0.9, 0.95, 0.99, own.momentum}):
        rule = changed(own, momentum=alpha)
        yield f"α {alpha:g}", settings_in_words(rule), msgspec.structs.replace(base, optimizer=rule), True


# --- batches, data, starts


def batch_sizes(base: Experiment, examples: int) -> Iterator[Found]:
    """One case at a time, mini-batches, all at once; they see the same number of examples, in the same order."""
    own = min(base.batch_size, examples)
    middle = own if 1 < own < examples else next((n for n in (32, 8, 2) if 2 * n <= examples), 2)
    usual = {n for n in (2, 8, 32, 128, 512) if n < examples and max(n, own) >= 2 * min(n, own)}
    for size in sorted({1, own, examples} | usual):
        name = {1: "online (1)", examples: f"all {examples:,}"}.get(size, f"batch {size}")
        words = f"{counted(-(-examples // size), 'update')} a pass"
        # as it is written down: a batch may be larger than the set
        written = base.batch_size if size == own else size
        experiment = msgspec.structs.replace(base, batch_size=written)
        yield name, words, experiment, size in (1, middle, examples)


def preprocessings(base: Experiment, examples: int) -> Iterator[Found]:
    """F5 and F6: shift the inputs to zero mean, scale them to unit variance."""
    if getattr(base.loss, "compares", True):  # else inputs are not what is learned from
        for name, words, how, suggested in (
            ("raw", "x, as it comes", Preprocessing(), True),
            ("shifted", "x − mean", Preprocessing(shift="mean"), True),
            ("scaled", "x / root mean square", Preprocessing(scale="deviation"), False),
            (
                "shifted, scaled",
                "(x − mean) / deviation",
                Preprocessing(shift="mean", scale="deviation"),
                True,
            ),
            ("0 to 1", "(x − least) / (greatest − least)", Preprocessing(scale="range"), False),
        ):
            how = msgspec.structs.replace(how, per=base.preprocessing.per)
            yield name, words, msgspec.structs.replace(base, preprocessing=how), suggested


INITIALIZERS: tuple[tuple[str, AnyInitializer], ...] = (
    ("zero", Zero()),
    ("σ 0.01", Normal(0.01)),
    ("σ 1", Normal(1.0)),
    ("1/√fan-in", FanIn()),
    ("Xavier", Xavier()),
    ("He", He()),
    ("orthogonal", Orthogonal()),
)


def starts(base: Experiment, examples: int) -> Iterator[Found]:
    """One rule for the weights of all layers; of a surface by formula, places around it."""
    for name, start in INITIALIZERS:
        network = starting_with(base.network, start)
        if network is not None:
            yield name, f"all layers: {start.formula}", msgspec.structs.replace(base, network=network), True
    nodes = base.network.nodes
    if len(nodes) == 1 and isinstance(formula := nodes[0].layer, Formula):
        for x, y in places(formula):
            node = msgspec.structs.replace(nodes[0], layer=msgspec.structs.replace(formula, x=x, y=y))
            words = f"from x = {tick(x)}, y = {tick(y)}"
            experiment = msgspec.structs.replace(base, network=Network((node,)))
            yield f"({tick(x)}, {tick(y)})", words, experiment, True


def places(formula: Formula) -> Iterator[tuple[float, float]]:
    """The start, and others in the quarters of what is to be looked at of the surface."""
    yield formula.x, formula.y
    try:
        surface = known(formula.tree)
    except FormulaError:
        return
    reach = max(abs(formula.x), abs(formula.y), 1.0)
    (left, right), (low, high) = surface.frame if surface else ((-reach, reach), (-reach, reach))
    for across in (0.15, 0.5, 0.85):
        for up in (0.15, 0.85):
            yield float(f"{left + across * (right - left):.2g}"), float(f"{low + up * (high - low):.2g}")


def starting_with(network: Network, start: AnyInitializer) -> Network | None:
    """The network with this rule in all layers whose start can be chosen; None where there is none."""
    nodes, any_chosen = [], False
    for node in network.nodes:
        starts = [f.name for f in fields(type(node.layer)) if type(start) in f.variants]
        layer = msgspec.structs.replace(node.layer, **dict.fromkeys(starts, start))
        nodes.append(msgspec.structs.replace(node, layer=layer))
        any_chosen = any_chosen or bool(starts)
    return Network(tuple(nodes)) if any_chosen else None


def seeds(base: Experiment, examples: int) -> Iterator[Found]:
    if examples < 2:
        return  # there is nothing that is drawn
    for seed in range(base.seed, min(base.seed + 5, 2**31)):
        words = "another split, start and order of the examples" if seed != base.seed else "its own draws"
        yield f"seed {seed}", words, msgspec.structs.replace(base, seed=seed), True


# --- schedules


def schedules(base: Experiment, examples: int) -> Iterator[Found]:
    """Each made for the length of a race: twenty passes over the examples, or 500 updates where that is more."""
    T = max(500, 20 * -(-examples // min(base.batch_size, examples)))
    warm = max(T // 20, 1)
    table: Sequence[tuple[str, AnySchedule]] = (
        ("constant", Constant()),
        ("exponential", Exponential(half_life=T / 5)),
        ("steps", Step(every=max(T // 4, 1))),
        ("cosine", Cosine(steps=T)),
        ("warm-up", WarmUp(steps=warm, then=Cosine(steps=T - warm))),
        ("plateau", Plateau(factor=0.5)),
        ("raise and cut", RiseAndFall()),
    )
    own = base.schedule
    for name, schedule in table:
        if type(own) is type(schedule):
            schedule = own
        words = ", ".join(filter(None, [schedule.formula, settings_in_words(schedule)]))
        yield name, words, msgspec.structs.replace(base, schedule=schedule), True


# --- why rprop is not for mini-batches


def signs(base: Experiment, examples: int) -> Iterator[Found]:
    """G3: rprop and RMSprop, each on full batches and on mini-batches."""
    if examples < 2:
        return
    mini = base.batch_size if base.batch_size < examples else max(1, min(32, examples // 10))
    for one in (experiment.optimizer for experiment in listed(base)):
        if isinstance(one, Rprop | RMSprop):
            for size, batch in ((examples, "all"), (mini, f"{mini}")):
                written = base.batch_size if min(base.batch_size, examples) == size else size
                experiment = msgspec.structs.replace(base, optimizer=one, batch_size=written)
                cases = "all cases" if size == examples else counted(size, "case")
                words = f"{settings_in_words(one)}, {cases} a batch"
                yield f"{named(one)} {batch}", words, experiment, True


def named(optimizer: AnyOptimizer) -> str:
    """As a run is called: SGD, Momentum, Rprop."""
    return optimizer.title[0].upper() + optimizer.title[1:]


ASPECTS: tuple[Aspect, ...] = (
    Aspect("optimizers", "Optimizers", "The rule that makes a step of a gradient", optimizers),
    Aspect("rates", "Learning rates", "How large the steps are, by factors of √10", rates),
    Aspect("momenta", "Momentum", "How much of the last step is kept", momenta),
    Aspect(
        "batches",
        "Batch sizes",
        "One case at a time, mini-batches, or all at once, with the same budget of examples",
        batch_sizes,
        breaks="other batch size",
    ),
    Aspect(
        "preprocessing", "Preprocessing", "Inputs as they are, shifted to zero mean, scaled", preprocessings
    ),
    Aspect("starts", "Start", "How the weights begin, or from where", starts, True, "other start"),
    Aspect("schedules", "Schedules", "How the learning rate changes on the way", schedules),
    Aspect(
        "signs",
        "Rprop and mini-batches",
        "Rprop goes by signs alone: gradients that cancel over the batches do not cancel for it; RMSprop does "
        "the same with mini-batches in mind",
        signs,
    ),
    Aspect(
        "seeds", "Chance", "Other draws of split, start and order: how much of a difference is luck", seeds
    ),
)
