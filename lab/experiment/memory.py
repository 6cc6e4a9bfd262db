"""Whether this machine has the memory that an experiment takes, asked before any is taken."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from lab.data.prepare import Prepared, prepare
from lab.experiment.experiment import Experiment
from lab.files import in_bytes
from lab.problem import Problem

NUMBER = 4  # bytes of a float32
BUFFERS = 8
"""Numbers for each output of a layer in training: z, f(z), their derivatives, what pooling and padding keep."""
CHUNK = 8
"""Examples that a core works on at once, at least."""
KEPT = 4
"""Moments of a run that are kept for the way back and for the path, at least."""
MOST_SHARES = 8
"""Into so many shares at most is a batch cut, each with a gradient of its own."""


def memory_needed(experiment: Experiment) -> int:
    """Bytes that training takes, estimated from above: parameters, gradients, optimizer, activations, data.

    Loads the data, whose size has limits of its own. The network must have no problems.
    """
    return _parameters(experiment) + _activations(experiment) + _data(experiment)


def memory_problem(experiment: Experiment) -> Problem | None:
    """Why the experiment is too large for this machine, said of its largest layer; None if it is not."""
    there = machine_memory()
    if experiment.analysis.problems or there is None:
        return None
    needed = memory_needed(experiment)
    if needed <= there:
        return None
    what = f"training takes about {in_bytes(needed)} of memory, and {in_bytes(there)} are free"
    facts = experiment.analysis.nodes
    if _activations(experiment) > _parameters(experiment):
        wide = max(facts, key=lambda one: one.output.size if one.output else 0)
        return Problem(wide.name, f"{what}, most of it for layers as large as this", "Make the layer smaller")
    heavy = max(facts, key=lambda one: one.parameter_count or 0)
    what += f", most of it for the {heavy.parameter_count:,} parameters here"
    return Problem(heavy.name, what, "Make the layer, or what comes into it, smaller")


def machine_memory() -> int | None:
    """Bytes that are free here, of the machine and of the container it may be; None where nothing tells."""
    sizes = []
    with suppress(OSError, ValueError):
        if said := re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text()):
            sizes.append(int(said.group(1)) * 1024)
    with suppress(OSError, ValueError):  # ValueError: "max", no limit
        group = Path("/sys/fs/cgroup")
        limit, used = (int((group / f"memory.{name}").read_text()) for name in ("max", "current"))
        sizes.append(limit - used)
    if not sizes:
        with suppress(AttributeError, ValueError, OSError):  # not on every system
            sizes.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return max(0, min(sizes)) if sizes else None


def _parameters(experiment: Experiment) -> int:
    count = experiment.analysis.parameter_count or 0
    vectors = 2 + len(experiment.optimizer.slots)  # now, before the last update, and what the rule remembers
    work = experiment.batch_size * (experiment.analysis.multiply_adds or 0)
    gradients = min(MOST_SHARES, 1 + work // (20 * max(count, 1)))
    return NUMBER * count * (vectors * (1 + KEPT) + gradients + KEPT)


def _activations(experiment: Experiment) -> int:
    """Of the chunks of examples that the cores work on: in training, in evaluation and for a look inside."""
    analysis = experiment.analysis
    width = analysis.input.size + sum(facts.output.size for facts in analysis.nodes if facts.output)
    at_once = CHUNK * (MOST_SHARES + (os.cpu_count() or 1) + 1)
    if experiment.network.whole_batch:
        at_once += min(experiment.batch_size, len(_prepared(experiment).training))
    return NUMBER * BUFFERS * width * at_once


def _data(experiment: Experiment) -> int:
    """Inputs as they came and preprocessed; targets as they came and, made of the pixels' classes, encoded."""
    dataset = _prepared(experiment).dataset
    targets = 0 if dataset.targets is None else dataset.targets.nbytes
    return 2 * (dataset.inputs.nbytes + targets)


def _prepared(experiment: Experiment) -> Prepared:
    return prepare(experiment.data, experiment.preprocessing, experiment.split, experiment.seed)
