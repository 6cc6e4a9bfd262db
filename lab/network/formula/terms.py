"""A formula as a list of terms in the order in which they are computed, parts that occur twice only once.

A term is a weight, x or y, or an elementary operation on terms before it and numbers.
"""

from __future__ import annotations

from functools import lru_cache

from lab.network.formula.tree import Apply, Number, Tree, X, Y, parts


@lru_cache(maxsize=256)
def terms(tree: Tree) -> tuple[Tree, ...]:
    """The last one is the whole formula. A number is a term only where there is nothing else."""
    found = dict.fromkeys(part for part in parts(tree) if not isinstance(part, Number))
    first = [variable for variable in (X, Y) if variable in found]
    return (*first, *(part for part in found if isinstance(part, Apply))) or (tree,)
