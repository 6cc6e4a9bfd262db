"""The rows of a formula: against a plain twin in NumPy, central differences in float64, and PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
from formulas import ONE_OPERAND, TWO_OPERANDS, by, is_near_a_kink, trees
from hypothesis import assume, example, given
from hypothesis import strategies as st
from machine import one_pass, quick

from lab.kernels import elementary as kernel
from lab.kernels import opcodes as op
from lab.learning.losses import OutputItself
from lab.network.formula.elementary import TABLE
from lab.network.formula.jets import jet, value
from lab.network.formula.known import KNOWN
from lab.network.formula.reading import LONGEST, MOST_TERMS, read
from lab.network.formula.terms import terms
from lab.network.formula.tree import Apply, Number, X, Y, parts
from lab.network.formula.words import words
from lab.network.layers import Formula
from lab.network.network import Network, Node
from lab.network.program import lower
from lab.network.shape import Shape

VALUE = OutputItself()
POINTS = [(0.75, 1.25), (-1.5, 0.5), (2.0, -0.25), (-0.5, -1.75)]
NUMPY = {
    "least": "minimum", "greatest": "maximum", "atan": "arctan", "abs": "abs",
}  # fmt: skip


def program_of(tree, n, **options):
    network = Network((Node("f", Formula(words(tree))),))
    return lower(network, Shape(2), VALUE, n, **options)


def tilts(n, seed=3):
    drawn = np.random.default_rng(seed).standard_normal((n, 2, 1, 1)).astype(np.float32)
    return drawn.astype(float)


def run(tree, point, dtype, n=3, lean=True, scale=None):
    """(outputs [n], loss, gradient [2]) of the machine, on n tilts."""
    program = program_of(tree, n, lean=lean)
    found = one_pass(program, np.array(point, dtype), tilts(n), np.zeros((n, 1)), scale or 1 / n)
    return found.outputs[:, 0], found.loss, found.grads


def is_usual(tree, point, most=1e4):
    """Whether no part of it overflows, and none is where single precision and double would differ much."""
    assume(len(terms(tree)) <= MOST_TERMS)
    assume(len(words(tree)) <= LONGEST)
    assume(all(abs(p.value) <= 1e30 for p in parts(tree) if isinstance(p, Number)))
    with np.errstate(all="ignore"):
        for part in parts(tree):
            at = jet(part, *point)
            numbers = np.concatenate([[at.value], at.gradient, at.second])
            if not np.isfinite(numbers).all() or np.abs(numbers).max() > most:
                return False
            if is_near_a_kink(part, *point):
                return False
    return True


def test_every_elementary_operation_has_a_name_a_kind_and_a_row():
    assert sorted(each.kind for each in TABLE) == [k for k in range(len(kernel.NAMES)) if k != kernel.NUMBER]
    assert all((each.operands == 2) == (each.kind < kernel.NUMBER) for each in TABLE)
    assert {each.name for each in TABLE} == {*ONE_OPERAND, *TWO_OPERANDS}


@pytest.mark.parametrize("lean", [True, False])
def test_values_and_gradients_as_the_plain_twin(lean):
    @quick(250)
    @given(trees, st.sampled_from(POINTS), st.integers(1, 5))
    @example(Number(2.5), POINTS[0], 2)
    @example(X, POINTS[0], 1)
    @example(Apply("times", (X, X)), POINTS[0], 2)
    @example(Apply("minus", (Apply("times", (X, Y)), Apply("times", (X, Y)))), POINTS[1], 2)
    def check(tree, point, n):
        assume(is_usual(tree, point))
        N = tilts(n)[:, :, 0, 0]
        outputs, loss, gradient = run(tree, point, np.float64, n, lean)
        with np.errstate(all="ignore"):
            f = by(np, tree, *map(np.float64, point), NUMPY)
        np.testing.assert_allclose(outputs, f + N @ point, rtol=1e-12, atol=1e-11)
        assert loss == pytest.approx((f + N @ point).sum(), rel=1e-11, abs=1e-10)
        at = jet(tree, *point)
        np.testing.assert_allclose(
            gradient, at.gradient + N.mean(0), rtol=1e-10, atol=1e-10 * (1 + np.abs(at.gradient).max())
        )

    check()


def test_single_precision_is_as_near_as_it_can_be():
    @quick(250)
    @given(trees, st.sampled_from(POINTS))
    def check(tree, point):
        assume(is_usual(tree, point, most=100))
        outputs, _, gradient = run(tree, point, np.float32, 2)
        wanted, _, slopes = run(tree, point, np.float64, 2)
        # what a rounding of each part does to the whole is of the size of the largest part, and of its slopes
        scale = 1 + max(abs(float(value(part, *point))) for part in parts(tree))
        steep = 1 + max(float(np.abs(jet(part, *point).gradient).max()) for part in parts(tree))
        bent = 1 + max(float(np.abs(jet(part, *point).second).max()) for part in parts(tree))
        np.testing.assert_allclose(outputs, wanted, atol=1e-5 * scale * steep)
        np.testing.assert_allclose(gradient, slopes, atol=1e-5 * scale * steep * bent)

    check()


def test_gradients_by_central_differences():
    @quick(100)
    @given(trees, st.sampled_from(POINTS))
    def check(tree, point):
        assume(is_usual(tree, point, most=100))
        h = 1e-4
        around = [
            (point[0] + k * h * dx, point[1] + k * h * dy)
            for dx, dy in ((1, 0), (0, 1))
            for k in (-2, -1, 1, 2)
        ]
        assume(all(is_usual(tree, near, most=200) for near in around))
        _, _, gradient = run(tree, point, np.float64)
        losses = np.array([run(tree, near, np.float64)[1] / 3 for near in around]).reshape(2, 4)
        numeric = losses @ [1, -8, 8, -1] / (12 * h)
        np.testing.assert_allclose(gradient, numeric, atol=1e-6 * (1 + np.abs(numeric).max()) ** 2)

    check()


@pytest.mark.torch
def test_as_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch, the other side of the comparison, is not installed")
    names = {"least": "minimum", "greatest": "maximum"}

    class Functions:
        """PyTorch's, for numbers too."""

        def __getattr__(self, name):
            def function(*operands):
                as_tensors = [
                    o if torch.is_tensor(o) else torch.tensor(o, dtype=torch.float64) for o in operands
                ]
                return getattr(torch, name)(*as_tensors)

            return function

    @quick(250)
    @given(trees, st.sampled_from(POINTS))
    @example(Apply("least", (X, X)), POINTS[0])
    @example(Apply("greatest", (Y, Number(POINTS[0][1]))), POINTS[0])
    @example(Apply("abs", (Apply("minus", (X, Number(POINTS[0][0]))),)), POINTS[0])
    @example(Apply("power", (Apply("minus", (X, Number(POINTS[0][0]))), Number(2.0))), POINTS[0])
    def check(tree, point):
        at_a_kink = tree in KINKS
        assume(at_a_kink or is_usual(tree, point))
        x, y = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in point)
        N = torch.tensor(tilts(3)[:, :, 0, 0])
        f = by(Functions(), tree, x, y, names)
        E = (f + N[:, 0] * x + N[:, 1] * y).mean()
        E.backward()
        _, loss, gradient = run(tree, point, np.float64)
        assert loss / 3 == pytest.approx(E.item(), rel=1e-11, abs=1e-11)
        wanted = np.array([x.grad.item(), y.grad.item()])
        np.testing.assert_allclose(gradient, wanted, rtol=1e-10, atol=1e-10 * (1 + np.abs(wanted).max()))

    check()


