"""Published architectures against the figures in their papers, to the digit."""

import numpy as np
import pytest

from lab.network.alignment import misaligned
from lab.network.architectures import ARCHITECTURES
from lab.network.architectures.alexnet import ALEXNET, ALEXNET_ONE_TOWER
from lab.network.architectures.convnetjs import CONVNETJS_CIFAR
from lab.network.architectures.lenet import LENET_5, MODERN_LENET
from lab.network.architectures.unet import SMALL_ENCODER_DECODER, SMALL_U_NET, U_NET, unet
from lab.network.architectures.vgg import VGG_16
from lab.network.layers import Crop, Subsample
from lab.network.network import Network, analyse
from lab.network.receptive_field import field_of, receptive_fields
from lab.network.shape import Shape
from lab.value import from_json, to_json, validated

each = pytest.mark.parametrize("one", ARCHITECTURES, ids=lambda one: one.name)


def counts(architecture):
    return {f.name: f.parameter_count for f in architecture.analysis.nodes if f.parameter_count}


def outputs(architecture):
    return {f.name: str(f.output) for f in architecture.analysis.nodes}


@each
def test_each_is_whole(one):
    assert one.analysis.problems == ()
    assert misaligned(one.network, one.input) == ()
    assert validated(one.network) == one.network
    assert from_json(to_json(one.network), Network, "file") == one.network
    assert one.title
    assert one.summary
    assert 1943 <= one.year <= 2026
    assert any(digit.isdigit() for digit in one.source)


def test_names_tell_them_apart():
    assert len({one.name for one in ARCHITECTURES}) == len(ARCHITECTURES)
    assert len({one.title for one in ARCHITECTURES}) == len(ARCHITECTURES)


def connections(facts):
    """As the paper counts them: what a unit takes in, its bias with it, over all units."""
    if isinstance(facts.layer, Subsample):
        return facts.output.size * (facts.layer.kernel**2 + 1)
    biases = facts.output.size if any(p.name == "bias" for p in facts.parameters) else 0
    return facts.multiply_adds + biases


def test_lenet_5():
    rows = {
        # output, trainable parameters, connections
        "C1": ("6×28×28", 156, 122_304),
        "S2": ("6×14×14", 12, 5_880),
        "C3": ("16×10×10", 1_516, 151_600),
        "S4": ("16×5×5", 32, 2_000),
        "C5": ("120", 48_120, 48_120),
        "F6": ("84", 10_164, 10_164),
    }
    nodes = LENET_5.analysis.nodes
    assert {f.name: (str(f.output), f.parameter_count, connections(f)) for f in nodes[:6]} == rows
    assert LENET_5.published_parameters == sum(count for _, count, _ in rows.values()) == 60_000
    assert [f.name for f in nodes[6:]] == ["output"]
    assert sum(connections(f) for f in nodes) == 340_908  # the output's 84 x 10 with them


def test_the_maps_that_c3_sees():
    table = "012 123 234 345 450 501 0123 1234 2345 3450 4501 5012 0134 1245 0235 012345"
    layer = LENET_5.network.nodes[2].layer
    assert [set(maps) for maps in layer.connections] == [{int(c) for c in word} for word in table.split()]


def test_modern_lenet():
    assert list(outputs(MODERN_LENET).values()) == [
        "6×28×28", "6×14×14", "16×10×10", "16×5×5", "400", "120", "84", "10"
    ]  # fmt: skip
    assert counts(MODERN_LENET) == {
        "conv1": 156, "conv2": 2416, "dense1": 48_120, "dense2": 10_164, "dense3": 850
    }  # fmt: skip
    assert MODERN_LENET.analysis.parameter_count == 61_706
    assert (
        MODERN_LENET.analysis.multiply_adds == 28**2 * 6 * 25 + 10**2 * 16 * 150 + 120 * 400 + 84 * 120 + 840
    )


@pytest.mark.parametrize(
    ("architecture", "conv2", "conv4", "conv5", "total"),
    [
        (ALEXNET, 307_456, 663_936, 442_624, 60_965_224),
        (ALEXNET_ONE_TOWER, 614_656, 1_327_488, 884_992, 62_378_344),
    ],
    ids=["two groups", "one tower"],
)
def test_alexnet(architecture, conv2, conv4, conv5, total):
    rows = [
        ("conv1", "96×55×55", 34_944), ("pool1", "96×27×27", 0), ("conv2", "256×27×27", conv2),
        ("pool2", "256×13×13", 0), ("conv3", "384×13×13", 885_120), ("conv4", "384×13×13", conv4),
        ("conv5", "256×13×13", conv5), ("pool5", "256×6×6", 0), ("fc6", "4096", 37_752_832),
        ("fc7", "4096", 16_781_312), ("fc8", "1000", 4_097_000),
    ]  # fmt: skip
    for name, output, count in rows:
        facts = architecture.analysis.facts(name)
        assert (str(facts.output), facts.parameter_count) == (output, count), name
    assert architecture.analysis.parameter_count == architecture.published_parameters == total


def test_alexnet_normalises_and_drops_where_published():
    names = [f.name for f in ALEXNET.analysis.nodes]
    for before, here in [("conv1", "norm1"), ("conv2", "norm2"), ("fc6", "drop6"), ("fc7", "drop7")]:
        assert names[names.index(before) + 1] == here


def test_vgg_16():
    assert VGG_16.analysis.parameter_count == 138_357_544
    assert sum(n for name, n in counts(VGG_16).items() if name.startswith("conv")) == 14_714_688
    assert [outputs(VGG_16)[f"pool{block}"] for block in range(1, 6)] == [
        "64×112×112", "128×56×56", "256×28×28", "512×14×14", "512×7×7"
    ]  # fmt: skip


