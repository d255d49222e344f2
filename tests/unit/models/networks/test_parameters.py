"""What a network declares of its arrays: which are trained, which are frozen, and which have a row for each item."""

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.foundation.errors import BadDataError
from interest_spark.models.networks.parameters import Parameters


def declared() -> Parameters:
    parameters = Parameters(seed=1)
    parameters.item_table("items", 5, 3, zero_rows=2)
    parameters.normal("positions", 5, 3)
    parameters.constant("gain", 1.0, 3)
    parameters.frozen_array("content", np.arange(10, dtype=np.float32).reshape(5, 2))
    return parameters


def test_each_array_has_its_role() -> None:
    parameters = declared()
    assert list(parameters.trainable) == ["items", "positions", "gain"]
    assert list(parameters.frozen) == ["content"]
    assert parameters.item_tables == ["items"]
    assert list(parameters.values()) == list(parameters.all) == ["items", "positions", "gain", "content"]
    assert not parameters.trainable["items"].numpy()[:2].any()
    assert parameters.frozen["content"].numpy()[4].tolist() == [8, 9]


@pytest.mark.parametrize("shape", [(4, 4), (3, 6), (6, 3)])
def test_a_passing_variable_gives_on_what_it_is_given(shape: tuple[int, int]) -> None:
    value = Parameters(seed=1).passing("projection", *shape, scale=0.5).numpy()
    np.testing.assert_allclose(value, 0.5 * np.eye(*shape), atol=0.1)
    assert len(np.unique(value)) == value.size  # and a little of all others


def test_a_frozen_array_is_not_watched() -> None:
    parameters = declared()
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(parameters.all["positions"] @ tf.ones([3, 2]) * parameters.all["content"])
    assert [variable.name for variable in tape.watched_variables()] == ["positions:0"]
    assert tape.gradient(value, parameters.frozen["content"]) is None


def test_a_bundle_sets_frozen_arrays_too_and_must_have_them() -> None:
    values = {name: array + 1 for name, array in declared().values().items()}
    parameters = declared()
    parameters.assign(values)
    assert all((parameters.values()[name] == array).all() for name, array in values.items())
    del values["content"]
    with pytest.raises(BadDataError, match="weights content do not fit the network"):
        parameters.assign(values)


def test_a_name_is_used_once() -> None:
    parameters = declared()
    with pytest.raises(ValueError, match="two variables named content"):
        parameters.constant("content", 0.0, 1)


def test_glorot_and_orthogonal_weights_are_drawn_within_their_bounds() -> None:
    parameters = Parameters(seed=1)
    uniform = parameters.glorot("uniform", 30, 50).numpy()
    limit = (6 / 80) ** 0.5
    assert 0.95 * limit < np.abs(uniform).max() <= limit
    assert abs(uniform.mean()) < 0.1 * limit
    first, second = np.split(parameters.orthogonal("orthogonal", 8, 2).numpy(), 2, axis=1)
    for matrix in (first, second):
        np.testing.assert_allclose(matrix.T @ matrix, np.eye(8), atol=1e-5)
    assert np.abs(first - second).max() > 0.1


def test_a_constant_may_differ_along_the_last_axis() -> None:
    filled = Parameters(seed=1).constant("bias", np.array([0.0, 1.0]), 3, 2)
    assert filled.numpy().tolist() == [[0, 1]] * 3
