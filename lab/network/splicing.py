"""A layer that is there already, put on a connection: what dragging a block onto an edge means."""

from __future__ import annotations

from lab.network.editing import between, inserted, removed, renamed
from lab.network.network import Network
from lab.problem import Problem, ProblemError


def spliced(network: Network, name: str, source: str, target: str) -> Network:
    """The layer taken out, as `removed` does, and put on the connection from `source` to `target`.

    An empty `target` is the network's output: then it comes last. Further inputs of a join stay behind. ProblemError
    where there is no such layer or connection, or it is one of the layer's own.
    """
    node = next((node for node in network.nodes if node.name == name), None)
    if node is None:
        raise ProblemError(Problem(name, "there is no such layer", "Choose one that there is"))
    if name in (source, target):
        raise ProblemError(Problem(name, "it is at this connection already", "Choose another one"))
    rest = removed(network, {name})
    if not target:
        return inserted(rest, node.layer, None, name)[0]
    there, new = between(rest, node.layer, source, target)
    return renamed(there, new, name)