KINKS = (
    Apply("least", (X, X)),
    Apply("greatest", (Y, Number(POINTS[0][1]))),
    Apply("abs", (Apply("minus", (X, Number(POINTS[0][0]))),)),
    Apply("power", (Apply("minus", (X, Number(POINTS[0][0]))), Number(2.0))),
)


@pytest.mark.parametrize("name", KNOWN)
def test_known_surfaces_in_single_precision(name):
    one = KNOWN[name]
    outputs, _, gradient = run(one.tree, one.start, np.float32, 2)
    at = jet(one.tree, *one.start)
    N = tilts(2)[:, :, 0, 0]
    np.testing.assert_allclose(outputs, at.value + N @ one.start, rtol=1e-5)
    np.testing.assert_allclose(gradient, at.gradient + N.mean(0), rtol=2e-5)


def test_one_elementary_operation_a_row():
    program = program_of(read("(1 - x)^2 + 100*(y - x^2)^2"), 1)
    forward = [row.operation for row in program.rows if row.direction == "forward"]
    assert forward == [
        "weight", "weight", "difference", "square", "square", "difference", "square", "product", "sum", "tilt",
    ]  # fmt: skip
    layer = Formula()
    loss_row = int(program.table.plan[op.LOSS_ROW])
    made = [layer.term(int(row[op.TERM])) for row in program.table.rows[:loss_row]]
    assert [term and words(term) for term in made] == [
        "x", "y", "1 − x", "(1 − x)²", "x²", "y − x²", "(y − x²)²", "100·(y − x²)²", "(1 − x)² + 100·(y − x²)²",
        None,
    ]  # fmt: skip


