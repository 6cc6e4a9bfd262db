"""Changes since a marked step, and the numbers of filters: against runs that stood there."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from lab.learning.optimizers import SGD
from lab.network.layers import Conv2D, Dense, Flatten, TransposedConv2D
from lab.network.network import Network, Node
from lab.training import filter_numbers
from lab.training.comparing import Changes, ChangesProbe
from lab.training.drawing import Drawing
from lab.training.filters import Filters, FiltersProbe
from lab.training.marks import Marks, weights_of
from lab.training.probes import ActivationsProbe, GradientsProbe
from lab.training.readings import answer
from lab.training.run import Run
from lab.training.trainer import Trainer
from tests.training.problems import SMALL_CNN
from tests.training.test_trainer import Desk

new = msgspec.structs.replace


@pytest.fixture(scope="module")
def run() -> Run:
    run = Run(SMALL_CNN)
    run.advance(400)
    return run


def at(step: int) -> Run:
    other = Run(SMALL_CNN)
    other.advance(step)
    return other


def seen(run: Run, probe):
    """As the trainer has it answered."""
    marks = Marks()
    marks.follow({1: {probe}}, {1: run})
    moment = run.moment(internals=True)
    return answer(probe, marked(moment, marks.of(1, run, {probe})))


def marked(moment, anchors):
    return replace(moment, run=1, anchors=anchors)


@pytest.mark.parametrize("step", [0, 1, 173, 399, 400])
def test_the_weights_of_any_step_are_had_again_exactly(run, step):
    here = run.state()
    assert weights_of(run, step).tobytes() == at(step).params.tobytes()
    assert run.state().is_same_as(here)


def test_a_step_that_has_not_been_seen_is_not_to_be_had(run):
    assert weights_of(run, 401) is None
    assert weights_of(run, -1) is None


def test_changes_are_differences_of_maps(run):
    found = seen(run, ChangesProbe("validation", 3, 173))
    assert isinstance(found, Changes)
    assert not found.why
    now, then = (answer(ActivationsProbe("validation", 3), r.moment()).outputs for r in (run, at(173)))
    for name in now:
        np.testing.assert_array_equal(found.outputs[name], now[name] - then[name])
        np.testing.assert_array_equal(found.before[name], then[name])
        np.testing.assert_allclose(found.peaks[name], np.abs(now[name] - then[name]).max((1, 2)))
    assert np.abs(found.outputs["conv"]).max() > 0


def test_since_now_nothing_has_changed(run):
    found = seen(run, ChangesProbe("validation", 3, run.step))
    assert all(not maps.any() for maps in found.outputs.values())


def test_another_network_cannot_be_compared_with():
    run, marks = at(5), Marks()
    probe = ChangesProbe("validation", 0, 5)
    marks.follow({1: {probe}}, {1: run})
    run.advance(2)
    nodes = run.experiment.network.nodes
    wider = new(nodes[0], layer=new(nodes[0].layer, filters=6))
    run.edit(new(run.experiment, network=Network((wider, *nodes[1:]))))
    assert not marks.of(1, run, {probe})
    assert "mark this step anew" in answer(probe, run.moment()).why


def test_marks_are_kept_as_long_as_they_are_asked_for():
    run, marks = at(6), Marks()
    probe = ChangesProbe(since=6)
    marks.follow({1: {probe}}, {1: run})
    wanted = run.params.copy()
    run.go_to(2)
    run.set_parameters({"conv.bias": np.ones(4, np.float32)})  # step 6 is no more
    assert marks.of(1, run, {probe})[1, 6].tobytes() == wanted.tobytes()
    marks.follow({1: set()}, {1: run})
    marks.follow({1: {probe}}, {1: run})
    assert not marks.of(1, run, {probe})


def test_the_trainer_compares_with_the_marked_step():
    trainer = Trainer()
    trainer.start()
    desk = Desk(trainer)
    try:
        trainer.load(SMALL_CNN)
        trainer.advance(20)
        desk.stands_at(20)
        probes = frozenset({ChangesProbe("training", 1, 12), FiltersProbe("conv", "change", since=12)})
        trainer.watch(probes)
        trainer.advance(10)
        desk.stands_at(30)
        for probe in probes:
            desk.until(lambda probe=probe: desk.snapshot.reading(probe) is not None)
        changes, filters = (desk.snapshot.reading(p) for p in sorted(probes, key=lambda p: type(p).__name__))
        now, then = at(30), at(12)
        weight = now.parameters["conv.weight"] - then.parameters["conv.weight"]
        np.testing.assert_array_equal(filters.parameters["conv.weight"], weight)
        before = answer(ActivationsProbe("training", 1), then.moment()).outputs["conv"]
        np.testing.assert_array_equal(changes.before["conv"], before)
    finally:
        trainer.close()


@pytest.mark.parametrize("layer", ["conv", "output"])
def test_weights_norms_and_peaks(run, layer):
    found = seen(run, FiltersProbe(layer))
    assert isinstance(found, Filters)
    weights = run.parameters
    np.testing.assert_array_equal(found.parameters[f"{layer}.weight"], weights[f"{layer}.weight"])
    np.testing.assert_array_equal(found.parameters[f"{layer}.bias"], weights[f"{layer}.bias"])
    flat = weights[f"{layer}.weight"].reshape(len(weights[f"{layer}.weight"]), -1)
    np.testing.assert_allclose(found.norms, np.linalg.norm(flat, axis=1), rtol=1e-5)
    both = [weights[f"{layer}.{name}"] for name in ("weight", "bias")]
    assert list(found.peaks.values()) == pytest.approx([np.abs(w).max() for w in both])
    assert found.network_peak == pytest.approx(max(np.abs(w).max() for w in weights.values()))
    assert found.spread.total == flat.size
    assert found.whole[f"{layer}.weight"] == len(flat)


def test_norms_of_a_transposed_convolution_are_of_its_filters():
    network = Network(
        (
            Node("conv", Conv2D(3, 3)),
            Node("up", TransposedConv2D(2, 2, 2)),
            Node("flat", Flatten()),
            Node("output", Dense(10)),
        )
    )
    run = Run(new(SMALL_CNN, network=network))
    weight = run.parameters["up.weight"]
    assert weight.shape[:2] == (3, 2)
    wanted = np.linalg.norm(weight.transpose(1, 0, 2, 3).reshape(2, -1), axis=1)
    np.testing.assert_allclose(seen(run, FiltersProbe("up")).norms, wanted, rtol=1e-5)


def test_gradients_of_an_example_of_the_batch_and_the_update():
    run = Run(new(SMALL_CNN, optimizer=SGD(rate=0.5)))
    run.advance(3)
    example = answer(GradientsProbe("training", 2), run.moment()).parameters["conv.weight"]
    found = seen(run, FiltersProbe("conv", "example", "training", 2))
    np.testing.assert_array_equal(found.parameters["conv.weight"], example)
    batch = seen(run, FiltersProbe("conv", "batch"))
    before = run.parameters["conv.weight"]
    run.advance(1)
    update = seen(run, FiltersProbe("conv", "update"))
    np.testing.assert_allclose(
        update.parameters["conv.weight"], run.parameters["conv.weight"] - before, atol=1e-7
    )
    np.testing.assert_allclose(
        update.parameters["conv.weight"], -0.5 * batch.parameters["conv.weight"], atol=1e-6
    )


def test_what_is_not_known_says_why():
    run = Run(SMALL_CNN)
    found = seen(run, FiltersProbe("conv", "update"))
    assert not found.parameters
    assert "make one" in found.why
    assert seen(run, FiltersProbe("pool")) is None
    assert seen(run, FiltersProbe("no layer")) is None


def test_a_dear_batch_is_not_worked_out(monkeypatch):
    monkeypatch.setattr(filter_numbers, "WORK", 1000)
    assert "takes too long" in seen(Run(SMALL_CNN), FiltersProbe("conv", "batch")).why


def test_spectra_are_fourier_transforms(run):
    found = seen(run, FiltersProbe("conv", spectra=True))
    kernel = run.parameters["conv.weight"][2, 0].astype(float)
    N = found.spectra.shape[-1]
    assert found.spectra.shape == (4, 1, N, N)
    for u, v in ((0, 0), (3, -5), (-16, 7)):
        r, c = np.indices(kernel.shape)
        wanted = abs((kernel * np.exp(-2j * np.pi * (u * r + v * c) / N)).sum())
        assert found.spectra[2, 0, N // 2 + u, N // 2 + v] == pytest.approx(wanted, rel=1e-4, abs=1e-6)
    assert seen(run, FiltersProbe("conv")).spectra is None
    assert seen(run, FiltersProbe("output", spectra=True)).spectra is None


def test_no_more_is_handed_on_than_is_looked_at(run, monkeypatch):
    monkeypatch.setattr(filter_numbers, "MOST_SHOWN", 300)
    found = seen(run, FiltersProbe("output"))
    shape = run.parameters["output.weight"].shape
    assert found.parameters["output.weight"].shape == (300 // shape[1], shape[1])
    assert found.whole["output.weight"] == shape[0]
    assert found.spread.total == shape[0] * shape[1]


def test_of_a_drawing_nobody_knows_the_error(run):
    shape = run.prepared.dataset.inputs.shape[1:]
    raw = np.full(shape, 0.5, np.float32)
    assert "no error" in seen(run, FiltersProbe("conv", "example", Drawing.of(raw))).why
    named = seen(run, FiltersProbe("conv", "example", Drawing.of(raw, label=3)))
    assert np.isfinite(named.parameters["conv.weight"]).all()
    assert named.parameters["conv.weight"].any()
    changed = seen(run, ChangesProbe(Drawing.of(raw), 0, 173))
    assert np.abs(changed.outputs["conv"]).max() > 0
