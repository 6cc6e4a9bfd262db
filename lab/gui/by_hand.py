"""A single weight, or a layer's activation function, set by hand from wherever in the window."""

from __future__ import annotations

import msgspec

from lab.experiment.of_layer import with_network
from lab.gui.document import Document
from lab.gui.views.weights import place_of
from lab.gui.widgets.numbers import words
from lab.network.activations import AnyActivation
from lab.network.refits import with_layer
from lab.training.conductor import Named
from lab.value import fields


def set_weight(document: Document, flat: int, value: float) -> None:
    """Give the weight with this flat index another value, from the run's step on; undo takes it back."""
    snapshot = document.snapshot
    place = snapshot and place_of(snapshot.experiment.analysis, flat)
    if not place:
        return
    name, spot = place

    def read(now: Named) -> Named:
        values = now[name]
        values[spot] = value
        return {name: values}

    document.runs.set_weights(read, f"Set {name}[{', '.join(map(str, spot))}] to {words(value)}")


def set_activation(document: Document, layer: str, activation: AnyActivation) -> None:
    """Give a layer another activation function, or this one another constant; a drag is one entry to undo."""
    node = next((node for node in document.draft.network.nodes if node.name == layer), None)
    if node is None or not hasattr(node.layer, "activation"):
        return
    network = with_layer(
        document.draft.network, layer, msgspec.structs.replace(node.layer, activation=activation)
    )
    constants = [field.title for field in fields(type(activation))]
    is_turned = type(node.layer.activation) is type(activation) and constants
    text = f"{layer}: {constants[0] if is_turned else f'activation {activation.title}'}"
    document.edit(with_network(document.draft, network), text, f"{layer}.activation")
