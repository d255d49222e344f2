"""The contract that every network has to pass: no future, no neighbour, and each loss overfits a small world."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.config.kinds import sections_by_kind
from interest_spark.config.training.networks import DropoutConfig, NetworkConfig, SasRecConfig
from interest_spark.models.card import build_network
from interest_spark.models.networks.dropout import StreamDropout
from interest_spark.models.networks.network import Network
from interest_spark.models.parallel.collectives import OneRank
from interest_spark.models.training.train import train
from tests.unit.models.worlds import TINY, make_plan

T = 12
CONFIGS = {
    **{f"{kind}, defaults": section() for kind, section in sections_by_kind(NetworkConfig).items()},
    "one head": SasRecConfig(dim=16, layers=2, heads=1, feed_forward=16),
    "four heads": SasRecConfig(dim=16, layers=1, heads=4, feed_forward=40),
    "post-norm, gelu": SasRecConfig(dim=16, layers=2, heads=2, feed_forward=64, norm="post", activation="gelu"),
    "query-norm": SasRecConfig(dim=16, layers=2, heads=1, feed_forward=16, norm="query"),
    "swiglu, untied": SasRecConfig(dim=16, layers=2, heads=2, feed_forward=24, activation="swiglu", tied_output=False),
}


@pytest.fixture(params=CONFIGS.values(), ids=CONFIGS)
def network(request: pytest.FixtureRequest) -> Network:
    return build_network(request.param, vocabulary_size=50, max_length=T, seed=3)


def tokens() -> dict[str, np.ndarray]:
    """Two blocks: histories of 5 and 4 and padding; one history of 12."""
    item = np.random.default_rng(0).integers(2, 50, (2, T)).astype(np.int32)
    segment = np.array([[1] * 5 + [2] * 4 + [0] * 3, [1] * T], np.int32)
    position = np.array([[0, 1, 2, 3, 4, 0, 1, 2, 3, 0, 0, 0], range(T)], np.int32)
    return {"item": item * (segment > 0), "segment": segment, "position": position}


def encode(network: Network, columns: dict[str, np.ndarray]) -> np.ndarray:
    return np.asarray(network.encode({name: tf.constant(values) for name, values in columns.items()}))


@pytest.mark.parametrize(("block", "place"), [(0, 2), (0, 4), (0, 5), (0, 7), (0, 10), (1, 0), (1, 8), (1, T - 1)])
def test_a_token_is_seen_by_its_own_segment_from_then_on_and_by_nobody_else(
    network: Network, block: int, place: int
) -> None:
    columns = tokens()
    changed = {**columns, "item": columns["item"].copy()}
    changed["item"][block, place] = 49 if columns["item"][block, place] != 49 else 48
    moved = np.abs(encode(network, changed) - encode(network, columns)).max(axis=2) > 1e-6
    segment = columns["segment"]
    sees = (segment == segment[block, place]) & (np.arange(T) >= place)
    sees[1 - block] = False
    np.testing.assert_array_equal(moved[segment > 0], sees[segment > 0])


def test_a_history_is_encoded_alike_wherever_it_lies(network: Network) -> None:
    columns = tokens()
    alone = {name: np.zeros((1, T), np.int32) for name in columns}
    for name, values in columns.items():
        alone[name][0, :4] = values[0, 5:9]
    alone["segment"][0, :4] = 1
    np.testing.assert_allclose(encode(network, alone)[0, :4], encode(network, columns)[0, 5:9], atol=1e-6)


def test_order_matters(network: Network) -> None:
    columns = tokens()
    turned = {**columns, "item": columns["item"].copy()}
    turned["item"][1, :2] = turned["item"][1, 1::-1]
    assert np.abs(encode(network, turned)[1, -1] - encode(network, columns)[1, -1]).max() > 1e-4


def test_padding_and_unknown_items_start_from_zero_and_others_do_not(network: Network) -> None:
    items = network.parameters.trainable[network.parameters.item_tables[0]].numpy()
    assert not items[:2].any()
    assert (np.abs(items[2:]).sum(axis=1) > 0).all()


def test_the_seed_decides_the_weights() -> None:
    same, other = (build_network(TINY, 50, T, seed).parameters.values() for seed in (3, 4))
    first = build_network(TINY, 50, T, 3).parameters.values()
    assert all((first[name] == same[name]).all() for name in first)
    assert not (first["items"] == other["items"]).all()


def test_the_layers_compute_in_the_precision_that_is_asked_for(network: Network) -> None:
    columns = {name: tf.constant(values) for name, values in tokens().items()}
    exact, coarse = network.encode(columns), network.encode(columns, precision=tf.bfloat16)
    assert coarse.dtype == tf.float32
    assert 0 < float(tf.reduce_max(tf.abs(exact - coarse))) < 0.05 * float(tf.reduce_max(tf.abs(exact)))


@pytest.mark.parametrize("place", DropoutConfig.model_fields)
def test_dropout_acts_in_the_place_that_is_named(place: str) -> None:
    rates = {**dict.fromkeys(DropoutConfig.model_fields, 0.0), place: 0.5}
    network = build_network(SasRecConfig.model_validate({**TINY.model_dump(), "dropout": rates}), 50, T, seed=3)
    columns = {name: tf.constant(values) for name, values in tokens().items()}
    plain = network.encode(columns)
    dropped = [network.encode(columns, StreamDropout(tf.constant([[1, 2]]))) for _ in range(2)]
    assert float(tf.reduce_max(tf.abs(dropped[0] - plain))) > 1e-3
    np.testing.assert_array_equal(*dropped)


LOSSES = {"full": {"kind": "full"}, "sampled": {"kind": "sampled", "sampler": {"kind": "uniform", "negatives": 400}}}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("kind", ["pre", "post", "query"])
def test_a_hundred_histories_are_learnt_by_heart(tmp_path: Path, loss: dict[str, Any], kind: str) -> None:
    """Each history starts with an item of its own, so that every next item can be known."""
    random = np.random.default_rng(0)
    histories = [np.array([2 + user, *random.integers(102, 150, 6)], np.int32) for user in range(100)]
    network = {"dim": 64, "layers": 2, "heads": 1, "feed_forward": 64, "dropout": 0.0, "norm": kind}
    optimizer = {"learning_rate": 0.01, "warmup_steps": 50, "schedule": "linear"}
    settings = {"epochs": 50, "batch_blocks": 50, "streams": 1, "optimizer": optimizer}
    plan = make_plan(tmp_path, histories * 10, 12, files=1, row_group=500, **settings, network=network, loss=loss)
    result = train(plan, OneRank(), on_step=lambda step: None)
    assert result is not None
    assert result.loss < 0.05
