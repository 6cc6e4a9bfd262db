"""Frozen values: how one is checked, listed field by field for a form, and carried to and from JSON.

Every description in Descent (a layer, an optimizer, a dataset, an experiment) is a frozen `msgspec.Struct`
whose fields carry their own limits: `units: Annotated[int, Meta(ge=1, description="...")]`. The limit is said
once and serves three times: it validates a file, it sets the range of the form's widget, and it is the
sentence of the tooltip.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    TypeAlias,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from lab.problem import Problem, ProblemError

V = TypeVar("V", bound=msgspec.Struct)
T = TypeVar("T")
N = TypeVar("N", bound=int)

if TYPE_CHECKING:
    Pair: TypeAlias = N | tuple[N, N]
else:
    Pair = N | Annotated[tuple[N, ...], msgspec.Meta(min_length=2, max_length=2)]
"""A whole number for both axes, or one for each, (vertical, horizontal): `Pair[Annotated[int, Meta(ge=1)]]`.

To msgspec it is not spelled `N | tuple[N, N]`: up to 0.22 at least, a number with limits beside a tuple of fixed
length in one union makes it read memory that is not its own, and crash.
"""

Kind = Literal[
    "int",
    "float",
    "bool",
    "text",
    "formula",
    "choice",
    "variant",
    "pair",
    "padding",
    "table",
    "numbers",
    "other",
]


class Field(msgspec.Struct, frozen=True):
    """One field of a value as a form sees it.

    `kind` is the sort of editor that the field's type asks for:

    - "int", "float", "bool", "text"; a text whose `Meta(extra={"kind": "formula"})` says so is a "formula";
    - "choice": a Literal, its words or numbers in `choices`;
    - "variant": a union of values, as in an activation, their classes in `variants`;
    - "pair": a `Pair`, as in a kernel. The limits are those of each number;
    - "padding": a `Pair` or one of the words in `choices`: `Literal["valid", "same"] | Pair[...]`;
    - "table": `tuple[tuple[int, ...], ...]`, for each output a list of the inputs that it is connected with; none
      at all means that all are with all. The limits are those of each number;
    - "numbers": `tuple[float, ...]`, a list of them;
    - "other": what a form does not show.

    Limits that are not set are None; `above` and `below` exclude their end.
    """

    name: str
    title: str
    description: str
    kind: Kind
    default: Any = None
    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None
    optional: bool = False
    choices: tuple[str | int, ...] = ()
    variants: tuple[type, ...] = ()


@cache
def fields(cls: type[msgspec.Struct]) -> tuple[Field, ...]:
    """The fields of `cls` in their order, with the limits and words given in its annotations."""
    hints = get_type_hints(cls, include_extras=True)
    found = []
    for field in msgspec.structs.fields(cls):
        default = None if field.default is msgspec.NODEFAULT else field.default
        if default is None and field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        found.append(_field(field.name, hints[field.name], default))
    return tuple(found)


def _field(name: str, hint: Any, default: Any) -> Field:
    meta = [m for m in getattr(hint, "__metadata__", ()) if isinstance(m, msgspec.Meta)]
    bare = get_args(hint)[0] if meta else hint

    def first(attribute: str) -> Any:
        return next((v for m in meta if (v := getattr(m, attribute)) is not None), None)

    arguments = [a for a in get_args(bare) if a is not type(None)]
    optional = len(arguments) < len(get_args(bare))
    if optional and len(arguments) == 1:
        inner = _field(name, arguments[0], default)
        return msgspec.structs.replace(
            inner, optional=True, description=first("description") or inner.description
        )
    kind: Kind = "other"
    choices: tuple[str | int, ...] = ()
    variants: tuple[type, ...] = ()
    if bare is bool:
        kind = "bool"
    elif bare is int:
        kind = "int"
    elif bare is float:
        kind = "float"
    elif bare is str:
        kind = "formula" if (first("extra") or {}).get("kind") == "formula" else "text"
    elif arguments and all(isinstance(a, str | int) for a in arguments):
        kind, choices = "choice", tuple(arguments)
    elif arguments and all(isinstance(a, type) and issubclass(a, msgspec.Struct) for a in arguments):
        kind, variants = "variant", tuple(arguments)
    elif get_origin(bare) is tuple and get_args(bare) == (float, ...):
        kind = "numbers"
    elif found := _pair(arguments) or _table(bare):
        kind, choices, limits = found
        meta = [*meta, *limits]
    return Field(
        name=name,
        title=first("title") or name.replace("_", " "),
        description=first("description") or "",
        kind=kind,
        default=default,
        least=first("ge"),
        most=first("le"),
        above=first("gt"),
        below=first("lt"),
        optional=optional,
        choices=choices,
        variants=variants,
    )


Found = tuple[Kind, tuple[str | int, ...], list[msgspec.Meta]]


def _pair(arms: list[Any]) -> Found | None:
    """What a union with these members is, if it is a pair, with or without words beside it."""
    words = [word for arm in arms if get_origin(arm) is Literal for word in get_args(arm)]
    words += [arm for arm in arms if isinstance(arm, str)]
    one = [arm for arm in arms if _stripped(arm) is int]
    two = [
        arm
        for arm in arms
        if get_origin(_stripped(arm)) is tuple
        and (len(get_args(_stripped(arm))) == 2)
        and all(_stripped(a) in (int, ...) for a in get_args(_stripped(arm)))
    ]
    known = len(one) + len(two) + sum(get_origin(arm) is Literal or isinstance(arm, str) for arm in arms)
    if not one or not two or known < len(arms):
        return None
    limits = [m for arm in (*one, *get_args(_stripped(two[0]))) for m in _limits(arm)]
    return "padding" if words else "pair", tuple(words), limits


def _table(bare: Any) -> Found | None:
    rows = get_args(bare) if get_origin(bare) is tuple else ()
    row = _stripped(rows[0]) if len(rows) == 2 and rows[1] is ... else None
    numbers = get_args(row) if get_origin(row) is tuple else ()
    if len(numbers) != 2 or numbers[1] is not ... or _stripped(numbers[0]) is not int:
        return None
    return "table", (), _limits(numbers[0])


def _stripped(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _limits(hint: Any) -> list[msgspec.Meta]:
    return [m for m in getattr(hint, "__metadata__", ()) if isinstance(m, msgspec.Meta)]


def both(pair: Pair[int]) -> tuple[int, int]:
    """The two numbers of a pair, (vertical, horizontal)."""
    return (pair, pair) if isinstance(pair, int) else (pair[0], pair[1])


def told(pair: Pair[int]) -> str:
    """A pair as it is said: 3, or 3×5."""
    return str(pair) if isinstance(pair, int) else "×".join(map(str, pair))


def validated(value: V) -> V:
    """`value` itself if every field keeps its limits; otherwise ProblemError names the field."""
    raw = msgspec.to_builtins(value)
    try:
        msgspec.convert(raw, type(value))
    except msgspec.ValidationError as error:
        raise ProblemError(explain(error, type(value).__name__, type(value), raw)) from None
    return value


def changed(value: V, /, **new: Any) -> V:
    """A copy of `value` with some fields replaced, checked against the limits (ProblemError)."""
    return validated(msgspec.structs.replace(value, **new))


def to_json(value: msgspec.Struct) -> bytes:
    """The value as indented JSON, keys in field order."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2)


