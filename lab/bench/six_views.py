"""Six views of one network live at once: frames a second, the gaps between them, and what training loses."""

from __future__ import annotations

import operator
import statistics
import subprocess
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from lab.bench.fresh import fresh
from lab.bench.line import Line, at_least, at_most
from lab.bench.stage import Stage
from lab.experiment.presets import DEFAULT, preset
from lab.training.snapshot import Snapshot

if TYPE_CHECKING:
    from lab.gui.view_dock import ViewDock

SIX = ("curves", "maps", "diagram", "surface", "filters", "confusion")
"""Side by side, three above three."""
SIZE = (1920, 1080)
Show = Callable[[Snapshot], None]


def six_views(quick: bool) -> list[Line]:
    code = f"from lab.bench.six_views import live; live({2.0 if quick else 8.0})"
    try:
        found = fresh(code)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return [Line("six views live", note=f"could not be measured: {error}")]
    pictures = ", ".join(f"{name} {found['pictures'][name]:.0f}" for name in SIX)
    return [
        at_least("six views of LeNet live: frames", found["frames"], "a second", 30, f"new ones: {pictures}"),
        at_most("gap between those frames, 99th percentile", 1000 * found["gap"], "ms", 40),
        at_least(
            "training speed beside six live views over alone", 100 * found["speed"], "%", 85,
            f"{found['live']:.0f} of {found['alone']:.0f} updates/s, one compute thread",
        ),
    ]  # fmt: skip


def live(lasting: float) -> None:
    """In a fresh process: print what `Stage.beside_training` finds, and how often a second each view was shown what it
    had not shown yet.
    """
    from PySide6.QtCore import Qt

    stage = Stage(preset(DEFAULT), SIZE)
    space = stage.window.workspace
    shown, pictures, seen = Counter[str](), list[dict[str, float]](), dict[str, tuple[object, ...]]()
    docks = [space.docks[name] for name in SIX]
    for dock in space.docks.values():
        space.removeDockWidget(dock)
    space.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, docks[0])
    space.splitDockWidget(docks[0], docks[3], Qt.Orientation.Vertical)
    for left in (0, 1, 3, 4):
        space.splitDockWidget(docks[left], docks[left + 1], Qt.Orientation.Horizontal)
    for dock in docks:
        dock.show()
        shows = dock.view.show_snapshot

        def count(snapshot: Snapshot, dock: ViewDock = dock, show: Show = shows) -> None:
            found = content(snapshot, dock)
            known, seen[dock.key] = seen.get(dock.key, ()), found
            shown[dock.key] += len(found) != len(known) or not all(map(operator.is_, found, known))
            show(snapshot)

        setattr(dock.view, "show_snapshot", count)  # noqa: B010  (a view that counts what is new in it)

    def content(snapshot: Snapshot, dock: ViewDock) -> tuple[object, ...]:
        """What of a snapshot a view shows; other objects where there is something new in it."""
        answers = (snapshot.reading(probe) for probe in dock.view.probes(snapshot, stage.document.selection))
        walks = snapshot.walks if dock.key == "surface" else ()
        return (*answers, *walks) or (snapshot.curves,)

    def turn(seconds: float) -> None:
        if seconds:
            pictures.append({name: shown[name] / seconds for name in SIX})
        shown.clear()

    stage.spin(0.5)
    assert {view.name for view in space.open_views} == set(SIX)
    found = stage.beside_training(lasting, turn)
    each = {name: statistics.median(one[name] for one in pictures) for name in SIX}
    stage.end({**found, "pictures": each})
