"""The other side: the same network in PyTorch, eager, as a person would write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.learning.losses import SoftmaxCrossEntropy
from lab.learning.optimizers import Adam, Momentum
from lab.network.activations import ReLU, Tanh
from lab.network.layers import (
    Concat,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    LocalResponseNorm,
    MaxPool2D,
    TransposedConv2D,
)
from lab.network.network import analyse
from lab.value import both

if TYPE_CHECKING:
    from lab.bench.contests import Contest, Steps


def model_of(contest: Contest) -> Any:
    """A torch.nn.Module of the contest's network. ValueError for a layer that no contest has had yet."""
    import torch

    class Model(torch.nn.Module):  # type: ignore[misc]  # it is Any where PyTorch is not installed
        def __init__(self) -> None:
            super().__init__()
            self.parts = torch.nn.ModuleDict()
            for facts in analyse(contest.network, contest.x).nodes:
                x = facts.input
                assert x is not None
                match facts.layer:
                    case Dense(units=units):
                        self.parts[facts.name] = torch.nn.Linear(x.size, units)
                    case Conv2D() as layer:
                        padding = layer.padding if isinstance(layer.padding, str) else both(layer.padding)
                        self.parts[facts.name] = torch.nn.Conv2d(
                            x.channels, layer.filters, both(layer.kernel), both(layer.stride), padding,
                            both(layer.dilation), layer.groups, layer.bias,
                        )  # fmt: skip
                    case TransposedConv2D() as layer:
                        window = both(layer.kernel), both(layer.stride), both(layer.padding)
                        self.parts[facts.name] = torch.nn.ConvTranspose2d(x.channels, layer.filters, *window)

        def forward(self, X: Any) -> Any:
            flowing = {"input": X}
            for index, node in enumerate(contest.network.nodes):
                xs = [flowing[name] for name in contest.network.sources(index)]
                match node.layer:
                    case Dense() | Conv2D() | TransposedConv2D():
                        y = self.parts[node.name](xs[0])
                    case MaxPool2D() as layer:
                        y = torch.max_pool2d(
                            xs[0], both(layer.kernel), both(layer.stride), both(layer.padding)
                        )
                    case Flatten():
                        y = xs[0].flatten(1)
                    case Concat():
                        y = torch.cat(xs, 1)
                    case Dropout(rate=rate):
                        y = torch.nn.functional.dropout(xs[0], rate, self.training)
                    case LocalResponseNorm() as layer:
                        n = layer.size
                        y = torch.nn.functional.local_response_norm(
                            xs[0], n, layer.alpha * n, layer.beta, layer.k
                        )
                    case layer:
                        raise ValueError(f"{type(layer).__name__} has no counterpart here yet")
                match getattr(node.layer, "activation", None):
                    case ReLU():
                        y = torch.relu(y)
                    case Tanh():
                        y = torch.tanh(y)
                flowing[node.name] = y
            return y

    return Model()


def training(contest: Contest) -> Steps:
    """Batches in stored order from tensors made beforehand; the error is asked for, as ours is, but not read."""
    import torch

    torch.set_num_threads(contest.threads)
    X, T = (torch.tensor(array) for array in contest.data())
    model = model_of(contest)
    if contest.x.is_vector:
        X = X.reshape(len(X), -1)
    rate = contest.optimizer.rate
    optimizer: Any
    match contest.optimizer:
        case Adam():
            optimizer = torch.optim.Adam(model.parameters(), rate)
        case Momentum(momentum=alpha):
            optimizer = torch.optim.SGD(model.parameters(), rate, momentum=alpha)
        case _:
            optimizer = torch.optim.SGD(model.parameters(), rate)
    softmax = isinstance(contest.loss, SoftmaxCrossEntropy)
    labels = T.argmax(1)
    batches = [slice(at, at + contest.batch) for at in range(0, len(X), contest.batch)]

    def steps(count: int) -> None:
        torch.set_num_threads(contest.threads)
        for k in range(count):
            batch = batches[k % len(batches)]
            output = model(X[batch])
            if softmax:
                error = torch.nn.functional.cross_entropy(output, labels[batch])
            else:
                error = 0.5 * ((output.flatten(1) - T[batch]) ** 2).sum(1).mean()
            optimizer.zero_grad()
            error.backward()
            optimizer.step()

    return steps


def inference(contest: Contest) -> Steps:
    """One batch forward, again and again, without anything kept for a backward pass."""
    import torch

    torch.set_num_threads(contest.threads)
    model = model_of(contest).eval()
    X = torch.tensor(contest.data()[0][: contest.batch])

    def steps(count: int) -> None:
        torch.set_num_threads(contest.threads)
        with torch.inference_mode():
            for _ in range(count):
                model(X)

    return steps
