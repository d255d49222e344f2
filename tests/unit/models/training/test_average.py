"""Averaged weights follow their formula, are what is validated, and leave training alone."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.config.training.helpers import AverageConfig
from interest_spark.models.parallel.collectives import OneRank
from interest_spark.models.training.average import ExponentialAverage, NoAverage, build_average
from interest_spark.models.training.train import train
from interest_spark.storage.bundles import read_bundle
from tests.unit.models.worlds import make_plan, random_histories

T = 10


def test_the_average_is_the_weights_until_it_begins_and_then_follows_the_formula() -> None:
    weight = tf.Variable([1.0, -2.0])
    average = ExponentialAverage({"w": weight}, AverageConfig(decay=0.25, from_step=2))
    (held,) = (variable for name, variable in average.state.items() if name == "average/of/w")
    expected = np.zeros(2)
    for step in range(1, 8):
        weight.assign([float(step), step**2])
        average.update()
        counted = step - 2
        kept = min(0.25, (1 + counted) / (10 + counted)) if counted > 0 else 0.0
        expected = kept * expected + (1 - kept) * weight.numpy()
        np.testing.assert_allclose(held.numpy(), expected, rtol=1e-6)
    assert int(average.state["average/steps"]) == 7


def test_in_place_the_variables_hold_the_average_and_afterwards_what_they_held() -> None:
    weight = tf.Variable([0.1])
    average = ExponentialAverage({"w": weight}, AverageConfig(decay=0.5))
    weight.assign([0.7])
    with average.in_place():
        assert weight.numpy() == np.float32(0.1)
    assert weight.numpy() == np.float32(0.7)
    with pytest.raises(RuntimeError), average.in_place():
        raise RuntimeError
    assert weight.numpy() == np.float32(0.7)
    average.take()
    assert weight.numpy() == np.float32(0.1)


def test_without_the_section_there_is_none() -> None:
    none = build_average(None, {"w": tf.Variable(1.0)})
    assert isinstance(none, NoAverage)
    assert not none.state


def test_it_changes_what_is_published_and_not_how_training_goes_on(tmp_path: Path) -> None:
    """A decay of 0 publishes the weights themselves, and the losses of all steps are the same with any decay."""
    histories, curves, weights = random_histories(60, 40, 15), [], []
    for number, average in enumerate((None, {"decay": 0.0}, {"decay": 0.9})):
        plan = make_plan(tmp_path / str(number), histories, T, held_out=True, epochs=3, average=average)
        train(plan, OneRank(), on_step=lambda step: None)
        curves.append([line.split('"seconds"')[0] for line in plan.curve.read_text().splitlines()])
        weights.append(read_bundle(plan.bundle).weights["items"])
    assert curves[0] == curves[1]
    assert [line for line in curves[0] if "loss" in line] == [line for line in curves[2] if "loss" in line]
    assert curves[0] != curves[2]
    assert weights[0].tobytes() == weights[1].tobytes()
    assert weights[0].tobytes() != weights[2].tobytes()
