"""Frozen values: how one is checked, listed field by field for a form, and carried to and from JSON.

Every description in Descent (a layer, an optimizer, a dataset, an experiment) is a frozen `msgspec.Struct`
whose fields carry their own limits: `units: Annotated[int, Meta(ge=1, description="...")]`. The limit is said
once and serves three times: it validates a file, it sets the range of the form's widget, and it is the
sentence of the tooltip.
"""

from __future__ import annotations

import re
from typing import Any, Literal, TypeVar, get_args, get_type_hints

import msgspec

from lab.problem import Problem, ProblemError

V = TypeVar("V", bound=msgspec.Struct)
T = TypeVar("T")

Kind = Literal["int", "float", "bool", "text", "choice", "variant", "other"]


class Field(msgspec.Struct, frozen=True):
    """One field of a value as a form sees it.

    `kind` is "choice" for a Literal (its words or numbers in `choices`) and "variant" for a union of values (their
    classes in `variants`), as in an activation. Limits that are not set are None; `above` and `below` exclude
    their end.
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
        kind = "text"
    elif arguments and all(isinstance(a, str | int) for a in arguments):
        kind, choices = "choice", tuple(arguments)
    elif arguments and all(isinstance(a, type) and issubclass(a, msgspec.Struct) for a in arguments):
        kind, variants = "variant", tuple(arguments)
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


def validated(value: V) -> V:
    """`value` itself if every field keeps its limits; otherwise ProblemError names the field."""
    try:
        msgspec.convert(msgspec.to_builtins(value), type(value))
    except msgspec.ValidationError as error:
        raise ProblemError(explain(error, type(value).__name__)) from None
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
        raise ProblemError(explain(error, where)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError(
            Problem(
                where,
                f"is not valid JSON ({str(error) or 'nested too deeply'})",
                "Choose another file or mend it in a text editor",
            )
        ) from None


def explain(error: msgspec.ValidationError, where: str) -> Problem:
    """A validation error of msgspec, "Expected `int` >= 1 - at `$.kernel`", as a Problem at its field: "kernel:
    expected a whole number >= 1"."""
    text = str(error)
    match = re.search(r" - at `\$?\.?(.*)`$", text)
    place = f"{where}, {match.group(1)}" if match and match.group(1) else where
    sentence = text[: match.start()] if match else text
    mend = next((mend for sign, mend in _MENDS.items() if sign in sentence), "Give a value within the limits")
    sentence = re.sub(r".* matching regex .*", "has a character that may not stand there", sentence)
    for name, words in _KINDS.items():
        sentence = sentence.replace(f"`{name}`", words)
    return Problem(place, sentence[0].lower() + sentence[1:], mend)


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
    ", got": "Give a value of that kind",
    "matching regex": "Leave it out",
}
"""What msgspec says of a type, in a person's words; and what mends what it says."""
