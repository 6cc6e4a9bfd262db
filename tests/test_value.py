"""Values: their fields as a form sees them, their limits, and their way to JSON and back."""

from typing import Annotated, Literal

import msgspec
import pytest

from lab.data.datasets import DATASETS, OWN_FILES
from lab.experiment.of_layer import OfLayer
from lab.learning.losses import LOSSES, SquaredError
from lab.learning.optimizers import OPTIMIZERS, Adam
from lab.learning.rates import LayerRates
from lab.learning.regularization import Regularization
from lab.learning.schedules import SCHEDULES
from lab.network.activations import ACTIVATIONS, LeakyReLU, Linear
from lab.network.initializers import INITIALIZERS, Constant
from lab.network.layers import LAYERS, Conv2D, Dense
from lab.network.network import Network, Node
from lab.problem import ProblemError
from lab.value import changed, fields, from_json, to_json, validated

TABLES = (
    LAYERS,
    ACTIVATIONS,
    INITIALIZERS,
    OPTIMIZERS,
    LOSSES,
    SCHEDULES,
    DATASETS,
    OWN_FILES,
    (Regularization, LayerRates, OfLayer),
)
VALUES = [cls for table in TABLES for cls in table]


@pytest.mark.parametrize("cls", VALUES)
def test_every_field_of_every_value_can_be_put_in_a_form(cls):
    found = fields(cls)
    assert [f.name for f in found] == [f.name for f in msgspec.structs.fields(cls)]
    for field in found:
        if field.name == "layers":  # the settings of layers have a form of their own, OfLayer
            continue
        assert field.kind != "other", field
        assert field.title
        if field.kind in ("int", "float") and field.default is not None:
            assert field.least is None or field.default >= field.least
            assert field.most is None or field.default <= field.most
            assert field.above is None or field.default > field.above
            assert field.below is None or field.default < field.below
        if field.kind in ("int", "float"):
            assert field.least is not None or field.above is not None, f"{field.name} has no least value"
            assert field.most is not None or field.below is not None, f"{field.name} has no most value"
        if field.kind == "choice":
            assert field.default in field.choices
        if field.kind == "variant":
            assert type(field.default) in field.variants


@pytest.mark.parametrize("cls", [cls for cls in VALUES if cls not in OWN_FILES])
def test_defaults_are_valid_and_survive_a_file(cls):
    value = cls()
    assert validated(value) is value
    assert from_json(to_json(value), cls, "file") == value


@pytest.mark.parametrize("cls", [cls for cls in VALUES if cls not in OWN_FILES])
def test_every_limit_is_kept(cls):
    for field in fields(cls):
        if field.kind not in ("int", "float"):
            continue
        for limit, beyond in ((field.least, -1), (field.most, 1), (field.above, -1), (field.below, 1)):
            if limit is None:
                continue
            with pytest.raises(ProblemError) as raised:
                changed(cls(), **{field.name: {"int": int, "float": float}[field.kind](limit + beyond)})
            (problem,) = raised.value.problems
            assert field.name in problem.where


def test_fields_in_detail():
    units, activation, *_, bias = fields(Dense)
    assert (units.name, units.kind, units.default, units.least) == ("units", "int", 10, 1)
    assert units.description == "How many units the layer has"
    assert activation.kind == "variant"
    assert activation.variants == ACTIVATIONS
    assert activation.default == Linear()
    assert (bias.kind, bias.default) == ("bool", True)
    over = fields(SquaredError)[0]
    assert over.kind == "choice"
    assert over.choices == ("mean", "sum")
    beta = fields(Adam)[1]
    assert (beta.title, beta.least, beta.below, beta.most) == ("β₁", 0, 1, None)
    start = next(f for f in fields(Conv2D) if f.name == "start")
    assert start.title == "initial weights"
    assert start.variants == INITIALIZERS


class Sample(msgspec.Struct, frozen=True):
    """One field of each remaining sort."""

    needed: int
    maybe: Annotated[int, msgspec.Meta(ge=3, description="inner")] | None = None
    words: Annotated[str | None, msgspec.Meta(description="outer")] = None
    made: tuple[int, ...] = msgspec.field(default_factory=lambda: (1, 2))
    number: Literal[8, 28] = 8


def test_optional_and_other_fields():
    needed, maybe, words, made, number = fields(Sample)
    assert (needed.default, needed.optional) == (None, False)
    assert (maybe.kind, maybe.optional, maybe.least, maybe.description) == ("int", True, 3, "inner")
    assert (words.kind, words.optional, words.description) == ("text", True, "outer")
    assert (made.kind, made.default) == ("other", (1, 2))
    assert (number.kind, number.choices) == ("choice", (8, 28))


def node(name: str, layer: str) -> bytes:
    return f'{{"nodes": [{{"name": "{name}", "layer": {{{layer}}}}}]}}'.encode()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (node("a", '"layer": "dense", "units": 0'), "file, nodes[0].layer.units: expected a whole number >= 1"),
        (node("a", '"layer": "dense", "unitz": 3'), "nodes[0].layer: object contains unknown field `unitz`"),
        (node("a", '"layer": "sparse"'), "nodes[0].layer.layer: invalid value 'sparse'"),
        (node("", '"layer": "dense"'), "nodes[0].name: expected text of length >= 1"),
        (node("a/b", '"layer": "dense"'), "nodes[0].name: has a character that may not stand there. Leave it out"),
        (b'{"nodes": [{"layer": {"layer": "dense"}}]}', "nodes[0]: object missing required field `name`"),
        (b'{"nodes": 3}', "nodes: expected a list, got a whole number. Give a value of that kind"),
        (b'{"nodes": [', "file: is not valid JSON"),
        (b"", "file: is not valid JSON"),
        (b"\xff\xfe\x00", "file: is not valid JSON"),
        (b"[" * 100_000, "file: "),
        (b"null", "file: expected an object, got `null`"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_named(text, said):
    with pytest.raises(ProblemError) as raised:
        from_json(text, Network, "file")
    (problem,) = raised.value.problems
    assert said in str(problem)
    assert problem.where.startswith("file")
    assert problem.mend


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_none(number):
    with pytest.raises(ProblemError):
        from_json(f'{{"optimizer": "adam", "rate": {number}}}'.encode(), Adam, "file")


def test_nested_values_survive():
    network = Network((Node("a", Conv2D(3, activation=LeakyReLU(0.25))), Node("b", Dense(2), ("a",))))
    text = to_json(network)
    assert from_json(text, Network, "file") == network
    assert text.startswith(b'{\n  "nodes"')
    assert list(msgspec.json.decode(text)["nodes"][0]["layer"]) == [
        "layer", "filters", "kernel", "stride", "padding", "activation", "start"
    ]  # fmt: skip


def test_a_field_may_be_called_value():
    assert changed(Constant(), value=0.5) == Constant(0.5)


def test_nan_in_a_value_is_refused():
    with pytest.raises(ProblemError, match="rate"):
        changed(Adam(), rate=float("nan"))
