"""What the microscope asks of the engine, and what it has been answered: one example, perhaps changed, and a check."""

from __future__ import annotations

from dataclasses import dataclass

from lab.network.network import INPUT
from lab.training.drawing import Drawing
from lab.training.microscope import Backward, Choice, Slide, beside, said
from lab.training.probes import (
    ActivationsProbe,
    Change,
    GradientCheck,
    GradientCheckProbe,
    GradientsProbe,
    PartOf,
    Probe,
    WeightsProbe,
)
from lab.training.snapshot import Snapshot


@dataclass
class Check:
    """A derivative that is to be compared with a difference: of what, and what came of it."""

    probe: GradientCheckProbe
    of: str
    chosen: tuple[object, ...]
    found: GradientCheck | None = None


class Readings:
    """`changed` are numbers of the input that are set by hand, on a copy; `check` is the derivative that is checked."""

    def __init__(self) -> None:
        self.changed: tuple[Change, ...] = ()
        self.check: Check | None = None
        self.answered = False  # the check was answered by the last snapshot
        self._in_batch = 0
        self._slide: Slide | None = None
        self._seen: tuple[object, ...] = ()

    def turn(self, by: int, many: int) -> None:
        """Another example of the batch."""
        self._in_batch = (self._in_batch + by) % max(many, 1)

    def change(self, spot: tuple[int, int, int], value: float) -> None:
        """Set one number of the input."""
        kept = tuple(c for c in self.changed if c[:3] != spot)
        self.changed = (*kept, (*spot, value))

    def _given(self, part: PartOf, example: int, batch: bool) -> tuple[PartOf, int, tuple[Change, ...], bool]:
        return (part, self._in_batch, (), True) if batch else (part, example, self.changed, False)

    def probes(self, part: PartOf, example: int, batch: bool) -> frozenset[Probe]:
        given = self._given(part, example, batch)
        wanted: set[Probe] = {ActivationsProbe(*given), GradientsProbe(*given), WeightsProbe()}
        if self.check is not None and self.check.found is None:
            wanted.add(self.check.probe)
        return frozenset(wanted)

    def slide(self, snapshot: Snapshot, part: PartOf, example: int, batch: bool) -> Slide | None:
        """What was answered; None while something of it is not there."""
        given = self._given(part, example, batch)
        activations = snapshot.reading(ActivationsProbe(*given))
        gradients = snapshot.reading(GradientsProbe(*given))
        weights = snapshot.reading(WeightsProbe())
        self.answered = False
        if self.check is not None and self.check.found is None:
            self.check.found = snapshot.reading(self.check.probe)
            self.answered = self.check.found is not None
        if activations is None or gradients is None or weights is None:
            return None
        names = {node.name for node in snapshot.experiment.network.nodes}
        if activations.outputs.keys() != names:
            return None  # of another network: the next one is on its way
        seen = (snapshot.experiment, activations, gradients, weights)
        if self._slide is None or any(a is not b for a, b in zip(seen, self._seen, strict=False)):
            self._seen = seen
            self._slide = Slide(snapshot.experiment, activations, gradients, weights.parameters, batch)
        return self._slide

    def words(self, slide: Slide, part: PartOf) -> str:
        """Which example is looked at, and what of it was changed."""
        index = slide.activations.index
        if slide.batch:
            words = f"Example {self._in_batch + 1} of the batch that comes next, number {index} of the training part"
            words += ", as in training"
        else:
            of = "What you drew" if isinstance(part, Drawing) else f"Example {index} of the {part} part"
            words = f"{of}, as in use"
        if slide.knows_answer:
            words += f";  E = {said(slide.gradients.error)}"
        else:
            words += ".  Nobody has said what it is meant to be, so there is no error to flow back: see Draw a digit"
        for channel, row, column, value in () if slide.batch else self.changed:
            place = f"{channel}" if slide.shape(INPUT).is_vector else f"{channel}, {row}, {column}"
            words += f".  What if: input[{place}] = {said(value)}"
        return words

    def ask_check(self, role: str, slide: Slide, back: Backward, part: PartOf, example: int) -> None:
        """Of the weight, the bias or the number of the input that the line in this role is about."""
        chosen, weight, pixel = back.chosen, -1, None
        if role == "dw":
            weight, of = chosen.weight, f"dE/d{_own(chosen.name)}[{', '.join(map(str, chosen.place))}]"
        elif role == "db":
            parameter, place = beside(slide, back.spot)[0]
            weight, of = slide.index(back.spot.layer, parameter, place), f"dE/d{parameter}{list(place)}"
        elif chosen.pixel is not None and chosen.pixel.layer == INPUT:
            pixel, of = chosen.pixel.at, f"dE/dinput{list(chosen.pixel.at)}"
        else:
            return
        if slide.batch:
            part, example = "training", slide.activations.index
        changed = () if slide.batch else self.changed
        probe = GradientCheckProbe(part, example, changed, weight, pixel)
        self.check = Check(probe, of, _key(chosen))

    def keep_check(self, chosen: Choice) -> None:
        """Forget the check where another number is looked at now."""
        if self.check is not None and self.check.chosen != _key(chosen):
            self.check = None

    def check_words(self) -> tuple[GradientCheck | None, str, bool]:
        """What came of the check, of what it is, and whether one was asked for."""
        if self.check is None:
            return None, "", False
        return self.check.found, self.check.of, True


def _key(chosen: Choice) -> tuple[object, ...]:
    return chosen.weight, chosen.pixel


def _own(name: str) -> str:
    return name.rpartition(".")[2]
