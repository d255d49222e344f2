"""One ordered, capped history per user as of a day.

Events are shuffled by user and sorted inside each partition, which spills; a Python worker then cuts the
sorted Arrow batches where the user changes. (`collect_list` over a window holds every prefix in memory, and
by key falls back to sorting after 128 keys.)
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from interest_spark.schemas.behaviors import BEHAVIOR_CODES
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.table_schemas import spark_schema

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_LISTS = ("item_index", "behavior", "event_time", "price", "category", "arrival_day")
_OLDEST_FIRST = ("user_id", "event_time", "source_file", "source_line")


def build_sequences(
    events: "DataFrame", catalogue: "DataFrame", max_length: int, partitions: int, dt: str
) -> "DataFrame":
    """One row a user, the columns of `sequences` and `dt`: the last `max_length` events as lists, oldest first.

    `events` has its column `dt`, and `catalogue` holds what `catalogue_of` gives. Events at the same instant keep the
    order of the log. `seen` and `events` cover the whole history.
    """
    columns = events.join(catalogue, "item_id", how="inner").select(
        "user_id",
        "item_index",
        _behavior_code().alias("behavior"),
        "event_time",
        "price",
        "category",
        F.unix_date(F.col("dt").cast("date")).alias("arrival_day"),
        "source_file",
        "source_line",
    )
    ordered = columns.repartition(partitions, "user_id").sortWithinPartitions(*_OLDEST_FIRST)

    def cut(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for table in whole_users(batches):
            yield histories(table, max_length)

    return ordered.select("user_id", *_LISTS).mapInArrow(cut, spark_schema("sequences")).withColumn("dt", F.lit(dt))


def empty_histories(everyone: "DataFrame", events: "DataFrame", dt: str) -> "DataFrame":
    """Rows of `sequences` and `dt` for the users of `everyone` who have none of `events`, with lists of no element.

    Such users searched or returned something, or were here long ago: they are served like users whom nobody knows.
    """
    strangers = everyone.select("user_id").distinct().join(events.select("user_id"), "user_id", how="left_anti")
    rows = strangers.mapInArrow(_without_events, spark_schema("sequences"))
    return rows.withColumn("dt", F.lit(dt))


def _without_events(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    schema = TABLES["sequences"]
    for batch in batches:
        users = batch.column(0)
        lists = [field.name for field in schema if pa.types.is_list(field.type)]
        nothing = pa.array([[]] * len(users), pa.list_(pa.null()))
        columns = {"user_id": users, "events": pa.array([0] * len(users)), **dict.fromkeys(lists, nothing)}
        arrays = [columns[field.name].cast(field.type) for field in schema]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def catalogue_of(vocab: "DataFrame", items: "DataFrame", categories: "DataFrame") -> "DataFrame":
    """`item_id, item_index, category` of every item of `vocab`; `items` are the attributes as of the day.

    A category is its permanent number in `categories`, 0 where the shop names none.
    """
    numbers = categories.select("category", "category_index")
    numbered = items.select("item_id", "category").join(numbers, "category", how="inner")
    named = numbered.select("item_id", F.col("category_index").alias("category"))
    joined = vocab.select("item_id", "item_index").join(named, "item_id", how="left")
    return joined.fillna(0, ["category"])


def whole_users(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Regroup batches sorted by `user_id` so that no user is split; holds one batch and one user at a time."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        if batch.num_rows == 0:
            continue
        users = batch.column(0)
        changes = np.flatnonzero(np.asarray(pc.not_equal(users[1:], users[:-1]))) + 1
        continues = bool(held) and held[-1].column(0)[-1].as_py() == users[0].as_py()
        if held and not continues:
            yield pa.Table.from_batches(held)
            held = []
        if len(changes):
            last = int(changes[-1])
            yield pa.Table.from_batches([*held, batch.slice(0, last)])
            held, batch = [], batch.slice(last)
        held.append(batch)
    if held:
        yield pa.Table.from_batches(held)


def histories(table: pa.Table, max_length: int) -> pa.RecordBatch:
    """Rows of `user_id` and the lists' values, of whole users, oldest first, to a row a user.

    >>> rows = pa.table({"user_id": ["a", "a", "b"], "item_index": pa.array([7, 5, 7], pa.int32())})
    >>> rows = rows.append_column("behavior", pa.array([1, 1, 4], pa.int32()))
    >>> rows = rows.append_column("event_time", pa.array([1, 2, 3], pa.timestamp("us", "UTC")))
    >>> rows = rows.append_column("price", pa.array([None, 1.0, 2.0])).append_column("category", pa.array([0, 9, 0]))
    >>> rows = rows.append_column("arrival_day", pa.array([20454, 20454, 20455]))
    >>> histories(rows, max_length=1).select(["user_id", "item_index", "seen"]).to_pylist()
    [{'user_id': 'a', 'item_index': [5], 'seen': [5, 7]}, {'user_id': 'b', 'item_index': [7], 'seen': [7]}]
    """
    table = table.combine_chunks()
    users = table.column("user_id").combine_chunks()
    starts = np.concatenate([[0], np.flatnonzero(np.asarray(pc.not_equal(users[1:], users[:-1]))) + 1])
    ends = np.append(starts[1:], len(users))
    firsts = np.maximum(starts, ends - max_length)
    kept = _ranges(firsts, ends)
    offsets = pa.array(np.concatenate([[0], np.cumsum(ends - firsts)]), pa.int32())
    lists = {name: _list_array(offsets, table.column(name).take(pa.array(kept))) for name in _LISTS}
    seen = _distinct_items(np.asarray(table.column("item_index")), starts, ends)
    columns = {"user_id": users.take(pa.array(starts)), **lists, "seen": seen, "events": pa.array(ends - starts)}
    schema = TABLES["sequences"]
    return pa.RecordBatch.from_arrays(
        [columns[name].cast(schema.field(name).type) for name in schema.names], schema=schema
    )


def _list_array(offsets: pa.Array, values: pa.ChunkedArray) -> pa.Array:
    whole = values.combine_chunks()
    return pa.ListArray.from_arrays(offsets, whole)


def _ranges(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The numbers of every half-open range one after the other."""
    lengths = ends - starts
    shifts = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    return np.arange(lengths.sum()) + shifts


def _distinct_items(items: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> pa.Array:
    user = np.repeat(np.arange(len(starts), dtype=np.int64), ends - starts)
    pairs = np.unique(user << 32 | items.astype(np.int64))
    counts = np.bincount(pairs >> 32, minlength=len(starts))
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.array((pairs & 0xFFFFFFFF).astype(np.int32)))


def _behavior_code() -> "Column":
    codes = F.create_map(*(F.lit(part) for pair in BEHAVIOR_CODES.items() for part in pair))
    return codes[F.col("behavior")].cast("int")
