"""How long customer features and profiles of all users take: from nothing, and on the next day.

    python -m tests.bench.bench_customers [--events 5e6] [--users 200e3] [--days 60] [--folder FOLDER]

Users come back in sessions of eight events on average, in two or three categories, on an app or the web; 20 thousand
items of 200 categories and a thousand brands. Timed are the steps of the job `profiles`, each, from the started session
to the committed tables; what they read (events, items, counts and bots) is made before. The next day has as many new
events as any day before. `cpu` is the processor time of all processes, which a busy machine hardly stretches.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa

from interest_spark.config.deployment import Config
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.step import Step
from interest_spark.steps.bots import BOTS
from interest_spark.steps.daily import DAILY
from interest_spark.steps.nightly import JOBS
from interest_spark.storage.warehouse import Warehouse
from tests.bench.bench_sequences import put
from tests.bench.reports import Figure, figure, report, say
from tests.bench.worker_memory import watch_workers

FIRST = date(2026, 1, 1)
ITEMS, CATEGORIES, BRANDS, SESSION = 20_000, 200, 1_000, 8
BEHAVIORS = ("view", "cart", "favorite", "purchase", "search")
SHARES = (0.8, 0.07, 0.05, 0.04, 0.04)


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(options.folder or scratch)
        last = FIRST + timedelta(options.days - 1)
        if not (folder / "made").exists():
            make_warehouse(folder, int(options.events), int(options.users), options.days)
        config = _config(folder)
        found: list[Figure] = []
        with watch_workers() as peak:
            for name, day in (("all days", last), ("next day", last + timedelta(1))):
                context = RunContext(config, day)
                run_steps((step, context) for step in (DAILY, BOTS))
                say(f"{name}: counts and bots are made")
                found += _timed(name, JOBS["profiles"], context)
            found.append(figure("largest worker", "MiB", [peak.mib], 0))
        found.append(figure("driver", "MiB", [psutil.Process().memory_info().rss >> 20], 0))
    report("customers", f"{options.events:.0f} events, {options.users:.0f} users, {options.days} days", found)


def _timed(name: str, steps: Sequence[Step], context: RunContext) -> list[Figure]:
    _ = context.spark
    seconds, processor = {}, {}
    for step in steps:
        started, used = time.perf_counter(), processor_seconds()
        outcome = run_steps([(step, context)])
        seconds[step.name], processor[step.name] = time.perf_counter() - started, processor_seconds() - used
        say(f"{name}: {step.name} {seconds[step.name]:.1f} s, rows {dict(outcome.rows)}")
    found = []
    for kind, values in (("", seconds), (", cpu", processor)):
        found.append(figure(f"{name}{kind}", "s", [sum(values.values())], 2))
        found += [figure(f"{name}, {step}{kind}", "s", [each], 2) for step, each in values.items()]
    return found


def processor_seconds() -> float:
    """Of this process and all below it, the ended ones among them."""
    own = psutil.Process()
    return sum(sum(each.cpu_times()[:4]) for each in (own, *own.children(recursive=True)))


def make_warehouse(folder: Path, events: int, users: int, days: int) -> None:
    """Events and a catalogue, committed without Spark; those of one more day than `days`."""
    warehouse, rng = Warehouse(folder / "warehouse"), np.random.default_rng(7)
    put(warehouse, "items", FIRST, _items(rng))
    weights = np.cumsum((np.arange(users) + 1.0) ** -0.6)
    ids = pa.array([f"user-{number:08d}" for number in rng.permutation(users)])
    for number in range(days + 1):
        day = FIRST + timedelta(number)
        put(warehouse, "events", day, _events(rng, day, events // days, weights / weights[-1], ids))
    (folder / "made").touch()


def _items(rng: np.random.Generator) -> dict[str, pa.Array]:
    return {
        "item_id": pa.array([f"item-{number:06d}" for number in range(ITEMS)]),
        "category": pa.array([f"category/{number % CATEGORIES:03d}" for number in range(ITEMS)]),
        "brand": pa.array([f"brand {number}" for number in rng.integers(0, BRANDS, ITEMS)]),
        "price": pa.array(np.round(rng.gamma(2, 20, ITEMS), 2)),
    }


def _events(rng: np.random.Generator, day: date, count: int, weights: np.ndarray, ids: pa.Array) -> dict[str, pa.Array]:
    """`count` events in sessions, each of one user in a few categories that are the user's own."""
    session = np.arange(count) // SESSION
    sessions = int(session[-1]) + 1
    user = np.minimum(np.searchsorted(weights, rng.random(sessions)), len(ids) - 1)[session]
    category = (user * 7 + rng.integers(0, 3, count) ** 2) % CATEGORIES
    item = category + CATEGORIES * np.minimum(rng.geometric(0.05, count), ITEMS // CATEGORIES - 1)
    start = rng.integers(0, 80_000, sessions)[session] + np.arange(count) % SESSION * rng.integers(20, 200, count)
    times = (np.datetime64(day, "us").astype(np.int64) + start * 1_000_000).astype(np.int64)
    order = np.argsort(times, kind="stable")
    columns: dict[str, Any] = {
        "user_id": ids.take(pa.array(user[order])),
        "item_id": pa.array([f"item-{number:06d}" for number in range(ITEMS)]).take(pa.array(item[order])),
        "behavior": pa.array(BEHAVIORS).take(pa.array(rng.choice(len(BEHAVIORS), count, p=SHARES))),
        "event_time": pa.array(times[order], pa.int64()).cast(pa.timestamp("us", "UTC")),
        "price": pa.array(np.round(rng.gamma(2, 20, count), 2)),
        "platform": pa.array(("app", "web")).take(pa.array(user[order] % 2)),
        "source_file": pa.array([f"/logs/dt={day}/part-0.jsonl.gz"]).take(pa.array(np.zeros(count, np.int64))),
        "source_line": pa.array(np.arange(1, count + 1)),
    }
    return columns


def _config(folder: Path) -> Config:
    return Config.model_validate(
        {
            "warehouse": str(folder / "warehouse"),
            "sources": {"events": {"path": "unused"}, "items": {"path": "unused"}},
            "spark": {"driver_memory": "4g"},
            "profiles": {},
        }
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=float, default=5e6)
    parser.add_argument("--users", type=float, default=200e3)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--folder", help="keeps what is generated")
    return parser.parse_args()


if __name__ == "__main__":
    main()
