"""Published architectures as values. A new one is a file here, or a line in one, and a line in this table."""

from lab.network.architectures.alexnet import ALEXNET, ALEXNET_ONE_TOWER
from lab.network.architectures.architecture import Architecture
from lab.network.architectures.convnetjs import CONVNETJS_CIFAR
from lab.network.architectures.lenet import LENET_5, MODERN_LENET
from lab.network.architectures.mlp import MLPS
from lab.network.architectures.unet import SMALL_ENCODER_DECODER, SMALL_U_NET, U_NET
from lab.network.architectures.vgg import VGG_16

ARCHITECTURES: tuple[Architecture, ...] = (
    *MLPS,
    LENET_5,
    MODERN_LENET,
    ALEXNET,
    ALEXNET_ONE_TOWER,
    VGG_16,
    CONVNETJS_CIFAR,
    U_NET,
    SMALL_U_NET,
    SMALL_ENCODER_DECODER,
)

__all__ = ["ARCHITECTURES", "Architecture"]
