"""The optimizers there are.

A new one is one file here, one line in this table and one function in lab.kernels.update.
"""

from lab.learning.optimizers.adadelta import Adadelta
from lab.learning.optimizers.adagrad import Adagrad
from lab.learning.optimizers.adam import Adam
from lab.learning.optimizers.adamw import AdamW
from lab.learning.optimizers.momentum import Momentum
from lab.learning.optimizers.nesterov import Nesterov
from lab.learning.optimizers.optimizer import Optimizer
from lab.learning.optimizers.rmsprop import RMSprop
from lab.learning.optimizers.rprop import Rprop
from lab.learning.optimizers.sgd import SGD

AnyOptimizer = SGD | Momentum | Nesterov | Rprop | RMSprop | Adam | AdamW | Adadelta | Adagrad
OPTIMIZERS: tuple[type[Optimizer], ...] = (
    SGD,
    Momentum,
    Nesterov,
    Rprop,
    RMSprop,
    Adam,
    AdamW,
    Adadelta,
    Adagrad,
)

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "AnyOptimizer",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSprop",
    "Rprop",
]
