"""The architecture as a table: a row a layer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lab.gui.widgets.graph.faces import Sights
from lab.gui.widgets.layer_block import sentence
from lab.network.network import Analysis, Network


def columns_of(network: Network, analysis: Analysis) -> dict[str, NDArray[np.str_]]:
    """Columns of words, empty where something is unknown; none at all where there are no layers."""
    if not analysis.nodes:
        return {}
    sights = Sights()
    known = sights.turn_to(network, analysis)
    while sights.look_on():
        pass
    nodes = analysis.nodes
    fields = [known[f.name].size if f.name in known else None for f in nodes]
    columns = {
        "layer": [f.name for f in nodes],
        "kind": [sentence(f.layer) for f in nodes],
        "inputs": [" + ".join(f.inputs) for f in nodes],
        "output (channels×height×width)": ["" if f.output is None else str(f.output) for f in nodes],
        "parameters": ["" if f.parameter_count is None else str(f.parameter_count) for f in nodes],
        "multiply-adds": ["" if f.multiply_adds is None else str(f.multiply_adds) for f in nodes],
        "receptive field (pixels)": ["" if size is None else f"{size[0]}×{size[1]}" for size in fields],
    }
    return {name: np.array(values) for name, values in columns.items()}
