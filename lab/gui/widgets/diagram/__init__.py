"""The network drawn: units and weights where it is small, layers as stacks of their maps where it is large."""
