"""How long a day's audiences take: two by conditions, a look-alike and a propensity, of all users.

    python -m tests.bench.bench_audiences [--users 200e3] [--folder FOLDER]

Features of the day and of three cut-offs, of random values, and twenty interests a user; every hundredth has opted out,
a thousand are seeds. Timed is the step from the started session to the committed tables, on the first day, and on the
next one, for which nothing but the caps and the forecasts follows from the first.
"""

import argparse
import tempfile
import time
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa

from interest_spark.config.deployment import Config
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.schemas.tables import TABLES
from interest_spark.steps.nightly import job
from interest_spark.storage.warehouse import Warehouse
from tests.bench.apart import apart
from tests.bench.bench_customers import processor_seconds
from tests.bench.bench_sequences import put
from tests.bench.reports import figure, report, say
from tests.bench.worker_memory import watch_workers

DAY, INTERESTS, CUT_OFFS, HORIZON = date(2026, 3, 1), 20, 3, 7
GROUPS = [
    {"name": "lapsed", "where": {"all": [{"days_since_purchase": {"at_least": 30}}, {"spent_90d": {"more_than": 20}}]}},
    {"name": "fans", "where": {"interest": {"kind": "category", "value": "c1", "at_least": 0.2, "trend": "rising"}}},
    {"name": "like-vips", "look_alike": {"seeds": "vips"}, "top": 10_000},
    {"name": "soon", "propensity": {"within_days": HORIZON, "cut_offs": CUT_OFFS}, "top": 10_000},
]


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(options.folder or scratch)
        config = _config(folder)
        if not (folder / "made").exists():
            apart(_make, Warehouse(config.warehouse), int(options.users))
            (folder / "made").touch()
        found = []
        with watch_workers() as peak:
            for name, day in (("first day", DAY), ("next day", DAY + timedelta(1))):
                context = RunContext(config, day)
                _ = context.spark
                started, used = time.perf_counter(), processor_seconds()
                outcome = run_steps(job("audience", context))
                seconds, processor = time.perf_counter() - started, processor_seconds() - used
                say(f"{name}: {seconds:.1f} s, of processor time {processor:.1f} s, rows {dict(outcome.rows)}")
                found += [figure(name, "s", [seconds], 1), figure(f"{name}, cpu", "s", [processor], 1)]
            found.append(figure("largest worker", "MiB", [peak.mib], 0))
        found.append(figure("driver", "MiB", [psutil.Process().memory_info().rss >> 20], 0))
    report("audiences", f"{options.users:.0f} users", found)


def _make(warehouse: Warehouse, count: int) -> None:
    rng = np.random.default_rng(3)
    users = pa.array([f"user-{number:08d}" for number in range(count)])
    days = [DAY - timedelta(HORIZON * number) for number in range(CUT_OFFS + 1)]
    for day in [*days, DAY + timedelta(1)]:
        put(warehouse, "customer_features", day, _features(rng, users))
    for day in (DAY, DAY + timedelta(1)):
        put(warehouse, "profiles", day, _profiles(rng, users))
    for day in days[1:]:
        buyers = users.take(pa.array(np.flatnonzero(rng.random(len(users)) < 0.1)))
        one = pa.array(np.ones(len(buyers), np.int64))
        event_day = pa.array([day + timedelta(2)] * len(buyers), pa.date32())
        bought = {"user_id": buyers, "event_day": event_day, "events": one, "purchase": one}
        put(warehouse, "user_days", day + timedelta(2), bought)
    put(warehouse, "opt_outs", DAY, {"user_id": users[::100]})
    put(warehouse, "seeds", DAY, {"user_id": users[:1_000], "list": pa.array(["vips"] * 1_000)})


def _features(rng: np.random.Generator, users: pa.Array) -> Mapping[str, pa.Array]:
    columns, count = {"user_id": users}, len(users)
    for field in TABLES["customer_features"]:
        missing = rng.random(count) < 0.1
        if pa.types.is_integer(field.type):
            columns[field.name] = pa.array(rng.integers(0, 90, count), field.type, mask=missing)
        elif pa.types.is_floating(field.type):
            columns[field.name] = pa.array(rng.gamma(1, 30, count), field.type, mask=missing)
        elif pa.types.is_boolean(field.type):
            columns[field.name] = pa.array(missing)
        elif field.name != "user_id":
            columns[field.name] = pa.array([f"c{number}" for number in rng.integers(0, 40, count)])
    return columns


def _profiles(rng: np.random.Generator, users: pa.Array) -> Mapping[str, pa.Array]:
    count = len(users) * INTERESTS
    names = pa.array([f"c{number}" for number in range(200)])
    return {
        "user_id": users.take(pa.array(np.repeat(np.arange(len(users)), INTERESTS))),
        "interest": pa.array(["category"]).take(pa.array(np.zeros(count, np.int64))),
        "name": names.take(pa.array(rng.integers(0, 200, count))),
        "rank": pa.array(np.tile(np.arange(1, INTERESTS + 1), len(users)), pa.int32()),
        "value": pa.array(rng.random(count)),
        "trend": pa.array(rng.normal(0, 0.1, count)),
    }


def _config(folder: Path) -> Config:
    return Config.model_validate(
        {
            "warehouse": str(folder / "warehouse"),
            "sources": {"events": {"path": "unused"}, "seeds": {"path": "unused"}},
            "spark": {"driver_memory": "4g"},
            "profiles": {},
            "audiences": {"groups": GROUPS, "cap": {"times": 2, "days": 7}, "hold_out": {"share": 0.1}},
        }
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=float, default=200e3)
    parser.add_argument("--folder", help="keeps what is generated")
    return parser.parse_args()


if __name__ == "__main__":
    main()
