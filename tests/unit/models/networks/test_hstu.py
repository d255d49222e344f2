"""HSTU's attention against its formula, pair by pair, and what it may know of time."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.config.training.networks import HstuConfig
from interest_spark.models.card import build_network
from interest_spark.models.networks.hstu import TIME_BUCKETS, time_buckets
from interest_spark.models.networks.network import Network

CONFIG = HstuConfig(dim=6, layers=1, heads=2, head_dim=3, value_dim=4)


def bucket_of(minutes: int) -> int:
    """Half octaves of the minutes plus one."""
    octave = (minutes + 1).bit_length() - 1
    return 2 * octave + (minutes + 1 >= 1.5 * 2**octave)


@given(st.lists(st.integers(0, 2**24 - 2), min_size=1))
def test_buckets_are_half_octaves(minutes: list[int]) -> None:
    assert time_buckets(tf.constant(minutes)).numpy().tolist() == [bucket_of(minute) for minute in minutes]


@given(st.integers(-(2**31), 2**31 - 1))
def test_every_gap_has_a_bucket(minutes: int) -> None:
    assert 0 <= int(time_buckets(tf.constant(minutes))) < TIME_BUCKETS


@pytest.fixture(scope="module")
def network() -> Network:
    """Weights that matter: fresh ones are too small."""
    network = build_network(CONFIG, 30, 200)
    random = np.random.default_rng(2)
    for variable in network.parameters.trainable.values():
        variable.assign_add(random.normal(scale=0.3, size=variable.shape).astype(np.float32))
    return network


def tokens(length: int, seed: int = 0) -> dict[str, np.ndarray]:
    """A block of two histories and padding."""
    random = np.random.default_rng(seed)
    ends = [length // 2, length - 1]
    segment = np.array([1] * ends[0] + [2] * (ends[1] - ends[0]) + [0], np.int32)
    minute = 29_000_000 + np.cumsum(random.integers(0, 5000, length))
    item = random.integers(2, 30, length) * (segment > 0)
    columns = {"item": item, "position": np.arange(length), "segment": segment, "minute": minute * (segment > 0)}
    return {name: values.astype(np.int32)[None] for name, values in columns.items()}


def encode(network: Network, columns: dict[str, np.ndarray]) -> np.ndarray:
    return np.asarray(network.encode({name: tf.constant(values) for name, values in columns.items()}))


def silu(x: np.ndarray) -> np.ndarray:
    return x / (1 + np.exp(-x))


def normal(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-6)


def by_hand(network: Network, columns: dict[str, np.ndarray]) -> np.ndarray:
    """One layer, in float64, one pair of tokens after the other."""
    w = {name: variable.astype(np.float64) for name, variable in network.parameters.values().items()}
    item, position, segment, minute = (columns[name][0] for name in ("item", "position", "segment", "minute"))
    x = w["items"][item] * CONFIG.dim**0.5 + w["positions"][position]

    def layer_norm(x: np.ndarray, name: str) -> np.ndarray:
        return normal(x) * w[f"{name}/gain"] + w[f"{name}/shift"]

    def dense(x: np.ndarray, name: str) -> np.ndarray:
        return x @ w[f"layer_0/{name}/weight"] + w[f"layer_0/{name}/bias"]

    expanded = silu(dense(layer_norm(x, "layer_0/input_norm"), "expand"))
    gate, values, queries, keys = np.split(expanded, [8, 16, 22], axis=1)
    attended = np.zeros_like(values)
    for row in range(len(item)):
        columns_seen = [column for column in range(row + 1) if segment[column] == segment[row]]
        for head in range(CONFIG.heads):
            q, v = slice(3 * head, 3 * head + 3), slice(4 * head, 4 * head + 4)
            for column in columns_seen:
                bias = w["layer_0/places"][head, row - column]
                bias += w["layer_0/times"][head, bucket_of(int(minute[row] - minute[column]))]
                weight = silu(queries[row, q] @ keys[column, q] + bias)
                attended[row, v] += weight * values[column, v] / len(columns_seen)
    x = x + dense(layer_norm(attended, "layer_0/attended_norm") * gate, "contract")
    return layer_norm(x, "norm")


@pytest.mark.parametrize("length", [9, 140])  # one span, and two
def test_it_is_its_formula(network: Network, length: int) -> None:
    columns = tokens(length)
    np.testing.assert_allclose(encode(network, columns)[0], by_hand(network, columns), rtol=1e-3, atol=1e-3)


def test_only_differences_of_times_count_and_unknown_times_are_all_the_same(network: Network) -> None:
    columns = tokens(12)
    later = {**columns, "minute": columns["minute"] + 500_000 * (columns["segment"] > 0)}
    np.testing.assert_array_equal(encode(network, later), encode(network, columns))
    unknown = [encode(network, {**columns, "minute": np.full((1, 12), minute, np.int32)}) for minute in (0, 7)]
    np.testing.assert_array_equal(*unknown)
    assert np.isfinite(unknown[0]).all()
    assert np.abs(unknown[0] - encode(network, columns)).max() > 1e-3


def test_no_token_knows_when_the_next_event_happened(network: Network) -> None:
    columns = tokens(12)
    for place in range(1, 6):
        moved = {**columns, "minute": columns["minute"].copy()}
        moved["minute"][0, place:6] += 100_000  # of the first history
        changed = np.abs(encode(network, moved) - encode(network, columns))[0].max(axis=1) > 1e-6
        assert changed.tolist() == [place <= token < 6 for token in range(12)]
