"""The microscope's parts: number grids, images with a window, equations, and a face for each kind of layer."""

from lab.gui.widgets.microscope.convolution import ConvolutionFace
from lab.gui.widgets.microscope.dense import DenseFace
from lab.gui.widgets.microscope.face import Face
from lab.gui.widgets.microscope.joining import JoiningFace
from lab.gui.widgets.microscope.normalization import NormalizationFace
from lab.gui.widgets.microscope.pooling import PoolingFace
from lab.gui.widgets.microscope.resizing import ResizingFace
from lab.gui.widgets.microscope.softmax import SoftmaxFace
from lab.gui.widgets.microscope.transposed import TransposedFace
from lab.network.layers import (
    Add,
    AveragePool2D,
    BatchNorm,
    Concat,
    Conv2D,
    Crop,
    Dense,
    Flatten,
    GlobalAveragePool2D,
    GlobalMaxPool2D,
    LayerNorm,
    LocalResponseNorm,
    MaxPool2D,
    Softmax,
    Subsample,
    TransposedConv2D,
    Upsample,
)
from lab.network.layers.layer import Layer

FACES: dict[type[Layer], type[Face]] = {
    Dense: DenseFace,
    Conv2D: ConvolutionFace,
    TransposedConv2D: TransposedFace,
    MaxPool2D: PoolingFace,
    AveragePool2D: PoolingFace,
    GlobalMaxPool2D: PoolingFace,
    GlobalAveragePool2D: PoolingFace,
    Subsample: PoolingFace,
    Concat: JoiningFace,
    Add: JoiningFace,
    Upsample: ResizingFace,
    Crop: ResizingFace,
    Flatten: ResizingFace,
    BatchNorm: NormalizationFace,
    LayerNorm: NormalizationFace,
    LocalResponseNorm: NormalizationFace,
    Softmax: SoftmaxFace,
}
"""All other kinds show what comes in, what goes out, and their lines."""


def face_of(layer: Layer) -> type[Face]:
    return FACES.get(type(layer), Face)


__all__ = ["FACES", "Face", "face_of"]
