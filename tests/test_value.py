"""Values: their fields as a form sees them, their limits, and their way to JSON and back."""

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from msgspec import Meta

from lab.data.datasets import DATASETS, OWN_FILES
from lab.data.datasets.points import Points
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
from lab.value import Pair, both, changed, fields, from_json, to_json, told, validated

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
        if cls is Points:  # they are set by hand, in the decision map
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
        if field.kind in ("pair", "padding"):
            assert field.least is not None, f"{field.name} has no least value"
            assert field.most is not None, f"{field.name} has no most value"


def unions(hint: Any) -> list[Any]:
    inner = [found for argument in get_args(hint) for found in unions(argument)]
    return [hint, *inner] if get_origin(hint) in (Union, types.UnionType) else inner


@pytest.mark.parametrize("cls", VALUES)
def test_no_type_is_one_that_msgspec_crashes_on(cls):
    """A number with limits beside a tuple of fixed length, in one union: msgspec 0.22 reads foreign memory."""
    for name, hint in get_type_hints(cls, include_extras=True).items():
        for union in unions(hint):
            arms = [
                (get_args(a)[0], True) if get_origin(a) is Annotated else (a, False) for a in get_args(union)
            ]
            limited = any(bare in (int, float) for bare, is_limited in arms if is_limited)
            fixed = any(get_origin(bare) is tuple and ... not in get_args(bare) for bare, _ in arms)
            assert not (limited and fixed), f"{name}: write it with lab.value.Pair"


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


Size = Annotated[int, Meta(ge=1, le=1024)]
Zeros = Annotated[int, Meta(ge=0, le=99)]


class Window(msgspec.Struct, frozen=True, tag_field="layer", tag="window"):
    """A layer with fields for two axes."""

    kernel: Annotated[Pair[Size], Meta(title="size", description="Of the window")] = 3
    stride: Pair[Size] = 1
    padding: Annotated[Literal["valid", "same"] | Pair[Zeros], Meta(description="Zeros around")] = "valid"
    connections: Annotated[tuple[tuple[Zeros, ...], ...], Meta(description="Maps of each filter")] = ()
    mode: Literal["mean", "sum"] = "mean"


class Other(msgspec.Struct, frozen=True, tag_field="layer", tag="other"):
    """A layer whose field of the same name is of another kind."""

    kernel: bool = True


class Stack(msgspec.Struct, frozen=True):
    """Layers within a list, as in a network."""

    layers: tuple[Window | Other, ...] = ()


def test_pairs_padding_and_tables():
    kernel, stride, padding, connections, _ = fields(Window)
    assert (kernel.kind, kernel.title, kernel.description) == ("pair", "size", "Of the window")
    assert (kernel.least, kernel.most, kernel.default) == (1, 1024, 3)
    assert (stride.kind, stride.title, stride.least) == ("pair", "stride", 1)
    assert (padding.kind, padding.choices, padding.default) == ("padding", ("valid", "same"), "valid")
    assert (padding.least, padding.most, padding.description) == (0, 99, "Zeros around")
    assert (connections.kind, connections.default) == ("table", ())
    assert (connections.least, connections.most) == (0, 99)


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        (int | tuple[int, int], "pair"),
        (Annotated[tuple[int, int] | int, Meta(title="size")], "pair"),
        (
            Annotated[Size | tuple[Size, Size], Meta(title="size")],
            "pair",
        ),  # never read, so it may be spelled so
        (Pair[Size], "pair"),
        (Literal["same"] | Literal["valid"] | Pair[Zeros], "padding"),
        (int | tuple[int, int, int], "other"),
        (int | tuple[int, str], "other"),
        (int | tuple[int, int] | tuple[int, int, int], "other"),
        (Literal["same"] | int, "other"),
        (int | list[int], "other"),
        (tuple[int, ...], "other"),
        (tuple[tuple[int, int], ...], "other"),
        (tuple[tuple[int, ...], ...], "table"),
    ],
)
def test_kinds_of_numbers_that_come_in_twos(hint, kind):
    (field,) = fields(msgspec.defstruct("Drawn", [("drawn", hint)]))
    assert field.kind == kind


@pytest.mark.parametrize(
    "value",
    [
        Window(),
        Window(kernel=(3, 5), stride=2, padding="same"),
        Window(padding=(0, 2)),
        Window(connections=((0, 1, 2), (12,))),
    ],
)
def test_values_of_two_axes_survive_a_file(value):
    assert validated(value) == value
    assert from_json(to_json(value), Window, "file") == value


def test_the_two_numbers_of_a_pair():
    assert both(3) == (3, 3)
    assert both((3, 5)) == (3, 5)
    assert (told(3), told((3, 5))) == ("3", "3×5")


SIZE = "expected a whole number from 1 to 1,024, or two of them (height, width), got "
TABLE = "expected a list of lists of whole numbers from 0 to 99, one list for each filter, got "
ZEROS = "expected valid, same, a whole number from 0 to 99, or two of them (height, width), got "


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"kernel": 0', f"kernel: {SIZE}0. Give a value within the limits."),
        ('"kernel": 2000', f"kernel: {SIZE}2000. Give a value within the limits."),
        ('"kernel": [3]', f"kernel: {SIZE}[3]."),
        ('"kernel": [3, 0]', f"kernel: {SIZE}[3,0]."),
        ('"kernel": [3, "x"]', f'kernel: {SIZE}[3,"x"]. Give a value of that kind.'),
        ('"kernel": "same"', f'kernel: {SIZE}"same". Give a value of that kind.'),
        ('"padding": "smae"', f'padding: {ZEROS}"smae". Choose one of these.'),
        ('"padding": [1, -1]', f"padding: {ZEROS}[1,-1]."),
        ('"padding": null', f"padding: {ZEROS}null."),
        ('"mode": "max"', 'mode: expected mean or sum, got "max". Choose one of these.'),
        ('"connections": 3', f"connections: {TABLE}3."),
        ('"connections": [3]', "connections: expected a list of lists of whole numbers"),
        ('"connections": [[0], [1, -1]]', "connections[1][1]: expected a whole number >= 0."),
        ('"connections": [[0], ["a"]]', "connections[1][0]: expected a whole number, got text."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_pair_or_a_table_is_said_in_full(text, said):
    with pytest.raises(ProblemError) as raised:
        from_json(
            f'{{"layers": [{{"layer": "other"}}, {{"layer": "window", {text}}}]}}'.encode(), Stack, "file"
        )
    (problem,) = raised.value.problems
    assert f"file, layers[1].{said}" in str(problem)


def test_an_edit_is_told_what_a_pair_may_be():
    with pytest.raises(ProblemError, match=r"kernel: expected a whole number .* got \[3,0\]"):
        changed(Window(), kernel=(3, 0))


def test_where_the_rest_of_a_file_is_broken_msgspec_speaks_alone():
    with pytest.raises(ProblemError, match="kernel: expected a whole number or a list, got text"):
        from_json(b'{"layers": [{"layer": "window", "kernel": "x"}, {', Stack, "file")


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
        "layer",
        *(field.name for field in fields(Conv2D)),
    ]


def test_a_field_may_be_called_value():
    assert changed(Constant(), value=0.5) == Constant(0.5)


def test_nan_in_a_value_is_refused():
    with pytest.raises(ProblemError, match="rate"):
        changed(Adam(), rate=float("nan"))