def test_convnetjs():
    assert counts(CONVNETJS_CIFAR) == {"conv1": 1216, "conv2": 8020, "conv3": 10_020, "dense": 3210}
    assert list(outputs(CONVNETJS_CIFAR).values()) == [
        "16×32×32", "16×16×16", "20×16×16", "20×8×8", "20×8×8", "20×4×4", "320", "10"
    ]  # fmt: skip


def test_u_net():
    assert U_NET.analysis.parameter_count == 31_030_658
    assert analyse(U_NET.network, Shape(3, 572, 572)).parameter_count == 31_031_810
    assert str(U_NET.analysis.output) == "2×388×388"
    sides = {f.name: f.output.height for f in U_NET.analysis.nodes} | {"input": 572}

    def read(before, *names):
        return [sides[name] for name in (before, *names)]

    contracting = [
        [572, 570, 568], [284, 282, 280], [140, 138, 136], [68, 66, 64], [32, 30, 28]
    ]  # fmt: skip
    befores = ["input", "pool1", "pool2", "pool3", "pool4"]
    levels = ["down1", "down2", "down3", "down4", "bottom"]
    assert [read(b, f"{n}_1", f"{n}_2") for b, n in zip(befores, levels, strict=True)] == contracting
    assert [read(f"up{k}", f"back{k}_1", f"back{k}_2") for k in (4, 3, 2, 1)] == [
        [56, 54, 52], [104, 102, 100], [200, 198, 196], [392, 390, 388]
    ]  # fmt: skip
    crops = [node.layer.border for node in U_NET.network.nodes if isinstance(node.layer, Crop)]
    assert crops == [4, 16, 40, 88]


def test_legal_inputs_of_a_u_net():
    """188 + 16k, and the output is 184 smaller; any other size is a problem with its place."""
    for size in range(100, 301):
        analysis = analyse(U_NET.network, Shape(1, size, size))
        if size >= 188 and (size - 188) % 16 == 0:
            assert analysis.output == Shape(2, size - 184, size - 184)
        else:
            assert analysis.problems[0].where
            assert analysis.output is None


@pytest.mark.parametrize(("base", "depth"), [(4, 1), (8, 2), (16, 3)])
@pytest.mark.parametrize("skips", [True, False])
def test_small_u_nets(base, depth, skips):
    network = unet(3, base, depth, same=True, skips=skips)
    x = Shape(1, 3 * 2**depth, 2 * 2**depth)
    analysis = analyse(network, x)
    assert analysis.problems == ()
    assert analysis.output == Shape(3, x.height, x.width)
    assert analysis.facts("bottom_2").output == Shape(base << depth, 3, 2)
    assert misaligned(network, x) == ()


def test_the_small_ones_differ_in_their_skips_alone():
    assert SMALL_U_NET.analysis.output == SMALL_ENCODER_DECODER.analysis.output == Shape(3, 32, 32)
    with_skips, without = (
        {node.name: node.layer for node in one.network.nodes} for one in (SMALL_U_NET, SMALL_ENCODER_DECODER)
    )
    assert with_skips.keys() - without.keys() == {"join1", "join2"}
    assert all(with_skips[name] == layer for name, layer in without.items())


@pytest.mark.parametrize(
    ("architecture", "published"),
    [
        (LENET_5, "C1 5,1 · S2 6,2 · C3 14,2 · S4 16,4 · C5 32,4"),
        (
            ALEXNET,
            "conv1 11,4,0 · pool1 19,8,0 · conv2 51,8,16 · pool2 67,16,16 · conv3 99,16,32 · "
            "conv4 131,16,48 · conv5 163,16,64 · pool5 195,32,64",
        ),
        (
            VGG_16,
            "conv1_1 3,1,1 · conv1_2 5,1,2 · pool1 6,2,2 · conv2_1 10,2,4 · conv2_2 14,2,6 · pool2 16,4,6 · "
            "conv3_1 24,4,10 · conv3_2 32,4,14 · conv3_3 40,4,18 · pool3 44,8,18 · conv4_1 60,8,26 · "
            "conv4_2 76,8,34 · conv4_3 92,8,42 · pool4 100,16,42 · conv5_1 132,16,58 · conv5_2 164,16,74 · "
            "conv5_3 196,16,90 · pool5 212,32,90",
        ),
    ],
    ids=["LeNet-5", "AlexNet", "VGG-16"],
)
def test_receptive_fields(architecture, published):
    """Size, effective stride and effective padding, both axes alike."""
    fields = receptive_fields(architecture.network, architecture.input)
    for name, numbers in (row.split() for row in published.split(" · ")):
        wanted = [int(number) for number in numbers.split(",")]
        field = fields[name]
        for axis in (0, 1):
            assert [field.size[axis], field.stride[axis], field.padding[axis]][: len(wanted)] == wanted, name


def test_the_field_of_a_u_net():
    """140 at the bottom; of an output pixel 188 or 204, by its position modulo 16."""
    fields = receptive_fields(U_NET.network, U_NET.input)
    assert fields["bottom_2"].size == (140, 140)
    sizes = []
    for at in range(100, 148):
        region = field_of(U_NET.network, U_NET.input, "output", at, 387 - at)
        sizes.append((region.height, region.width))
        # every pixel is seen in the middle of a field: 92 are lost a side, give or take the phase
        assert abs(region.top + (region.height - 1) / 2 - (at + 92)) <= 7.5
    assert {size for pair in sizes for size in pair} == {188, 204}
    np.testing.assert_array_equal(sizes[:16], sizes[16:32])
    np.testing.assert_array_equal(sizes[:16], sizes[32:])
