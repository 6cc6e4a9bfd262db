"""Maps of layers as pictures, one a layer, made a few at a time so that no frame waits for them."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from lab.gui.theme import LIGHT, Theme, diverging
from lab.gui.widgets.colour import image_of, pixel_table, rows_of_map
from lab.gui.widgets.diagram.strata import Block, Strata
from lab.network.network import INPUT

SHARPEST = 64
"""Numbers of a map in a row, at most, that are made pixels."""

Array = NDArray[np.float32]


class Thumbnails:
    """`work` makes pictures until its time is up; until a new one is there the old one is shown."""

    def __init__(self) -> None:
        self.pictures: dict[str, QImage] = {}
        self._values: Mapping[str, Array] = {}
        self._limits: Mapping[str, NDArray[np.float64]] = {}
        self._waiting: list[Block] = []
        self._theme = LIGHT

    def show(
        self,
        strata: Strata,
        values: Mapping[str, Array],
        limits: Mapping[str, NDArray[np.float64]],
        theme: Theme,
    ) -> None:
        """`values[name]` are [channels, height, width]; an input of three channels is one picture in its colours."""
        self._values, self._limits, self._theme = values, limits, theme
        behind = {block.name for block in self._waiting}  # those that did not get their turn come first
        self._waiting = sorted(
            (block for block in strata.blocks if block.name in values), key=lambda b: b.name not in behind
        )

    def forget(self) -> None:
        self.pictures.clear()
        self._waiting.clear()

    def work(self, seconds: float) -> bool:
        """Whether there is more to be done."""
        until = time.perf_counter() + seconds
        while self._waiting:
            block = self._waiting.pop(0)
            self.pictures[block.name] = self._picture(block)
            if time.perf_counter() > until:
                break
        return bool(self._waiting)

    def _picture(self, block: Block) -> QImage:
        values = self._values[block.name]
        step = -(-max(values.shape[1:]) // SHARPEST)
        values = values[:, ::step, ::step]
        if block.name == INPUT and block.grid.count == 1:
            return self._input(values)
        grid = block.grid
        values = values[: grid.count]
        limits = self._limits[block.name]
        each = limits[: grid.count] if len(limits) > 1 else limits
        table = pixel_table(diverging(self._theme), self._theme.danger)
        pixels = table[rows_of_map(values, -each[:, None, None], each[:, None, None])]
        return image_of(_sheet(pixels, grid.columns, grid.rows))

    def _input(self, values: Array) -> QImage:
        if len(values) == 3:
            low, high = float(values.min()), float(values.max())
            colours = np.clip((values - low) * (255 / max(high - low, 1e-9)), 0, 255).astype(np.uint32)
            return image_of(np.uint32(0xFF000000) | colours[0] << 16 | colours[1] << 8 | colours[2])
        limit = float(np.abs(values).max(initial=0.0)) or 1.0
        table = pixel_table(diverging(self._theme), self._theme.danger)
        return image_of(table[rows_of_map(values.mean(axis=0), -limit, limit)])


def _sheet(pixels: NDArray[np.uint32], columns: int, rows: int) -> NDArray[np.uint32]:
    """[n, h, w] tiles side by side, row under row, see-through where there are none left."""
    count, h, w = pixels.shape
    whole = np.zeros((rows * columns, h, w), np.uint32)
    whole[:count] = pixels
    return whole.reshape(rows, columns, h, w).swapaxes(1, 2).reshape(rows * h, columns * w)
