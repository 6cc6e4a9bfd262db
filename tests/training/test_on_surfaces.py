"""Runs on surfaces by formula: every optimizer comes to the minimum, noise is as it is said, edits keep x and y."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from lab.data.datasets.tilts import Tilts
from lab.experiment.experiment import problems
from lab.experiment.of_layer import with_network
from lab.experiment.presets import preset
from lab.experiment.tuned import NEAR, TUNED, tuned
from lab.kernels import interpreter
from lab.kernels import opcodes as op
from lab.kernels.memory import aligned
from lab.learning.optimizers import OPTIMIZERS, SGD, Momentum, RMSprop, Rprop
from lab.network.formula.jets import jet, value
from lab.network.formula.known import KNOWN
from lab.network.formula.tree import Apply, Number
from lab.network.formula.words import words
from lab.network.layers import Formula
from lab.network.network import Network, Node
from lab.training.listing import listing
from lab.training.operations import operation
from lab.training.postmortem import postmortem
from lab.training.probes import OperationProbe
from lab.training.run import Run


def with_formula(experiment, formula):
    return with_network(experiment, Network((Node("f", formula),)))


CASES = [(name, one) for name, settings in TUNED.items() for one in settings]


@pytest.mark.parametrize(("name", "one"), CASES, ids=[f"{name}-{one.optimizer.title}" for name, one in CASES])
def test_every_optimizer_comes_to_the_minimum_with_its_listed_setting(name, one):
    e = msgspec.structs.replace(preset(name), optimizer=one.optimizer, schedule=one.schedule)
    run = Run(e)
    assert not run.advance(one.steps).diverged
    minima = np.array(KNOWN[name].minima)
    assert np.linalg.norm(minima - run.params, axis=1).min() < NEAR


def test_the_settings_are_found_by_their_surface():
    for name in TUNED:
        assert tuned(preset(name)) == TUNED[name]
        assert [type(one.optimizer) for one in TUNED[name]] == list(OPTIMIZERS)
    spelled = with_formula(preset("rosenbrock"), Formula("(1-x)**2 + 100*(y - x²)²", 0.0, 0.0))
    assert tuned(spelled) == TUNED["rosenbrock"]
    assert tuned(preset("himmelblau")) == ()
    assert tuned(preset("lenet")) == ()
    assert tuned(with_formula(preset("ravine"), Formula("x +"))) == ()


def test_a_run_begins_where_the_layer_says():
    run = Run(with_formula(preset("ravine"), Formula("x^2 + y^2", 0.25, -7.5)))
    assert run.params.tolist() == [0.25, -7.5]
    assert [p.name for p in run.program.parameters] == ["f.x", "f.y"]


def test_plain_descent_follows_the_exact_gradient():
    run = Run(msgspec.structs.replace(preset("rosenbrock"), optimizer=SGD(rate=0.001)))
    tree = KNOWN["rosenbrock"].tree
    for _ in range(50):
        before = run.params.astype(float)
        run.advance(1)
        step = 0.001 * jet(tree, *before).gradient
        np.testing.assert_allclose(run.params, before - step, rtol=1e-5, atol=2e-7)


@pytest.mark.parametrize("text", ["x^2 + 3*y^2", "sin(x) + cosh(y)", "0", "min(x, y)^2"])
def test_editing_the_formula_keeps_x_and_y_and_their_memory(text):
    run = Run(preset("rosenbrock"))
    run.advance(20)
    params, slots = run.params.copy(), run.machine.memory.slots.copy()
    run.edit(with_formula(run.experiment, Formula(text, 0.5, 0.5)))
    assert run.params.tobytes() == params.tobytes()
    assert run.machine.memory.slots.tobytes() == slots.tobytes()
    assert not run.advance(5).diverged
    run.go_to(0)
    assert run.params.tolist() == np.float32([-1.2, 1.0]).tolist()


def test_all_cases_together_have_the_formula_and_its_gradient():
    noisy = Run(msgspec.structs.replace(preset("noisy-ravine"), optimizer=SGD(rate=0.01), batch_size=64))
    plain = Run(msgspec.structs.replace(preset("ravine"), optimizer=SGD(rate=0.01)))
    assert len(noisy.prepared.training) == 64
    assert not len(noisy.prepared.validation)
    for run in (plain, noisy):
        run.advance(100)
    np.testing.assert_allclose(noisy.params, plain.params, atol=1e-4)
    assert noisy.evaluate("training").loss == pytest.approx(plain.evaluate("training").loss, abs=1e-4)


def test_the_noise_of_a_batch_falls_with_the_root_of_its_size():
    """Drawn without putting back: σ / √B · √((N − B) / (N − 1))."""
    N, noise = 240, 2.0
    for batch in (1, 4, 15, 60):
        e = msgspec.structs.replace(
            with_formula(preset("ravine"), Formula("0", 0.0, 0.0)),
            data=Tilts(cases=N, noise=noise),
            optimizer=SGD(rate=1.0),
            batch_size=batch,
        )
        run, steps = Run(e), []
        for _ in range(40 * N // batch):
            before = run.params.copy()
            run.advance(1)
            steps.append(run.params - before)
        wanted = noise / np.sqrt(batch) * np.sqrt((N - batch) / (N - 1))
        np.testing.assert_allclose(np.std(steps, axis=0), wanted, rtol=0.1)
        np.testing.assert_allclose(np.mean(steps, axis=0), 0, atol=1e-4)


def test_rprop_walks_off_on_single_cases_and_rmsprop_stays():
    """G3: the gradients add up to nothing, and rprop counts their signs."""
    e, walked = preset("nine-and-one"), {}
    assert isinstance(e.optimizer, Rprop)
    for optimizer in (Rprop(rate=0.01), RMSprop(rate=0.01), SGD(rate=0.01)):
        run = Run(msgspec.structs.replace(e, optimizer=optimizer))
        run.advance(500)
        walked[optimizer.title] = np.abs(run.params)
    assert (walked["rprop"] > 1000).all()
    assert (walked["RMSprop"] < 1).all()
    assert (walked[SGD().title] < 0.01).all()
    whole = Run(msgspec.structs.replace(e, batch_size=10))
    whole.advance(500)
    assert whole.params.tolist() == [0, 0]  # all ten together have no slope, to the last bit


def test_a_formula_without_a_value_stops_the_run_and_says_where():
    e = with_formula(preset("ravine"), Formula("log(x) + y^2", 0.02, 0.0))
    run = Run(msgspec.structs.replace(e, optimizer=Momentum(rate=0.01)))
    assert run.advance(100).diverged
    found = postmortem(run)
    assert (found.layer, found.operation, found.direction) == ("f", "logarithm", "forward")
    assert found.sentence.startswith("The logarithm in f was taken of −")
    assert "only above 0" in found.sentence


def test_shards_and_cores_change_no_bit():
    e = msgspec.structs.replace(preset("noisy-ravine"), data=Tilts(cases=240, noise=1.0), batch_size=230)
    one, two = Run(e, threads=1), Run(e, threads=2)
    for run in (one, two):
        run.advance(30)
    assert one.params.tobytes() == two.params.tobytes()


def test_a_surface_in_one_call_is_the_formula():
    run = Run(preset("beale"))
    program, part = run.machine.check, run.machine.cases["training"]
    x, y = np.meshgrid(np.linspace(-1, 4, 21), np.linspace(-1.5, 1.5, 21))
    points = np.stack([x.ravel(), y.ravel()], 1).astype(np.float32)
    errors = np.empty(len(points))

    interpreter.evaluate_many(
        program.code, part, np.arange(1), aligned(program.arena_size), points, errors,
        np.zeros(interpreter.TALLY), np.zeros(1, np.int64),
    )  # fmt: skip
    wanted = jet(KNOWN["beale"].tree, *points.T.astype(float)).value
    np.testing.assert_allclose(errors, wanted, rtol=1e-4, atol=1e-4)


def test_what_cannot_run_says_so():
    assert problems(preset("rosenbrock")) == ()
    (problem,) = problems(with_formula(preset("rosenbrock"), Formula("2x")))
    assert problem.mend == "Write 2 * x"


@pytest.mark.parametrize("name", ["noisy-ravine", "rosenbrock", "beale", "nine-and-one"])
def test_every_line_of_an_update_shows_the_numbers_of_its_term(name):
    run = Run(preset(name))
    run.advance(3)
    moment, layer = run.moment(whole=True), run.experiment.network.nodes[0].layer
    lines = listing(run.experiment)
    x, y = run.params.astype(float)
    first = int(run.program.table.plan[op.LOSS_ROW])
    for line in lines:
        found = operation(OperationProbe(line.number), moment, np.zeros(1, np.int64))
        assert found is not None
        assert found.made
        operands = {operand.name: operand for operand in (*found.inputs, *found.outputs)}
        assert all(np.isfinite(operand.values).all() for operand in operands.values())
        if line.direction == "forward":
            term = layer.term(int(run.program.table.rows[line.row, op.TERM]))
            if term is not None:
                assert line.operation == words(term, 4) or len(words(term, 4)) > 40
                np.testing.assert_allclose(operands["c"].values, value(term, x, y), rtol=1e-4, atol=1e-5)
            if isinstance(term, Apply):
                trees = [each for each in term.operands if not isinstance(each, Number)]
                for letter, tree in zip("ab", dict.fromkeys(trees), strict=False):
                    np.testing.assert_allclose(
                        operands[letter].values, value(tree, x, y), rtol=1e-4, atol=1e-5
                    )
        if line.direction == "backward" and line.operation == "tilt":
            assert line.row == first + 1
            # all examples of the batch pull alike: by one over their number
            np.testing.assert_allclose(operands["dC"].values, 1 / found.batch, rtol=1e-6)
            assert {"dx", "dy"} <= {operand.name.replace(" ", "") for operand in found.outputs}


def test_what_a_row_computes_is_said_in_its_own_letters():
    said = {line.operation: [] for line in listing(preset("rosenbrock"))}
    for line in listing(preset("rosenbrock")):
        said[line.operation].append(line.formula)
    assert said["x"] == ["c = x,  for every example", "dx = Σ dC"]
    assert said["1 − x"] == ["c = 1 − a,  here 1 − x", "dA = −dC;  added to the dA that is there"]
    assert said["y − x²"] == ["c = a − b,  here y − x²", "dA = dC,  dB = −dC"]
    assert said["(y − x²)²"] == ["c = a²,  here (y − x²)²", "dA = 2·(a·dC)"]
    assert said["tilt"] == ["c = a + n₁·x + n₂·y", "dA = dC,  dx = Σ n₁ dC,  dy = Σ n₂ dC"]
