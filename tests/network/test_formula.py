"""Formulas: read or refused at the right character, told in words that read back, their derivatives exact."""

from __future__ import annotations

import math

import numpy as np
import pytest
from formulas import by, is_near_a_kink, trees
from hypothesis import assume, example, given
from hypothesis import strategies as st
from machine import quick

from lab.network.formula.derivatives import derivative
from lab.network.formula.errors import FormulaError
from lab.network.formula.facts import curvature, minimum_below
from lab.network.formula.jets import jet, value
from lab.network.formula.known import KNOWN, known, ravine
from lab.network.formula.reading import DEEPEST, LONGEST, MOST_TERMS, read
from lab.network.formula.terms import terms
from lab.network.formula.tree import ONE, ZERO, Number, X, Y, apply, parts
from lab.network.formula.words import words

POINTS = [(0.7, 1.3), (1.9, 0.4), (-0.6, 0.9), (0.3, -1.7)]


@pytest.mark.parametrize(
    ("text", "x", "y", "wanted"),
    [
        ("(1 - x)^2 + 100*(y - x^2)^2", -1.2, 1.0, 24.2),
        ("-x^2", 3, 0, -9),
        ("2^3^2", 0, 0, 512),
        ("2**-1", 0, 0, 0.5),
        ("x - y - 1", 5, 2, 2),
        ("x/y/2", 8, 2, 2),
        ("-x - -y", 1, 2, 1),
        ("+x*-y", 3, 2, -6),
        ("−2·x² × 3 ÷ y", 2, 4, -6),
        ("x²³", 1.5, 0, 1.5**23),
        ("x⁻²", 2, 0, 0.25),
        ("√(x) + sqrt(y)", 4, 9, 5),
        ("sin(pi/2) + cos(π)", 0, 0, 0),
        ("ln(e) + log(x) + exp(y)", math.e, 0, 3),
        ("tan(x) + tanh(y)", 0.5, 0.25, math.tan(0.5) + math.tanh(0.25)),
        ("sinh(x) + cosh(y) + atan(x)", 0.5, 0.25, math.sinh(0.5) + math.cosh(0.25) + math.atan(0.5)),
        ("abs(x) + min(x, y) + max(x, y)", -3, 2, 2),
        ("1e-2*x + .5 + 2.*y", 100, 1, 3.5),
        ("\tx +\n y ", 1, 2, 3),
        ("3", 0, 0, 3),
    ],
)
def test_is_read_as_mathematics_does(text, x, y, wanted):
    assert float(value(read(text), x, y)) == pytest.approx(wanted, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "start", "length", "what", "mend"),
    [
        ("", 0, 1, "nothing yet", "Write a formula in x and y"),
        ("  ", 0, 1, "nothing yet", "Write a formula in x and y"),
        ("100(y - x)", 3, 1, "no sign between “100” and “(”", "Write “*” between them"),
        ("2x", 1, 1, "no sign between “2” and “x”", "Write 2 * x"),
        ("x 3", 2, 1, "no sign between", "Write x * 3"),
        ("(x)(y)", 3, 1, "no sign between", "Write “*” between them"),
        ("x +", 3, 1, "the formula ends after “+”", "Write a number, x, y"),
        ("x + (y - ", 9, 1, "the formula ends after “-”", "Write a number"),
        ("(x + y", 6, 1, "the “(” at character 1 is still open", "Write a “)”"),
        ("x + y)", 5, 1, "closes nothing", "Take it out"),
        ("()", 1, 1, "nothing between", "Write a number"),
        ("x*/y", 2, 1, "“/” follows “*”", "Take one of the two out"),
        ("*x", 0, 1, "“*” stands where a number", "Write one"),
        ("sin x", 0, 3, "“sin” is not followed", "sin(x)"),
        ("1 + max", 4, 3, "“max” is not followed", "max(x, y)"),
        ("foo(x)", 0, 3, "“foo” is not known", "There are x, y, pi"),
        ("sqr(x)", 0, 3, "“sqr” is not known", "Write sqrt"),
        ("1 + xy", 4, 2, "“xy” is no name", "Write x * y"),
        ("X^2", 0, 1, "“X” is no name", "Write x"),
        ("Sin(x)", 0, 3, "“Sin” is no name", "Write sin"),
        ("0,5*x", 1, 1, "“,”", "Write decimals with a point"),
        ("x, y", 1, 1, "“,”", "Take it out"),
        ("sin(x, y)", 5, 1, "sin takes one number", "Take it out"),
        ("sin(0,5)", 5, 1, "sin takes one number", "Write decimals with a point"),
        ("max(x)", 0, 3, "“max” takes two numbers", "Write max"),
        ("f = x", 2, 1, "“=”", "right of the “=”"),
        ("[x]", 0, 1, "“[”", "Write ( and )"),
        ("|x|", 0, 1, "“|”", "abs( )"),
        ("x + $", 4, 1, "“$” has no meaning", "Take it out"),
        ("x + 1/0", 5, 1, "gives no number", "Change them"),
        ("x + log(-1)", 4, 3, "gives no number", "Change them"),
        ("1e99*x", 0, 4, "too large", "Write at most 1e+30"),
        ("x*10^99", 4, 1, "a constant of 1e+99", "Keep it within"),
        ("x*²", 2, 1, "“²” stands where", "Write one"),
    ],
)
def test_the_wrong_character_is_named(text, start, length, what, mend):
    with pytest.raises(FormulaError) as refused:
        read(text)
    error = refused.value
    assert (error.start, error.length) == (start, length)
    assert error.problem.what.startswith(f"at character {start + 1}, ")
    assert what in error.problem.what
    assert mend in error.problem.mend


