"""Weights to go on from: an earlier model's rows as they are, and a sensible beginning for items that are new."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from interest_spark.config.training import NetworkConfig
from interest_spark.models.card import ModelCard
from interest_spark.models.training.plan import Champion
from interest_spark.schemas.tokens import ColumnScheme
from interest_spark.storage.bundles import read_bundle

_ITEM_TABLES = ("items", "output_items")
Array = np.ndarray[Any, Any]
Weights = Mapping[str, Array]


def shapes_fit(card: ModelCard, network: NetworkConfig, tokens: int, columns: ColumnScheme) -> bool:
    """Whether training can go on from the model of that card: its weights have the wanted shapes and meaning."""
    networks = [each.model_dump(exclude={"dropout"}) for each in (card.network, network)]
    return networks[0] == networks[1] and (card.max_length, card.columns) == (tokens, columns)


def starting_weights(fresh: Weights, items: pa.Table, champion: Champion | None = None) -> dict[str, Array]:
    """The weights of a run's first step: `fresh` ones, with the champion's in their place where there is one.

    A row of an item table is zero until its item is a candidate for the first time (`items`: read_candidates), and
    from then on belongs to it: the champion's rows keep their values bit by bit, also those of items that are no
    candidates today. An item without a row yet starts from the mean of its category's items in the champion, of all
    its items where there is none. Raises BadDataError when the champion's bundle was changed.
    """
    weights = {name: np.array(values) for name, values in fresh.items()}
    index, category = (items[name].to_numpy() for name in ("item_index", "category"))
    tables = sorted(set(_ITEM_TABLES) & set(weights))
    for name in tables:
        is_candidate = np.isin(np.arange(len(weights[name])), index)
        weights[name][~is_candidate] = 0.0
    if champion is None:
        return weights
    bundle = read_bundle(champion.path, champion.manifest_sha256)
    is_new = ~_rows_held(bundle.weights["items"], index)
    for name, values in bundle.weights.items():
        held = _rows_held(values, np.arange(len(values))) if name in tables else slice(None)
        weights[name][: len(values)][held] = values[held]
    for name in tables if not is_new.all() else ():
        weights[name][index[is_new]] = _category_means(weights[name][index], category, is_new)
    return weights


def _rows_held(table: Array, rows: Array) -> Array:
    """bool[n]: which of the rows the table has, beyond zeros."""
    inside = rows < len(table)
    inside[inside] = table[rows[inside]].any(axis=1)
    return inside


def _category_means(rows: Array, category: Array, is_new: Array) -> Array:
    """For each new row the mean of the old rows of its category, of all old rows where there is none: float32[n, d]."""
    old = rows[~is_new]
    codes, place = np.unique(category, return_inverse=True)
    sums, counts = np.zeros((len(codes), rows.shape[1])), np.bincount(place[~is_new], minlength=len(codes))
    np.add.at(sums, place[~is_new], old)
    means = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], old.mean(axis=0))
    means[codes == 0] = old.mean(axis=0)  # 0 is no category
    return means[place[is_new]].astype(np.float32)
