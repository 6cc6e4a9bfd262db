"""The hand at the mouse: what `descent soak` does with a window, as the dice fall."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from lab.experiment.experiment import Experiment
from lab.experiment.of_layer import with_network
from lab.learning.optimizers import Adam, Momentum, RMSprop
from lab.network.layers import Dense
from lab.network.network import Network
from lab.training.quantities import OF_LAYER, OF_RUN, AnyQuantity

if TYPE_CHECKING:
    from lab.gui.main_window import MainWindow


class Hand:
    """Does with a window what a person does. It leaves files in `folder`, and waits for nothing that training does."""

    def __init__(self, window: MainWindow, dice: random.Random, folder: Path) -> None:
        self.dice = dice
        self._window, self._document = window, window.document
        self._file = folder / "soak.descent"

    def do_something(self) -> None:
        self.dice.choice(ACTIONS)(self)

    def _edit(self, experiment: Experiment, text: str) -> None:
        self._document.edit(experiment, text)

    # -- training -----------------------------------------------------------------------------------------

    def play(self) -> None:
        self._document.playback.toggle()

    def step(self) -> None:
        self._document.trainer.advance(self.dice.randint(1, 40))

    def operate(self) -> None:
        self._document.playback.step_operations(self.dice.randint(-9, 12))

    def scrub(self) -> None:
        furthest = self._document.playback.furthest
        for _ in range(self.dice.randint(1, 6)):
            self._document.playback.go_to(self.dice.randint(0, furthest))

    def reset(self) -> None:
        self._document.playback.reset()

    # -- the experiment -----------------------------------------------------------------------------------

    def retune(self) -> None:
        draft = self._document.draft
        rate = draft.optimizer.rate * self.dice.choice((0.5, 0.9, 1.1, 2.0))
        optimizer = msgspec.structs.replace(draft.optimizer, rate=min(max(rate, 1e-6), 1.0))
        self._edit(msgspec.structs.replace(draft, optimizer=optimizer), "Rate")

    def replace_optimizer(self) -> None:
        optimizer = self.dice.choice((Adam(rate=0.001), Momentum(rate=0.01), RMSprop(rate=0.001)))
        self._edit(msgspec.structs.replace(self._document.draft, optimizer=optimizer), "Optimizer")

    def resize_batch(self) -> None:
        batch = self.dice.choice((4, 10, 16, 32, 64))
        self._edit(msgspec.structs.replace(self._document.draft, batch_size=batch), "Batch")

    def widen(self) -> None:
        """Another width for a hidden dense layer: up, or down."""
        draft = self._document.draft
        nodes = list(draft.network.nodes)
        hidden = [i for i, node in enumerate(nodes[:-1]) if isinstance(node.layer, Dense)]
        if hidden:
            i = self.dice.choice(hidden)
            layer = msgspec.structs.replace(nodes[i].layer, units=self.dice.randint(1, 40))
            nodes[i] = msgspec.structs.replace(nodes[i], layer=layer)
            self._edit(with_network(draft, Network(tuple(nodes))), "Widen")

    def turn_weights(self) -> None:
        self._document.runs.set_weights(
            lambda named: {name: 0.99 * values for name, values in list(named.items())[:1]}, "Shrink"
        )

    def undo(self) -> None:
        self._document.undo_stack.undo()

    def redo(self) -> None:
        self._document.undo_stack.redo()

    # -- its runs -----------------------------------------------------------------------------------------

    def duplicate(self) -> None:
        self._document.runs.duplicate()

    def activate(self) -> None:
        if runs := self._document.runs.seen:
            self._document.runs.activate(self.dice.choice(runs).run)

    def close_run(self) -> None:
        if runs := self._document.runs.seen:
            self._document.runs.close(self.dice.choice(runs).run)

    # -- looking ------------------------------------------------------------------------------------------

    def select(self) -> None:
        nodes = self._document.draft.network.nodes
        self._document.select_layer(self.dice.choice(nodes).name if nodes else None)

    def turn_to_view(self) -> None:
        """Bring a view in front, or close it."""
        dock = self.dice.choice(tuple(self._window.workspace.docks.values()))
        if dock.isHidden() or dock.is_covered:
            dock.show()
            dock.raise_()
        else:
            dock.close()

    def split(self) -> None:
        """A picture for each run, in a view that can be split; or one for all again."""
        docks = self._window.workspace.docks.values()
        offered = [dock.by_run for dock in docks if dock.by_run is not None and not dock.by_run.isHidden()]
        if offered:
            self.dice.choice(offered).toggle()

    def follow(self) -> None:
        """Something for the watch list, in place of what was on it."""
        nodes = self._document.draft.network.nodes
        quantities: list[AnyQuantity] = [kind() for kind in self.dice.sample(OF_RUN, 2)]  # type: ignore[misc]  # of a table of classes mypy sees their base alone
        if nodes:
            quantities.append(self.dice.choice(OF_LAYER)(layer=self.dice.choice(nodes).name))  # type: ignore[arg-type]  # as above
        self._document.set_quantities(quantities)

    def open_menus(self) -> None:
        """All that are filled when they open."""
        menus = self._window.menus
        for menu in (menus.presets, menus.exports):
            menu.aboutToShow.emit()

    def change_theme(self) -> None:
        self._window.appearance.choose(self.dice.choice(("light", "dark")))

    # -- its file -----------------------------------------------------------------------------------------

    def save(self) -> None:
        self._window.keeping.save(self._file)
        self._window.keeping.finish()

    def reopen(self) -> None:
        """What was saved last, of whatever experiment it was."""
        if self._file.exists():
            self._window.keeping.discard()
            self._window.open_file(self._file)
            self._window.keeping.work.wait()  # or the next thing done would have to be asked about


ACTIONS: tuple[Callable[[Hand], None], ...] = (
    Hand.play, Hand.play, Hand.step, Hand.step, Hand.operate, Hand.scrub, Hand.scrub, Hand.retune, Hand.retune,
    Hand.replace_optimizer, Hand.resize_batch, Hand.widen, Hand.widen, Hand.turn_weights, Hand.undo, Hand.undo,
    Hand.redo, Hand.duplicate, Hand.activate, Hand.close_run, Hand.reset, Hand.select, Hand.turn_to_view, Hand.split,
    Hand.follow, Hand.open_menus, Hand.change_theme, Hand.save, Hand.reopen,
)  # fmt: skip
