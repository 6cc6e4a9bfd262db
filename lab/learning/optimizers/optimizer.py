"""What every optimizer is: an element-wise update of one flat parameter vector."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.learning.told import Before, Term

Vector = NDArray[np.floating[Any]]

Rate = Annotated[
    float,
    msgspec.Meta(
        ge=0,
        le=1000,
        title="learning rate ε",
        description="Factor on each step; often the most important number",
    ),
]
Epsilon = Annotated[
    float, msgspec.Meta(gt=0, le=1, title="ε₀", description="Added to the root, against division by zero")
]


class Optimizer(msgspec.Struct, frozen=True, tag_field="optimizer", forbid_unknown_fields=True, kw_only=True):
    """The rule that turns a gradient g into a change of the weights w.

    `kind` names the arithmetic in lab.kernels.update; `slots` names the vectors that the rule remembers, each
    as long as the parameter vector and starting at zero.
    """

    rate: Rate = 0.01

    title: ClassVar[str]
    formula: ClassVar[str]
    kind: ClassVar[int]
    slots: ClassVar[tuple[str, ...]] = ()

    @property
    def constants(self) -> tuple[float, ...]:
        """The rule's settings besides the rate, in the order its kernel takes them."""
        return ()

    def step_size(self, rate: float, gradient: Vector, slots: Vector, age: int) -> Vector:
        """By what the last update multiplied each weight's gradient, or the direction that the rule makes of it.

        `rate` is the one that was used, the layer's factor included; `gradient` [n] is what the rule saw, `slots`
        [slots, n] what it remembers after it; `age` counts the updates, this one included. Here ε for all weights
        alike: of the gradient, or of a velocity that sums up gradients.
        """
        return np.full_like(gradient, rate)

    def told(self, at: Before) -> tuple[Term, ...]:
        """The update of one weight term by term, as published; the value of the last term is its change Δw."""
        raise NotImplementedError

    @property
    def meaning(self) -> tuple[float, ...]:
        """What the slots mean: rules that are equal in this can go on with each other's memory."""
        return (self.kind,)
