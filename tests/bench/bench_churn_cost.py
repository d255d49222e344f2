"""How long warnings of churn take: on a night that trains a model, on the next one, and on one that judges the first's.

    python -m tests.bench.bench_churn_cost [--users 200e3] [--buckets 16]

The features and daily counts are those of the planted shop, its users repeated under further names until there are as
many as asked for; six cut-offs are learnt from. Timed are the job's steps, from the started session to the committed
tables; `cpu` is the processor time of all processes, which a busy machine hardly stretches.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import polars as pl
import psutil

from interest_spark.config.churn import ChurnConfig
from interest_spark.config.deployment import Config
from interest_spark.features.customers.carried import DAYS
from interest_spark.features.customers.features import FEATURE_TABLE
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.step import Step
from interest_spark.steps.churn_outcomes import CHURN_OUTCOMES
from interest_spark.steps.nightly import JOBS
from interest_spark.storage.warehouse import Warehouse
from tests.bench.bench_customers import processor_seconds
from tests.bench.reports import Figure, figure, report, say
from tests.bench.worker_memory import watch_workers
from tests.churn_world import FIRST, days_for, planted, put_buckets

PLANTED_USERS, PLANTED_DAYS = 4_000, 300


def main() -> None:
    options = _options()
    section, last = ChurnConfig(), FIRST + timedelta(PLANTED_DAYS - 1)
    with tempfile.TemporaryDirectory() as folder:
        users = _make_warehouse(Path(folder), int(options.users), options.buckets, section)
        config = Config.model_validate(
            {
                "warehouse": folder,
                "sources": {"events": {"path": "unused"}},
                "spark": {"master": "local[2]", "driver_memory": "4g"},
                "profiles": {},
                "churn": section.model_dump(),
            }
        )
        found: list[Figure] = []
        with watch_workers() as peak:
            for name, day in (("first night", last), ("next night", last + timedelta(1))):
                found += _timed(name, RunContext(config, day), JOBS["churn"])
            known = last + timedelta(section.label_days)
            found += _timed("when it is known", RunContext(config, known), [CHURN_OUTCOMES])
            found.append(figure("largest worker", "MiB", [peak.mib], 0))
        found.append(figure("driver", "MiB", [psutil.Process().memory_info().rss >> 20], 0))
    report("churn_cost", f"{users} users, planted", found, settings=section.model_dump())


def _make_warehouse(folder: Path, users: int, buckets: int, section: ChurnConfig) -> int:
    """Features of all cut-offs and of two nights; returns how many users there are."""
    warehouse, last = Warehouse(folder), FIRST + timedelta(PLANTED_DAYS - 1)
    shop, times = planted(PLANTED_USERS, PLANTED_DAYS + 1, seed=3)[0], -(-users // PLANTED_USERS)

    def repeated(rows: pl.DataFrame) -> pl.DataFrame:
        names = (rows.with_columns(pl.col("user_id") + f"-{number}") for number in range(times))
        return pl.concat(names).sort("user_id", maintain_order=True)

    days = days_for(last, section.label_days, section.cutoffs, section.cutoff_days)
    for day in (*days, last + timedelta(1)):
        features = repeated(shop.features(day))
        put_buckets(warehouse, FEATURE_TABLE, day, features, buckets)
        say(f"{day}: {len(features)} users")
        if day >= last:
            put_buckets(warehouse, DAYS, day, repeated(shop.state(day)[0]), buckets)
    # In the days that decide users do what they did in as many days before.
    since = shop.state(last)[0].with_columns(pl.col("event_day") + timedelta(section.label_days))
    put_buckets(warehouse, DAYS, last + timedelta(section.label_days), repeated(since), buckets)
    return len(features)


def _timed(name: str, context: RunContext, steps: Sequence[Step]) -> list[Figure]:
    _ = context.spark
    found = []
    for step in steps:
        started, used = time.perf_counter(), processor_seconds()
        outcome = run_steps([(step, context)])
        seconds, processor = time.perf_counter() - started, processor_seconds() - used
        say(f"{name}: {step.name} {seconds:.1f} s, cpu {processor:.1f} s, rows {dict(outcome.rows)}")
        found.append(figure(f"{name}, {step.name}", "s", [seconds], 2))
        found.append(figure(f"{name}, {step.name}, cpu", "s", [processor], 2))
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=float, default=200e3)
    parser.add_argument("--buckets", type=int, default=16)
    return parser.parse_args()


if __name__ == "__main__":
    main()
