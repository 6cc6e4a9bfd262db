"""U-Net: down to see widely, up again to the pixel, and skips that carry the detail across."""

from __future__ import annotations

from lab.network.activations import ReLU
from lab.network.architectures.architecture import Architecture
from lab.network.initializers import He
from lab.network.layers import AnyLayer, Concat, Conv2D, Crop, MaxPool2D, TransposedConv2D
from lab.network.network import Network, Node
from lab.network.shape import Shape

SOURCE = (
    "O. Ronneberger, P. Fischer, T. Brox, U-Net: Convolutional Networks for Biomedical Image Segmentation, "
    "MICCAI 2015"
)


def unet(outputs: int, base: int = 64, depth: int = 4, *, same: bool = False, skips: bool = True) -> Network:
    """`depth` times down and up, with `base` maps at the top and twice as many at each level below.

    Without padding, as published, a level's image loses 4 pixels an axis to its two convolutions on either way;
    the skips are cropped by what is lost below them. With padding (`same`) nothing is lost, and the input's extent
    must be a multiple of 2**depth. Without `skips` it is the encoder and decoder alone. The paper's dropout at the
    end of the way down is left out: it says neither where nor how much.
    """
    nodes: list[Node] = []

    def add(name: str, layer: AnyLayer, *inputs: str) -> None:
        nodes.append(Node(name, layer, inputs))

    def convolve(name: str, filters: int) -> None:
        for number in (1, 2):
            layer = Conv2D(filters, 3, padding=int(same), activation=ReLU(), start=He())
            add(f"{name}_{number}", layer)

    for level in range(1, depth + 1):
        convolve(f"down{level}", base << level - 1)
        add(f"pool{level}", MaxPool2D())
    convolve("bottom", base << depth)
    border = 4  # lost a side, counted at the level above the two lowest convolutions
    for level in range(depth, 0, -1):
        add(f"up{level}", TransposedConv2D(base << level - 1, 2, 2, start=He()))
        if skips:
            skip = f"down{level}_2"
            if not same:
                add(f"crop{level}", Crop(border), skip)
                skip, border = f"crop{level}", 2 * (border + 4)
            add(f"join{level}", Concat(), skip, f"up{level}")
        convolve(f"back{level}", base << level - 1)
    add("output", Conv2D(outputs, 1, start=He()))
    return Network(tuple(nodes))


U_NET = Architecture(
    name="u-net",
    title="U-Net of 2015",
    year=2015,
    source=SOURCE,
    summary="A class for each pixel of a microscope's image; it takes 572×572 pixels and tells of the inner 388×388",
    network=unet(2),
    input=Shape(1, 572, 572),
)
SMALL_U_NET = Architecture(
    name="small-u-net",
    title="A small U-Net",
    year=2015,
    source=SOURCE,
    summary="Two levels and 16 maps, padded, an image for an image: small enough to be learned while one looks on",
    network=unet(3, base=16, depth=2, same=True),
    input=Shape(3, 32, 32),
)
SMALL_ENCODER_DECODER = Architecture(
    name="small-encoder-decoder",
    title="A small U-Net without its skips",
    year=2015,
    source=SOURCE,
    summary="Sees as widely, but what the pooling has lost does not come back",
    network=unet(3, base=16, depth=2, same=True, skips=False),
    input=Shape(3, 32, 32),
)
