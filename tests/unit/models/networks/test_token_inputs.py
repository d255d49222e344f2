"""Declared inputs: a network sees them and no others, learns from them, and is served what it was trained on."""

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from interest_spark.config.training.networks import SasRecConfig
from interest_spark.features.sequences.tokens import token_columns
from interest_spark.models.card import build_network, read_card
from interest_spark.models.inference import Encoder, load_encoder
from interest_spark.models.networks.network import Network
from interest_spark.models.parallel.collectives import OneRank
from interest_spark.models.training.train import train
from interest_spark.schemas.tokens import INPUTS
from interest_spark.storage.bundles import read_bundle
from tests.histories import as_histories
from tests.unit.models.worlds import SCHEME, make_plan, pack, random_histories

T = 8
SMALL = {"dim": 16, "layers": 1, "heads": 2, "feed_forward": 16, "dropout": 0.0}
MIDNIGHT = datetime(2026, 1, 5, tzinfo=timezone.utc)  # a Monday

Lists = dict[str, list[list[Any]]]


def encode(network: Network, columns: dict[str, np.ndarray]) -> np.ndarray:
    return np.asarray(network.encode({name: tf.constant(values) for name, values in columns.items()}))


def random_lists(histories: list[np.ndarray], seed: int = 0) -> Lists:
    random = np.random.default_rng(seed)
    lists: Lists = {"behavior": [], "category": [], "price": [], "event_time": []}
    for history in histories:
        size = len(history)
        lists["behavior"].append(random.integers(1, 11, size).tolist())
        lists["category"].append(random.integers(0, 100, size).tolist())
        lists["price"].append([None if price < 1 else price for price in random.lognormal(2, 2, size).tolist()])
        seconds = np.cumsum(random.lognormal(8, 3, size).clip(0, 1e7))
        lists["event_time"].append([MIDNIGHT + timedelta(seconds=int(second)) for second in seconds])
    return lists


# What a network sees ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", INPUTS)
def test_a_declared_input_is_seen_and_an_undeclared_one_is_not(name: str) -> None:
    histories = random_histories(3, 20, T + 1, seed=2)
    columns = pack(histories, T, **random_lists(histories))
    changed = {**columns, name: columns[name].copy()}
    changed[name][0, 1] = 1 if columns[name][0, 1] != 1 else 2
    with_input = build_network(SasRecConfig(**SMALL, inputs=[name]), 50, T, columns=SCHEME)
    others = [other for other in INPUTS if other != name]
    without = build_network(SasRecConfig(**SMALL, inputs=others), 50, T, columns=SCHEME)
    moved = np.abs(encode(with_input, changed) - encode(with_input, columns)).max(axis=2) > 1e-6
    segment = columns["segment"]
    sees = (segment == segment[0, 1]) & (np.arange(T) >= 1)
    sees[1:] = False
    np.testing.assert_array_equal(moved[segment > 0], sees[segment > 0])
    np.testing.assert_array_equal(encode(without, changed), encode(without, columns))


def test_each_declared_input_has_one_table_and_the_others_have_none() -> None:
    network = build_network(SasRecConfig(**SMALL, inputs=["hour", "category"]), 50, T, columns=SCHEME)
    shapes = {name: tuple(variable.shape) for name, variable in network.parameters.all.items()}
    assert {name: shape for name, shape in shapes.items() if name.startswith("input/")} == {
        "input/category": (51, 16),
        "input/hour": (25, 16),
    }
    assert not network.parameters.trainable["input/hour"][0].numpy().any()


def test_an_input_changes_no_other_variable() -> None:
    plain = build_network(SasRecConfig(**SMALL), 50, T, seed=3).parameters.values()
    wider = build_network(SasRecConfig(**SMALL, inputs=list(INPUTS)), 50, T, seed=3).parameters.values()
    assert set(plain) == {name for name in wider if not name.startswith("input/")}
    assert all((plain[name] == wider[name]).all() for name in plain)


# What it is served ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Network, Encoder, list[np.ndarray], Lists]:
    histories = random_histories(40, 30, 20)
    lists = random_lists(histories)
    network = {**SMALL, "inputs": list(INPUTS)}
    plan = make_plan(tmp_path_factory.mktemp("model"), histories, T, lists=lists, epochs=2, network=network)
    train(plan, OneRank(), on_step=lambda step: None)
    stored = read_bundle(plan.bundle)
    card = read_card(stored.config)
    again = build_network(card.network, card.vocabulary_size, card.max_length, columns=card.columns)
    again.parameters.assign(stored.weights)
    return again, load_encoder(plan.bundle), histories, lists