def test_limits():
    deep = DEEPEST * "(" + "x" + DEEPEST * ")"
    assert read(deep) == X
    for text in (f"({deep})", DEEPEST * "-" + "(x)", "^".join(["x"] * (DEEPEST + 2))):
        with pytest.raises(FormulaError, match="within each other"):
            read(text)
    with pytest.raises(FormulaError, match=f"{LONGEST + 1} characters"):
        read("x" + LONGEST * " ")
    wide = "+".join(["x"] * (MOST_TERMS + 1))
    with pytest.raises(FormulaError, match="operations"):
        read(wide)
    assert len(terms(read("+".join(["x"] * MOST_TERMS)))) == MOST_TERMS


def read_or_refused(text):
    try:
        return read(text)
    except FormulaError as error:
        return error


@quick(300)
@given(st.text(alphabet="xy01.5+-*/^(), sincoexplgqrtabhmu√²⁻π=|", max_size=40))
@example("x" * 501)
def test_any_text_is_a_formula_or_has_an_error_within_it(text):
    found = read_or_refused(text)
    if isinstance(found, FormulaError):
        assert 0 <= found.start <= len(text)
        assert found.problem.mend
    else:
        assert read(words(found)) == found


@quick(300)
@given(trees)
def test_words_are_read_back_to_the_last_bit(tree):
    assume(len(terms(tree)) <= MOST_TERMS)
    assume(all(abs(p.value) <= 1e30 for p in parts(tree) if isinstance(p, Number)))
    text = words(tree)
    assume(len(text) <= LONGEST)
    assert read(text) == tree


def test_words_are_as_written_by_hand():
    for text, wanted in (
        ("(1-x)^2+100*(y-x^2)^2", "(1 − x)² + 100·(y − x²)²"),
        ("-(x+y)*2 - (x - y)", "−(x + y)·2 − (x − y)"),
        ("x^(y+1)/sqrt(2*pi*x)", "x^(y + 1)/√(6.283·x)"),
        ("x - (-2)*y", "x − (−2·y)"),
        ("exp(-x^-3)", "exp(−x⁻³)"),
    ):
        assert words(read(text), 4) == wanted


