"""PyTorch's optimizers with the numbers of ours."""

from __future__ import annotations

import torch

from lab.learning.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    Momentum,
    Nesterov,
    Optimizer,
    RMSprop,
    Rprop,
)

torch.set_num_threads(1)  # on small arrays its threads only wait for each other


def optimizer(
    o: Optimizer, weights: list[torch.Tensor], biases: list[torch.Tensor]
) -> tuple[torch.optim.Optimizer, bool] | None:
    """PyTorch's optimizer, and whether it also agrees with ours while the rate changes; None where it has none."""
    p, optim = [*weights, *biases], torch.optim
    match o:
        case SGD():
            return optim.SGD(p, o.rate), True
        case Momentum():
            # in units of the weight or of the gradient: one path at a constant rate
            return optim.SGD(p, o.rate, momentum=o.momentum), o.velocity_of == "gradients"
        case Nesterov():
            if o.momentum == 0:
                return None
            return optim.SGD(p, o.rate, momentum=o.momentum, nesterov=True), o.velocity_of == "gradients"
        case Rprop():
            if o.turn != "wait":
                return None
            limits = {"etas": (o.down, o.up), "step_sizes": (o.least, o.most)}
            return optim.Rprop(p, o.rate, **limits), True
        case RMSprop():
            return optim.RMSprop(p, o.rate, alpha=o.decay, eps=o.epsilon), True
        case Adam():
            return optim.Adam(p, o.rate, betas=(o.beta1, o.beta2), eps=o.epsilon), True
        case AdamW():
            constant = o.decay / o.rate if o.decay_times == "schedule" else o.decay
            groups = [
                {"params": weights, "weight_decay": constant},
                {"params": biases, "weight_decay": constant if o.decay_of == "all" else 0.0},
            ]
            return optim.AdamW(groups, o.rate, betas=(o.beta1, o.beta2), eps=o.epsilon), True
        case Adadelta():
            return optim.Adadelta(p, o.rate, rho=o.rho, eps=o.epsilon), True
        case Adagrad():
            return optim.Adagrad(p, o.rate, eps=o.epsilon), True
    raise AssertionError(o)
