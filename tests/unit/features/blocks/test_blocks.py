"""Blocks of a day are the same on every cluster, and nothing of a history is lost on the way."""

from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import functions as F

from interest_spark.config.blocks import BlocksConfig, HeldOutConfig, HeldOutLastEvent, HeldOutPeriod, NothingHeldOut
from interest_spark.features.blocks.item_attributes import with_attributes
from interest_spark.features.blocks.pack import (
    PackingRules,
    blocks_of,
    candidate_items,
    first_block_id,
    lots,
    pack_blocks,
)
from interest_spark.features.blocks.scope import EVERYTHING, LearningScope, scope_after
from interest_spark.models.data.block_files import split_files
from interest_spark.schemas.tokens import INPUTS, ColumnScheme
from interest_spark.storage.layout import Slice
from interest_spark.storage.run_record import RunRecord
from interest_spark.storage.warehouse import Warehouse
from tests.histories import as_histories

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

DAY = date(2024, 5, 1)
CONFIG = BlocksConfig(tokens=12, files=3, row_group_blocks=5)
SCHEME = ColumnScheme(category_codes=40, category_buckets=10, time_zone="Asia/Shanghai", session_gap_minutes=180)


def day_number(day: str) -> int:
    return (date.fromisoformat(day) - date(1970, 1, 1)).days


