"""What judging a day costs: seconds, CPU seconds, users a second, and what the driver holds, at two sizes.

python -m tests.bench.bench_evaluate [--users 200000] [--items 20000] [--baselines popularity,als,…]

The shop is made up in the warehouse: histories of 20 events, lists of ten, one to three relevant items a user. Both
sizes have the same items; were anything of users to reach the driver, its memory would grow with them.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pyarrow as pa

from interest_spark.config.deployment import Config
from interest_spark.config.evaluate import BASELINES
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.steps.nightly import job
from interest_spark.storage.table_schemas import spark_schema
from interest_spark.storage.warehouse import Warehouse
from tests.bench.reports import figure, report, say

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

CUTOFF, DAY, K, EVENTS = date(2026, 1, 3), date(2026, 1, 10), 10, 20
MIB = 2**20
SMALL = 4  # the smaller shop has that part of the users


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", type=int, default=200_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--baselines", default=",".join(name for name in BASELINES if name != "ease"))
    options = parser.parse_args()
    baselines = [name for name in options.baselines.split(",") if name]
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for users in (options.users // SMALL, options.users):
            context = RunContext(config_of(Path(folder) / str(users), baselines), DAY)
            fill(context.spark, context.warehouse, users, options.items)
            found[users] = measure(context)
            say(f"{users} users: {found[users]}")
    whole, small = found[options.users], found[options.users // SMALL]
    report(
        "evaluate",
        f"{options.users} users, {options.items} items, {', '.join(baselines)}",
        [
            figure("job evaluate", "s", [whole["seconds"]], 1),
            figure("CPU", "s", [whole["cpu_seconds"]], 1),
            figure("judged", "users/s", [options.users / whole["seconds"]], 0),
            figure("driver, Python", "MiB", [whole["driver_mib"]], 0),
            figure("driver, Python, with a quarter of the users", "MiB", [small["driver_mib"]], 0),
            figure("JVM, which in local mode has the executor", "MiB", [whole["jvm_mib"]], 0),
        ],
        sizes=found,
    )


def config_of(root: Path, baselines: list[str]) -> Config:
    return Config.model_validate(
        {
            "warehouse": str(root),
            "sources": {"events": {"path": "unused"}},
            "spark": {"master": "local[2]", "driver_memory": "3g"},
            "score": {"k": K},
            "evaluate": {"baselines": baselines, "metrics": ["recall", "ndcg", "hit_rate", "map"]},
        }
    )


def fill(spark: "SparkSession", warehouse: Warehouse, users: int, items: int) -> None:
    """Commit a shop of so many users, whose items are as popular as 1 / rank."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    def commit(frame: "DataFrame", table: str, day: date, name: str = "") -> None:
        dated = frame.withColumn("dt", F.lit(day.isoformat()))
        warehouse.put(dated, table, [day.isoformat()], f"made-{day}", name)

    def of_users(table: str, make: Any) -> "DataFrame":
        return spark.range(users, numPartitions=8).mapInArrow(partial(make, items), spark_schema(table))

    item = F.concat(F.lit("i"), F.col("id").cast("string")).alias("item_id")
    numbers = spark.range(2, items + 2).select("id", item, F.col("id").cast("int").alias("item_index"))
    commit(numbers.select("item_id", "item_index", F.lit("2025-06-01").alias("first_day")), "vocab", CUTOFF)
    category = F.concat(F.lit("c"), (F.col("id") % 50).cast("string")).alias("category")
    nothing = {field.name: F.lit(None).cast(field.dataType).alias(field.name) for field in spark_schema("items")}
    described = {**nothing, "item_id": F.col("item_id"), "category": category}
    commit(numbers.select(*described.values()), "items", CUTOFF)
    sequences = of_users("sequences", make_sequences).persist()
    commit(sequences, "sequences", CUTOFF)
    used = sequences.select(F.explode("item_index").alias("item_index")).groupBy("item_index")
    counts = used.agg(F.count("*").alias("events")).join(numbers, "item_index", how="inner")
    rank = F.row_number().over(Window.orderBy(F.desc("events"), "item_index")).alias("rank")
    commit(counts.select("item_index", "item_id", "events", rank), "popularity", CUTOFF)
    no_bots = F.lit(0).cast("long").alias("bot_events")
    commit(counts.select("item_id", F.lit("view").alias("behavior"), "events", no_bots), "item_days", CUTOFF)
    commit(of_users("events", partial(make_events, True)), "events", CUTOFF, "")
    commit(of_users("events", partial(make_events, False)), "events", DAY, "")
    commit(of_users("recommendations", make_lists), "recommendations", CUTOFF, "sasrec")
    for table, name in (("unserved", "sasrec"), ("bots", "")):
        commit(spark.createDataFrame([], spark_schema(table)), table, CUTOFF, name)
    commit(spark.createDataFrame([], spark_schema("bots")), "bots", DAY)
    sequences.unpersist()


