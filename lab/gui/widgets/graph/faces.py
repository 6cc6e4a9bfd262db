"""What a block has to say, in words, before it is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lab.gui.widgets.layer_block import PLAIN, UNKNOWN, sentence, spoken
from lab.network.alignment import misaligned
from lab.network.layers import LAYERS
from lab.network.layers.layer import Layer
from lab.network.network import INPUT, Analysis, Facts, Network
from lab.network.receptive_field import ReceptiveField, Region, field_of, receptive_fields
from lab.network.shape import Shape
from lab.problem import Problem
from lab.value import both, fields

GROUPS: tuple[str, ...] = tuple(dict.fromkeys(cls.group for cls in LAYERS if hasattr(cls, "group")))

NOTHING_LEARNED = "no parameters"


@dataclass(frozen=True)
class Sight:
    """What the middle unit of a layer sees of the input, in pixels: where, and how much without the input's borders."""

    region: Region
    size: tuple[int, int]
    of: Shape

    @property
    def words(self) -> str:
        whole, field = f"{self.of.height}×{self.of.width}", f"{self.size[0]}×{self.size[1]}"
        if self.has_outgrown:
            return f"▲ sees {field} of {whole}"
        seen = self.region.clipped(self.of)
        if (seen.height, seen.width) == (self.of.height, self.of.width):
            return f"sees all {whole}"
        return f"sees {field} of {whole}"

    @property
    def has_outgrown(self) -> bool:
        """Whether the field is larger than the input: ▲ marks it."""
        return self.size[0] > self.of.height or self.size[1] > self.of.width


@dataclass(frozen=True)
class Face:
    """The texts of one block. `group` is the place of the layer's group in `GROUPS`; -1 for input and output."""

    title: str
    kind: str = ""
    numbers: str = ""
    sight: Sight | None = None
    problems: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    mends: tuple[str, ...] = ()
    group: int = -1
    tip: str = ""

    @property
    def spoken(self) -> str:
        """For a screen reader."""
        sees = self.sight.words if self.sight else ""
        parts = (self.title, self.kind, self.numbers, sees, *self.problems, *self.notices)
        return ". ".join(part for part in parts if part)


