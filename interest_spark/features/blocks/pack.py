"""Histories to packed training blocks, and the items that a model trained on them may suggest."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from interest_spark.config.blocks import BlocksConfig
from interest_spark.features.blocks.lesson import WHOLE, Lesson
from interest_spark.features.blocks.packing import pack_histories
from interest_spark.features.blocks.targets import history_of, hold_out, next_events, next_sessions, only_since, pick
from interest_spark.features.sequences.tokens import flat_items, flat_times, history_bounds, token_columns
from interest_spark.schemas.behaviors import FIRST_ITEM_INDEX
from interest_spark.schemas.tables import TABLES
from interest_spark.schemas.tokens import INPUTS, ColumnScheme, source_lists

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_HISTORIES_AT_ONCE = 8192
_FILE_BITS, _PLACE_BITS = 16, 28
_LISTS = source_lists(INPUTS)
_MICROSECONDS_A_MINUTE = 60_000_000
_HASH_STEPS = 1_000_000  # a share of users is met to this fineness


def pack_blocks(
    sequences: "DataFrame", config: BlocksConfig, scheme: ColumnScheme, day: date, lesson: Lesson = WHOLE
) -> "DataFrame":
    """Rows of `train_blocks` and `dt` from the day's `sequences`, in `config.files` partitions.

    `config.target` says what a token is to predict; of a history's tokens the last `config.tokens` are kept. All token
    columns are there, whichever a network will read. Users are dealt out by the hash of their id, ordered by it and
    packed in lots of fixed size, so the blocks do not depend on the cluster. `block_id` is unique over days: days
    since 1970, partition, place in the partition.
    """
    from interest_spark.storage.table_schemas import spark_schema

    ordered = sequences.repartition(config.files, "user_id").sortWithinPartitions("user_id")

    def pack(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        context = TaskContext.get()
        partition = 0 if context is None else context.partitionId()
        return blocks_of(batches, config, scheme, first_block_id(day, partition), lesson.since)

    chosen = is_among(config.held_out_share, "held out").alias("chosen")
    replayed = is_among(lesson.replay_share, day.isoformat()).alias("replayed")
    blocks = ordered.select(*_LISTS, chosen, replayed).mapInArrow(pack, spark_schema("train_blocks"))
    return blocks.withColumn("dt", F.lit(day.isoformat()))


def is_among(share: float, purpose: str) -> "Column":
    """Whether a user belongs to a share of all, the same users whenever asked for the same purpose."""
    return F.pmod(F.xxhash64(F.lit(purpose), "user_id"), F.lit(_HASH_STEPS)) < round(share * _HASH_STEPS)


def candidate_items(sequences: "DataFrame", vocab: "DataFrame") -> "DataFrame":
    """`item_index, item_id, category, events` of every known item in the day's sequences, `events` being how often
    they hold it: what a model trained on them may suggest.
    """
    tokens = sequences.select(F.explode(F.arrays_zip("item_index", "category")).alias("token")).select("token.*")
    known = tokens.where(F.col("item_index") >= FIRST_ITEM_INDEX)
    counted = known.groupBy("item_index").agg(F.max("category").alias("category"), F.count("*").alias("events"))
    return counted.join(vocab, "item_index", how="inner").select("item_index", "item_id", "category", "events")


def row_group_options(config: BlocksConfig) -> dict[str, int]:
    """Parquet writer settings for row groups of `config.row_group_blocks` blocks: the reader's units of work.

    The writer closes a row group by size, but looks at the size only every so many rows: with a size that one
    block exceeds, the rows decide.
    """
    return {"parquet.block.size": 1, "parquet.page.size.row.check.min": config.row_group_blocks}


def first_block_id(day: date, partition: int) -> int:
    """The id of a partition's first block; 2^28 blocks of one partition and 2^16 partitions fit in between.

    >>> first_block_id(date(1970, 1, 2), 3) == (1 << 44) + (3 << 28)
    True
    """
    days = (day - date(1970, 1, 1)).days
    return (days << _FILE_BITS | partition) << _PLACE_BITS


def blocks_of(
    batches: Iterable[pa.RecordBatch],
    config: BlocksConfig,
    scheme: ColumnScheme,
    first_id: int,
    since: int | None = None,
) -> Iterator[pa.RecordBatch]:
    """Pack the histories of one partition, lot by lot, into rows of `train_blocks`.

    Beside the lists of `sequences` a row has `chosen`, whether its last target is held out, and `replayed`, whether
    targets before `since` are learnt as well.
    """
    for number, lot in enumerate(lots(batches, _HISTORIES_AT_ONCE)):
        columns = _pack_lot(lot, config, scheme, since)
        count = len(columns["item"])
        # Packing puts long histories first; a training batch should meet all lengths.
        order = np.random.default_rng(number).permutation(count)
        yield _to_arrow({name: values[order] for name, values in columns.items()}, np.arange(count) + first_id)
        first_id += count


def lots(batches: Iterable[pa.RecordBatch], size: int) -> Iterator[pa.Table]:
    """Regroup batches into tables of exactly `size` rows, the last one shorter."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        table = pa.Table.from_batches(held)
        whole = table.num_rows // size * size
        yield from (table.slice(first, size) for first in range(0, whole, size))
        held = table.slice(whole).to_batches()
    if held:
        yield pa.Table.from_batches(held)


def _pack_lot(lot: pa.Table, config: BlocksConfig, scheme: ColumnScheme, since: int | None) -> dict[str, np.ndarray]:
    items, bounds = flat_items(lot), history_bounds(lot)
    learnt, held_out = hold_out(_target_places(lot, config), bounds, _flags(lot, "chosen"))
    if since is not None:
        learnt = only_since(learnt, flat_times(lot), since, _flags(lot, "replayed")[history_of(bounds)])
    columns = token_columns(lot, scheme)
    targets = {
        "target": pick(items, learnt),
        "target_behavior": pick(columns["behavior"], learnt),
        "held_out": pick(items, held_out),
    }
    return pack_histories({"item": items, **targets, **columns}, bounds, config.tokens)


def _flags(lot: pa.Table, name: str) -> np.ndarray:
    flags: np.ndarray = lot.column(name).combine_chunks().to_numpy(zero_copy_only=False)
    return flags


def _target_places(lot: pa.Table, config: BlocksConfig) -> np.ndarray:
    items, bounds = flat_items(lot), history_bounds(lot)
    if config.target == "next_event":
        return next_events(items, bounds)
    return next_sessions(items, bounds, flat_times(lot), config.session_gap_minutes * _MICROSECONDS_A_MINUTE)


def _to_arrow(columns: dict[str, np.ndarray], ids: np.ndarray) -> pa.RecordBatch:
    schema = TABLES["train_blocks"]
    tokens = columns["item"].shape[1]
    offsets = pa.array(np.arange(len(ids) + 1, dtype=np.int32) * tokens)
    lists = {name: pa.ListArray.from_arrays(offsets, values.ravel()) for name, values in columns.items()}
    arrays = [pa.array(ids), *(lists[name].cast(schema.field(name).type) for name in schema.names[1:])]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
