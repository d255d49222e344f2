"""A bundle in use: the training network's own outputs, nobody's neighbour, and no changed byte."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.config.training.networks import Bert4RecConfig
from interest_spark.foundation.errors import BadDataError
from interest_spark.models.card import build_network, read_card
from interest_spark.models.inference import Encoder, load_encoder
from interest_spark.models.parallel.collectives import OneRank
from interest_spark.models.training.train import train
from interest_spark.storage.bundles import Bundle, read_bundle, write_bundle
from tests.histories import as_histories
from tests.unit.models.worlds import make_plan, pack, random_histories

T = 10
HISTORIES = random_histories(60, 30, 25)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    plan = make_plan(tmp_path_factory.mktemp("model"), HISTORIES, T, epochs=1)
    result = train(plan, OneRank(), on_step=lambda step: None)
    assert result is not None
    return plan.bundle, result.manifest_sha256


@pytest.fixture(scope="module")
def encoder(bundle: tuple[Path, str]) -> Encoder:
    return load_encoder(*bundle)


def encode(encoder: Encoder, histories: Sequence[np.ndarray]) -> np.ndarray:
    return encoder.encode(as_histories(histories))


def test_it_agrees_with_the_training_network_on_packed_blocks(bundle: tuple[Path, str], encoder: Encoder) -> None:
    """The last token of each history's training window is the encoder's answer to that history less its last item."""
    stored = read_bundle(bundle[0])
    card = read_card(stored.config)
    network = build_network(card.network, card.vocabulary_size, card.max_length)
    network.parameters.assign(stored.weights)
    for history in HISTORIES[:20]:
        columns = {name: tf.constant(values) for name, values in pack([history], T).items()}
        hidden = network.encode(columns)[0, min(len(history) - 1, T) - 1]
        np.testing.assert_allclose(encode(encoder, [history[:-1]])[0], hidden, atol=1e-5)


def test_a_vector_does_not_depend_on_the_neighbours(encoder: Encoder) -> None:
    together = encode(encoder, HISTORIES)
    alone = np.concatenate([encode(encoder, [history]) for history in HISTORIES])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(encode(encoder, HISTORIES[::-1])[::-1], alone, atol=1e-5)


def test_only_the_last_items_count(encoder: Encoder) -> None:
    history = np.arange(2, 2 + T, dtype=np.int32)
    longer = np.concatenate([[7, 8, 9], history])
    np.testing.assert_allclose(encode(encoder, [longer]), encode(encoder, [history]), atol=1e-6)
    assert encoder.max_length == T


def test_a_network_that_trains_masked_looks_at_one_item_less_and_answers_after_the_newest(tmp_path: Path) -> None:
    network = Bert4RecConfig(dim=16, layers=1, feed_forward=16)
    plan = make_plan(tmp_path, HISTORIES, T, epochs=1, network=network)
    train(plan, OneRank(), on_step=lambda step: None)
    encoder = load_encoder(plan.bundle)
    assert encoder.max_length == T - 1
    newest = np.arange(2, 1 + T, dtype=np.int32)
    longer, strange = np.concatenate([[7, 8], newest]), np.insert(newest, 3, 1_000_000)
    np.testing.assert_allclose(encode(encoder, [longer, strange]), encode(encoder, [newest] * 2), atol=1e-6)
    assert np.abs(encode(encoder, [newest[1:]]) - encode(encoder, [newest])).max() > 1e-6
    nobody = [np.array([], np.int32), np.array([999])]
    assert not encode(encoder, nobody).any()
    together = encode(encoder, [*HISTORIES, *nobody])
    np.testing.assert_allclose(together[7], encode(encoder, [HISTORIES[7]])[0], atol=1e-5)


def test_items_that_the_model_does_not_know_are_left_out(encoder: Encoder) -> None:
    known = np.array([2, 3, 4], np.int32)
    strange = [np.array([1, 2, 1_000_000, 3, -5, 4, 0]), np.array([2, 3, 4] + [1] * T)]
    np.testing.assert_allclose(encode(encoder, strange), encode(encoder, [known, known]), atol=1e-6)
    strangers = [np.array([1, 999]), np.array([], np.int32)]
    assert encoder.knows(as_histories([*strange, *strangers])).tolist() == [True, True, False, False]
    assert not encode(encoder, strangers).any()


def test_candidates_are_aligned(encoder: Encoder) -> None:
    expected = np.unique(np.concatenate(HISTORIES))
    np.testing.assert_array_equal(encoder.item_index, expected)
    assert encoder.item_ids.to_pylist() == [f"item-{item}" for item in expected]
    assert encoder.item_vectors.shape == (len(expected), 16)
    assert encoder.item_vectors.dtype == encode(encoder, []).dtype == np.float32
    assert encode(encoder, []).shape == (0, 16)


def test_any_number_of_histories_is_one_trace(encoder: Encoder) -> None:
    for count in (1, 2, 17, 60):
        encode(encoder, HISTORIES[:count])
    assert encoder._vectors_at.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("name", ["weights.npz", "config.json", "items.parquet", "manifest.json"])
def test_a_flipped_byte_is_refused(bundle: tuple[Path, str], tmp_path: Path, name: str) -> None:
    path, sha256 = bundle
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in path.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(BadDataError, match=name):
        load_encoder(copy, sha256)


def test_weights_of_another_network_are_refused(bundle: tuple[Path, str], tmp_path: Path) -> None:
    stored = read_bundle(bundle[0])
    config = {**stored.config, "network": {**stored.config["network"], "layers": 3}}
    write_bundle(tmp_path / "other", Bundle(stored.weights, config, stored.items))
    with pytest.raises(BadDataError, match=r"layer_2/.* do not fit the network"):
        load_encoder(tmp_path / "other")
    write_bundle(tmp_path / "older", Bundle(stored.weights, {"network": "gru"}, stored.items))
    with pytest.raises(BadDataError, match="does not describe a network of this code"):
        load_encoder(tmp_path / "older")