def brief(number: int) -> str:
    """A count in a few figures: 872, 9,216, 61.7 k, 1.20 M, 15.3 G."""
    if number < 10_000:
        return f"{number:,}"
    for size, sign in ((1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T")):
        share = number / size
        if share < 999.5 or sign == "T":
            return f"{share:,.{2 if share < 9.995 else 1 if share < 99.95 else 0}f} {sign}"
    raise AssertionError


def short_sentence(layer: Layer) -> str:
    """The settings that tell layers apart, shortest first: Convolution 5×5 · 6 filters · tanh · stride 2."""
    kernel = getattr(layer, "kernel", None)
    first = layer.title if kernel is None else f"{layer.title} {'×'.join(map(str, both(kernel)))}"
    main, further = [first], []
    for field in fields(type(layer)):
        value = getattr(layer, field.name)
        if value is None or value == "valid" or (field.name in PLAIN and value == field.least):
            continue
        if field.name == "activation":
            if value.title != "linear":
                main.append(value.title)
        elif field.kind == "int" and field.name.endswith("s") and field.name != "groups":
            main.append(f"{value:,} {field.title if value != 1 else field.title.removesuffix('s')}")
        elif field.kind in ("int", "pair", "padding") and field.name != "kernel":
            further.append(f"{field.title} {spoken(value)}")
        elif field.kind == "table" and value:
            further.append(f"{field.title} by a table")
    return " · ".join(main + further)


def numbers_of(facts: Facts) -> str:
    """Parameters and multiply-adds in short form."""
    if facts.output is None:
        return UNKNOWN
    parameters, cost = facts.parameter_count or 0, facts.multiply_adds or 0
    parts = [f"{brief(parameters)} {'parameter' if parameters == 1 else 'parameters'}"] if parameters else []
    parts += [f"{brief(cost)} mult-adds"] if cost else []
    return " · ".join(parts) or NOTHING_LEARNED


def face_of(
    facts: Facts,
    sight: Sight | None,
    problems: Sequence[str],
    notices: Sequence[str] = (),
    mends: Sequence[str] = (),
) -> Face:
    """What a layer's block says."""
    layer: Layer = facts.layer
    group = getattr(layer, "group", "")
    lines = [layer.summary, sentence(layer)]
    if facts.output is not None:
        lines.append(
            f"{facts.parameter_count:,} parameters, {facts.multiply_adds:,} multiply-adds for an example"
        )
    if sight is not None:
        lines.append(f"Its middle unit {sight.words} pixels of the input")
    return Face(
        title=facts.name,
        kind=short_sentence(layer),
        numbers=numbers_of(facts),
        sight=sight,
        problems=tuple(problems),
        notices=tuple(notices),
        mends=tuple(mends),
        group=GROUPS.index(group) if group in GROUPS else len(GROUPS),
        tip="\n".join([*lines, *notices]),
    )


class Sights:
    """Receptive fields by layer, for one network at a time: those that are had at once, the others one by one."""

    def __init__(self) -> None:
        self._of: tuple[Network, Shape] | None = None
        self._known: dict[str, Sight] = {}
        self._missing: list[str] = []

    def turn_to(self, network: Network, analysis: Analysis) -> Mapping[str, Sight]:
        """What is known at once."""
        x = analysis.input
        if self._of != (network, x):
            self._of = network, x
            fields = {} if x.is_vector else receptive_fields(network, x)
            self._known = {
                f.name: sight_of(fields[f.name], f.output, x)
                for f in analysis.nodes
                if f.name in fields and f.output is not None
            }
            # after an upsampling units do not all see alike, and one has to be followed back
            unknown = [] if x.is_vector else [f for f in analysis.nodes if f.output and f.name not in fields]
            self._missing = [f.name for f in reversed(unknown)]
            self._shapes = {f.name: f.output for f in unknown}
        return self._known

    def look_on(self) -> bool:
        """Find one more; False where there is none left to find."""
        if not self._missing or self._of is None:
            return False
        name = self._missing.pop()
        network, x = self._of
        shape = self._shapes[name]
        assert shape is not None
        self._known[name] = _followed(network, x, name, shape)
        return True


@lru_cache(maxsize=2048)
def _followed(network: Network, x: Shape, name: str, shape: Shape) -> Sight:
    region = field_of(network, x, name, shape.height // 2, shape.width // 2)
    return Sight(region, (region.height, region.width), x)


def sight_of(field: ReceptiveField, output: Shape, x: Shape) -> Sight:
    """Of the unit in the middle of the layer's output."""
    return Sight(field.of_unit(output.height // 2, output.width // 2), field.size, x)


def faces_of(
    network: Network,
    analysis: Analysis,
    sights: Sights,
    problems: Sequence[Problem],
    mends: Mapping[str, Sequence[str]],
) -> dict[int, Face]:
    """What all blocks say, by the layers' places; that of the input is at -1, that of the output at the end."""
    known = sights.turn_to(network, analysis)
    said, notices = _sentences(problems), _sentences(misaligned(network, analysis.input))
    faces = {
        at: face_of(
            facts,
            known.get(facts.name),
            said.get(facts.name, ()),
            notices.get(facts.name, ()),
            mends.get(facts.name, ()),
        )
        for at, facts in enumerate(analysis.nodes)
    }
    faces[-1] = Face(INPUT, str(analysis.input), tip="What comes into the network: one example")
    faces[len(analysis.nodes)] = Face("output", tip="What the loss compares with the answer")
    return faces


def _sentences(problems: Sequence[Problem]) -> dict[str, list[str]]:
    """By where they are, as sentences without the last full stop."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        found.setdefault(problem.where, []).append(
            f"{problem.what}. {problem.mend}" if problem.mend else problem.what
        )
    return found
