"""The optimizers there are.

A new one is one file here, one line in this table and one function in lab.kernels.update.
"""

from lab.learning.optimizers.adam import Adam
from lab.learning.optimizers.momentum import Momentum
from lab.learning.optimizers.optimizer import Optimizer
from lab.learning.optimizers.rmsprop import RMSprop
from lab.learning.optimizers.sgd import SGD

AnyOptimizer = SGD | Momentum | RMSprop | Adam
OPTIMIZERS: tuple[type[Optimizer], ...] = (SGD, Momentum, RMSprop, Adam)

__all__ = ["OPTIMIZERS", "SGD", "Adam", "AnyOptimizer", "Momentum", "Optimizer", "RMSprop"]
