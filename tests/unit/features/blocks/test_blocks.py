"""Blocks of a day are the same on every cluster, and nothing of a history is lost on the way."""

from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import functions as F

from interest_spark.config.blocks import BlocksConfig
from interest_spark.features.blocks.lesson import Lesson
from interest_spark.features.blocks.pack import (
    blocks_of,
    candidate_items,
    first_block_id,
    lots,
    pack_blocks,
    row_group_options,
)
from interest_spark.schemas.tokens import ColumnScheme
from interest_spark.storage.layout import Slice
from interest_spark.storage.run_record import RunRecord
from interest_spark.storage.warehouse import Warehouse
from tests.histories import as_histories

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

DAY = date(2024, 5, 1)
CONFIG = BlocksConfig(tokens=12, files=3, row_group_blocks=5)
SCHEME = ColumnScheme(category_buckets=10, time_zone="Asia/Shanghai")


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
    return frame.selectExpr("*", "item_index AS category", "transform(item_index, i -> double(i)) AS price")


def staged(spark: "SparkSession", warehouse: Warehouse, sequences: "DataFrame", run: str) -> list[pq.ParquetFile]:
    blocks = pack_blocks(sequences, CONFIG, SCHEME, DAY)
    base, record = warehouse.open("train_blocks"), RunRecord(run, {}, {})
    slices = [Slice("2024-05-01", "sasrec")]
    run_files = warehouse.stage(blocks, base, slices, record, row_group_options(CONFIG)).actions
    return [pq.ParquetFile(warehouse.root / "train_blocks" / action.path) for action in run_files]


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
    names = ("item", "target", "behavior", "category", "hour")
    cells = {name: np.array(blocks[name].to_pylist()) for name in names}
    found = sorted(zip(*(cells[name][cells["item"] > 0].tolist() for name in cells), strict=True))
    expected = []
    for _, items, behaviors, times in histories(300):
        buckets = [1 + (item - 1) % SCHEME.category_buckets for item in items]
        hours = [1 + (time.hour + 8) % 24 for time in times]  # in Shanghai
        columns = zip(items[:-1], items[1:], behaviors[:-1], buckets[:-1], hours[:-1], strict=True)
        expected += list(columns)  # those of 13 events and more in several windows
    assert found == sorted(expected)
    assert len(set(blocks["block_id"].to_pylist())) == blocks.num_rows


def test_only_what_is_new_is_learnt_and_the_histories_of_some(spark: "SparkSession") -> None:
    cut = datetime(2024, 5, 1, 4, tzinfo=timezone.utc)
    lesson = Lesson(int(cut.timestamp()) * 1_000_000, replay_share=0.2)
    blocks = pack_blocks(frame(spark, 1000), CONFIG.model_copy(update={"tokens": 30}), SCHEME, DAY, lesson)
    learnt = sum(target > 0 for row in blocks.select("target").collect() for target in row.target)
    new = sum(time >= cut for *_, times in histories(1000) for time in times[1:])
    old = sum(time < cut for *_, times in histories(1000) for time in times[1:])
    assert new + 0.15 * old < learnt < new + 0.25 * old


def test_candidates_are_the_known_items_of_the_sequences(spark: "SparkSession") -> None:
    vocab = spark.createDataFrame([("a", 2), ("b", 3), ("never seen", 4), ("d", 5)], "item_id string, item_index int")
    rows = [([1, 2, 5], [0, 0, 8]), ([5, 3, 3], [8, 7, 7])]
    sequences = spark.createDataFrame(rows, "item_index array<int>, category array<int>")
    rows = candidate_items(sequences, vocab).orderBy("item_index").collect()
    assert [tuple(row) for row in rows] == [(2, "a", 0, 1), (3, "b", 7, 2), (5, "d", 8, 2)]


def test_of_a_share_of_the_users_the_last_target_is_held_out(spark: "SparkSession") -> None:
    blocks = pack_blocks(frame(spark, 2000), CONFIG.model_copy(update={"held_out_share": 0.25}), SCHEME, DAY)
    rows = blocks.select("held_out", "target", "target_behavior").collect()
    held_out = sum(item > 0 for row in rows for item in row.held_out)
    users = sum(len(items) > 1 for _, items, _, _ in histories(2000))
    assert 0.22 * users < held_out < 0.28 * users
    for row in rows:
        learnt = np.array(row.target)
        assert not learnt[np.array(row.held_out) > 0].any()
        assert (np.where(learnt > 0, 1 + learnt % 4, 0) == row.target_behavior).all()


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
    histories = as_histories([[5], [6]])
    (batch,) = histories.append_column("chosen", pa.array([True, False])).to_batches()
    assert [part.num_rows for part in blocks_of([batch], BlocksConfig(tokens=4), SCHEME, 0)] == [0]


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
