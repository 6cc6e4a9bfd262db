"""The layers there are. A new one is one file here and one line in this table."""

from lab.network.layers.activation import ActivationLayer
from lab.network.layers.conv2d import Conv2D
from lab.network.layers.dense import Dense
from lab.network.layers.dropout import Dropout
from lab.network.layers.flatten import Flatten
from lab.network.layers.formula import Formula
from lab.network.layers.join import Add, Concat
from lab.network.layers.layer import Layer, Parameter, Window
from lab.network.layers.local_response_norm import LocalResponseNorm
from lab.network.layers.normalization import BatchNorm, LayerNorm
from lab.network.layers.pool import AveragePool2D, GlobalAveragePool2D, GlobalMaxPool2D, MaxPool2D
from lab.network.layers.prelu import PReLU
from lab.network.layers.resize import Crop, Upsample
from lab.network.layers.softmax import Softmax
from lab.network.layers.subsample import Subsample
from lab.network.layers.transposed_conv2d import TransposedConv2D

AnyLayer = (
    Dense
    | Conv2D
    | MaxPool2D
    | AveragePool2D
    | GlobalMaxPool2D
    | GlobalAveragePool2D
    | Subsample
    | Flatten
    | ActivationLayer
    | PReLU
    | Softmax
    | Dropout
    | BatchNorm
    | LayerNorm
    | LocalResponseNorm
    | TransposedConv2D
    | Upsample
    | Crop
    | Concat
    | Add
    | Formula
)
LAYERS: tuple[type[Layer], ...] = (
    Dense,
    Conv2D,
    MaxPool2D,
    AveragePool2D,
    GlobalMaxPool2D,
    GlobalAveragePool2D,
    Subsample,
    Flatten,
    ActivationLayer,
    PReLU,
    Softmax,
    Dropout,
    BatchNorm,
    LayerNorm,
    LocalResponseNorm,
    TransposedConv2D,
    Upsample,
    Crop,
    Concat,
    Add,
    Formula,
)

__all__ = [
    "LAYERS",
    "ActivationLayer",
    "Add",
    "AnyLayer",
    "AveragePool2D",
    "BatchNorm",
    "Concat",
    "Conv2D",
    "Crop",
    "Dense",
    "Dropout",
    "Flatten",
    "Formula",
    "GlobalAveragePool2D",
    "GlobalMaxPool2D",
    "Layer",
    "LayerNorm",
    "LocalResponseNorm",
    "MaxPool2D",
    "PReLU",
    "Parameter",
    "Softmax",
    "Subsample",
    "TransposedConv2D",
    "Upsample",
    "Window",
]
