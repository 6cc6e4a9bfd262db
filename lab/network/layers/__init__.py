"""The layers there are. A new one is one file here and one line in this table."""

from lab.network.layers.conv2d import Conv2D
from lab.network.layers.dense import Dense
from lab.network.layers.dropout import Dropout
from lab.network.layers.flatten import Flatten
from lab.network.layers.join import Add, Concat
from lab.network.layers.layer import Layer, Parameter, Window
from lab.network.layers.local_response_norm import LocalResponseNorm
from lab.network.layers.pool import AveragePool2D, GlobalAveragePool2D, GlobalMaxPool2D, MaxPool2D
from lab.network.layers.resize import Crop, Upsample
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
    | Dropout
    | LocalResponseNorm
    | TransposedConv2D
    | Upsample
    | Crop
    | Concat
    | Add
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
    Dropout,
    LocalResponseNorm,
    TransposedConv2D,
    Upsample,
    Crop,
    Concat,
    Add,
)

__all__ = [
    "LAYERS",
    "Add",
    "AnyLayer",
    "AveragePool2D",
    "Concat",
    "Conv2D",
    "Crop",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePool2D",
    "GlobalMaxPool2D",
    "Layer",
    "LocalResponseNorm",
    "MaxPool2D",
    "Parameter",
    "Subsample",
    "TransposedConv2D",
    "Upsample",
    "Window",
]
