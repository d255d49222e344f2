"""Weights to go on from: an earlier model's rows as they are, and a sensible beginning for items that are new."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from interest_spark.foundation.errors import BadDataError
from interest_spark.models.networks.parameters import Parameters
from interest_spark.models.training.plan import ParentModel
from interest_spark.storage.bundles import read_bundle

Array = np.ndarray[Any, Any]


def starting_weights(parameters: Parameters, items: pa.Table, parent: ParentModel | None = None) -> dict[str, Array]:
    """The weights of a run's first step: freshly drawn ones, with the parent's in their place where there is one.

    A row of an item table is zero until its item is a candidate for the first time (`items`: read_candidates), and
    from then on belongs to it: the parent's rows keep their values bit by bit, also those of items that are no
    candidates today. An item without a row yet starts from the mean of its category's items in the parent, of all
    its items where there is none. Frozen arrays are those that the network was built with. Raises BadDataError when
    the parent's bundle was changed.
    """
    index, category = (items[name].to_numpy() for name in ("item_index", "category"))
    fresh = parameters.values()
    held = {} if parent is None else _weights_of(parent, parameters)
    tables = {name: _item_rows(fresh[name], held.get(name), index, category) for name in parameters.item_tables}
    frozen = {name: fresh[name] for name in parameters.frozen}
    return {**fresh, **held, **tables, **frozen}


def _weights_of(parent: ParentModel, parameters: Parameters) -> Mapping[str, Array]:
    """The parent's trained weights: those of the network, with rows for the items that there were then."""
    weights = read_bundle(parent.path, parent.manifest_sha256).weights
    weights = {name: array for name, array in weights.items() if name not in parameters.frozen}
    rows = {name: len(weights[name]) for name in parameters.item_tables if name in weights and weights[name].ndim}
    frozen = {name: variable.numpy() for name, variable in parameters.frozen.items()}
    try:
        parameters.check({**weights, **frozen}, rows)
    except BadDataError as error:
        raise BadDataError(f"model bundle {parent.path}: {error}") from None
    return weights


def _item_rows(fresh: Array, old: Array | None, index: Array, category: Array) -> Array:
    """The first values of an item table, float32[V, d]; old: the parent's table, float32[U, d], U <= V."""
    rows = np.where(np.isin(np.arange(len(fresh)), index)[:, None], fresh, 0.0).astype(fresh.dtype)
    if old is None:
        return rows
    held = old.any(axis=1)
    rows[: len(old)][held] = old[held]
    is_new = ~_rows_held(old, index)
    if not is_new.all():
        rows[index[is_new]] = _category_means(rows[index], category, is_new)
    return rows


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
