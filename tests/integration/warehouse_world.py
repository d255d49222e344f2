"""Helpers that put a small, known world into a warehouse."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from interest_spark.config.deployment import Config
from interest_spark.config.training.networks import SasRecConfig
from interest_spark.schemas.tables import SLICED_BY, TABLES
from interest_spark.storage.bundles import Bundle, write_bundle
from interest_spark.storage.table_schemas import spark_schema
from interest_spark.storage.warehouse import Warehouse

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def config_of(root: Path, **sections: Any) -> Config:
    return Config.model_validate({"warehouse": str(root), "sources": {"events": {"path": "unused"}}, **sections})


def commit(
    spark: "SparkSession", root: Path, table: str, dt: str, rows: Sequence[Sequence[Any]], name: str | None = None
) -> None:
    """Commit `rows`, in the order of the table's own columns, as the day's content, of the served model if of one."""
    from pyspark.sql import functions as F

    warehouse = Warehouse(root)
    run_id = f"test-{warehouse.version(table) + 1}"
    frame = spark.createDataFrame(list(rows), spark_schema(table)).withColumn("dt", F.lit(dt))
    default = {"model": "sasrec", "kind": "events"}[SLICED_BY[table]] if table in SLICED_BY else ""
    warehouse.put(frame, table, [dt], run_id, default if name is None else name)


def event(user: str, item: str, day: str, hour: float = 12.0, behavior: str = "view") -> tuple[Any, ...]:
    """One row of `events`, `hour` hours into the UTC day."""
    time = datetime.fromisoformat(day).replace(tzinfo=timezone.utc) + timedelta(hours=hour)
    given = {
        "user_id": user,
        "item_id": item,
        "behavior": behavior,
        "event_time": time,
        "source_file": "f",
        "source_line": 1,
    }
    return tuple(given.get(name) for name in TABLES["events"].names)


def sequence(user: str, items: Sequence[int], seen: Iterable[int] | None = None, **lists: Any) -> tuple[Any, ...]:
    """One row of `sequences`: a view an hour, without price and category, unless `lists` say otherwise."""
    first = datetime(2026, 1, 1, tzinfo=timezone.utc)
    length = len(items)
    times = lists.get("event_time", [first + timedelta(hours=hour) for hour in range(length)])
    row = {
        "user_id": user,
        "item_index": list(items),
        "behavior": [1] * length,
        "event_time": times,
        "price": [None] * length,
        "category": [0] * length,
        "arrival_day": [(time.date() - date(1970, 1, 1)).days for time in times],
        "seen": sorted(set(items if seen is None else seen) - {0, 1}),
        "events": length,
        **lists,
    }
    without_window = {"seen_day": [], "active_day": [], "active_day_events": []}
    return tuple({**without_window, **row}[name] for name in TABLES["sequences"].names)


def popularity(counts: dict[int, int]) -> list[tuple[int, str, int, int]]:
    """Rows of `popularity` for events by item_index; the id of item i is `商品-i`."""
    ranked = sorted(counts, key=lambda item: (-counts[item], item))
    return [(item, item_id(item), counts[item], rank) for rank, item in enumerate(ranked, start=1)]


def item_id(index: int) -> str:
    return f"商品-{index}"


def write_model(
    path: Path, items: Sequence[int], vocabulary_size: int, version: str = "m1", inputs: Sequence[str] = ()
) -> str:
    """An untrained network in a real bundle; returns the manifest's sha256."""
    from interest_spark.models.card import ModelCard, build_network

    network = SasRecConfig(dim=8, layers=1, heads=2, feed_forward=8, inputs=inputs)
    card = ModelCard(
        model_version=version,
        network=network,
        vocabulary_size=vocabulary_size,
        max_length=16,
        trained_through="2026-01-10",
        seed=3,
        epochs=1,
        steps=1,
        loss=1.0,
    )
    weights = build_network(network, vocabulary_size, card.max_length, seed=3).parameters.values()
    known = pa.table({"item_index": pa.array(items, pa.int32()), "item_id": [item_id(item) for item in items]})
    return write_bundle(path, Bundle(weights, card.model_dump(mode="json"), known))


def commit_model(
    spark: "SparkSession", root: Path, dt: str, items: Sequence[int], vocabulary_size: int, inputs: Sequence[str] = ()
) -> None:
    version = f"m-{dt}"
    path = root / "bundles" / version
    digest = write_model(path, items, vocabulary_size, version, inputs)
    commit(spark, root, "models", dt, [(version, f"bundles/{version}", digest, len(items), 1, 1.0, 1.0, dt)])
