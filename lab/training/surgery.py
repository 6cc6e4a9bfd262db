"""Surgery: what an edit of the network leaves of the weights, and of what the optimizer remembers of them.

What comes out is a function of the state before and the experiment after, and of nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lab.experiment.diff import renamings
from lab.experiment.experiment import Experiment
from lab.kernels.interpreter import Memory
from lab.network.network import Analysis
from lab.network.program import Program
from lab.problem import ProblemError
from lab.training.grafting import Graft, grafts
from lab.training.timeline import State

# -- what is said -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Partly:
    """The parameter `name` had `before` numbers and has `after`; `kept` of them are the same.

    `words` says it by what changed in the layer: "84 of 120 units".
    """

    name: str
    kept: int
    before: int
    after: int
    words: str


@dataclass(frozen=True)
class Kept:
    """What an edit did to the parameters: full names, as "conv1.weight", under which they are known after it.

    `whole` are kept to the last number, `renewed` drawn anew to the last. `gone` have no place any more. `unmoved`
    says that all numbers there were lie where they lay in the flat vector, and none besides.
    """

    whole: tuple[str, ...] = ()
    partly: tuple[Partly, ...] = ()
    renewed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    unmoved: bool = False

    @property
    def everything(self) -> bool:
        return not (self.partly or self.renewed or self.gone)

    def said(self) -> str:
        """A sentence for a person: "Kept conv1 and conv2; dense1 keeps 84 of 120 units; new: dense2".

        Empty where all was kept. Of a layer that is partly new or gone each parameter is told by itself.
        """
        if self.everything:
            return ""
        if not self.whole and not self.partly:
            return "All weights are new"
        words = {p.name: p.words for p in self.partly}
        lists = {"kept": self.whole, "cut": tuple(words), "new": self.renewed, "gone": self.gone}
        fates: dict[str, set[str]] = {}
        for fate, names in lists.items():
            for name in names:
                fates.setdefault(name.rpartition(".")[0], set()).add(fate)
        told = {}
        for fate, names in lists.items():
            phrases: dict[str, str] = {}
            for name in names:
                layer, _, own = name.rpartition(".")
                alike = len(fates[layer]) == 1 or fates[layer] == {"kept", "cut"}
                if alike and fate == "kept" and "cut" in fates[layer]:
                    continue  # what is cut says enough of the layer
                what = layer if alike else f"the {own} of {layer}"
                phrases.setdefault(what, f"{what} keeps {words[name]}" if fate == "cut" else what)
            told[fate] = _listed(list(phrases.values()))
        told = {fate: phrase for fate, phrase in told.items() if phrase}
        openings = {"kept": "Kept ", "cut": "", "new": "new: ", "gone": "gone: "}
        return "; ".join(openings[fate] + phrase for fate, phrase in told.items())


MOST_NAMED = 3
"""What one list of the sentence names; the rest is counted."""


def _listed(words: list[str]) -> str:
    if len(words) > MOST_NAMED + 1:
        words = [*words[:MOST_NAMED], f"{len(words) - MOST_NAMED} more"]
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


# -- what goes on from where --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Survivors:
    """What of an old state lives on in a program, and how it is said."""

    grafts: tuple[Graft, ...]
    kept: Kept

    def move_in(self, memory: Memory, program: Program, old: State, remembered: bool) -> None:
        """Write what lives on into `memory`; what the optimizer remembers of it only where it is `remembered`.

        The places of other parameters stay as they are, so memory has to be as at a beginning.
        """
        vectors = [(memory.params, old.params)]
        if remembered:
            slots = memory.slots.reshape(-1, program.parameter_count)
            vectors += zip(slots, old.slots.reshape(-1, len(old.params)), strict=True)
        for to, source in vectors:
            there, here = program.split(to), old.split(source)
            for graft in self.grafts:
                graft.put(there[graft.new.name], here[graft.old.name])


def survivors(old: State | None, experiment: Experiment, program: Program) -> Survivors:
    """What of `old` lives on in `program`, which is that of `experiment`; nothing where there is no old state."""
    if old is None:
        return Survivors((), Kept(renewed=tuple(p.name for p in program.parameters)))
    renamed = renamings(old.experiment.network, experiment.network)
    before = _analysis(old)
    if before is None:
        found = _equal_shapes(old, program, renamed)
    else:
        found = grafts(before, experiment.analysis, renamed)
    by_name = {graft.new.name: graft for graft in found}
    once = [_renamed(p.name, renamed) for p in old.parameters]
    return Survivors(
        tuple(found),
        Kept(
            whole=tuple(p.name for p in program.parameters if p.name in by_name and by_name[p.name].whole),
            partly=tuple(
                Partly(p.name, graft.kept, graft.old.size, p.size, graft.words)
                for p in program.parameters
                if (graft := by_name.get(p.name)) and not graft.whole
            ),
            renewed=tuple(p.name for p in program.parameters if p.name not in by_name),
            gone=tuple(name for name in once if name not in program.offsets),
            unmoved=list(by_name) == once == [p.name for p in program.parameters]
            and all(graft.unmoved for graft in found),
        ),
    )


def _analysis(old: State) -> Analysis | None:
    """The old network on its data; None where a file of the user's is not what it was when the run began."""
    try:
        analysis = old.experiment.analysis
    except ProblemError:
        return None
    return analysis if analysis.parameters == old.parameters else None


def _equal_shapes(old: State, program: Program, renamed: dict[str, str]) -> list[Graft]:
    there = {_renamed(p.name, renamed): p for p in old.parameters}
    pairs = [(p, there[p.name]) for p in program.parameters if p.name in there]
    return [Graft(p, q, tuple(map(np.arange, p.shape))) for p, q in pairs if p.shape == q.shape]


def _renamed(parameter: str, renamed: dict[str, str]) -> str:
    layer, _, name = parameter.rpartition(".")
    return f"{renamed.get(layer, layer)}.{name}"