def test_constants_are_worked_out_and_what_changes_nothing_is_left_out():
    assert read("2*3 + x") == apply("plus", Number(6.0), X)
    assert read("x*1 + 0*y^3 - 0") == X
    assert read("x^2") == read("x²") == apply("square", X)
    assert read("--x") == X
    assert read("x/1 + x^1*0") == X
    assert read("0 - x") == apply("negative", X)
    assert read("x^0") == ONE
    assert read("0*log(x)") == ZERO


def test_a_part_that_stands_there_twice_is_computed_once():
    tree = read("(x - y)^2 + exp((x - y)^2) + (x - y)")
    assert [words(term) for term in terms(tree)] == [
        "x", "y", "x − y", "(x − y)²", "exp((x − y)²)", "(x − y)² + exp((x − y)²)", words(tree),
    ]  # fmt: skip
    assert terms(read("3")) == (Number(3.0),)
    assert terms(X) == (X,)


# -- derivatives ----------------------------------------------------------------------------------------------


def is_tame(tree, x, y):
    """Whether every part is finite, of a usual size, and away from its kinks and poles."""
    with np.errstate(all="ignore"):
        for part in parts(tree):
            v = float(value(part, x, y))
            if not np.isfinite(v) or abs(v) > 1e3:
                return False
            if is_near_a_kink(part, x, y, 0.1):
                return False
    return True


def difference(f, order_of=1.0):
    """A central difference of fourth order of f, a function of how far one goes."""
    h = 1e-3 * order_of
    return (f(-2 * h) - 8 * f(-h) + 8 * f(h) - f(2 * h)) / (12 * h)


@quick(200)
@given(trees, st.sampled_from(POINTS))
def test_jets_by_central_differences(tree, point):
    x, y = point
    assume(is_tame(tree, x, y))
    at = jet(tree, x, y)
    assert float(at.value) == float(value(tree, x, y))
    scale = 1 + max(np.abs(at.gradient).max(), np.abs(at.second).max())
    assume(scale < 1e4)
    for k, (dx, dy) in enumerate(((1, 0), (0, 1))):
        slope = difference(lambda t, dx=dx, dy=dy: float(value(tree, x + t * dx, y + t * dy)))
        assert at.gradient[k] == pytest.approx(slope, abs=1e-5 * scale**2)
        bend = [
            difference(lambda t, j=j, dx=dx, dy=dy: float(jet(tree, x + t * dx, y + t * dy).gradient[j]))
            for j in (0, 1)
        ]
        np.testing.assert_allclose(at.hessian[k], bend, atol=1e-5 * scale**2)


@quick(200)
@given(trees, st.sampled_from(POINTS))
def test_the_derivative_as_a_formula_is_that_of_jets(tree, point):
    assume(is_tame(tree, *point))
    at = jet(tree, *point)
    for k, by_which in enumerate((X, Y)):
        slope = float(value(derivative(tree, by_which), *point))
        assert slope == pytest.approx(
            float(at.gradient[k]), rel=1e-9, abs=1e-9 * (1 + np.abs(at.gradient).max())
        )


def test_derivatives_are_told_simply():
    assert words(derivative(read("(1 - x)^2 + 100*(y - x^2)^2"), X)) == "−2·(1 − x) − 400·((y − x²)·x)"
    assert words(derivative(read("x*y + 3"), Y)) == "x"
    assert words(derivative(read("exp(-x/2)"), X)) == "−0.5·exp(−x/2)"
    assert derivative(read("x^3"), Y) == ZERO


@quick(60)
@given(trees, st.sampled_from(POINTS))
def test_against_sympy(tree, point):
    sympy = pytest.importorskip("sympy", reason="SymPy, the other side of the comparison, is not installed")
    assume(is_tame(tree, *point))
    assume(len(terms(tree)) < 12)
    x, y = sympy.symbols("x y", real=True)
    names = {"least": "Min", "greatest": "Max", "abs": "Abs"}
    theirs = sympy.sympify(by(sympy, tree, x, y, names))
    at = jet(tree, *point)
    where = {x: sympy.Float(point[0], 40), y: sympy.Float(point[1], 40)}

    def exact(expression):
        return float(sympy.N(expression.subs(where), 30))

    assert float(at.value) == pytest.approx(exact(theirs), rel=1e-9, abs=1e-9)
    for ours, wrt in ((at.gradient, [(x,), (y,)]), (at.second, [(x, x), (x, y), (y, y)])):
        wanted = [exact(theirs.diff(*each)) for each in wrt]
        np.testing.assert_allclose(ours, wanted, rtol=1e-7, atol=1e-7 * (1 + np.abs(wanted).max()))


