"""What Spark's tasks have found, put together into the bundle of a collaborative model, in a task: the catalogue is not
to pass through the driver.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from interest_spark.config.collaborative import AlsConfig, EaseConfig, ItemToItemConfig
from interest_spark.features.collaborative.interactions import NOTHING_TO_LEARN
from interest_spark.foundation.errors import BadDataError
from interest_spark.models.collaborative.card import CollaborativeCard
from interest_spark.storage.bundles import Bundle, write_bundle
from interest_spark.storage.parts import read_columns

Arrays = Mapping[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Assembly:
    """Where the bundle is to lie, its card, and the files of what was found.

    `items`: files with a row of `item_index` and `item_id` at least for each item, those of `vocab` for pairs. `found`:
    of als `item_index, factors`, of item_to_item `item_index, neighbour, similarity`, of ease `item_index, neighbour,
    together`. `own`: files of `item_index`, the items that somebody used; of als `found` says so.
    """

    path: str
    card: CollaborativeCard
    items: tuple[str, ...]
    found: tuple[str, ...]
    own: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Assembled:
    """The bundle's seal, the number of its items and of its numbers."""

    manifest_sha256: str
    items: int
    parameters: int


def assemble(assembly: Assembly) -> list[Assembled]:
    """Write the bundle. Raises BadDataError where no known item has been used."""
    items = _items(assembly)
    if not len(items):
        raise BadDataError(NOTHING_TO_LEARN)
    kinds: dict[type, Callable[[Assembly, pl.DataFrame], Arrays]] = {
        AlsConfig: _factors,
        ItemToItemConfig: _neighbours,
        EaseConfig: _ease,
    }
    arrays = kinds[type(assembly.card.collaborative)](assembly, items)
    table = items.select("item_index", "item_id").to_arrow().cast(_ITEMS)
    bundle = Bundle(arrays, assembly.card.model_dump(mode="json"), table)
    sha256 = write_bundle(assembly.path, bundle)
    parameters = sum(array.size for array in arrays.values() if array.dtype.kind == "f")
    return [Assembled(sha256, len(items), parameters)]


_ITEMS = pa.schema([("item_index", pa.int32()), ("item_id", pa.string())])


def _items(assembly: Assembly) -> pl.DataFrame:
    """`item_index, item_id` of the items that were used and are known, ascending."""
    known = read_columns(assembly.items, item_index=pl.Int32, item_id=pl.String)
    if assembly.own is not None:
        known = known.join(read_columns(assembly.own, item_index=pl.Int32), on="item_index", how="semi")
    return known.sort("item_index")


def _factors(assembly: Assembly, items: pl.DataFrame) -> Arrays:
    rows = read_columns(assembly.found, item_index=pl.Int32, factors=pl.List(pl.Float32)).sort("item_index")
    factors = rows["factors"].explode().to_numpy().reshape(len(rows), -1)
    return {"items": np.ascontiguousarray(factors, np.float32)}


def _neighbours(assembly: Assembly, items: pl.DataFrame) -> Arrays:
    rows = read_columns(assembly.found, item_index=pl.Int32, neighbour=pl.Int32, similarity=pl.Float32)
    # Grouped by item, and within an item best first, as the tasks wrote them.
    placed = _placed(rows, items).sort("row", maintain_order=True)
    lengths = np.bincount(placed["row"].to_numpy(), minlength=len(items))
    return {
        "first": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        "neighbour": placed["column"].to_numpy().astype(np.int32),
        "similarity": placed["similarity"].to_numpy().astype(np.float32),
    }


def _ease(assembly: Assembly, items: pl.DataFrame) -> Arrays:
    from interest_spark.models.collaborative.ease import item_weights

    config = assembly.card.collaborative
    assert isinstance(config, EaseConfig)
    gram = np.zeros((len(items), len(items)))
    for file in assembly.found:  # one after another: together they take more than the matrix
        rows = read_columns([file], item_index=pl.Int32, neighbour=pl.Int32, together=pl.Float64)
        placed = _placed(rows, items)
        gram[placed["row"].to_numpy(), placed["column"].to_numpy()] = placed["together"].to_numpy()
    return {"weights": item_weights(gram, config.ridge)}


def _placed(pairs: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Pairs of the items alone, with their places among these as `row` and `column`, in the pairs' order."""
    places = items.select("item_index").with_row_index("place")
    rows = pairs.join(places.rename({"place": "row"}), on="item_index", how="inner", maintain_order="left")
    columns = places.rename({"item_index": "neighbour", "place": "column"})
    return rows.join(columns, on="neighbour", how="inner", maintain_order="left")
