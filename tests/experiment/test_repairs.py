"""Each repair leaves fewer problems than there were; the common ones are offered."""

from __future__ import annotations

import msgspec
import pytest

from lab.data.preprocessing import Preprocessing
from lab.experiment.experiment import problems
from lab.experiment.of_layer import with_network
from lab.experiment.presets import preset, presets
from lab.experiment.repairs import repairs
from lab.learning.losses import BinaryCrossEntropy, OutputItself, SoftmaxCrossEntropy, SquaredError
from lab.learning.rates import LayerRate, LayerRates
from lab.network.editing import inserted, removed
from lab.network.layers import Conv2D, Crop, Dense, Flatten, Formula
from lab.network.network import Network, Node


def offered(experiment):
    """The texts of all repairs, each found to leave less than there was."""
    before = problems(experiment)
    assert before
    found = repairs(experiment)
    assert tuple(found) == before
    for problem, each in found.items():
        for repair in each:
            assert problem not in problems(repair.experiment)
    return [repair.text for each in found.values() for repair in each]


def ending(experiment, *layers):
    """The experiment with other layers behind its last."""
    network = experiment.network
    for layer in layers:
        network, _ = inserted(network, layer, None)
    return with_network(experiment, network)


def test_nothing_is_repaired_of_what_runs():
    assert repairs(preset("lenet")) == {}


def test_another_number_of_outputs_than_classes():
    experiment = ending(preset("lenet"), Dense(3))
    assert offered(experiment) == ["Give dense4 10 units", "Add a Dense of 10"]


def test_an_image_for_a_vector():
    lenet = preset("lenet")
    short = with_network(lenet, removed(lenet.network, [n.name for n in lenet.network.nodes[4:]]))
    assert offered(short) == ["Add a Flatten and a Dense of 10"]


def test_no_layers_and_no_weights():
    empty = with_network(preset("lenet"), Network())
    assert offered(empty) == ["Add a Flatten and a Dense of 10"]
    assert offered(ending(empty, Flatten())) == ["Add a Dense of 10"] * 2


def test_a_loss_for_another_task():
    xor = preset("xor")
    one = msgspec.structs.replace(xor, network=ending(xor, Dense(1)).network, loss=SoftmaxCrossEntropy())
    there = offered(one)
    assert "Give dense1 2 units" in there or any(text.endswith("2 units") for text in there)
    assert f"Choose {BinaryCrossEntropy.title}" in there
    line = msgspec.structs.replace(preset("linear-neuron"), loss=SoftmaxCrossEntropy())
    assert f"Choose {SquaredError.title}" in offered(line)


def test_an_image_of_another_size_or_depth():
    net = preset("small-u-net")
    wide = ending(net, Conv2D(7, 3, padding=2))
    assert any(text.startswith("Give conv") for text in offered(ending(net, Conv2D(7, 3, padding=1))))
    assert any("crop" in text for text in offered(wide))
    assert any("upsampling" in text for text in offered(ending(net, Conv2D(2, 2, 2))))
    assert any("padding" in text for text in offered(ending(net, Conv2D(2, 3))))
    assert "Remove flatten1" in offered(ending(net, Flatten()))
    assert "Add an upsampling" not in str(offered(ending(net, Crop(5))))  # 22 pixels do not divide 32


def test_settings_of_no_layer():
    for layers in ((LayerRate("nose", 0.1),), (LayerRate("conv1", 0.1), LayerRate("conv1", 0.2))):
        experiment = msgspec.structs.replace(preset("lenet"), rates=LayerRates(layers=layers))
        assert offered(experiment) == ["Leave it out"]


@pytest.mark.parametrize("name", [each.name for each in presets()])
def test_a_preset_without_one_of_its_layers(name):
    experiment = preset(name)
    for node in experiment.network.nodes[:: max(1, len(experiment.network.nodes) // 6)]:
        without = with_network(experiment, removed(experiment.network, {node.name}))
        if problems(without):
            offered(without)


# -- formulas ------------------------------------------------------------------------------------------------

ROSENBROCK = preset("rosenbrock")


def test_a_formula_on_other_data():
    lenet = preset("lenet")
    assert "Choose Tilts" in offered(msgspec.structs.replace(ROSENBROCK, data=lenet.data))
    strange = msgspec.structs.replace(ROSENBROCK, data=lenet.data, loss=lenet.loss)
    assert "Choose Tilts and the output itself" in offered(strange)
    for data in (preset("plane").data, preset("linear-neuron").data):  # two numbers that are no tilts
        assert "Choose Tilts" in offered(msgspec.structs.replace(ROSENBROCK, data=data))


def test_a_formula_with_another_loss():
    for loss in (SoftmaxCrossEntropy(), SquaredError(), BinaryCrossEntropy()):
        assert "Choose the output itself" in offered(msgspec.structs.replace(ROSENBROCK, loss=loss))


def test_tilts_are_not_scaled():
    scaled = msgspec.structs.replace(ROSENBROCK, preprocessing=Preprocessing(scale="deviation"))
    assert "Leave the tilts as they are" in offered(scaled)


def test_a_formula_among_other_layers():
    both = ending(preset("lenet"), Formula())
    assert "Remove f1" in offered(both)
    assert "Keep f alone" in offered(ending(ROSENBROCK, Dense(1)))


def test_tilts_and_the_output_itself_without_a_formula():
    for name in ("linear-neuron", "plane", "lenet"):
        e = preset(name)
        assert problems(msgspec.structs.replace(e, loss=OutputItself()))
        assert problems(msgspec.structs.replace(e, data=ROSENBROCK.data))
    neuron = msgspec.structs.replace(preset("linear-neuron"), loss=OutputItself())
    assert "Choose squared error" in offered(neuron)


def test_a_wrong_formula_is_a_problem_of_its_layer():
    wrong = with_network(ROSENBROCK, Network((Node("f", Formula("x^2 + * y")),)))
    (problem,) = problems(wrong)
    assert (problem.where, problem.what) == ("f", "at character 7, “*” follows “+”")
