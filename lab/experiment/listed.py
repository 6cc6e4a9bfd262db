"""Every optimizer with a sensible setting for an experiment: where a race begins, before a sweep finds better ones."""

from __future__ import annotations

import msgspec

from lab.experiment.experiment import Experiment
from lab.experiment.tuned import Tuned, tuned
from lab.learning.optimizers import (
    OPTIMIZERS,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    AnyOptimizer,
    Momentum,
    Nesterov,
    RMSprop,
    Rprop,
)
from lab.learning.schedules import AnySchedule, Constant
from lab.value import fields
from lab.wording import tick

SMALL = 2000
"""Weights up to which a network bears the larger steps."""
BY_GRADIENT = (SGD, Momentum, Nesterov)
"""Rules whose step is a share of the gradient: their rates mean the same, and one rate is for all."""
BY_ROOT = (RMSprop, Adam, AdamW)
"""Rules whose step is about as large as the rate, whatever the gradient."""

LISTED: tuple[AnyOptimizer, ...] = (
    SGD(rate=0.1),
    Momentum(rate=0.02),
    Nesterov(rate=0.02),
    Rprop(rate=0.01),
    RMSprop(rate=0.001),
    Adam(rate=0.001),
    AdamW(rate=0.001),
    Adadelta(rate=1.0),
    Adagrad(rate=0.01),
)
"""For networks of the usual size, whose error is a mean over the examples."""
SMALL_RATES: dict[type, float] = {RMSprop: 0.01, Adam: 0.01, AdamW: 0.01, Adagrad: 0.1}
"""What small networks bear."""


def listed(experiment: Experiment) -> tuple[Experiment, ...]:
    """The experiment with one optimizer of each kind, in the order of the table.

    Its own optimizer is as it is. On a known surface the others have the setting, schedule included, that comes to the
    minimum; elsewhere those whose rate means the same as its have its rate, and the rest is as listed here.
    """
    best = {type(one.optimizer): one for one in tuned(experiment)}
    return tuple(_with(experiment, one, best.get(type(one))) for one in LISTED)


def _with(experiment: Experiment, one: AnyOptimizer, best: Tuned | None) -> Experiment:
    if best is None or type(experiment.optimizer) is type(one):
        return msgspec.structs.replace(experiment, optimizer=_setting(one, experiment))
    schedule = best.schedule if isinstance(experiment.schedule, Constant) else experiment.schedule
    return msgspec.structs.replace(experiment, optimizer=best.optimizer, schedule=schedule)


def _setting(one: AnyOptimizer, experiment: Experiment) -> AnyOptimizer:
    own = experiment.optimizer
    if type(own) is type(one):
        return own
    for family in (BY_GRADIENT, BY_ROOT):
        if isinstance(own, family) and isinstance(one, family) and own.rate > 0:
            return msgspec.structs.replace(one, rate=own.rate)
    if (experiment.analysis.parameter_count or 0) <= SMALL and type(one) in SMALL_RATES:
        return msgspec.structs.replace(one, rate=SMALL_RATES[type(one)])
    return one


def settings_in_words(rule: AnyOptimizer | AnySchedule) -> str:
    """The rate, and what is not as usual: "learning rate ε 0.01, momentum α 0.5"."""
    said = []
    for field in sorted(fields(type(rule)), key=lambda field: field.name != "rate"):
        value = getattr(rule, field.name)
        if field.kind in ("float", "int") and (field.name in TELLING or value != field.default):
            said.append(f"{field.title} {tick(value) if field.kind == 'float' else f'{value:,}'}")
        elif field.kind == "choice" and value != field.default:
            said.append(f"{field.title} {value}")
        elif field.kind == "variant":
            said.append(f"{field.title} {value.title}")
    return ", ".join(said)


TELLING = frozenset({"rate", "momentum"})
"""Settings that are said even where they are as usual."""

assert {type(one) for one in LISTED} == set(OPTIMIZERS)
