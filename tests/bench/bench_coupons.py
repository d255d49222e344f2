"""How long coupons of all users take, with what they are made from already committed.

    python -m tests.bench.bench_coupons [--users 200e3] [--campaigns 4] [--folder FOLDER]

Features are random numbers of all users, purchases those of 40 days; everybody was in each campaign, with one of two
coupons or none. Timed is the step `coupons` from the started session to the committed tables: campaigns sampled,
models fitted and judged, everybody scored, the budget spent. `cpu` is the processor time of all processes.
"""

import argparse
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.applications.coupons.trials import COLUMNS
from interest_spark.config.deployment import Config
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.schemas.tables import TABLES
from interest_spark.steps.coupons import COUPONS_STEP
from interest_spark.storage.commit import commit, stage_files
from interest_spark.storage.layout import Slice
from interest_spark.storage.run_record import EVERY_DAY, MadeFrom, RunRecord
from interest_spark.storage.table_schemas import conform
from interest_spark.storage.warehouse import Warehouse
from tests.bench.apart import apart
from tests.bench.bench_customers import processor_seconds
from tests.bench.reports import figure, report, say
from tests.bench.worker_memory import watch_workers

LAST = date(2026, 3, 1)
ARMS, ODDS = ("ten_off", "free_shipping", "control"), (0.3, 0.3, 0.4)
PARTS = 8  # files of a day's features


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=float, default=200e3)
    parser.add_argument("--campaigns", type=int, default=4)
    parser.add_argument("--folder", help="Where the warehouse is kept for another run.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(options.folder or scratch)
        if not (folder / "made").exists():
            apart(make_warehouse, folder, int(options.users), options.campaigns)
            say("features, campaigns and purchases are made")
        context = RunContext(_config(folder), LAST, force=True)
        _ = context.spark
        with watch_workers() as peak:
            started, used = time.perf_counter(), processor_seconds()
            outcome = run_steps([(COUPONS_STEP, context)])
            seconds, processor = time.perf_counter() - started, processor_seconds() - used
        found = [
            figure("coupons", "s", [seconds], 2),
            figure("coupons, cpu", "s", [processor], 2),
            figure("largest worker", "MiB", [peak.mib], 0),
            figure("driver", "MiB", [psutil.Process().memory_info().rss >> 20], 0),
        ]
        report("coupons", f"{options.users:.0f} users, {options.campaigns} campaigns", found, rows=dict(outcome.rows))


def make_warehouse(folder: Path, users: int, campaigns: int) -> None:
    """All that the step reads, committed without Spark."""
    warehouse, rng = Warehouse(folder / "warehouse"), np.random.default_rng(7)
    ids = np.array([f"user-{number:08d}" for number in range(users)])
    days = [LAST - timedelta(20 + 5 * number) for number in range(campaigns)]
    for day in (*(each - timedelta(1) for each in days), LAST):
        features = {name: pa.array(np.floor(rng.gamma(1.0, 2.0, users))) for name in COLUMNS}
        _put(warehouse, "customer_features", day, {"user_id": pa.array(ids), **features})
    arms = [rng.choice(len(ARMS), users, p=ODDS) for _ in days]
    sent = np.repeat([np.datetime64(day, "us").astype(np.int64) for day in days], users)
    columns = {
        "user_id": pa.array(np.tile(ids, campaigns)),
        "campaign": pa.array(np.repeat([day.isoformat() for day in days], users)),
        "coupon": pa.array(np.array(ARMS)[np.concatenate(arms)]),
        "sent_at": pa.array(sent, pa.int64()).cast(pa.timestamp("us", "UTC")),
    }
    _put(warehouse, "campaigns", LAST, columns)
    buyers = np.concatenate([np.flatnonzero((arm == 0) & (rng.random(users) < 0.3)) for arm in arms])
    when = rng.integers(0, 40, 5 * users + len(buyers))
    bought = {
        "user_id": pa.array(ids[np.concatenate([rng.integers(0, users, 5 * users), buyers])]),
        "event_day": pa.array(np.datetime64(LAST) - when.astype("timedelta64[D]")),
        "spent": pa.array(rng.integers(10_000, 900_000, len(when))),
    }
    _put(warehouse, "customer_days", LAST, bought)
    (folder / "made").touch()


def _put(warehouse: Warehouse, table: str, day: date, columns: dict[str, pa.Array]) -> None:
    base = warehouse.open(table)
    run_id = f"made-{day}-{base.version + 1}"
    folder = base.folder / f"run-{run_id}" / f"dt={day}"
    folder.mkdir(parents=True)
    rows, files = conform(pa.table(columns), TABLES[table]), []
    size = -(-len(rows) // PARTS)
    for part in range(PARTS):
        files.append(str(folder / f"part-{part}.parquet"))
        pq.write_table(rows.slice(part * size, size), files[-1])
    record = RunRecord(run_id, {EVERY_DAY: MadeFrom("bench", 1)}, {})
    commit(stage_files(base, files, [Slice(day.isoformat())], record), base)


def _config(folder: Path) -> Config:
    return Config.model_validate(
        {
            "warehouse": str(folder / "warehouse"),
            "sources": {"events": {"path": "unused"}, "campaigns": {"path": "unused"}},
            "spark": {"driver_memory": "2g"},
            "profiles": {},
            "coupons": {"costs": {"ten_off": 2.0, "free_shipping": 1.0}, "budget": 20_000.0},
        }
    )


if __name__ == "__main__":
    main()