def test_what_is_not_finite_stays_so():
    for text, point in (
        ("log(x)", (-1.0, 0.0)),
        ("sqrt(x)", (-1.0, 0)),
        ("1/x", (0.0, 0.0)),
        ("min(log(x), 1)", (-1, 0)),
    ):
        outputs, loss, _ = run(read(text), point, np.float32)
        assert not np.isfinite(outputs).any()
        assert not np.isfinite(loss)


def test_derivatives_where_a_product_is_0_times_infinity():
    for text, point, wanted in (("(x^y)^0", (0.0, 0.0), (0, 0)), ("x^y", (0.0, 2.0), (0, 0))):
        _, _, gradient = run(read(text), point, np.float64, n=1)
        np.testing.assert_allclose(gradient - tilts(1)[0, :, 0, 0], wanted, atol=1e-12)


def test_tilts_are_the_examples_own():
    outputs, loss, gradient = run(read("x*y"), (2.0, -1.0), np.float64, n=4, scale=1.0)
    N = tilts(4)[:, :, 0, 0]
    np.testing.assert_allclose(outputs, -2 + N @ (2.0, -1.0))
    assert loss == pytest.approx(outputs.sum())
    np.testing.assert_allclose(gradient, np.array([-1.0, 2.0]) * 4 + N.sum(0))


def test_the_derivative_by_the_tilts():
    """Asked for only where somebody looks: by the weight that each is multiplied with."""
    program = program_of(read("x + y"), 2, lean=False)
    place = program.place("input", "dx")
    assert place is not None
    from lab.kernels import interpreter
    from lab.kernels.interpreter import TALLY
    from lab.kernels.memory import aligned

    arena, params = aligned(program.arena_size), np.array([3.0, -2.0], np.float32)
    arena[:] = np.nan
    grads, counters = np.zeros(2, np.float32), np.zeros(op.COUNTERS, np.int64)
    data = interpreter.cases(tilts(2).astype(np.float32), np.zeros((2, 1), np.float32))
    interpreter.gather(program.code, data, np.arange(2), 0, 2, arena)
    interpreter.run_rows(
        program.code,
        0,
        int(program.code.plan[op.END]),
        2,
        arena,
        params,
        grads,
        1.0,
        np.zeros(TALLY),
        counters,
    )
    np.testing.assert_array_equal(place.read(arena, 2)[:, :, 0, 0], [[3, -2], [3, -2]])
