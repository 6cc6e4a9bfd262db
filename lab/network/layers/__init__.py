"""The layers there are. A new one is one file here and one line in this table."""

from lab.network.layers.conv2d import Conv2D
from lab.network.layers.dense import Dense
from lab.network.layers.flatten import Flatten
from lab.network.layers.layer import Layer, Parameter, Window
from lab.network.layers.pool import AveragePool2D, MaxPool2D

AnyLayer = Dense | Conv2D | MaxPool2D | AveragePool2D | Flatten
LAYERS: tuple[type[Layer], ...] = (Dense, Conv2D, MaxPool2D, AveragePool2D, Flatten)

__all__ = [
    "LAYERS",
    "AnyLayer",
    "AveragePool2D",
    "Conv2D",
    "Dense",
    "Flatten",
    "Layer",
    "MaxPool2D",
    "Parameter",
    "Window",
]