def drawn(users: np.ndarray, count: int, items: int, salt: int) -> np.ndarray:
    """Item numbers from 2 on, int64[n, count]; a user's are the same in every table that asks with the same salt."""
    random = np.random.default_rng([salt, int(users[0]) if len(users) else 0])
    return np.exp(random.uniform(0, np.log(items), (len(users), count))).astype(np.int64) - 1 + 2


Batches = Iterator[pa.RecordBatch]


def history(users: np.ndarray, items: int) -> np.ndarray:
    return drawn(users, EVENTS, items, 1)


def make_sequences(items: int, batches: Batches) -> Batches:
    times = [datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(hours=hour) for hour in range(EVENTS)]
    for batch in batches:
        users = batch["id"].to_numpy()
        lists, ones = history(users, items), [[1] * EVENTS] * len(users)
        arrival = [[(CUTOFF - date(1970, 1, 1)).days] * EVENTS] * len(users)
        rows = {
            "user_id": [f"u{user}" for user in users],
            "item_index": list(lists),
            "behavior": ones,
            "event_time": [times] * len(users),
            "price": [[1.0] * EVENTS] * len(users),
            "category": ones,
            "arrival_day": arrival,
            "seen": [np.unique(row) for row in lists],
            "events": [EVENTS] * len(users),
            **{name: [[]] * len(users) for name in ("seen_day", "active_day", "active_day_events")},
        }
        yield as_batch("sequences", rows)


def make_events(past: bool, items: int, batches: Batches) -> Batches:
    """Those of the history, or what each user does in the week after: mostly what was suggested, or is popular."""
    for batch in batches:
        users = batch["id"].to_numpy()
        found = (
            history(users, items) if past else np.hstack([drawn(users, 2, items, 3), suggested(users, items)[:, 4:5]])
        )
        who, item = np.repeat(users, found.shape[1]), found.ravel()
        time_of = datetime(2026, 1, 2 if past else 6, tzinfo=timezone.utc)
        names = spark_schema("events").names
        given = {
            "user_id": [f"u{user}" for user in who],
            "item_id": [f"i{number}" for number in item],
            "behavior": ["view"] * len(who),
            "event_time": [time_of] * len(who),
            "platform": ["app" if user % 3 else "web" for user in who],
            "source_file": ["f"] * len(who),
            "source_line": range(len(who)),
        }
        yield as_batch("events", {name: given.get(name, [None] * len(who)) for name in names})


def suggested(users: np.ndarray, items: int) -> np.ndarray:
    """Distinct within a list."""
    return 2 + (drawn(users, 1, items, 2) - 2 + np.arange(K) * 7) % items


def make_lists(items: int, batches: Batches) -> Batches:
    for batch in batches:
        users = batch["id"].to_numpy()
        lists = suggested(users, items)
        n = len(users) * K
        rows = {
            "user_id": [f"u{user}" for user in np.repeat(users, K)],
            "rank": np.tile(np.arange(1, K + 1, dtype=np.int32), len(users)),
            "item_id": [f"i{number}" for number in lists.ravel()],
            "score": np.ones(n),
            "source": ["model"] * n,
            "model_version": ["m1"] * n,
        }
        yield as_batch("recommendations", rows)


def as_batch(table: str, rows: dict[str, Any]) -> pa.RecordBatch:
    from interest_spark.schemas.tables import TABLES

    schema = TABLES[table]
    return pa.RecordBatch.from_pydict({field.name: pa.array(rows[field.name], field.type) for field in schema})


def measure(context: RunContext) -> dict[str, float]:
    """One run of the job."""
    before, started = cpu_seconds(), time.monotonic()
    with watched() as peaks:
        outcome = run_steps(job("evaluate", context))
    seconds = time.monotonic() - started
    assert outcome.status == "done"
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds() - before, 1),
        "rows": outcome.rows["metrics"],
        **{name: round(value / MIB) for name, value in peaks.items()},
    }


def cpu_seconds() -> float:
    """Of this process and all below it, those that have ended included."""
    total = 0.0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:4])
    return total


@contextmanager
def watched() -> Iterator[dict[str, float]]:
    """The largest resident sizes of this process and of the JVM while the context lasts."""
    peaks, over = {"driver_mib": 0.0, "jvm_mib": 0.0}, threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            peaks["driver_mib"] = max(peaks["driver_mib"], psutil.Process().memory_info().rss)
            for child in psutil.Process().children():
                with suppress(psutil.NoSuchProcess):
                    if "java" in child.name():
                        peaks["jvm_mib"] = max(peaks["jvm_mib"], child.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peaks
    finally:
        over.set()
        watcher.join()


if __name__ == "__main__":
    main()
