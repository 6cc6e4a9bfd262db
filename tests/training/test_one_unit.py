"""A unit's maps of many examples, and its strongest examples: against NumPy on what the engine says of each."""

from __future__ import annotations

import numpy as np
import pytest

from lab.training.one_unit import Strongest, StrongestProbe, UnitMaps, UnitMapsProbe
from lab.training.probes import ActivationsProbe
from lab.training.readings import answer
from lab.training.run import Run
from tests.training.problems import SMALL_CNN, XOR_MLP


@pytest.fixture(scope="module")
def moment():
    run = Run(SMALL_CNN)
    run.advance(30)
    return run.moment()


def maps_of(moment, part: str, layer: str, unit: int, count: int, before: bool = False) -> np.ndarray:
    """One example after the other."""
    found = []
    for example in range(count):
        seen = answer(ActivationsProbe(part, example), moment)
        found.append((seen.preactivations if before else seen.outputs)[layer][unit])
    return np.stack(found)


@pytest.mark.parametrize("before", [False, True])
def test_maps_of_many_examples(moment, before):
    reading = answer(UnitMapsProbe("conv", 2, "validation", 5, 7, before), moment)
    assert isinstance(reading, UnitMaps)
    wanted = maps_of(moment, "validation", "conv", 2, 12, before)[5:]
    np.testing.assert_allclose(reading.maps, wanted, rtol=1e-4, atol=1e-5)
    part = moment.prepared.validation
    assert reading.indices.tolist() == list(range(5, 12))
    assert reading.labels.tolist() == part.labels[5:12].tolist()
    np.testing.assert_array_equal(reading.inputs, part.inputs[5:12])
    np.testing.assert_array_equal(reading.raw, part.raw[5:12])


def test_the_last_examples_are_fewer(moment):
    N = len(moment.prepared.validation)
    reading = answer(UnitMapsProbe("conv", 0, first=N - 2, count=9), moment)
    assert reading.indices.tolist() == [N - 2, N - 1]
    assert answer(UnitMapsProbe("conv", 0, first=10 * N, count=9), moment).indices.tolist() == [N - 1]


@pytest.mark.parametrize(("layer", "unit"), [("conv", 1), ("pool", 3), ("output", 6)])
def test_the_strongest_examples_are_numpys(moment, layer, unit):
    reading = answer(StrongestProbe(layer, unit, "validation", 9, 120), moment)
    assert isinstance(reading, Strongest)
    maps = maps_of(moment, "validation", layer, unit, 120)
    peaks = maps.max((1, 2))
    np.testing.assert_allclose(reading.values, np.sort(peaks)[::-1][:9], rtol=1e-4, atol=1e-5)
    for k, example in enumerate(reading.found.indices.tolist()):
        assert peaks[example] == pytest.approx(reading.values[k], rel=1e-4, abs=1e-5)
        place = reading.rows[k], reading.columns[k]
        assert maps[example][place] == pytest.approx(peaks[example], rel=1e-4, abs=1e-5)
        assert reading.found.maps[k][place] == pytest.approx(reading.values[k], rel=1e-4, abs=1e-5)
    assert len(set(reading.found.indices.tolist())) == 9
    assert (reading.looked_at, reading.there) == (120, len(moment.prepared.validation))


def test_of_equals_the_first_and_no_more_than_there_are():
    """XOR's inputs repeat nothing, but a unit whose weights are all 0 finds all examples equally strong."""
    run = Run(XOR_MLP)
    run.set_parameters({"hidden.weight": np.zeros((8, 2), np.float32)})
    reading = answer(StrongestProbe("hidden", 3, "training", 9), run.moment())
    assert reading.found.indices.tolist() == list(range(9))
    everything = answer(StrongestProbe("hidden", 3, "training", 10_000), run.moment())
    assert len(everything.values) == everything.looked_at == len(run.prepared.training)


def test_what_is_not_finite_is_weakest():
    run = Run(SMALL_CNN)
    weight = run.parameters["conv.weight"]
    weight[0] = np.nan
    run.set_parameters({"conv.weight": weight})
    reading = answer(StrongestProbe("conv", 0, many=3, examples=20), run.moment())
    assert reading.found.indices.tolist() == [0, 1, 2]
    assert not np.isfinite(reading.values).any()


def test_no_such_unit_and_nobody_waits(moment):
    for probe in (StrongestProbe("conv", 99), UnitMapsProbe("no layer", 0), StrongestProbe("input", 0)):
        assert answer(probe, moment) is None
    stopped = np.ones(1, np.int64)
    assert answer(StrongestProbe("conv", 0), moment, stopped) is None
    assert answer(UnitMapsProbe("conv", 0), moment, stopped) is None