def test_serving_equals_training(trained: tuple[Network, Encoder, list[np.ndarray], Lists]) -> None:
    """A history less its last event is encoded to what its packed training block gives at the last token."""
    network, encoder, histories, lists = trained
    served = encoder.encode(
        as_histories(
            [history[:-1] for history in histories],
            **{name: [values[:-1] for values in column] for name, column in lists.items()},
        )
    )
    for number, history in enumerate(histories):
        block = pack([history], T, **{name: [column[number]] for name, column in lists.items()})
        hidden = encode(network, block)[0, min(len(history) - 1, T) - 1]
        np.testing.assert_allclose(served[number], hidden, atol=1e-5)


def test_an_unknown_item_goes_with_its_own_columns_alone(
    trained: tuple[Network, Encoder, list[np.ndarray], Lists],
) -> None:
    network, encoder, histories, lists = trained
    whole = as_histories(histories, **lists)
    strange = np.array([999, 1], np.int32)
    mixed = [
        np.where(np.arange(len(history)) % 3 == 1, strange[number % 2], history)
        for number, history in enumerate(histories)
    ]
    served = encoder.encode(as_histories(mixed, **lists))
    columns = {"item": np.concatenate(mixed), **token_columns(whole, SCHEME)}
    ends = np.cumsum([len(history) for history in histories])
    for number, history in enumerate(mixed):
        places = np.arange(ends[number] - len(history), ends[number])
        kept = places[np.isin(history, encoder.item_index)][-T:]
        block = {name: values[None, kept] for name, values in columns.items()}
        block |= {"position": np.arange(T - len(kept), T)[None], "segment": np.ones((1, len(kept)), np.int32)}
        np.testing.assert_allclose(served[number], encode(network, block)[0, -1], atol=1e-5)


def test_the_encoder_takes_a_slice_of_a_batch(trained: tuple[Network, Encoder, list[np.ndarray], Lists]) -> None:
    _, encoder, histories, lists = trained
    table = as_histories(histories, **lists)
    batch = pa.RecordBatch.from_pylist(table.to_pylist(), table.schema)
    np.testing.assert_allclose(encoder.encode(batch.slice(5, 9)), encoder.encode(table)[5:14], atol=1e-5)


# What it learns ---------------------------------------------------------------------------------


def planted(users: int, length: int, seed: int) -> tuple[list[np.ndarray], Lists, np.ndarray]:
    """Histories in which an event's signal, one of four, alone decides the next item; and each one's last signal.

    All lists of `sequences` carry the signal: the hour and the weekday of the week's one event, its category and so on.
    """
    signal = np.random.default_rng(seed).integers(0, 4, (users, length))
    items = 2 + np.concatenate([np.zeros((users, 1), np.int64), signal[:, :-1]], axis=1)
    hours = 168 * np.arange(length) + 28 * signal
    lists = {
        "behavior": (1 + signal).tolist(),
        "category": (17 + 2 * signal).tolist(),
        "price": (3.0 * 10.0**signal).tolist(),
        "event_time": [[MIDNIGHT + timedelta(hours=hour) for hour in row] for row in hours.tolist()],
    }
    return list(items.astype(np.int32)), lists, signal[:, -1]


def share_of_right_items(folder: Path, *inputs: str) -> tuple[float, float]:
    """Train on one planted world; the loss, and how often the first suggestion is right in another."""
    histories, lists, _ = planted(200, T + 1, seed=1)
    network = {**SMALL, "inputs": inputs}
    settings = {
        "epochs": 15,
        "batch_blocks": 16,
        "streams": 1,
        "optimizer": {"learning_rate": 0.01},
        "network": network,
    }
    plan = make_plan(folder, histories, T, lists=lists, **settings)
    result = train(plan, OneRank(), on_step=lambda step: None)
    encoder = load_encoder(plan.bundle)
    others, lists, last = planted(200, T, seed=2)
    scores = encoder.encode(as_histories(others, **lists)) @ encoder.item_vectors.T
    return result.loss, float((encoder.item_index[scores.argmax(axis=1)] == 2 + last).mean())


@pytest.mark.parametrize("name", ["behavior", "category", "hour"])
def test_a_network_learns_what_its_input_alone_tells(tmp_path: Path, name: str) -> None:
    loss, right = share_of_right_items(tmp_path, name)
    assert loss < 0.1
    assert right > 0.98


def test_a_network_without_the_input_cannot_know(tmp_path: Path) -> None:
    """Four items equally likely: a loss of ln 4, and every fourth guess right."""
    loss, right = share_of_right_items(tmp_path)
    assert loss > 0.9 * np.log(4)
    assert right < 0.4
