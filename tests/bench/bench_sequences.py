"""How long histories of all users take: our step, the job that an engineer would write by hand, and Polars alone.

    python -m tests.bench.bench_sequences [--events 20e6] [--rounds 3] [--heaviest .2] [--folder FOLDER]
        [--contenders ours,replay] [--users 400e3] [--new 400e3]

Zipf events over 30 days, 50 a user on average unless `--users` says how many, 50 thousand items, histories of 200.
Every contender is a process of its own on all cores, and is timed from the started session to the written, or
committed, files. The hand-written job keeps lists of items, behaviors, times and prices; ours also has categories, days
of arrival, every item ever seen and the users without interest. `job` is the whole job `sequences`: counts, sessions,
bots, new items and popularity, too.
`next` is that job on the next day, with 2 % new events, or `--new` of them, and `next-step` its histories alone; by
hand a next day is as much as all days. `next-few` and `next-step-few` are the same with two thousand new events, of
which all buckets get some: what they take is the rewriting of what is carried. `--heaviest` gives one user that share
of all events. Contenders also tell the bytes that they shuffled. `replay` is RePlay's SequenceTokenizer in an
environment of its own, which `make bench-replay` sets up; it is stopped after `--replay-limit` seconds, and counts with
those.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.config.deployment import Config
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.step import Step
from interest_spark.schemas.tables import TABLES
from interest_spark.steps.nightly import JOBS
from interest_spark.steps.sequences import SEQUENCES
from interest_spark.storage.commit import commit, data_files, stage_files
from interest_spark.storage.layout import Slice
from interest_spark.storage.run_record import EVERY_DAY, MadeFrom, RunRecord
from interest_spark.storage.table_schemas import conform
from interest_spark.storage.warehouse import Warehouse
from tests.bench.reports import figure, report, say
from tests.readme import ROOT

FIRST, DAYS, ITEMS, LENGTH = date(2026, 1, 1), 30, 50_000, 200
LAST = FIRST + timedelta(DAYS - 1)
BEHAVIORS = ("view", "favorite", "cart", "purchase")
MEMORY = "6g"
PARTITIONS = 16
FEW = 2_000
REPLAY_MEMORY = "12g"  # it brings all histories to the driver
_LISTS = ("event_time", "item_index", "behavior", "price")


def main() -> None:
    options = _options()
    if options.run:
        print(json.dumps(CONTENDERS[options.run](Path(options.folder))))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(options.folder or scratch)
        if not (folder / "made").exists():
            users, new = (int(given or options.events // 50) for given in (options.users, options.new))
            make_warehouse(folder, int(options.events), users, options.heaviest, new)
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in options.contenders.split(",")}
        if NEXT & runs.keys() and not (folder / "carried").exists():
            _run("carried", folder)
        for _ in range(options.rounds):
            for name in runs:
                runs[name].append(replay(folder, options) if name == "replay" else _run(name, folder))
    seconds = {name: [float(run["seconds"]) for run in each] for name, each in runs.items()}
    figures = [figure(name, "s", each, 2) for name, each in seconds.items()]
    figures += [figure(f"{name} shuffled", "MB", [each[0]["shuffled"] / 1e6], 1) for name, each in runs.items()]
    hand = min((float(np.median(each)) for name, each in seconds.items() if name.startswith("hand")), default=None)
    for name in seconds.keys() & {"ours", "job", "replay", *NEXT}:
        if hand is not None:
            figures.append(figure(f"by hand to {name}", "ratio", [hand / float(np.median(seconds[name]))], 2))
    report("sequences", f"{options.events:.0f} events, heaviest user {options.heaviest}", figures, seconds=seconds)


def make_warehouse(folder: Path, events: int, users: int, heaviest: float, new: int) -> None:
    """`events`, and what the step `sequences` reads beside it, committed without Spark; then `new` of the next day."""
    world = _World(users, heaviest)
    warehouse = Warehouse(folder / "warehouse")
    for number in range(DAYS):
        put(warehouse, "events", FIRST + timedelta(number), world.events(FIRST + timedelta(number), events // DAYS))
    numbers = pa.array(range(2, ITEMS + 2), pa.int32())
    put(warehouse, "vocab", LAST, {"item_id": world.item_ids, "item_index": numbers})
    for table in ("bots", "categories", "items"):
        put(warehouse, table, LAST, {})
    put(warehouse, "events", LAST + timedelta(1), world.events(LAST + timedelta(1), new))
    (folder / "made").touch()


class _World:
    """Users and items, and what they do on a day."""

    def __init__(self, users: int, heaviest: float) -> None:
        self.rng, self.heaviest = np.random.default_rng(7), heaviest
        self.user_ids = pa.array([f"user-{number:08d}" for number in range(users)])
        self.item_ids = pa.array([f"item-{number:07d}" for number in range(ITEMS)])
        self.user_weights, self.item_weights = _zipf(users, 0.6), _zipf(ITEMS, 1.0)
        self.permuted = self.rng.permutation(users)

    def events(self, day: date, count: int) -> dict[str, pa.Array]:
        """`count` of them, in the order of time."""
        rng = self.rng
        user = self.permuted[np.minimum(np.searchsorted(self.user_weights, rng.random(count)), len(self.permuted) - 1)]
        user[rng.random(count) < self.heaviest] = self.permuted[0]
        item = np.minimum(np.searchsorted(self.item_weights, rng.random(count)), ITEMS - 1)
        start = np.datetime64(day, "us").astype(np.int64)
        times = start + np.sort(rng.integers(0, 86_400, count)) * 1_000_000
        say(f"{day}: {count} events of {len(np.unique(user))} users")
        return {
            "user_id": self.user_ids.take(pa.array(user)),
            "item_id": self.item_ids.take(pa.array(item)),
            "behavior": pa.array(BEHAVIORS).take(pa.array(rng.choice(4, count, p=[0.8, 0.1, 0.05, 0.05]))),
            "event_time": pa.array(times, pa.int64()).cast(pa.timestamp("us", "UTC")),
            "price": pa.array(np.round(rng.gamma(2, 20, count), 2)),
            "source_file": pa.array([f"/logs/dt={day}/part-0.jsonl.gz"]).take(pa.array(np.zeros(count, np.int64))),
            "source_line": pa.array(np.arange(1, count + 1)),
        }


def put(warehouse: Warehouse, table: str, day: date, columns: dict[str, pa.Array]) -> None:
    """Commit a day; columns that are not given are null."""
    base, schema = warehouse.open(table), TABLES[table]
    run_id = f"made-{day}-{base.version + 1}"
    folder = base.folder / f"run-{run_id}" / f"dt={day}"
    folder.mkdir(parents=True)
    table_of = conform(pa.table(columns), schema) if columns else schema.empty_table()
    pq.write_table(table_of, folder / "part-0.parquet", row_group_size=1_000_000)
    record = RunRecord(run_id, {EVERY_DAY: MadeFrom("bench", 1)}, {})
    commit(stage_files(base, data_files(folder), [Slice(day.isoformat())], record), base)


def ours(folder: Path) -> dict[str, Any]:
    """The step `sequences`."""
    return _timed([SEQUENCES], RunContext(_config(folder), LAST, force=True))


def whole_job(folder: Path) -> dict[str, Any]:
    """All steps of the job `sequences`, from nothing but events."""
    with _copy(folder / "warehouse" / "events", "warehouse/events") as copied:
        return _timed(JOBS["sequences"], RunContext(_config(copied), LAST))


def carried(folder: Path) -> dict[str, Any]:
    """Leaves what the job makes of all days but the next, for `next` to go on from."""
    with _copy(folder / "warehouse" / "events", "warehouse/events") as copied:
        found = _timed(JOBS["sequences"], RunContext(_config(copied), LAST))
        copied.rename(folder / "carried")
        return found


def next_day(steps: Sequence[Step], events: int | None = None) -> Callable[[Path], dict[str, Any]]:
    """These steps on the next day, after those before them; histories go on from the day before.

    With `events`, of only so many: what remains is the cost of reading and rewriting what is carried.
    """

    def run(folder: Path) -> dict[str, Any]:
        with _copy(folder / "carried") as copied:
            context = RunContext(_config(copied), LAST + timedelta(1))
            if events is not None:
                some = context.warehouse.read_small("events", day=context.dt).slice(0, events)
                put(context.warehouse, "events", context.day, {name: some[name] for name in TABLES["events"].names})
            run_steps([(step, context) for step in JOBS["sequences"] if step not in steps])
            return _timed(steps, context)

    return run


def _timed(steps: Sequence[Step], context: RunContext) -> dict[str, Any]:
    _ = context.spark
    shuffled, started = _shuffled(context), time.perf_counter()
    outcome = run_steps([(step, context) for step in steps])
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "shuffled": _shuffled(context) - shuffled, "rows": dict(outcome.rows)}


def _shuffled(context: RunContext) -> int:
    """Bytes that all stages of the application so far have written for others to read."""
    store = context.spark.sparkContext._jsc.sc().statusStore()
    none, statuses = (getattr(store, f"stageList$default${place}")() for place in (4, 5))
    stages = store.stageList(None, False, False, none, statuses)
    return sum(stages.apply(place).shuffleWriteBytes() for place in range(stages.size()))


@contextmanager
def _copy(source: Path, into: str = "") -> Iterator[Path]:
    """A folder with the files of `source`, which nobody changes, below `into`; it is removed afterwards."""
    with tempfile.TemporaryDirectory(
        dir=source.parents[1] if into else source.parent, ignore_cleanup_errors=True
    ) as name:
        target = Path(name) / "copy"
        shutil.copytree(source, target / into, copy_function=os.link)
        yield target


def by_hand(fallback: int) -> Callable[[Path], dict[str, Any]]:
    """`collect_list` by user, sorted and cut: what one writes first. `fallback`: keys before Spark sorts instead."""

    def run(folder: Path) -> dict[str, Any]:
        from pyspark.sql import functions as F

        threshold = {"spark.sql.objectHashAggregate.sortBased.fallbackThreshold": str(fallback)}
        context = RunContext(_config(folder, threshold), LAST)
        spark, warehouse = context.spark, context.warehouse
        started = time.perf_counter()
        vocab = warehouse.open("vocab").read(spark).select("item_id", "item_index")
        events = warehouse.open("events").read(spark, through=LAST.isoformat())
        events = events.where(F.col("behavior").isin(*BEHAVIORS))
        event = F.struct(*_LISTS)
        lists = events.join(F.broadcast(vocab), "item_id").groupBy("user_id").agg(F.collect_list(event).alias("events"))
        newest = F.slice(F.sort_array("events", asc=False), 1, LENGTH)
        last = lists.select("user_id", F.reverse(newest).alias("events"))
        columns = [F.col(f"events.{name}").alias(name) for name in _LISTS]
        target = str(folder / f"by-hand-{os.getpid()}")
        last.select("user_id", *columns).write.parquet(target)
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "shuffled": _shuffled(context), "rows": spark.read.parquet(target).count()}

    return run


def polars_alone(folder: Path) -> dict[str, Any]:
    """The same lists in one process, without Spark."""
    import polars as pl

    warehouse = Warehouse(folder / "warehouse")
    started = time.perf_counter()
    vocab = pl.scan_parquet(warehouse.files("vocab")).select("item_id", "item_index")
    files = warehouse.files("events", through=LAST.isoformat())
    events = pl.scan_parquet(files).select("user_id", "item_id", "event_time", "behavior", "price")
    ordered = events.join(vocab, on="item_id").sort("event_time", maintain_order=True)
    lists = ordered.group_by("user_id").agg(pl.col(*_LISTS).tail(LENGTH)).collect(engine="streaming")
    lists.write_parquet(folder / f"polars-{os.getpid()}.parquet")
    return {"seconds": time.perf_counter() - started, "shuffled": 0, "rows": len(lists)}


def replay(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """RePlay's tokenizer in its own environment; one that does not end in time counts with the limit, without rows."""
    files = Warehouse(folder / "warehouse").files("events", through=LAST.isoformat())
    order = folder / "replay.json"
    cores = os.cpu_count()
    order.write_text(json.dumps({"files": files, "cores": cores, "memory": REPLAY_MEMORY, "partitions": PARTITIONS}))
    command = [options.replay_python, str(Path(__file__).with_name("peer_replay.py")), str(order)]
    try:
        done = subprocess.run(
            command,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=options.replay_limit,
        )
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        found = {"seconds": float(options.replay_limit), "shuffled": 0, "rows": None}
    say(f"replay: {found}")
    return found


CONTENDERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "ours": ours,
    "hand-128": by_hand(128),
    "hand-2m": by_hand(2_000_000),
    "polars": polars_alone,
    "job": whole_job,
    "next": next_day(JOBS["sequences"]),
    "next-step": next_day([SEQUENCES]),
    "next-few": next_day(JOBS["sequences"], FEW),
    "next-step-few": next_day([SEQUENCES], FEW),
    "carried": carried,
}
NEXT = {"next", "next-step", "next-few", "next-step-few"}
DEFAULT = ("ours", "hand-128", "hand-2m", "polars", "job", "next", "next-step")


def _run(name: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.bench_sequences", "--run", name, "--folder", str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    say(f"{name}: {found}")
    return found


def _config(folder: Path, conf: dict[str, str] | None = None) -> Config:
    return Config.model_validate(
        {
            "warehouse": str(folder / "warehouse"),
            "sources": {"events": {"path": "unused"}},
            "sequences": {"max_length": LENGTH},
            "spark": {"driver_memory": MEMORY, "shuffle_partitions": PARTITIONS, "conf": conf or {}},
        }
    )


def _zipf(count: int, exponent: float) -> np.ndarray:
    weights = np.arange(1, count + 1) ** -exponent
    return np.cumsum(weights / weights.sum())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=float, default=20e6)
    parser.add_argument("--heaviest", type=float, default=0.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contenders", default=",".join(DEFAULT))
    parser.add_argument("--folder", help="keeps what is generated, for the next run")
    parser.add_argument("--users", type=float, help="one in 50 events without it")
    parser.add_argument("--new", type=float, help="events of the next day; 2 %% of all without it")
    parser.add_argument("--replay-python", default=str(ROOT / ".venv-replay/bin/python"))
    parser.add_argument("--replay-limit", type=int, default=600)
    parser.add_argument("--run", choices=CONTENDERS, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
