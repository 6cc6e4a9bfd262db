"""The trainer's thread: commands in, snapshots and events out; and the observers that answer probes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import msgspec
import numpy as np
import pytest

from lab.network.layers import Dense
from lab.network.network import Network, Node
from lab.training.conditions import AlikeProbe, ConditionProbe, PreactivationsProbe, StartsProbe
from lab.training.fields import FieldProbe
from lab.training.health import health
from lab.training.mailbox import Diverged, Event, Failed, Loaded, Mailbox, Paused, Refused
from lab.training.measured_field import measured_field
from lab.training.probes import ActivationsProbe, DecisionProbe, OutputsProbe, WeightsProbe
from lab.training.run import Run
from lab.training.snapshot import Snapshot
from lab.training.surfaces import SurfaceProbe
from lab.training.survey import Surveyor, effort
from lab.training.trainer import Trainer
from lab.wording import number
from tests.training.problems import LINEAR_NEURON, SMALL_CNN, XOR_MLP, with_rate


class Desk:
    """Somebody at a trainer: collects what arrives and waits for what is expected."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer, self.events, self.snapshot = trainer, list[Event](), None

    def until(self, condition: Callable[[], bool], seconds: float = 120.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited in vain; events so far: {self.events}"
            self.look()
            time.sleep(0.002)

    def look(self) -> None:
        self.events += self.trainer.events()
        assert not [e for e in self.events if isinstance(e, Failed)], self.events
        self.snapshot = self.trainer.snapshots.take() or self.snapshot

    def event(self, kind: type) -> Event:
        self.until(lambda: any(isinstance(e, kind) for e in self.events))
        return next(e for e in self.events if isinstance(e, kind))

    def stands_at(self, step: int) -> Snapshot:
        self.until(lambda: self.snapshot is not None and self.snapshot.step == step)
        assert self.snapshot is not None
        return self.snapshot


@pytest.fixture
def desk() -> Iterator[Desk]:
    trainer = Trainer()
    trainer.start()
    yield Desk(trainer)
    trainer.close()


def test_steps_epochs_and_pauses(desk: Desk) -> None:
    desk.trainer.load(XOR_MLP)
    desk.trainer.advance(1)
    desk.stands_at(1)
    per_epoch = Run(XOR_MLP).batches.per_epoch
    desk.trainer.advance_epochs(1)
    desk.stands_at(per_epoch)
    desk.trainer.play(until=per_epoch + 50)
    desk.stands_at(per_epoch + 50)
    desk.trainer.play()
    desk.until(lambda: desk.snapshot.step > per_epoch + 60)
    desk.events.clear()
    desk.trainer.pause()
    paused = desk.event(Paused)
    assert desk.stands_at(paused.step).curves.step[-1] == paused.step


def test_reset_comes_back_to_the_same_start_and_the_same_numbers(desk: Desk) -> None:
    desk.trainer.load(XOR_MLP)
    desk.trainer.watch(frozenset({WeightsProbe()}))
    desk.trainer.advance(100)
    first = desk.stands_at(100).curves.loss.copy()
    desk.trainer.reset()
    desk.stands_at(0)
    desk.trainer.advance(100)
    assert np.array_equal(desk.stands_at(100).curves.loss, first)


def test_stepping_back(desk: Desk) -> None:
    desk.trainer.load(XOR_MLP)
    desk.trainer.advance(90)
    loss = desk.stands_at(90).curves.loss.copy()
    desk.trainer.go_to(30)
    there = desk.stands_at(30)
    assert (there.row, there.furthest, there.is_past) == (29, 90, True)
    desk.trainer.advance(60)
    assert np.array_equal(desk.stands_at(90).curves.loss, loss)


def test_a_bad_edit_is_refused_with_its_problem_and_the_run_goes_on(desk: Desk) -> None:
    desk.trainer.load(SMALL_CNN)
    desk.trainer.play()
    desk.until(lambda: desk.snapshot is not None and desk.snapshot.step > 3)
    desk.trainer.edit(msgspec.structs.replace(SMALL_CNN, network=Network()))
    refused = desk.event(Refused)
    assert refused.command == desk.trainer.sent
    assert refused.problems[0].mend == "Add a layer"
    step = desk.snapshot.step
    desk.until(lambda: desk.snapshot.step > step)
    assert desk.snapshot.experiment == SMALL_CNN


def test_an_edit_while_playing_resets_nothing(desk: Desk) -> None:
    desk.trainer.load(SMALL_CNN)
    desk.trainer.play()
    desk.until(lambda: desk.snapshot is not None and desk.snapshot.step > 5)
    slower = with_rate(SMALL_CNN, 0.001)
    desk.trainer.edit(slower)
    desk.until(lambda: desk.snapshot.experiment == slower and desk.snapshot.curves.rate[-1] == 0.001)
    assert desk.snapshot.step > 5
    assert desk.snapshot.curves.rate[0] == SMALL_CNN.optimizer.rate


def test_a_diverging_run_pauses_and_says_where(desk: Desk) -> None:
    desk.trainer.load(with_rate(LINEAR_NEURON, 5.0))
    desk.trainer.play()
    found = desk.event(Diverged)
    assert found.layer in {"neuron", "loss"}
    desk.trainer.go_to(found.step_back)
    desk.trainer.edit(with_rate(LINEAR_NEURON, 0.01))
    desk.trainer.advance(5)
    desk.stands_at(found.step_back + 5)


def test_the_pace_can_be_held(desk: Desk) -> None:
    desk.trainer.load(XOR_MLP)
    desk.trainer.pace(200)
    desk.trainer.play()
    desk.until(lambda: desk.snapshot is not None and desk.snapshot.step > 0)
    begun, step = time.monotonic(), desk.snapshot.step
    desk.until(lambda: desk.snapshot.step >= step + 100)
    assert time.monotonic() - begun > 0.3, "a hundred updates at 200 a second take half a second"
    assert desk.snapshot.steps_per_second <= 200


def test_probes_are_answered_for_digits(desk: Desk) -> None:
    activations, weights, outputs = ActivationsProbe(example=7), WeightsProbe(), OutputsProbe()
    desk.trainer.load(SMALL_CNN)
    desk.trainer.watch(frozenset({activations, weights, outputs}))
    desk.trainer.advance(60)
    desk.stands_at(60)
    run = Run(SMALL_CNN)
    run.advance(60)

    def current() -> bool:
        reading = desk.snapshot.reading(weights)
        return reading is not None and np.array_equal(
            reading.parameters["conv.weight"], run.parameters["conv.weight"]
        )

    desk.until(current)
    shown = desk.snapshot.reading(activations)
    assert shown.outputs["conv"].shape == (4, 8, 8)
    assert np.array_equal(shown.outputs["conv"], np.maximum(shown.preactivations["conv"], 0))
    assert shown.outputs["output"].shape == (10, 1, 1)
    evaluation = run.evaluate("validation")
    assert np.allclose(shown.outputs["output"].ravel(), evaluation.outputs[7], atol=1e-5)
    assert shown.scores.sum() == pytest.approx(1, abs=1e-5)
    assert shown.label == run.prepared.validation.labels[7]

    def judged() -> bool:  # by another observer, which takes its time
        found = desk.snapshot.reading(outputs)
        return found is not None and found.accuracy == pytest.approx(evaluation.accuracy)

    desk.until(judged)
    found = desk.snapshot.reading(outputs)
    assert found.confusion.sum() == len(run.prepared.validation)
    assert np.trace(found.confusion) / found.confusion.sum() == pytest.approx(found.accuracy)


def test_health_and_fields_are_answered_with_the_last_update_at_hand(desk: Desk) -> None:
    condition, field = ConditionProbe(), FieldProbe("conv", 1, 3, 4, example=2)
    desk.trainer.load(SMALL_CNN)
    desk.trainer.watch(
        frozenset({condition, field, AlikeProbe(), StartsProbe(), PreactivationsProbe("conv")})
    )
    desk.trainer.advance(60)
    desk.stands_at(60)

    def current() -> bool:
        reading = desk.snapshot.reading(condition)
        return reading is not None and reading.now.step == 60 and len(desk.snapshot.readings) == 5

    desk.until(current)
    run = Run(SMALL_CNN)
    run.advance(60)
    found, wanted = desk.snapshot.reading(condition), health(run)
    assert [one.update_ratio for one in found.now.layers if one.weights == one.weights] == [
        one.update_ratio for one in wanted.layers if one.weights == one.weights
    ]
    assert found.now.of("conv").update_ratio > 0
    assert found.start.step == 0
    np.testing.assert_array_equal(
        desk.snapshot.reading(field).magnitude, measured_field(field, run.moment()).magnitude
    )


def test_the_decision_map_agrees_with_the_network(desk: Desk) -> None:
    probe = DecisionProbe(resolution=21)
    desk.trainer.load(XOR_MLP)
    desk.trainer.advance(3000)
    desk.stands_at(3000)
    desk.trainer.watch(frozenset({probe}))
    desk.until(lambda: desk.snapshot.reading(probe) is not None)
    decision = desk.snapshot.reading(probe)
    assert decision.layers["hidden"].shape == (8, 21, 21)
    # XOR: the second class where the two inputs differ in sign
    low, high = decision.score[4, 4], decision.score[4, 16]
    assert np.sign(low) != np.sign(high)
    assert np.sign(decision.score[16, 16]) == np.sign(low)


def test_the_surface_of_the_linear_neuron_is_its_closed_form(desk: Desk) -> None:
    probe = SurfaceProbe(resolution=21)
    desk.trainer.load(LINEAR_NEURON)
    desk.trainer.watch(frozenset({probe}))
    desk.trainer.advance(30)
    desk.stands_at(30)
    desk.until(
        lambda: (s := desk.snapshot.reading(probe)) is not None and s.complete and s.path_steps[-1] == 30
    )
    surface = desk.snapshot.reading(probe)
    run = Run(LINEAR_NEURON)
    X, t = run.prepared.training.inputs.reshape(2, 2).astype(float), run.prepared.training.targets[:, 0]
    w = np.stack(np.meshgrid(surface.x, surface.y), -1)
    expected = 0.5 * ((w @ X.T - t) ** 2).sum(-1)
    assert np.allclose(surface.errors, expected, rtol=1e-4, atol=1e-4)
    assert np.allclose(surface.minimum, np.linalg.solve(X, t), atol=1e-6)
    assert surface.path_distances.max() < 1e-5, "two weights: the path lies in the plane"
    run.advance(30)
    assert surface.path_errors[-1] == pytest.approx(run.evaluate("training").loss, rel=1e-4, abs=1e-9)
    assert np.allclose(surface.path[-1], run.params, atol=1e-6)


def test_the_surface_of_a_network_passes_through_where_it_stands(desk: Desk) -> None:
    probe = SurfaceProbe(plane="random", resolution=11, extent=1.0, examples=100)
    desk.trainer.load(SMALL_CNN)
    desk.trainer.watch(frozenset({probe}))
    desk.trainer.advance(20)
    desk.stands_at(20)
    desk.until(lambda: (s := desk.snapshot.reading(probe)) is not None and s.complete)
    surface = desk.snapshot.reading(probe)
    assert surface.errors.shape == (11, 11)
    at_rest = np.argmin(surface.path_distances)
    assert surface.errors[5, 5] == pytest.approx(surface.path_errors[at_rest], rel=1e-4)
    assert abs(surface.cosine) < 0.5


def test_a_surface_has_its_compass_and_says_whose_moment_it_goes_through(desk: Desk) -> None:
    """The step made last and the velocity are known of the run; a moment that a checkpoint holds is had exactly."""
    desk.trainer.load(SMALL_CNN)
    desk.trainer.advance(901)
    desk.stands_at(901)
    desk.trainer.edit(with_rate(SMALL_CNN, 0.04))  # which keeps a checkpoint
    desk.trainer.advance(99)
    desk.stands_at(1000)
    probe = SurfaceProbe("moments", resolution=5, anchors=((1, 0), (1, 901)), examples=50)
    curvature = SurfaceProbe("curvature", resolution=5, examples=50)
    desk.trainer.watch(frozenset({probe, curvature}))

    def is_whole() -> bool:
        found = [desk.snapshot.reading(p) for p in (probe, curvature)]
        return all(s is not None and s.complete and s.compass.eigenvectors is not None for s in found)

    desk.until(is_whole)
    surface = desk.snapshot.reading(probe)
    assert "run A, step 901" in surface.axes[0]
    assert not surface.why
    assert {"step", "velocity", "descent", "batch descent"} <= set(surface.compass.arrows)
    run = Run(SMALL_CNN)
    run.advance(901)
    run.edit(with_rate(SMALL_CNN, 0.04))
    run.advance(99)
    assert surface.compass.arrows["step"].length == pytest.approx(np.linalg.norm(run.last_update), rel=1e-5)
    high, low = desk.snapshot.reading(curvature).compass.eigenvalues
    assert f"λ = {number(high)}" in desk.snapshot.reading(curvature).axes[0]
    assert high >= low


def test_surfaces_of_a_network_go_on_while_it_trains(desk: Desk) -> None:
    """A batch's surface, a search for the curvature and a pinned plane: each shows what is there, and nothing fails."""
    desk.trainer.load(XOR_MLP)
    probes = {
        SurfaceProbe("curvature", resolution=9),
        SurfaceProbe("gradient", resolution=9, over="batch"),
        SurfaceProbe(resolution=9, pinned=True),
        SurfaceProbe("random", resolution=9, line=True, height="accuracy"),
    }
    desk.trainer.watch(frozenset(probes))
    desk.trainer.play(until=30_000)
    desk.until(lambda: desk.snapshot is not None and desk.snapshot.step > 100)
    desk.until(lambda: all((s := desk.snapshot.reading(p)) and len(s.path) > 3 for p in probes))
    desk.stands_at(30_000)
    desk.until(
        lambda: all((s := desk.snapshot.reading(p)).complete and s.path_steps[-1] == 30_000 for p in probes)
    )


@pytest.mark.parametrize("plane", ["path", "random"])
def test_a_run_that_diverges_leaves_the_surface_gracefully(desk: Desk, plane: str) -> None:
    """No probe fails, however far out the weights are (`Desk.look` would see a Failed)."""
    probe = SurfaceProbe(plane=plane, resolution=9)
    desk.trainer.load(with_rate(XOR_MLP, 0.05))
    desk.trainer.watch(frozenset({probe}))
    desk.trainer.advance(40)
    desk.stands_at(40)
    linear = Network((XOR_MLP.network.nodes[0], Node("output", Dense(units=1))))
    desk.trainer.edit(with_rate(msgspec.structs.replace(XOR_MLP, network=linear), 900.0))
    desk.trainer.play()
    desk.event(Diverged)
    desk.until(lambda: (s := desk.snapshot.reading(probe)) is not None and s.complete)
    assert np.isfinite(desk.snapshot.reading(probe).path).all()


def test_the_newest_letter_wins() -> None:
    box: Mailbox[int] = Mailbox()
    assert box.take() is None
    box.put(1)
    box.put(2)
    assert box.take() == 2
    assert box.is_empty


def test_training_loads_no_qt() -> None:
    code = "import sys, lab.training.trainer; print([m for m in sys.modules if 'PySide' in m or 'pyqtgraph' in m])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_loading_says_so(desk: Desk) -> None:
    desk.trainer.load(XOR_MLP)
    assert desk.event(Loaded).experiment == XOR_MLP


def test_a_surface_of_many_weights_is_made_in_pieces_and_of_too_many_not_at_all(monkeypatch) -> None:
    run = Run(SMALL_CNN)
    run.advance(5)
    probe, never = SurfaceProbe(plane="random", resolution=5), np.zeros(1, np.int64)
    whole = Surveyor().look(probe, run.moment(), np.inf, never)
    monkeypatch.setattr(effort, "AT_A_TIME", 1)
    pieces = Surveyor().look(probe, run.moment(), np.inf, never)
    assert whole is not None
    assert pieces is not None
    np.testing.assert_array_equal(pieces.errors, whole.errors)
    for dear in ((1.0, np.inf), (np.inf, 1.0)):
        monkeypatch.setattr(effort, "TOO_DEAR", dear)
        assert Surveyor().look(probe, run.moment(), np.inf, never) is None
