"""Weights to go on from: an earlier model's rows as they are, and a sensible beginning for items that are new."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from interest_spark.bundles import read_bundle
from interest_spark.config import NetworkConfig
from interest_spark.model.card import ModelCard
from interest_spark.model.plan import Champion
from interest_spark.token_columns import ColumnScheme

_ITEM_TABLES = ("items", "output_items")
Weights = Mapping[str, np.ndarray[Any, Any]]


def shapes_fit(card: ModelCard, network: NetworkConfig, tokens: int, columns: ColumnScheme) -> bool:
    """Whether training can go on from the model of that card: its weights have the wanted shapes and meaning."""
    networks = [each.model_dump(exclude={"dropout"}) for each in (card.network, network)]
    return networks[0] == networks[1] and (card.max_length, card.columns) == (tokens, columns)


def warm_weights(fresh: Weights, champion: Champion, items: pa.Table) -> dict[str, np.ndarray[Any, Any]]:
    """`fresh` weights with the champion's in their place.

    Rows of item tables that the champion has keep their values bit by bit. An item that it could not suggest starts
    from the mean of its category's items in the champion, of all its items where there is none. `items`: the
    candidates (read_candidates). Raises BadDataError when the bundle was changed.
    """
    bundle = read_bundle(champion.path, champion.manifest_sha256)
    weights = {name: np.array(values) for name, values in fresh.items()}
    for name, values in bundle.weights.items():
        weights[name][: len(values)] = values
    index, category = (items[name].to_numpy() for name in ("item_index", "category"))
    is_new = ~np.isin(index, bundle.items["item_index"].to_numpy())
    for name in set(_ITEM_TABLES) & set(weights):
        weights[name][index[is_new]] = _category_means(weights[name][index], category, is_new)
    return weights


def _category_means(
    rows: np.ndarray[Any, Any], category: np.ndarray[Any, Any], is_new: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """For each new row the mean of the old rows of its category, of all old rows where there is none: float32[n, d]."""
    old = rows[~is_new]
    codes, place = np.unique(category, return_inverse=True)
    sums, counts = np.zeros((len(codes), rows.shape[1])), np.bincount(place[~is_new], minlength=len(codes))
    np.add.at(sums, place[~is_new], old)
    means = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], old.mean(axis=0))
    means[codes == 0] = old.mean(axis=0)  # 0 is no category
    return means[place[is_new]].astype(np.float32)
