"""The network contract that every network has to pass: no future, no neighbour, permanent names."""

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.config import NetworkConfig
from interest_spark.model.card import build_network
from interest_spark.model.sasrec import SasRec

T = 12
CONFIGS = [
    NetworkConfig(dim=16, layers=2, heads=1, feed_forward=16),
    NetworkConfig(dim=16, layers=1, heads=4, feed_forward=40),
]


@pytest.fixture(params=CONFIGS, ids=["one head", "four heads"])
def network(request: pytest.FixtureRequest) -> SasRec:
    return build_network(request.param, vocabulary_size=50, max_length=T, seed=3)


def tokens() -> dict[str, np.ndarray]:
    """Two blocks: histories of 5 and 4 and padding; one history of 12."""
    item = np.random.default_rng(0).integers(2, 50, (2, T)).astype(np.int32)
    segment = np.array([[1] * 5 + [2] * 4 + [0] * 3, [1] * T], np.int32)
    position = np.array([[0, 1, 2, 3, 4, 0, 1, 2, 3, 0, 0, 0], range(T)], np.int32)
    return {"item": item * (segment > 0), "segment": segment, "position": position}


def encode(network: SasRec, columns: dict[str, np.ndarray]) -> np.ndarray:
    return np.asarray(network.encode({name: tf.constant(values) for name, values in columns.items()}))


@pytest.mark.parametrize(("block", "place"), [(0, 2), (0, 4), (0, 5), (0, 7), (0, 10), (1, 0), (1, 8), (1, T - 1)])
def test_a_token_is_seen_by_its_own_segment_from_then_on_and_by_nobody_else(
    network: SasRec, block: int, place: int
) -> None:
    columns = tokens()
    changed = {**columns, "item": columns["item"].copy()}
    changed["item"][block, place] = 49 if columns["item"][block, place] != 49 else 48
    moved = np.abs(encode(network, changed) - encode(network, columns)).max(axis=2) > 1e-6
    segment = columns["segment"]
    sees = (segment == segment[block, place]) & (np.arange(T) >= place)
    sees[1 - block] = False
    np.testing.assert_array_equal(moved[segment > 0], sees[segment > 0])


def test_a_history_is_encoded_alike_wherever_it_lies(network: SasRec) -> None:
    columns = tokens()
    alone = {name: np.zeros((1, T), np.int32) for name in columns}
    for name, values in columns.items():
        alone[name][0, :4] = values[0, 5:9]
    alone["segment"][0, :4] = 1
    np.testing.assert_allclose(encode(network, alone)[0, :4], encode(network, columns)[0, 5:9], atol=1e-6)


def test_order_matters(network: SasRec) -> None:
    columns = tokens()
    turned = {**columns, "item": columns["item"].copy()}
    turned["item"][1, :2] = turned["item"][1, 1::-1]
    assert np.abs(encode(network, turned)[1, -1] - encode(network, columns)[1, -1]).max() > 1e-4


def test_padding_and_unknown_items_start_from_zero_and_others_do_not(network: SasRec) -> None:
    items = network.parameters.by_name["items"].numpy()
    assert not items[:2].any()
    assert (np.abs(items[2:]).sum(axis=1) > 0).all()


def test_the_seed_decides_the_weights() -> None:
    same, other = (build_network(CONFIGS[0], 50, T, seed).parameters.values() for seed in (3, 4))
    first = build_network(CONFIGS[0], 50, T, 3).parameters.values()
    assert all((first[name] == same[name]).all() for name in first)
    assert not (first["items"] == other["items"]).all()
