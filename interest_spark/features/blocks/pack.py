"""Histories to packed training blocks, and the items that a model trained on them may suggest."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from interest_spark.config.blocks import BlocksConfig
from interest_spark.config.deployment import Config
from interest_spark.features.blocks.masks import at_their_events, hide_events
from interest_spark.features.blocks.packing import pack_histories
from interest_spark.features.blocks.scope import EVERYTHING, LearningScope, end_of_learning
from interest_spark.features.blocks.targets import (
    NOWHERE,
    TargetsWithin,
    history_of,
    hold_out_last,
    hold_out_period,
    next_events,
    next_sessions,
    only_new,
    pick,
)
from interest_spark.features.blocks.user_attributes import COLUMN, user_codes
from interest_spark.features.sequences.tokens import (
    flat_arrival_days,
    flat_items,
    flat_times,
    history_bounds,
    token_columns,
)
from interest_spark.foundation.dates import days_since_1970
from interest_spark.platform.python_worker import settled
from interest_spark.schemas.behaviors import FIRST_ITEM_INDEX
from interest_spark.schemas.tables import TABLES
from interest_spark.schemas.tokens import INPUTS, MEASURES, USER_COLUMNS, ColumnScheme, source_lists

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_HISTORIES_AT_ONCE = 8192
_FILE_BITS, _PLACE_BITS = 16, 28
_COLUMNS = (*INPUTS, *MEASURES)
_LISTS = source_lists(_COLUMNS)
_MICROSECONDS_A_SECOND, _MICROSECONDS_A_MINUTE = 1_000_000, 60_000_000
_HASH_STEPS = 1_000_000  # a share of users is met to this fineness


@dataclass(frozen=True)
class PackingRules:
    """What the blocks of the run's `day` are made of and how. `masked`: for a network that trains masked.

    `user_attributes`: what the network looks at of those, each with a code of `user_codes`.
    """

    config: BlocksConfig
    scheme: ColumnScheme
    day: date
    scope: LearningScope = EVERYTHING
    masked: bool = False
    user_attributes: tuple[str, ...] = ()
    user_codes: int = 4096

    @classmethod
    def of(cls, config: Config, blocks: BlocksConfig, day: date, scope: LearningScope = EVERYTHING) -> "PackingRules":
        """Those of a deployment's network; `blocks`: the deployment's own, or others in their place."""
        network = config.train.network
        return cls(
            blocks, config.columns, day, scope, network.masked, network.user_attributes, network.user_attribute_codes
        )


def pack_blocks(sequences: "DataFrame", rules: PackingRules) -> "DataFrame":
    """Rows of `train_blocks` and `dt` from the day's `sequences`, in `config.files` partitions.

    `config.target` says what a token is to predict, `config.held_out` which targets training is validated on: their
    blocks hold nothing to learn and come first, in `config.files` further partitions, so that no file has both kinds.
    Where training is `masked`, the same targets stand at their own events, and a held-out one is a MASK token.
    All token columns are there, whichever a network will read; where it looks at `user_attributes`, `sequences` have
    these beside the histories (with_user_attributes). Users are dealt out by the hash of their id, ordered
    by it and packed in lots of fixed size, so the blocks do not depend on the cluster. `block_id` is unique over days:
    days since 1970, partition, place in the partition.
    """
    config, day = rules.config, rules.day
    share = 0.0 if config.held_out.kind == "none" else config.held_out.share
    chosen = is_among(share, "held out").alias("chosen")
    replayed = is_among(rules.scope.replay_share, day.isoformat()).alias("replayed")
    lists = _LISTS if rules.scope == EVERYTHING else (*_LISTS, "arrival_day")
    described = [COLUMN] if rules.user_attributes else []
    histories = sequences.select("user_id", *lists, *described, chosen, replayed)
    blocks = _packed(histories, rules, held_out=False)
    if share:
        blocks = _packed(histories.where("chosen"), rules, held_out=True).union(blocks)
    return blocks.withColumn("dt", F.lit(day.isoformat()))


def _packed(histories: "DataFrame", rules: PackingRules, *, held_out: bool) -> "DataFrame":
    from interest_spark.storage.table_schemas import spark_schema

    def pack(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        context = TaskContext.get()
        partition = 0 if context is None else context.partitionId()  # counted over both kinds of blocks
        return blocks_of(batches, rules, first_block_id(rules.day, partition), held_out=held_out)

    ordered = histories.repartition(rules.config.files, "user_id").sortWithinPartitions("user_id").drop("user_id")
    return ordered.mapInArrow(settled(pack), spark_schema("train_blocks"))


def is_among(share: float, purpose: str) -> "Column":
    """Whether a user belongs to a share of all, the same users whenever asked for the same purpose."""
    return F.pmod(F.xxhash64(F.lit(purpose), "user_id"), F.lit(_HASH_STEPS)) < round(share * _HASH_STEPS)


def candidate_items(sequences: "DataFrame", vocab: "DataFrame", before: datetime | None = None) -> "DataFrame":
    """`item_index, item_id, category, events` of every known item in the day's sequences: what a model trained on
    them may suggest.

    `events` is how often they hold the item, before an instant where one is given: by it a loss draws negatives, and
    it must not tell of a period that is held out.
    """
    lists = F.arrays_zip("item_index", "category", "event_time")
    tokens = sequences.select(F.explode(lists).alias("token")).select("token.*")
    known = tokens.where(F.col("item_index") >= FIRST_ITEM_INDEX)
    events = F.count("*") if before is None else F.count(F.when(F.col("event_time") < F.lit(before), 1))
    counted = known.groupBy("item_index").agg(F.max("category").alias("category"), events.alias("events"))
    return counted.join(vocab, "item_index", how="inner").select("item_index", "item_id", "category", "events")


def first_block_id(day: date, partition: int) -> int:
    """The id of a partition's first block; 2^28 blocks of one partition and 2^16 partitions fit in between.

    >>> first_block_id(date(1970, 1, 2), 3) == (1 << 44) + (3 << 28)
    True
    """
    days = days_since_1970(day)
    return (days << _FILE_BITS | partition) << _PLACE_BITS


def blocks_of(
    batches: Iterable[pa.RecordBatch], rules: PackingRules, first_id: int, *, held_out: bool = False
) -> Iterator[pa.RecordBatch]:
    """Pack the histories of one partition, lot by lot, into rows of `train_blocks`: targets to learn, or held out.

    Beside the lists of `sequences` a row has `chosen`, whether its user has a target held out where any have, and
    `replayed`, whether in a scope of new targets its user's old ones are learnt as well.
    """
    for number, lot in enumerate(lots(batches, _HISTORIES_AT_ONCE)):
        columns = _pack_lot(lot, rules, held_out=held_out)
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


def _pack_lot(lot: pa.Table, rules: PackingRules, *, held_out: bool) -> dict[str, np.ndarray]:
    items, bounds = flat_items(lot), history_bounds(lot)
    learnt, validated = _target_places(lot, rules)
    if rules.masked:
        learnt, validated = at_their_events(learnt), at_their_events(validated)
    nothing = np.full(len(items), NOWHERE)
    learnt, validated = (nothing, validated) if held_out else (learnt, nothing)
    columns = token_columns(lot, rules.scheme, _COLUMNS)
    targets = {
        "target": pick(items, learnt),
        "target_behavior": pick(columns["behavior"], learnt),
        "target_minute": pick(columns["minute"], learnt),
        "held_out": pick(items, validated),
    }
    wanted = (learnt != NOWHERE) | (validated != NOWHERE)
    seen = {"item": items, **columns}
    if rules.masked:
        seen = hide_events(seen, validated != NOWHERE)
    owners = history_of(bounds)
    users = {name: codes[owners] for name, codes in user_codes(lot, rules.user_attributes, rules.user_codes).items()}
    packed = pack_histories({**seen, **users, **targets}, wanted, bounds, rules.config.tokens)
    return {**packed, "held_out_targets": np.count_nonzero(packed["held_out"], axis=1)}


def _target_places(lot: pa.Table, rules: PackingRules) -> tuple[np.ndarray, np.ndarray]:
    """The places of the targets to learn and of those held out."""
    bounds, within = history_bounds(lot), _targets_within(lot, rules)
    cut = end_of_learning(rules.config.held_out, rules.day, rules.scheme.time_zone)
    if cut is not None:
        instant = int(cut.timestamp()) * _MICROSECONDS_A_SECOND
        learnt, validated = hold_out_period(within, bounds, flat_times(lot), instant, _flags(lot, "chosen"))
    elif rules.config.held_out.kind == "last_event":
        learnt, validated = hold_out_last(within(bounds), bounds, _flags(lot, "chosen"))
    else:
        learnt = within(bounds)
        validated = np.full(len(learnt), NOWHERE)
    if rules.scope != EVERYTHING:
        is_new = rules.scope.holds(flat_arrival_days(lot))
        learnt = only_new(learnt, is_new, _flags(lot, "replayed")[history_of(bounds)])
    return learnt, validated


def _targets_within(lot: pa.Table, rules: PackingRules) -> TargetsWithin:
    items = flat_items(lot)
    if rules.config.target == "next_event":
        return partial(next_events, items)
    gap = rules.scheme.session_gap_minutes * _MICROSECONDS_A_MINUTE
    return partial(next_sessions, items, times=flat_times(lot), gap=gap)


def _flags(lot: pa.Table, name: str) -> np.ndarray:
    flags: np.ndarray = lot.column(name).combine_chunks().to_numpy(zero_copy_only=False)
    return flags


def _to_arrow(columns: Mapping[str, np.ndarray], ids: np.ndarray) -> pa.RecordBatch:
    schema = TABLES["train_blocks"]
    tokens = columns["item"].shape[1]
    offsets = pa.array(np.arange(len(ids) + 1, dtype=np.int32) * tokens)

    def column(name: str) -> pa.Array:
        if name in USER_COLUMNS and name not in columns:
            return pa.nulls(len(ids))
        values = columns[name]
        return pa.array(values) if values.ndim == 1 else pa.ListArray.from_arrays(offsets, values.ravel())

    columns = {"block_id": ids, **columns}
    arrays = [column(name).cast(schema.field(name).type) for name in schema.names]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