# -- surfaces that are known ------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", KNOWN.values(), ids=KNOWN)
def test_minima_are_where_they_are_said_to_be(one):
    assert known(one.tree) is one
    assert known(read(words(one.tree))) is one
    (low_x, high_x), (low_y, high_y) = one.frame
    for x, y in (*one.minima, one.start):
        assert low_x < x < high_x
        assert low_y < y < high_y
    for spot in one.minima:
        found = curvature(one.tree, *spot)
        np.testing.assert_allclose(found.gradient, 0, atol=1e-12)
        assert (found.eigenvalues > 0).all()
        near = np.add(spot, (0.02, -0.03))
        assert minimum_below(one.tree, *near) == pytest.approx(spot, abs=1e-9)
    lowest = float(value(one.tree, *one.minima[0]))
    grid = np.meshgrid(np.linspace(low_x, high_x, 201), np.linspace(low_y, high_y, 201))
    assert value(one.tree, *grid).min() >= lowest - 1e-12


@quick(50)
@given(st.floats(1, 1e6), st.floats(-180, 180))
def test_a_ravine_has_the_condition_that_it_was_given(condition, angle):
    found = curvature(read(ravine(condition, angle)), 0.3, -0.4)
    assert found.condition == pytest.approx(condition, rel=1e-6)
    assert found.largest_rate == pytest.approx(2 / condition, rel=1e-3)
    along = found.eigenvectors[1]
    turned = math.radians(angle)
    if condition > 1.1:
        assert abs(along @ (math.cos(turned), math.sin(turned))) == pytest.approx(1, abs=1e-6)


def test_facts_at_a_point():
    at = curvature(read("3*x^2 + y^2 + x*y"), 1, 2)
    np.testing.assert_allclose(at.hessian, [[6, 1], [1, 2]])
    np.testing.assert_allclose(at.gradient, [8, 5])
    values = np.linalg.eigvalsh([[6, 1], [1, 2]])
    np.testing.assert_allclose(at.eigenvalues, values[::-1])
    assert at.condition == pytest.approx(values[1] / values[0])
    assert at.largest_rate == pytest.approx(2 / values[1])
    for value_, vector in zip(at.eigenvalues, at.eigenvectors, strict=True):
        np.testing.assert_allclose(at.hessian @ vector, value_ * vector, atol=1e-12)
    saddle = curvature(read("x^2 - y^2"), 0, 0)
    assert math.isnan(saddle.condition)
    assert saddle.largest_rate == 1
    assert math.isnan(curvature(read("log(x)"), -1, 0).value)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x^4 + y^4", (0, 0)),
        ("cosh(x) + cosh(y - 1)", (0, 1)),
        ("x^2 - y^2", None),
        ("(x + y)^2", None),
        ("x*y", None),
        ("exp(-x) + y^2", None),
        ("-x - y", None),
        ("0", None),
        ("log(x) + y^2", None),
    ],
)
def test_the_minimum_below_a_point(text, wanted):
    found = minimum_below(read(text), 1.3, 0.7)
    assert found == (None if wanted is None else pytest.approx(wanted, abs=1e-6))


def test_the_minimum_of_its_own_valley_is_found():
    rastrigin = KNOWN["many-minima"].tree
    for x, y in ((3.3, -2.6), (0.2, 0.1), (-1.9, 4.1)):
        found = minimum_below(rastrigin, x, y)
        assert found is not None
        # minima lie near whole numbers, drawn to 0 a little
        assert found == pytest.approx((round(x), round(y)), abs=0.03)
