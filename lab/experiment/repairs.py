"""Repairs of what keeps an experiment from running: of its network's problems, and of those it has on this task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import msgspec

from lab.data.datasets.tilts import Tilts
from lab.data.preprocessing import Preprocessing
from lab.experiment.experiment import Experiment, problems
from lab.experiment.of_layer import with_network
from lab.learning.losses import LOSSES, OutputItself
from lab.network.editing import inserted, removed
from lab.network.layers import Conv2D, Crop, Dense, Flatten, Formula, Upsample
from lab.network.mends import MOST, all_mends
from lab.network.network import Network
from lab.network.refits import padded, sized
from lab.network.shape import Shape
from lab.problem import Problem, ProblemError
from lab.value import Pair


class Repair(msgspec.Struct, frozen=True):
    """What is done, in the imperative, short enough for a button; and the experiment that comes of it."""

    text: str
    experiment: Experiment


Candidate = tuple[str, Callable[[], Experiment]]


def repairs(experiment: Experiment) -> dict[Problem, tuple[Repair, ...]]:
    """Of each problem of the experiment what puts it right, perhaps nothing; at most four of each.

    Every one of them has been tried: the problem is gone, and another has not come in its place.
    """
    found = problems(experiment)
    answer: dict[Problem, tuple[Repair, ...]] = dict.fromkeys(found, ())
    try:
        analysis = experiment.analysis
    except ProblemError:  # the user's own file cannot be read
        return answer
    for problem, mends in all_mends(experiment.network, analysis.input).items():
        answer[problem] = tuple(Repair(mend.text, with_network(experiment, mend.network)) for mend in mends)
    for problem in found:
        if problem not in analysis.problems or _is_formula(experiment):
            answer[problem] = (*answer[problem], *_tried(experiment, found, problem))[:MOST]
    return answer


def _is_formula(experiment: Experiment) -> bool:
    return [type(node.layer) for node in experiment.network.nodes] == [Formula]


def _tried(experiment: Experiment, before: tuple[Problem, ...], problem: Problem) -> tuple[Repair, ...]:
    tried: dict[str, Experiment] = {}
    for text, experiment_of in _candidates(experiment, problem):
        with suppress(ProblemError):
            there = experiment_of()
            if set(problems(there)) < set(before) and there not in tried.values():
                tried.setdefault(text, there)
    return tuple(Repair(text, there) for text, there in list(tried.items())[:MOST])


def _candidates(experiment: Experiment, problem: Problem) -> Iterator[Candidate]:
    if problem.where == "training":
        yield "Leave it out", lambda: with_network(experiment, experiment.network)
        return
    nodes, target = experiment.network.nodes, experiment.target
    if _is_formula(experiment):
        yield from _of_formula(experiment)
        return
    if problem.where not in ("network", nodes[-1].name if nodes else ""):
        return
    classes, analysis = len(experiment.data.classes()), experiment.analysis
    output = analysis.output
    assert output is not None
    wanted = classes or target.channels
    channels = [wanted, 1] if classes == 2 else [wanted]
    for number in channels:
        with suppress(ProblemError):
            if output.channels != number or not output.is_vector:
                text, network = sized(
                    experiment.network, analysis, nodes[-1].name if nodes else "input", number
                )
                yield text, partial(with_network, experiment, network)
    for loss in LOSSES:
        if type(experiment.loss) is not loss:
            change = partial(msgspec.structs.replace, experiment, loss=loss())
            yield f"Choose {loss.title}", change
    for text, layers in _endings(output, target, wanted):
        yield text, partial(_with_end, experiment, layers)
    if not target.is_vector and output.is_vector and isinstance(nodes[-1].layer, Flatten):
        last = nodes[-1].name
        yield f"Remove {last}", lambda: with_network(experiment, removed(experiment.network, {last}))
    if not target.is_vector and (mend := padded(experiment.network, {node.name for node in nodes})):
        with suppress(ProblemError):
            text, network = mend[0], mend[1]()
            if output.channels != wanted:
                also, network = sized(network, analysis, nodes[-1].name, wanted)
                text = f"{text}; {also[0].lower()}{also[1:]}"
            yield text, partial(with_network, experiment, network)


def _of_formula(experiment: Experiment) -> Iterator[Candidate]:
    """What goes together with a formula: tilts of it, as they are, and its output as the error."""
    replaced = partial(msgspec.structs.replace, experiment)
    data = experiment.data if isinstance(experiment.data, Tilts) else Tilts()
    loss, whole = OutputItself(), Preprocessing()
    yield f"Choose {Tilts.title}", partial(replaced, data=Tilts())
    yield f"Choose {OutputItself.title}", partial(replaced, loss=loss)
    yield "Leave the tilts as they are", partial(replaced, preprocessing=whole)
    yield (
        f"Choose {Tilts.title} and {OutputItself.title}",
        partial(replaced, data=data, loss=loss, preprocessing=whole),
    )


Layers = tuple[Flatten | Dense | Conv2D | Crop | Upsample, ...]


def _endings(output: Shape, target: Shape, wanted: int) -> Iterator[tuple[str, Layers]]:
    """Layers that could come last, for an answer with so many channels."""
    if target.is_vector:
        flat: Layers = () if output.is_vector else (Flatten(),)
        words = "" if output.is_vector else "a Flatten and "
        yield f"Add {words}a Dense of {wanted}", (*flat, Dense(wanted))
        return
    if output.is_vector:
        return
    rows, columns = output.height - target.height, output.width - target.width
    factors = (target.height // output.height, target.width // output.width)
    size: tuple[str, Layers] = "", ()
    if rows >= 0 and columns >= 0 and (rows or columns):
        border: Pair[int] = rows // 2 if rows == columns else (rows // 2, columns // 2)
        size = f"a crop to {target.height}×{target.width}", (Crop(border),)
    elif rows or columns:
        factor: Pair[int] = factors[0] if factors[0] == factors[1] else factors
        size = f"an upsampling to {target.height}×{target.width}", (Upsample(factor),)
    if size[1]:
        yield f"Add {size[0]}", size[1]
    also = f"{size[0]} and " if size[1] else ""
    yield f"Add {also}a 1×1 convolution of {wanted}", (*size[1], Conv2D(wanted, 1))


def _with_end(experiment: Experiment, layers: Layers) -> Experiment:
    network: Network = experiment.network
    for layer in layers:
        network, _ = inserted(network, layer, None)
    return with_network(experiment, network)
