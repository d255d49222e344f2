"""Item factors as content of a network: scaled, in the axes of the parent's, and of items that have any."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from interest_spark.config.training.networks import SasRecConfig
from interest_spark.foundation.errors import ConfigError
from interest_spark.models.card import build_network
from interest_spark.models.networks.dropout import StreamDropout, stream_keys
from interest_spark.models.networks.parameters import Parameters
from interest_spark.models.networks.token_embedding import TokenEmbedding
from interest_spark.models.parallel.collectives import OneRank
from interest_spark.models.training.content import content_vectors, in_the_axes_of, whitened
from interest_spark.models.training.plan import ParentModel
from interest_spark.models.training.train import train
from interest_spark.storage.bundles import read_bundle
from tests.unit.models.worlds import SCHEME, make_plan, random_histories, write_content

WIDTH = 5
NETWORK = SasRecConfig(dim=16, layers=1, feed_forward=16, content={"als": WIDTH}, content_dropout=0.5)


def embedding_of(parameters: Parameters, rate: float = 0.5) -> TokenEmbedding:
    """Of eight items, the last of which has no content."""
    made = TokenEmbedding(
        8, 4, 6, (), SCHEME, parameters, tied_output=True, masked=True, content={"als": 3}, content_dropout=rate
    )
    vectors = np.random.default_rng(2).normal(size=(8, 3)).astype(np.float32)
    vectors[[0, 1, 7]] = 0
    parameters.frozen["content/als"].assign(vectors)
    return made


def test_an_items_vector_is_its_own_and_its_projected_content() -> None:
    parameters = Parameters(seed=1)
    embedding = embedding_of(parameters)
    own, content = parameters.trainable["items"].numpy(), parameters.frozen["content/als"].numpy()
    expected = own + content @ parameters.trainable["content/als/projection"].numpy()
    np.testing.assert_allclose(embedding.item_vectors(tf.range(8)), expected, atol=1e-6)
    tokens = {name: tf.constant([[2, 3, 7, -1]]) for name in ("item",)} | {"position": tf.constant([[0, 1, 2, 3]])}
    positions = parameters.trainable["positions"].numpy()
    mask = parameters.trainable["mask"].numpy()
    shown = np.stack([*expected[[2, 3, 7]], mask]) * 6**0.5 + positions
    np.testing.assert_allclose(embedding(tokens)[0], shown, atol=1e-6)


def test_content_is_dropped_by_tokens_and_by_the_key_of_their_stream() -> None:
    parameters = Parameters(seed=1)
    embedding = embedding_of(parameters)
    items = np.random.default_rng(0).integers(2, 7, (4, 32)).astype(np.int32)
    tokens = {"item": tf.constant(items), "position": tf.zeros([4, 32], tf.int32)}
    both = embedding(tokens, StreamDropout(tf.constant(stream_keys(3, 1, [0, 1])))).numpy()
    own = parameters.trainable["items"].numpy()[items] * 6**0.5 + parameters.trainable["positions"].numpy()[0]
    with_content = embedding(tokens).numpy()
    hidden = np.isclose(both, own, atol=1e-6).all(axis=2)
    shown = np.isclose(both, with_content, atol=1e-6).all(axis=2)
    assert (hidden ^ shown).all()
    assert 0.3 < hidden.mean() < 0.7
    for stream in (0, 1):
        part = {name: values[2 * stream : 2 * stream + 2] for name, values in tokens.items()}
        alone = embedding(part, StreamDropout(tf.constant(stream_keys(3, 1, [stream]))))
        np.testing.assert_array_equal(alone, both[2 * stream : 2 * stream + 2])


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 1000), shared=st.integers(5, 30))
def test_turned_factors_come_back_to_the_parents_axes(seed: int, shared: int) -> None:
    random = np.random.default_rng(seed)
    earlier = random.normal(size=(shared, 4)).astype(np.float32)
    rotation, _ = np.linalg.qr(random.normal(size=(4, 4)))
    new = np.concatenate([earlier, random.normal(size=(3, 4)).astype(np.float32)])
    new[1] = 0  # the source has forgotten an item
    turned = in_the_axes_of((new @ rotation).astype(np.float32), earlier)
    np.testing.assert_allclose(turned, new, atol=1e-4)


def test_vectors_of_a_mean_squared_length_of_one(tmp_path: Path) -> None:
    items = np.arange(2, 12, dtype=np.int32)
    model = write_content(tmp_path, items, {"als": WIDTH})["als"]
    found = content_vectors(model, "als", WIDTH, 9)  # fewer rows than the source has items
    assert found.shape == (9, WIDTH)
    known = found.any(axis=1)
    assert np.flatnonzero(known).tolist() == [2, 4, 6, 8]
    assert (found[known] ** 2).sum(axis=1).mean() == pytest.approx(1)
    with pytest.raises(ConfigError, match=r"content\.als is 7, but the vectors of .* have 5 numbers"):
        content_vectors(model, "als", 7, 9)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 1000), spread=st.floats(0.1, 10), known=st.integers(1, 60))
def test_products_of_whitened_vectors_are_a_ridge_regression_on_the_factors(
    seed: int, spread: float, known: int
) -> None:
    random = np.random.default_rng(seed)
    factors = random.normal(size=(60, WIDTH)) * spread ** np.arange(WIDTH)
    factors[known:] = 0
    found = whitened(factors.astype(np.float32)).astype(np.float64)
    covariance = factors.T @ factors / known
    ridge = covariance + np.eye(WIDTH) * np.trace(covariance) / WIDTH
    expected = factors @ np.linalg.solve(ridge, factors.T)
    scale = np.trace(expected) / known  # of a mean squared length of 1
    np.testing.assert_allclose(found @ found.T, expected / scale, atol=1e-3 * expected.max() / scale)
    variances = (found**2).sum(axis=0)
    assert (np.diff(variances) <= 1e-3 * variances.max()).all()  # the first numbers say most


def test_training_leaves_content_as_it_is_and_a_later_run_turns_its_own(tmp_path: Path) -> None:
    histories = random_histories(20, 10, 8)
    first = make_plan(tmp_path / "first", histories, 8, network=NETWORK, epochs=1)
    result = train(first, OneRank(), on_step=lambda step: None)
    assert result is not None
    weights = read_bundle(first.bundle).weights
    source = content_vectors(first.content["als"], "als", WIDTH, len(weights["items"]))
    np.testing.assert_array_equal(weights["content/als"], source)
    fresh = build_network(NETWORK, len(weights["items"]), 8, columns=SCHEME).parameters.values()
    moved = weights["content/als/projection"] - fresh["content/als/projection"]
    assert np.abs(moved).max() > 1e-4

    later = make_plan(tmp_path / "later", histories, 8, network=NETWORK, continued_epochs=1)
    parent = ParentModel(
        model_version="first",
        path=first.bundle,
        manifest_sha256=result.manifest_sha256,
        trained_through="2024-04-30",
    )
    train(later.model_copy(update={"parent": parent}), OneRank(), on_step=lambda step: None)
    np.testing.assert_allclose(read_bundle(later.bundle).weights["content/als"], source, atol=1e-5)
