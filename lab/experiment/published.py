"""Experiments with published architectures, from which their presets are written.

`python -m lab.experiment.published` writes the files of this table into resources/presets. A new one is an entry
here and its name in `lab.experiment.presets.GROUPS`.
"""

from __future__ import annotations

from lab.data.datasets.digits import Digits
from lab.data.datasets.photographs import Photographs, PhotoPatches
from lab.data.datasets.random_images import RandomImages
from lab.experiment.experiment import Experiment
from lab.experiment.files import save_experiment
from lab.files import resource
from lab.learning.losses import SquaredError
from lab.learning.optimizers import Adam, Momentum
from lab.learning.regularization import Regularization
from lab.network.architectures.alexnet import ALEXNET, ALEXNET_ONE_TOWER
from lab.network.architectures.architecture import Architecture
from lab.network.architectures.convnetjs import convnetjs_cifar
from lab.network.architectures.lenet import LENET_5
from lab.network.architectures.mlp import mlp
from lab.network.architectures.unet import SMALL_ENCODER_DECODER, SMALL_U_NET, U_NET
from lab.network.architectures.vgg import VGG_16

WEAK = Regularization(l2=0.001)
WEAKER = Regularization(l2=0.0005)


def noise_for(architecture: Architecture, examples: int) -> RandomImages:
    """Random images of the size the architecture was published for, with 1,000 classes."""
    x = architecture.input
    return RandomImages(x.channels, x.height, x.width, examples, number_of_classes=1000)


PUBLISHED: dict[str, Experiment] = {
    "lenet-5-1998": Experiment(
        name="LeNet-5 of 1998 on handwritten digits",
        description=(
            "The network as it was published: 60,000 parameters, scaled tanh, subsampling with a coefficient and a "
            "bias for each map, and a layer C3 whose 16 maps see 3, 4 or 6 of the 6 maps before them, by a table. "
            "Compare it with LeNet as it is built today. Its ten outputs, which measured distances to drawn pictures "
            "of the digits, are ten products here."
        ),
        data=Digits(size=32),
        network=LENET_5.network,
        optimizer=Momentum(rate=0.01),
    ),
    "mlp-300": Experiment(
        name="784-300-10 on handwritten digits",
        description=(
            "One of the networks that LeNet-5 was compared with in 1998: every one of 300 units sees all 784 pixels, "
            "and each place has to be learned anew. It has four times as many weights as LeNet-5 and misread 4.7 % of "
            "MNIST's test digits, where LeNet-5 misread 0.95 %."
        ),
        data=Digits(size=28),
        network=mlp(300),
        optimizer=Momentum(rate=0.01),
        regularization=WEAK,
    ),
    "mlp-500-150": Experiment(
        name="784-500-150-10 on handwritten digits",
        description=(
            "The best of the networks without convolutions that LeNet-5 was compared with in 1998: two hidden layers, "
            "469,160 weights and biases, and 2.95 % of MNIST's test digits misread. Watch how much the gradient "
            "shrinks from layer to layer on its way back."
        ),
        data=Digits(size=28),
        network=mlp(500, 150),
        optimizer=Momentum(rate=0.01),
        regularization=WEAK,
    ),
    "convnetjs-cifar-10": Experiment(
        name="ConvNetJS's network on patches of photographs",
        description=(
            "The network with which ConvNetJS showed CIFAR-10 being learned in a browser: three convolutions of 5×5, "
            "each with a pooling. CIFAR-10 is not shipped, so that it tells patches of two photographs apart instead, "
            "with two outputs in place of ten. Its filters see three channels, side by side under Filters."
        ),
        data=PhotoPatches(),
        network=convnetjs_cifar(2),
        optimizer=Momentum(rate=0.001),
        batch_size=32,
    ),
    "small-u-net": Experiment(
        name="A small U-Net takes noise from photographs",
        description=(
            "The answer is an image: the patch as it was before noise was added. Two poolings let each pixel see "
            "widely, and skips carry the detail across that pooling would lose. Race it against the same network "
            "without its skips: that one stays blurred."
        ),
        data=Photographs(),
        network=SMALL_U_NET.network,
        loss=SquaredError(),
        optimizer=Adam(rate=0.001),
        batch_size=16,
    ),
    "small-encoder-decoder": Experiment(
        name="The small U-Net without its skips",
        description=(
            "An encoder and a decoder and nothing between them. Each pixel of the answer sees as much of the image as "
            "in the small U-Net, but all that is known of it has gone through 8×8 pixels, and the edges stay blurred."
        ),
        data=Photographs(),
        network=SMALL_ENCODER_DECODER.network,
        loss=SquaredError(),
        optimizer=Adam(rate=0.001),
        batch_size=16,
    ),
    "alexnet": Experiment(
        name="AlexNet of 2012 on random pixels",
        description=(
            "The network that won ILSVRC 2012, in two towers that see each other's maps only at conv3 and fc6: "
            "61 million parameters, 724 million multiply-adds an image. Its 1.2 million photographs are not here: "
            "the pixels and the classes are random, and there is nothing to learn. Look at shapes, costs, memory and "
            "receptive fields; an update takes seconds."
        ),
        data=noise_for(ALEXNET, 8),
        network=ALEXNET.network,
        optimizer=Momentum(rate=0.01),
        regularization=WEAKER,
        batch_size=8,
    ),
    "alexnet-one-tower": Experiment(
        name="AlexNet in one tower on random pixels",
        description=(
            "AlexNet as it fits on one card: without groups, each filter sees all the maps before it, and conv2, "
            "conv4 and conv5 have twice as many weights and cost twice as much. Compare it with the two towers, layer "
            "by layer. The pixels and the classes are random: there is nothing to learn."
        ),
        data=noise_for(ALEXNET_ONE_TOWER, 8),
        network=ALEXNET_ONE_TOWER.network,
        optimizer=Momentum(rate=0.01),
        regularization=WEAKER,
        batch_size=8,
    ),
    "vgg-16": Experiment(
        name="VGG-16 of 2014 on random pixels",
        description=(
            "Nothing but 3×3 windows, sixteen layers deep: 138 million parameters, three quarters of them in fc6, and "
            "15.5 thousand million multiply-adds an image, nearly all of them in the convolutions. The pixels and the "
            "classes are random: there is nothing to learn. An update takes seconds and a few GB of memory."
        ),
        data=noise_for(VGG_16, 8),
        network=VGG_16.network,
        optimizer=Momentum(rate=0.0001),
        regularization=WEAKER,
        batch_size=2,
    ),
    "u-net": Experiment(
        name="U-Net of 2015 on random pixels",
        description=(
            "The network as it was published: no padding, so that 572×572 pixels go in and a class for each of the "
            "inner 388×388 comes out, and the skips are cropped to what is left below. The pixels and the answers are "
            "random: there is nothing to learn. Look at the shapes on the way down and up, and at what a pixel of the "
            "answer sees. An update takes some ten seconds."
        ),
        data=RandomImages(
            1, 572, 572, 4, "segmentation", number_of_classes=2, target_height=388, target_width=388
        ),
        network=U_NET.network,
        optimizer=Momentum(rate=0.001, momentum=0.99),
        batch_size=1,
    ),
}


def write() -> None:
    for name, experiment in PUBLISHED.items():
        save_experiment(experiment, resource("presets", f"{name}.json"))


if __name__ == "__main__":
    write()