def from_json(text: bytes, kind: type[T], where: str) -> T:
    """The value written in `text`; ProblemError names `where`, the field and what it should have been."""
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        raise ProblemError(explain(error, where, kind, _raw(text))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError(
            Problem(
                where,
                f"is not valid JSON ({str(error) or 'nested too deeply'})",
                "Choose another file or mend it in a text editor",
            )
        ) from None


def _raw(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # something is wrong further on, too
        return None


def explain(error: msgspec.ValidationError, where: str, kind: Any = None, raw: Any = None) -> Problem:
    """A validation error of msgspec, "Expected `int` >= 1 - at `$.units`", as a Problem at its field: "units:
    expected a whole number >= 1".

    With the type that was wanted and what was there instead, in plain dicts and lists, errors in choices, pairs
    and tables name all that can stand there.
    """
    text = str(error)
    match = re.search(r" - at `\$?\.?(.*)`$", text)
    path = match.group(1) if match else ""
    sentence = text[: match.start()] if match else text
    mend = next((mend for sign, mend in _MENDS.items() if sign in sentence), "Give a value within the limits")
    for end, field, there in _walk(kind, raw, path):
        is_number_of_table = field.kind == "table" and path[end:].count("[") == 2  # msgspec says it well
        if (wanted := _wanted(field)) and not is_number_of_table:
            got = msgspec.json.encode(there).decode()
            path, sentence = path[:end], f"expected {wanted}" + (f", got {got}" if len(got) <= 30 else "")
            break
    place = f"{where}, {path}" if path else where
    sentence = re.sub(r".* matching regex .*", "has a character that may not stand there", sentence)
    sentence = re.sub(r"`([a-z]+( \| [a-z]+)*)`", _in_words, sentence)
    return Problem(place, sentence[0].lower() + sentence[1:], mend)


def _in_words(match: re.Match[str]) -> str:
    """Names of types between backticks, `int | array`, in a person's words; other things there stay as they are."""
    names = match.group(1).split(" | ")
    if len(names) == 1:
        return _KINDS.get(names[0], match.group(0))
    return " or ".join(_KINDS.get(name, name) for name in names)


def _walk(kind: Any, raw: Any, path: str) -> Iterator[tuple[int, Field, Any]]:
    """The fields on the way of a path of msgspec, nodes[0].layer.kernel[1], outermost first: where the field's name
    ends in the path, the field, and what is written there. Silent from where the way is lost."""
    for step in re.finditer(r"\.?([^.\[\]]+)|\[(\d+)\]", path):
        name, index = step.groups()
        try:
            if index is not None:
                kind, raw = next(iter(get_args(_stripped(kind)))), raw[int(index)]
                continue
            for cls in _structs(kind):
                config = cls.__struct_config__
                if config.tag is None or raw.get(config.tag_field) == config.tag:
                    (field,) = (f for f in fields(cls) if f.name == name)
                    kind = get_type_hints(cls, include_extras=True)[name]
                    break
            else:
                return
            raw = raw[name]
        except (AttributeError, IndexError, KeyError, StopIteration, TypeError, ValueError):
            return
        yield step.end(), field, raw


def _structs(kind: Any) -> list[type[msgspec.Struct]]:
    """The value classes that a hint allows."""
    bare = _stripped(kind)
    if isinstance(bare, type):
        return [bare] if issubclass(bare, msgspec.Struct) else []
    return [cls for arm in get_args(bare) for cls in _structs(arm)]


def _wanted(field: Field) -> str:
    """What may stand in a field whose type msgspec has no words for that a person knows."""
    least = field.least if field.least is not None or field.above is None else field.above + 1
    most = field.most if field.most is not None or field.below is None else field.below - 1
    if least is not None and most is not None:
        limits = f" from {least:,.0f} to {most:,.0f}"
    elif least is not None:
        limits = f" of at least {least:,.0f}"
    else:
        limits = "" if most is None else f" of at most {most:,.0f}"
    if field.kind in ("pair", "padding"):
        words = "".join(f"{word}, " for word in field.choices)
        return f"{words}a whole number{limits}, or two of them (height, width)"
    if field.kind == "choice":
        return " or ".join(map(str, field.choices))
    if field.kind == "table":
        return f"a list of lists of whole numbers{limits}, one list for each filter"
    if field.kind == "numbers":
        return "a list of numbers"
    return ""


_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}
_MENDS = {
    "unknown field": "Remove it",
    "missing required field": "Add it",
    "nvalid value": "Choose one that there is",
    "nvalid enum value": "Choose one of these",
    ", got": "Give a value of that kind",
    "matching regex": "Leave it out",
}
"""What msgspec says of a type, in a person's words; and what mends what it says."""
