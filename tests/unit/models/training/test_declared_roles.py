"""What a network and a loss declare decides what is trained, saved, carried over and updated row by row."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.models import inference
from interest_spark.models.data.candidates import read_candidates
from interest_spark.models.losses.loss import build_loss
from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.layers import Dropout
from interest_spark.models.networks.network import Network, Tokens
from interest_spark.models.networks.parameters import Parameters
from interest_spark.models.parallel.collectives import OneRank
from interest_spark.models.training import train as train_module
from interest_spark.models.training.checkpoint import read_newest_checkpoint
from interest_spark.models.training.plan import ParentModel, TrainPlan, TrainResult
from interest_spark.models.training.train import build_loop, step_settings, train
from interest_spark.storage.bundles import read_bundle
from tests.histories import as_histories
from tests.unit.models.worlds import make_plan, random_histories

T, DIM = 10, 8
HISTORIES = random_histories(60, 30, 12)


class ContentNetwork(Network):
    """An item is its own vector plus the projection of a frozen content vector; a token is its item alone.

    With `dense` the mean of all items is added to every token: the item table's gradient is no gradient of rows.
    """

    def __init__(self, vocabulary_size: int, content_seed: int = 0, *, dense: bool = False) -> None:
        content = np.random.default_rng(content_seed).normal(size=(vocabulary_size, 4)).astype(np.float32)
        self.parameters = Parameters(seed=1)
        self._own = self.parameters.item_table("own", vocabulary_size, DIM, zero_rows=2)
        self._content = self.parameters.frozen_array("content", content)
        self._projection = self.parameters.normal("projection", 4, DIM)
        self._dense = dense

    def encode(self, tokens: Tokens, dropout: Dropout = no_dropout, precision: tf.DType = tf.float32) -> tf.Tensor:
        vectors = self.item_vectors(tokens["item"])
        return vectors + tf.reduce_mean(self._own, axis=0) if self._dense else vectors

    def item_vectors(self, rows: tf.Tensor) -> tf.Tensor:
        content = tf.tensordot(tf.gather(self._content, rows), self._projection, 1)
        return tf.gather(self._own, rows) + content


def build_with(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
    """Let training and scoring build a ContentNetwork, whatever the configuration names."""

    def build(_: object, vocabulary_size: int, *__: object, **___: object) -> Network:
        return ContentNetwork(vocabulary_size, **settings)

    monkeypatch.setattr(train_module, "build_network", build)
    monkeypatch.setattr(inference, "network_of", lambda card: ContentNetwork(card.vocabulary_size, **settings))


def run(plan: TrainPlan) -> TrainResult:
    result = train(plan, OneRank(), on_step=lambda step: None)
    assert result is not None
    return result


def test_a_frozen_table_is_saved_and_served_but_neither_trained_nor_given_moments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_with(monkeypatch)
    plan = make_plan(tmp_path, HISTORIES, T, epochs=2, held_out=True, checkpoint_steps=1, batch_blocks=16)
    result = run(plan)
    fresh, bundle = ContentNetwork(32).parameters, read_bundle(plan.bundle)
    assert set(bundle.weights) == {"own", "content", "projection"}
    assert bundle.weights["content"].tobytes() == fresh.values()["content"].tobytes()
    assert (bundle.weights["projection"] != fresh.values()["projection"]).any()
    assert result.parameters == 32 * DIM + 4 * DIM  # those that were learnt

    trained = ["own", "projection"]
    names = [*trained, "adam/steps", *(f"adam/{moment}/{name}" for moment in ("first", "second") for name in trained)]
    shapes = {name: np.shape(bundle.weights[name.split("/")[-1]]) for name in names if name != "adam/steps"}
    checkpoint = read_newest_checkpoint(plan.checkpoints, {**shapes, "adam/steps": ()})
    assert checkpoint is not None
    assert checkpoint.best is not None
    assert set(checkpoint.best) == set(trained)

    encoder = inference.Encoder(bundle)
    network = ContentNetwork(32, content_seed=5)  # the bundle's content counts, not the one it is built with
    network.parameters.assign(bundle.weights)
    np.testing.assert_array_equal(encoder.item_vectors, network.item_vectors(encoder.item_index))
    vector = encoder.encode(as_histories([np.array([3, 4], np.int32)]))[0]
    np.testing.assert_allclose(vector, encoder.item_vectors[encoder.item_index == 4][0], rtol=1e-5)


def test_a_warm_start_takes_over_what_the_parent_learnt_and_todays_frozen_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_with(monkeypatch)
    first = make_plan(tmp_path / "first", HISTORIES, T, epochs=1)
    sha = run(first).manifest_sha256
    parent = ParentModel(model_version="a", path=first.bundle, manifest_sha256=sha, trained_through="2024-04-30")
    build_with(monkeypatch, content_seed=7)
    second = make_plan(tmp_path / "second", [np.array([item], np.int32) for item in range(2, 36)], T)
    run(second.model_copy(update={"parent": parent}))  # of histories that teach nothing
    before, after = read_bundle(first.bundle).weights, read_bundle(second.bundle).weights
    assert after["own"][:32].tobytes() == before["own"].tobytes()
    np.testing.assert_allclose(after["own"][34], before["own"][2:].mean(axis=0), rtol=1e-5, atol=1e-7)
    assert after["projection"].tobytes() == before["projection"].tobytes()
    assert after["content"].tobytes() == ContentNetwork(36, content_seed=7).parameters.values()["content"].tobytes()


class _Touching:
    """A loss of which only counts what it touches."""

    def __init__(self, *, all_items: bool) -> None:
        self.touches_all_items = all_items

    def __call__(self, *_: object) -> tf.Tensor:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("all_items", "row_wise_from", "expected"),
    [(True, 1, set()), (False, 1, {"own"}), (False, 32, {"own"}), (False, 33, set())],
)
def test_item_tables_are_updated_by_rows_where_the_loss_leaves_some_out(
    tmp_path: Path, all_items: bool, row_wise_from: int, expected: set[str]
) -> None:
    plan = make_plan(tmp_path, HISTORIES, T, optimizer={"row_wise_from": row_wise_from})
    parameters = ContentNetwork(32).parameters
    assert step_settings(plan, parameters, _Touching(all_items=all_items)).row_wise == expected


@pytest.mark.parametrize("kind", ["full", "sampled"])
def test_the_losses_of_the_configuration_say_what_they_touch(tmp_path: Path, kind: str) -> None:
    plan = make_plan(tmp_path, HISTORIES, T, loss={"kind": kind}, optimizer={"row_wise_from": 1})
    loss = build_loss(plan.train.loss, read_candidates(plan.candidates))
    settings = step_settings(plan, ContentNetwork(32).parameters, loss)
    assert settings.row_wise == (set() if kind == "full" else {"own"})


def test_an_item_table_whose_gradient_is_dense_is_updated_as_a_whole(tmp_path: Path) -> None:
    """Though the loss leaves rows out and the table is large enough: the network itself reaches all of them."""
    weights = []
    for row_wise_from in (1, 1000):
        loss, optimizer = {"kind": "sampled", "sampler": {"negatives": 5}}, {"row_wise_from": row_wise_from}
        plan = make_plan(tmp_path / str(row_wise_from), HISTORIES, T, epochs=1, loss=loss, optimizer=optimizer)
        network = ContentNetwork(32, dense=True)
        loop = build_loop(plan, OneRank(), network, read_candidates(plan.candidates))
        loop.run(on_step=lambda step: None, wants_stop=lambda: False)
        weights.append(network.parameters.values())
    assert all(weights[0][name].tobytes() == weights[1][name].tobytes() for name in weights[0])
