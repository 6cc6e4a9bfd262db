"""Whether this machine has the memory that an experiment takes, asked before any is taken."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from lab.data.prepare import Prepared, prepare
from lab.experiment.experiment import Experiment
from lab.experiment.plan import Plan, plan
from lab.files import in_bytes
from lab.problem import Problem


def memory_needed(experiment: Experiment) -> int:
    """Bytes that training takes when the run has grown long, on one core: what its plan says, and its data.

    Loads the data, whose size has limits of its own. The network must have no problems.
    """
    return whole_plan(experiment).total + _data(experiment)


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
    planned = whole_plan(experiment)
    if planned.training + planned.evaluating > planned.parameters + planned.gradients + planned.optimizer:
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


def whole_plan(experiment: Experiment) -> Plan:
    """The plan for the experiment's own data, which it loads."""
    return plan(experiment, len(_prepared(experiment).training))


def _data(experiment: Experiment) -> int:
    """Inputs as they came and preprocessed; targets as they came and, made of the pixels' classes, encoded."""
    dataset = _prepared(experiment).dataset
    targets = 0 if dataset.targets is None else dataset.targets.nbytes
    return 2 * (dataset.inputs.nbytes + targets)


def _prepared(experiment: Experiment) -> Prepared:
    return prepare(experiment.data, experiment.preprocessing, experiment.split, experiment.seed)
