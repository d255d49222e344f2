"""Bundles of collaborative models: what they answer, as plain NumPy says, and what is refused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from interest_spark.config.collaborative import AlsConfig, CollaborativeConfig, EaseConfig, ItemToItemConfig
from interest_spark.foundation.errors import BadDataError
from interest_spark.models.collaborative.card import CollaborativeCard
from interest_spark.models.collaborative.ease import item_weights
from interest_spark.models.published import Model
from interest_spark.models.served import build_collaborative, lists_of, load_model
from interest_spark.storage.bundles import Bundle, write_bundle
from tests.histories import as_histories

ITEMS = [2, 3, 5, 9]
HISTORIES = as_histories([[3, 9, 3], [4, 1], [], [2], [40, 5]])  # 1, 4 and 40 are no items of the model
ALS = AlsConfig(factors=3, alpha=2, regularization=0.5)
FACTORS = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
NEIGHBOURS = {
    "first": np.array([0, 2, 3, 3, 4]),
    "neighbour": np.array([1, 3, 0, 2], np.int32),
    "similarity": np.array([0.5, 0.25, 0.75, 1], np.float32),
}
WEIGHTS = np.arange(16, dtype=np.float32).reshape(4, 4)
SIMILARITY = np.array([[0, 0.5, 0, 0.25], [0.75, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]])


def bundle_of(config: CollaborativeConfig, arrays: Mapping[str, np.ndarray]) -> Bundle:
    card = CollaborativeCard(model_version="m", collaborative=config, trained_through="2026-01-10")
    items = pa.table({"item_index": pa.array(ITEMS, pa.int32()), "item_id": [f"item-{item}" for item in ITEMS]})
    return Bundle(arrays, card.model_dump(mode="json"), items)


def test_als_folds_a_history_in_by_least_squares() -> None:
    model = build_collaborative(bundle_of(ALS, {"items": FACTORS}))
    assert model.knows(HISTORIES).tolist() == [True, False, False, True, True]
    known = HISTORIES.filter(pa.array(model.knows(HISTORIES)))
    vectors = model.encode(known)
    for vector, weights in zip(vectors, ([0, 2, 0, 1], [1, 0, 0, 0], [0, 0, 1, 0]), strict=True):
        confidence = 1 + 2 * np.array(weights)
        used = np.array(weights) > 0
        left = FACTORS.T @ (confidence[:, None] * FACTORS) + 0.5 * used.sum() * np.eye(3)
        assert np.allclose(vector, np.linalg.solve(left, FACTORS.T @ (confidence * used)), atol=1e-5)


@pytest.mark.parametrize(
    ("config", "arrays", "matrix"),
    [(ItemToItemConfig(), NEIGHBOURS, SIMILARITY), (EaseConfig(), {"weights": WEIGHTS}, WEIGHTS)],
    ids=["item_to_item", "ease"],
)
def test_scores_are_sums_over_the_history(
    config: CollaborativeConfig, arrays: Mapping[str, np.ndarray], matrix: np.ndarray
) -> None:
    model = build_collaborative(bundle_of(config, arrays))
    vectors: Any = model.item_vectors
    scores = model.encode(HISTORIES) @ vectors.T
    dense = scores.toarray() if hasattr(scores, "toarray") else scores
    assert np.allclose(dense, [matrix[1] + matrix[3], 0 * matrix[0], 0 * matrix[0], matrix[0], matrix[2]])


def test_ease_is_the_least_squares_without_the_item_itself() -> None:
    """Each column of B minimises |X_i - X b|² + lambda |b|² over the other items: its definition."""
    used = (np.random.default_rng(1).random((30, 6)) < 0.4).astype(float)
    found = item_weights(used.T @ used, 3.0)
    for item in range(6):
        others = [other for other in range(6) if other != item]
        left = used[:, others].T @ used[:, others] + 3.0 * np.eye(5)
        assert np.allclose(found[others, item], np.linalg.solve(left, used[:, others].T @ used[:, item]), atol=1e-6)
        assert found[item, item] == 0


@pytest.mark.parametrize(
    ("config", "arrays", "message"),
    [
        (ALS, {"items": FACTORS[:3]}, "array items does not fit"),
        (ALS, {"items": FACTORS.astype(np.float64)}, "array items does not fit"),
        (ALS, {"items": FACTORS * np.nan}, "array items holds what is no number"),
        (ALS, {"items": FACTORS, "users": FACTORS}, "its arrays are 'items, users'"),
        (EaseConfig(), {"weights": WEIGHTS[:, :3]}, "array weights does not fit"),
        (ItemToItemConfig(), {**NEIGHBOURS, "neighbour": NEIGHBOURS["neighbour"] + 1}, "not of its items"),
        (ItemToItemConfig(), {**NEIGHBOURS, "first": NEIGHBOURS["first"][::-1].copy()}, "not of its items"),
    ],
)
def test_arrays_that_do_not_fit_are_bad_data(
    config: CollaborativeConfig, arrays: Mapping[str, np.ndarray], message: str
) -> None:
    with pytest.raises(BadDataError, match=message):
        build_collaborative(bundle_of(config, arrays))


def test_a_bundle_says_what_it_looks_at(tmp_path: Path) -> None:
    config = ItemToItemConfig(half_life_days=3, behavior_weights={"view": 1})
    sha256 = write_bundle(tmp_path / "m", bundle_of(config, NEIGHBOURS))
    model = Model("m", str(tmp_path / "m"), sha256)
    assert lists_of(model) == ("item_index", "behavior", "event_time")
    assert load_model(model).item_ids.to_pylist() == [f"item-{item}" for item in ITEMS]


def test_a_card_of_another_code_is_bad_data() -> None:
    bundle = bundle_of(EaseConfig(), {"weights": WEIGHTS})
    strange = {**bundle.config, "collaborative": {"kind": "slope_one"}}
    with pytest.raises(BadDataError, match="no collaborative model of this code"):
        build_collaborative(Bundle(bundle.weights, strange, bundle.items))
