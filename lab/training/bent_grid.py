"""How a layer folds the plane: the grid, the examples and the border between classes, moved to where it puts them."""

from __future__ import annotations

from collections.abc import Callable

import contourpy
import numpy as np

from lab.training.bending import BentGrid, BentGridProbe, Points
from lab.training.looking import outputs_at
from lab.training.moment import Moment
from lab.training.plane import is_plane, lean, maps_of

MOST = 2000
"""Examples that are moved: more would not be told apart."""
View = Callable[[Points], Points]
"""From outputs [units, n] to places [n, 2]."""


def bent_grid(probe: BentGridProbe, moment: Moment) -> BentGrid | None:
    """None where inputs are no plane, or there is no such layer."""
    bounds = moment.experiment.data.bounds()
    if bounds is None or not is_plane(moment):
        return None
    n = probe.between * (probe.lines - 1) + 1
    maps = maps_of(moment, bounds, n)
    if probe.layer not in maps:
        return None
    part = moment.prepared.training
    raw = part.raw[:MOST]
    made = outputs_at(moment, raw)[probe.layer].astype(np.float64)
    places = raw.reshape(-1, 2).astype(np.float64)
    units, share, view = _view(probe.units, made, places)
    x, y = (np.linspace(*limits, n) for limits in bounds)
    lattice = np.stack(np.meshgrid(x, y), -1)  # [n, n, 2], rows of one y
    bent = view(maps[probe.layer].reshape(len(made), -1).astype(np.float64)).reshape(n, n, 2)
    border = _border(moment, maps, x, y)
    return BentGrid(
        layer=probe.layer,
        width=len(made),
        units=units,
        share=share,
        lines=(_lines(lattice, probe.between), _lines(bent, probe.between)),
        points=(places, view(made)),
        border=(border, _moved(moment, border, probe.layer, view)),
        labels=None if part.labels is None else part.labels[:MOST],
        targets=None if part.targets is None else part.targets[:MOST],
    )


def _lines(lattice: Points, between: int) -> Points:
    """[2 lines, n, 2]: every so manieth column, then every so manieth row."""
    columns = lattice[:, ::between].swapaxes(0, 1)
    return np.concatenate([columns, lattice[::between]])


def _view(
    wanted: tuple[int, int] | None, made: Points, places: Points
) -> tuple[tuple[int, int] | None, float, View]:
    """The units that are looked along, the share of the variance that is seen, and how outputs become places."""
    width = len(made)
    if wanted is None and width == 2:
        wanted = 0, 1
    if wanted is not None or width == 1:
        units = tuple(min(max(k, 0), width - 1) for k in wanted or (0, 0))
        across, up = units
        if width == 1:
            return (0, 0), 1.0, lambda values: np.stack([values[0], np.zeros_like(values[0])], -1)
        share = made[[across, up]].var(1).sum() / max(made.var(1).sum(), 1e-300)
        return (across, up), float(share), lambda values: values[[across, up]].T
    middle = made.mean(1, keepdims=True)
    centred = made - middle
    directions, lengths, _ = np.linalg.svd(np.nan_to_num(centred), full_matrices=False)
    main = directions[:, :2]
    turned = main @ turn(main.T @ centred, places.T)
    share = (lengths[:2] ** 2).sum() / max((lengths**2).sum(), 1e-300)
    return None, float(share), lambda values: (values - middle).T @ turned


def turn(seen: Points, like: Points) -> Points:
    """The rotation R [2, 2], perhaps with a mirror, that brings seen^T R nearest to `like`, both [2, n], but for size.

    Orthogonal Procrustes: P. H. Schönemann, 1966. Without it main directions would swap and flip as training goes on.
    """
    centred = like - like.mean(1, keepdims=True)
    left, _, right = np.linalg.svd(np.nan_to_num(seen @ centred.T))
    return np.asarray(left @ right)


def _border(moment: Moment, maps: dict[str, np.ndarray], x: Points, y: Points) -> Points:
    """Where the network turns from one class to another, [m, 2] in raw units, gaps NaN."""
    if not moment.experiment.data.classes():
        return np.empty((0, 2))
    score, winner = lean(moment, maps[moment.experiment.network.nodes[-1].name])
    if winner is not None:
        heights = [((winner == k).astype(float), 0.5) for k in np.unique(winner)]
    else:
        assert score is not None
        heights = [(score.astype(float), 0.0)]
    pieces = []
    for height, level in heights:
        generator = contourpy.contour_generator(x, y, np.ma.masked_invalid(height), name="serial")
        for line in generator.lines(level):
            pieces += [np.asarray(line), np.full((1, 2), np.nan)]
    return np.concatenate(pieces) if pieces else np.empty((0, 2))


def _moved(moment: Moment, border: Points, layer: str, view: View) -> Points:
    if not len(border):
        return border
    there = ~np.isnan(border[:, 0])
    found = np.full_like(border, np.nan)
    raw = border[there].astype(np.float32).reshape(-1, 2, 1, 1)
    found[there] = view(outputs_at(moment, raw)[layer].astype(np.float64))
    return found
