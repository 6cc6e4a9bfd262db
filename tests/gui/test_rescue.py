"""The way out of a divergence leads to before it began, at a rate that works."""

from dataclasses import replace

import msgspec
import numpy as np

from lab.experiment.experiment import Experiment
from lab.experiment.presets import preset
from lab.gui.document import Document
from lab.gui.rescue import offers, rescue
from lab.training.history import Curves
from lab.training.mailbox import Diverged


def curves(loss: list[float], rate: list[float]) -> Curves:
    step = np.arange(1, len(loss) + 1)
    none = np.empty(0)
    return Curves(
        step=step,
        examples=step * 10,
        loss=np.array(loss),
        accuracy=np.full(len(loss), np.nan),
        rate=np.array(rate),
        gradient_norm=np.ones(len(loss)),
        seconds=step * 0.001,
        validation_step=none.astype(np.int64),
        validation_loss=none,
        validation_accuracy=none,
    )


def at_rate(rate: float) -> Experiment:
    draft = preset("lenet")
    return msgspec.structs.replace(draft, optimizer=msgspec.structs.replace(draft.optimizer, rate=rate))


def test_a_rate_set_too_high_is_taken_back() -> None:
    """100 calm steps at 0.01, then 8, whose first error is calm too: back to before it, and to the rate of then."""
    history = curves([1 / k for k in range(1, 102)] + [1e6, 1e12], [0.01] * 100 + [8.0] * 3)
    found = rescue(history, Diverged(104, "conv1", "convolution", 102), at_rate(8.0))
    assert (found.step, found.rate) == (100, 0.01)
    assert found.offer == "Go back to step 100 and return to the rate 0.01"


def test_too_high_from_the_start() -> None:
    history = curves([2.3, 80.0, 1e9], [8.0] * 3)
    found = rescue(history, Diverged(3, "conv1", "convolution", 0), at_rate(8.0))
    assert (found.step, found.rate) == (0, 0.8)
    assert found.offer == "Go back to step 0 and lower the rate to 0.8"


def test_a_slow_divergence_halves() -> None:
    loss = [1.0] * 100 + [float(v) for v in np.geomspace(20, 1e30, 300)]
    found = rescue(curves(loss, [0.5] * 400), Diverged(401, "dense1", "dense", 380), at_rate(0.5))
    assert (found.step, found.rate) == (99, 0.25)


def test_the_schedule_is_not_taken_for_the_rate() -> None:
    from lab.learning.schedules import Exponential

    draft = msgspec.structs.replace(at_rate(0.5), schedule=Exponential(half_life=10.0))
    rates = 0.5 * draft.schedule.factors(0, 100)
    found = rescue(curves([1.0] * 100, list(rates)), Diverged(400, "dense1", "dense", 380), draft)
    assert (found.rate, found.returns) == (0.25, False)


def test_nothing_known() -> None:
    found = rescue(None, Diverged(12, "conv1", "convolution", 0), at_rate(0.2))
    assert (found.step, found.rate) == (0, 0.02)


def words_offered(document: Document, history: Curves, event: Diverged, rate: float) -> list[str]:
    assert document.snapshot is not None
    document.draft = at_rate(rate)
    document.snapshot = replace(document.snapshot, curves=history)
    return [words for words, _ in offers(document, event)]


def test_halving_is_offered_where_the_rate_of_then_is_that_of_today(document: Document) -> None:
    loss = [1.0] * 100 + [float(v) for v in np.geomspace(20, 1e30, 300)]
    event = Diverged(400, "dense1", "dense", 380)
    assert words_offered(document, curves(loss, [0.5] * 400), event, 0.5) == [
        "Go back to step 99 and lower the rate to 0.25",
        "Go back 20 steps and halve the rate to 0.25",
        "Go back 20 steps",
    ]


def test_half_of_a_rate_that_was_set_lately_is_not_offered(document: Document) -> None:
    history = curves([1 / k for k in range(1, 102)] + [1e6, 1e12], [0.01] * 100 + [8.0] * 3)
    event = Diverged(104, "conv1", "convolution", 84)
    assert words_offered(document, history, event, 8.0) == [
        "Go back to step 84 and return to the rate 0.01",
        "Go back 20 steps",
    ]