def histories(users: int) -> list[tuple[str, list[int], list[int], list[datetime]]]:
    random = np.random.default_rng(7)
    rows = []
    for user in range(users):
        length = int(random.integers(1, 30))
        items = random.integers(2, 90, length).tolist()
        times = [datetime(2024, 5, 1, hour // 2, tzinfo=timezone.utc) for hour in range(length)]
        rows.append((f"user-{user}", items, [1 + item % 4 for item in items], times))
    return rows


def frame(spark: "SparkSession", users: int = 300, partitions: int = 2) -> "DataFrame":
    rows = spark.sparkContext.parallelize(histories(users), partitions)
    frame = spark.createDataFrame(
        rows, "user_id string, item_index array<int>, behavior array<int>, event_time array<timestamp>"
    )
    return frame.selectExpr(
        "*",
        "item_index AS category",
        "transform(item_index, i -> double(i)) AS price",
        "transform(event_time, t -> unix_date(to_date(t))) AS arrival_day",
    )


def stage(warehouse: Warehouse, sequences: "DataFrame", run: str, config: BlocksConfig = CONFIG) -> list[str]:
    blocks = pack_blocks(sequences, PackingRules(config, SCHEME, DAY))
    base, record = warehouse.open("train_blocks"), RunRecord(run, {}, {})
    slices = [Slice("2024-05-01", "sasrec")]
    run_files = warehouse.stage(blocks, base, slices, record, config.row_group_blocks).actions
    return sorted(str(warehouse.root / "train_blocks" / action.path) for action in run_files)


def staged(spark: "SparkSession", warehouse: Warehouse, sequences: "DataFrame", run: str) -> list[pq.ParquetFile]:
    return [pq.ParquetFile(file) for file in stage(warehouse, sequences, run)]


def test_blocks_do_not_depend_on_how_the_input_is_spread(spark: "SparkSession", tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    one = staged(spark, warehouse, frame(spark, partitions=1), "one")
    seven = staged(spark, warehouse, frame(spark, partitions=7), "seven")
    assert len(one) == CONFIG.files
    assert [file.read().to_pylist() for file in one] == [file.read().to_pylist() for file in seven]


def test_row_groups_hold_the_blocks_that_the_configuration_says(spark: "SparkSession", tmp_path: Path) -> None:
    for file in staged(spark, Warehouse(tmp_path), frame(spark), "run"):
        groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
        assert len(groups) > 2
        assert set(groups[:-1]) == {CONFIG.row_group_blocks}


def test_every_target_of_every_history_is_in_a_block(spark: "SparkSession", tmp_path: Path) -> None:
    files = staged(spark, Warehouse(tmp_path), frame(spark), "run")
    blocks = pa.concat_tables([file.read() for file in files])
    names = ("item", "target", "behavior", "category", "hour", "minute", "target_minute")
    cells = {name: np.array(blocks[name].to_pylist()) for name in names}
    found = sorted(zip(*(cells[name][cells["item"] > 0].tolist() for name in cells), strict=True))
    expected = []
    for _, items, behaviors, times in histories(300):
        categories = [item if item <= 40 else 41 + (item - 41) % 10 for item in items]
        hours = [1 + (time.hour + 8) % 24 for time in times]  # in Shanghai
        minutes = [int(time.timestamp()) // 60 for time in times]
        own = (column[:-1] for column in (behaviors, categories, hours, minutes))
        # Those of 13 events and more are in several windows.
        expected += list(zip(items[:-1], items[1:], *own, minutes[1:], strict=True))
    assert found == sorted(expected)
    assert len(set(blocks["block_id"].to_pylist())) == blocks.num_rows


def test_only_what_is_new_is_learnt_and_the_histories_of_some(spark: "SparkSession") -> None:
    sequences = frame(spark, 1000).drop("arrival_day")
    days = "transform(item_index, (item, place) -> if(item % 3 = 0 or (item = 7 and place > 2), 20, 5)) AS arrival_day"
    scope = LearningScope(after_day=10, replay_share=0.2)
    rules = PackingRules(CONFIG.model_copy(update={"tokens": 30}), SCHEME, DAY, scope)
    blocks = pack_blocks(sequences.selectExpr("*", days), rules)
    learnt = sum(target > 0 for row in blocks.select("target").collect() for target in row.target)
    arrived = [
        item % 3 == 0 or (item == 7 and place > 2)
        for _, items, *_ in histories(1000)
        for place, item in enumerate(items)
        if place
    ]
    new, old = sum(arrived), len(arrived) - sum(arrived)
    assert new + 0.15 * old < learnt < new + 0.25 * old


@pytest.mark.parametrize("changed_days", [(), (day_number("2024-04-20"),)], ids=["parent's own days", "a changed day"])
def test_an_event_that_arrived_late_is_learnt_in_its_whole_history(
    spark: "SparkSession", changed_days: tuple[int, ...]
) -> None:
    """The third of five events happened before the parent's last day, and was delivered after it."""
    delivered = ["2024-04-21", "2024-04-30", "2024-05-01", "2024-04-21", "2024-04-20"]
    times = [datetime(2024, 4, 20, hour, tzinfo=timezone.utc) for hour in range(5)]
    arrival_day = [[day_number(day) for day in delivered]]
    scope = scope_after("2024-04-30", CONFIG.held_out, 0.0, changed_days)
    (row,) = packed(as_histories([[11, 12, 13, 14, 15]], event_time=[times], arrival_day=arrival_day), CONFIG, scope)
    learnt, context = ([0, 13, 0, 15], [11, 12, 13, 14]) if changed_days else ([0, 13], [11, 12])
    assert row["target"] == learnt + [0] * (CONFIG.tokens - len(learnt))
    assert row["item"] == context + [0] * (CONFIG.tokens - len(context))


def test_an_event_that_its_parent_held_out_is_new_on_the_next_day() -> None:
    """With a period of a day the run of each day learns the events of the day before it."""
    days = ["2024-04-29", "2024-04-30", "2024-05-01"]
    times = [datetime.fromisoformat(f"{day}T10:00:00+08:00") for day in days for _ in range(2)]
    arrival_day = [[day_number(day) for day in days for _ in range(2)]]
    rows = as_histories([[11, 12, 13, 14, 15, 16]], event_time=[times], arrival_day=arrival_day)
    scope = scope_after("2024-04-30", HeldOutPeriod(), 0.0)
    (row,) = packed(rows, BlocksConfig(tokens=12, held_out=HeldOutPeriod()), scope)
    assert [target for target in row["target"] if target] == [13, 14]


def test_candidates_are_the_known_items_of_the_sequences(spark: "SparkSession") -> None:
    vocab = spark.createDataFrame([("a", 2), ("b", 3), ("never seen", 4), ("d", 5)], "item_id string, item_index int")
    times = [datetime(2024, 5, 1, hour, tzinfo=timezone.utc) for hour in range(3)]
    rows = [([1, 2, 5], [0, 0, 8], times), ([5, 3, 3], [8, 7, 7], times)]
    sequences = spark.createDataFrame(rows, "item_index array<int>, category array<int>, event_time array<timestamp>")
    found = candidate_items(sequences, vocab).orderBy("item_index").collect()
    assert [tuple(row) for row in found] == [(2, "a", 0, 1), (3, "b", 7, 2), (5, "d", 8, 2)]
    found = candidate_items(sequences, vocab, before=times[2]).orderBy("item_index").collect()
    assert [tuple(row) for row in found] == [(2, "a", 0, 1), (3, "b", 7, 1), (5, "d", 8, 1)]


def test_candidates_are_described_by_the_attributes_that_are_named_and_known(spark: "SparkSession") -> None:
    candidates = spark.createDataFrame([("a", 2), ("b", 3), ("c", 4)], "item_id string, item_index int")
    schema = "item_id string, category string, brand string, price double, attributes map<string,string>"
    rows = [
        ("a", "x/y", None, 9.0, {"color": "red", "size": "L"}),
        ("b", "x/z", "B", 0.0, None),
        ("z", "x", "B", 2.0, {}),
    ]
    items = spark.createDataFrame(rows, schema)
    names = ("attributes.color", "brand", "category", "price")
    found = with_attributes(candidates, items, names).orderBy("item_index").select("item_index", "attributes")
    assert [tuple(row) for row in found.collect()] == [
        (2, {"attributes.color": "red", "category": "x/y", "price": "6"}),  # 8 to 11.3
        (3, {"brand": "B", "category": "x/z"}),
        (4, None),
    ]
    for nothing in (with_attributes(candidates, None, names), with_attributes(candidates, items, ())):
        assert [row.attributes for row in nothing.collect()] == [None] * 3


@pytest.mark.parametrize("held_out", [HeldOutLastEvent(share=0.25), HeldOutPeriod(share=0.25)], ids=["last", "period"])
def test_of_a_share_of_the_users_a_target_is_held_out_in_files_of_their_own(
    spark: "SparkSession", tmp_path: Path, held_out: HeldOutConfig
) -> None:
    config = CONFIG.model_copy(update={"held_out": held_out})
    files = stage(Warehouse(tmp_path), spread_over_days(frame(spark, 2000)), "run", config)
    learnt_files, held_out_files = split_files(files)
    assert (len(learnt_files), len(held_out_files)) == (config.files, config.files)
    learnt, validated = (
        pa.concat_tables([pq.ParquetFile(file).read() for file in part]) for part in (learnt_files, held_out_files)
    )
    assert not any(map(any, learnt["held_out"].to_pylist())) and not any(map(any, validated["target"].to_pylist()))
    counts = [sum(item > 0 for item in row) for row in validated["held_out"].to_pylist()]
    assert counts == validated["held_out_targets"].to_pylist() and min(counts) > 0
    assert set(learnt["held_out_targets"].to_pylist()) == {0}
    users = sum(len(items) > (8 if held_out.kind == "period" else 1) for _, items, *_ in histories(2000))
    assert 0.22 * users < sum(counts) < 0.28 * users
    ids = learnt["block_id"].to_pylist() + validated["block_id"].to_pylist()
    assert len(set(ids)) == len(ids)
    for target, behavior in zip(learnt["target"].to_pylist(), learnt["target_behavior"].to_pylist(), strict=True):
        assert [1 + item % 4 if item else 0 for item in target] == behavior


def spread_over_days(sequences: "DataFrame") -> "DataFrame":
    """The first eight events of each history on the day before the run's in Shanghai, the others on that day."""
    noon, midnight = "timestamp '2024-04-30 12:00:00Z'", "timestamp '2024-04-30 16:00:00Z'"
    instants = F.expr(f"transform(event_time, (time, place) -> if(place < 8, {noon}, {midnight}))")
    return sequences.withColumn("event_time", instants)


def learnt_with_inputs(rows: list[dict[str, Any]]) -> list[str]:
    """Every learnt target with all that the network sees before it predicts it."""
    found = []
    for row in rows:
        for cell, target in enumerate(row["target"]):
            seen = [n for n in range(cell + 1) if row["segment"][n] == row["segment"][cell]]
            if target:
                inputs = [[row[name][n] for n in seen] for name in ("item", "position", *INPUTS)]
                found.append(str((target, row["target_behavior"][cell], inputs)))
    return sorted(found)


EVENTS = st.lists(st.lists(st.tuples(st.integers(1, 9), st.integers(-90, 24)), max_size=15), min_size=1, max_size=5)


@pytest.mark.parametrize("target", ["next_event", "next_session"])
@given(EVENTS, st.data())
def test_nothing_that_happens_in_the_held_out_period_changes_what_is_learnt(
    target: str, users: list[list[tuple[int, int]]], data: st.DataObject
) -> None:
    """Items by hours since the cut: 0 is the midnight of Shanghai that begins the run's day."""
    config = BlocksConfig(tokens=4, target=target, held_out=HeldOutPeriod())
    midnight = datetime(2024, 4, 30, 16, tzinfo=timezone.utc)

    def rows(users: list[list[tuple[int, int]]]) -> pa.Table:
        ordered = [sorted(user, key=lambda event: event[1]) for user in users]
        times = [[midnight + timedelta(hours=hour) for _, hour in user] for user in ordered]
        behavior = [[1 + item % 4 for item, _ in user] for user in ordered]
        table = as_histories([[item for item, _ in user] for user in ordered], event_time=times, behavior=behavior)
        return table.append_column("chosen", pa.array([number % 2 == 0 for number in range(len(users))]))

    past = [[event for event in user if event[1] < 0] for user in users]
    others = data.draw(EVENTS)
    later = [[event for event in user if event[1] >= 0] for user in [*others, *[[]] * len(past)]]
    known = learnt_with_inputs(packed(rows(past), config))
    assert learnt_with_inputs(packed(rows([a + b for a, b in zip(past, later, strict=False)]), config)) == known
    assert learnt_with_inputs(packed(rows(past + later), config)) == known
    assert known == learnt_with_inputs(packed(rows(past), config.model_copy(update={"held_out": NothingHeldOut()})))


def test_a_held_out_target_is_predicted_from_the_newest_tokens_before_it() -> None:
    """More than a block's worth of history: the positions are those by which users are served."""
    times = [datetime(2024, 4, 30, hour, tzinfo=timezone.utc) for hour in (10, 11, 12, 13, 14, 15, 16, 17)]
    rows = as_histories([list(range(11, 19))], event_time=[times]).append_column("chosen", pa.array([True]))
    config = BlocksConfig(tokens=4, held_out=HeldOutPeriod())
    (block,) = packed(rows, config, held_out=True)
    names = ("item", "held_out", "target", "position", "held_out_targets")
    assert [block[name] for name in names] == [[13, 14, 15, 16], [0, 0, 0, 17], [0] * 4, [0, 1, 2, 3], 1]
    learnt = packed(rows, config)
    assert sorted(item for block in learnt for item in block["target"] if item) == [12, 13, 14, 15, 16]


def packed(
    rows: pa.Table, config: BlocksConfig, scope: LearningScope = EVERYTHING, *, held_out: bool = False
) -> list[dict[str, Any]]:
    for name in {"chosen", "replayed"} - set(rows.column_names):
        rows = rows.append_column(name, pa.array([False] * len(rows)))
    rules = PackingRules(config, SCHEME, DAY, scope)
    return pa.Table.from_batches(blocks_of(rows.to_batches(), rules, 0, held_out=held_out)).to_pylist()


def test_lots_do_not_depend_on_the_batches() -> None:
    rows = pa.table({"n": list(range(23))})
    for size in (1, 3, 23):
        found = [lot["n"].to_pylist() for lot in lots(iter(rows.to_batches(max_chunksize=size)), 5)]
        assert found == [list(range(first, min(first + 5, 23))) for first in range(0, 23, 5)]
    assert list(lots(iter([]), 5)) == []


def test_ids_of_days_and_partitions_never_meet() -> None:
    firsts = [first_block_id(date(2024, 5, day), partition) for day in (1, 2) for partition in (0, 1, 65535)]
    assert firsts == sorted(set(firsts))
    assert min(np.diff(firsts)) == 2**28
    assert first_block_id(date(2059, 1, 1), 65535) < 2**63 - 2**28


def test_a_lot_without_pairs_gives_an_empty_batch() -> None:
    assert packed(as_histories([[5], [6]]), BlocksConfig(tokens=4)) == []


def test_users_without_a_history_are_in_no_block(spark: "SparkSession", tmp_path: Path) -> None:
    nothing = F.array().cast("array<int>")
    items = F.when(F.col("user_id") == "user-3", nothing).otherwise(F.col("item_index"))
    histories_and_none = frame(spark).withColumn("item_index", items)
    lists = ["behavior", "event_time", "category", "price"]
    empty = [F.slice(name, 1, F.size("item_index")).alias(name) for name in lists]
    rows = histories_and_none.select("user_id", "item_index", *empty)
    with_empty = staged(spark, Warehouse(tmp_path / "a"), rows, "run")
    without = staged(spark, Warehouse(tmp_path / "b"), rows.where(F.size("item_index") > 0), "run")
    assert [file.read().to_pylist() for file in with_empty] == [file.read().to_pylist() for file in without]
