"""How long taking in raw logs takes: our step `events`, and Spark's own reader with `dropDuplicates` and a write.

    python -m tests.bench.bench_ingest [--log json] [--lines N] [--broken 0] [--rounds 3]

`--log json` is 30 days of one gzip file each; `csv` is one plain file; `small` is one day of 1,440 files of five
lines; `next` is the last of 30 days of `json` after the 29 others; `days` is ratings of 5,000 days in one file, and to
compare with them as many of 30 days. `parquet` and `orc` are 30 days of one table each; `zip`, `gbk`, `explode` are
those of `json` packed as zip, in GBK, and with ten events in each line's list. `--broken` is the share of lines that
are cut in the middle; Spark's reader makes nulls of those, and keeps no account of them. Every contender is a process
of its own on all cores, timed from the started session to the committed, or written, rows.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import orc

from interest_spark.config.deployment import Config
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.steps.events import EVENTS
from tests.bench.reports import figure, report, say
from tests.bench.worker_memory import watch_workers

FIRST, DAYS = date(2026, 1, 1), 30
LAST = FIRST + timedelta(DAYS - 1)
NAMES = ("user_id", "item_id", "behavior", "event_time", "quantity", "price", "session_id", "platform")
BEHAVIORS = np.array(["view", "favorite", "cart", "purchase"])
SMALL_FILES, SMALL_LINES = 1_440, 5
TABLES = ("parquet", "orc")
LOGS = ("json", "csv", "small", "next", "days", *TABLES, "zip", "gbk", "explode")
EVENTS_A_LINE = 10
RATED_DAYS = {"days": 5_000, "month": 30}


def main() -> None:
    options = _options()
    options.lines = options.lines or {"days": 2e4, "small": SMALL_FILES * SMALL_LINES}.get(options.log, 2e6)
    if options.run:
        with watch_workers() as peak:
            found = CONTENDERS[options.run](Path(options.folder), options.log)
        print(json.dumps({**found, "worker_mib": peak.mib}))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(options.folder or scratch)
        if not (folder / "log").exists():
            write_log(folder / "log", options.log, int(options.lines), options.broken)
        names = options.contenders or DEFAULT_CONTENDERS.get(options.log, "ours")
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names.split(",")}
        for _ in range(options.rounds):
            for name in runs:
                runs[name].append(_run(name, folder, options.log))
    seconds = {name: [float(run["seconds"]) for run in each] for name, each in runs.items()}
    figures = [figure(name, "s", each, 2) for name, each in seconds.items()]
    figures += [
        figure(f"{name}: peak of a worker", "MiB", [float(max(run["worker_mib"] for run in each))], 0)
        for name, each in runs.items()
    ]
    if {"ours", "spark"} <= seconds.keys():
        pairs = zip(seconds["spark"], seconds["ours"], strict=True)  # one after the other, under the same load
        figures.append(figure("spark to ours", "ratio", [spark / ours_ for spark, ours_ in pairs], 2))
    report("ingest", f"{options.log}, {options.lines:.0f} lines, {options.broken} broken", figures, seconds=seconds)


def write_log(folder: Path, log: str, lines: int, broken: float) -> None:
    """The raw files, below a folder a day or all in one."""
    rng = np.random.default_rng(3)
    if log == "days":
        for name, days in RATED_DAYS.items():
            _write_ratings(folder / name / "log.csv", rng, lines, days)
        return
    if log == "csv":
        folder.mkdir(parents=True)
        with (folder / "log.csv").open("w", encoding="utf-8") as file:
            file.write(",".join(NAMES) + "\n")
            for number in range(DAYS):
                file.writelines(_cut(map(_as_csv, _events(rng, number, lines // DAYS)), rng, broken))
        return
    if log in TABLES:
        for day in range(DAYS):
            _write_table(
                folder / f"dt={FIRST + timedelta(day)}" / f"part-00000.{log}", _events(rng, day, lines // DAYS)
            )
        return
    files = [(DAYS - 1, number, SMALL_LINES) for number in range(SMALL_FILES)] if log == "small" else []
    for day, number, count in files or [(day, 0, lines // DAYS) for day in range(DAYS)]:
        path = folder / f"dt={FIRST + timedelta(day)}" / f"part-{number:05d}.jsonl.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        events = _events(rng, day, count)
        texts = _cut(map(_as_json, events) if log != "explode" else _in_lists(events), rng, broken)
        if log == "zip":
            with ZipFile(path.with_suffix(".zip"), "w", ZIP_DEFLATED, compresslevel=1) as archive:
                archive.writestr("part.jsonl", "".join(texts))
            continue
        encoding = "gbk" if log == "gbk" else "utf-8"
        with gzip.open(path, "wt", compresslevel=1, encoding=encoding) as packed:
            packed.writelines(texts)


def _events(rng: np.random.Generator, day: int, count: int) -> Iterator[tuple[Any, ...]]:
    start = np.datetime64(FIRST + timedelta(day), "s")
    times = np.datetime_as_string(start + np.sort(rng.integers(0, 86_400, count)))
    users, items = rng.integers(0, 100_000, count), (50_000 * rng.random(count) ** 3).astype(int)
    behaviors = BEHAVIORS[rng.choice(4, count, p=[0.8, 0.1, 0.05, 0.05])]
    quantities, prices = rng.integers(1, 5, count), np.round(rng.gamma(2, 20, count), 2)
    columns = (users.tolist(), items.tolist(), behaviors.tolist(), times.tolist(), quantities.tolist(), prices.tolist())
    for user, item, behavior, at, quantity, price in zip(*columns, strict=True):
        platform, session = "app" if user % 3 else "web", f"s{user % 977}-{at[:13]}"
        yield f"user-{user:07d}", f"item-{item:06d}", behavior, f"{at}Z", quantity, price, session, platform


def _write_ratings(path: Path, rng: np.random.Generator, lines: int, days: int) -> None:
    path.parent.mkdir(parents=True)
    end = int(datetime(LAST.year, LAST.month, LAST.day, tzinfo=timezone.utc).timestamp())
    users, items = rng.integers(0, 1_000, lines), rng.integers(0, 3_000, lines)
    times = end - np.arange(lines) % days * 86_400
    with path.open("w", encoding="utf-8") as file:
        file.write("user_id,movie_id,rating,timestamp\n")
        for user, item, time_ in zip(users.tolist(), items.tolist(), times.tolist(), strict=True):
            file.write(f"{user},{item},{1 + item % 5},{time_}\n")


def _as_json(event: tuple[Any, ...]) -> str:
    return json.dumps(dict(zip(NAMES, event, strict=True))) + "\n"


def _in_lists(events: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    """Lines of a user each, with several events in a list."""
    while some := list(islice(events, EVENTS_A_LINE)):
        inner = [dict(zip(NAMES[1:], event[1:], strict=True)) for event in some]
        yield json.dumps({"user_id": some[0][0], "events": inner}) + "\n"


def _write_table(path: Path, events: Iterator[tuple[Any, ...]]) -> None:
    """Parquet or ORC, with times as timestamps."""
    path.parent.mkdir(parents=True)
    columns = dict(zip(NAMES, map(list, zip(*events, strict=True)), strict=True))
    columns["quantity"] = pa.array(columns["quantity"], pa.float64())  # as the schema that Spark is given says
    columns["event_time"] = pa.array(np.array([at[:-1] for at in columns["event_time"]], "datetime64[us]"))
    table = pa.table(columns)
    place = table.schema.get_field_index("event_time")
    table = table.set_column(place, "event_time", table["event_time"].cast(pa.timestamp("us", tz="UTC")))
    pq.write_table(table, path) if path.suffix == ".parquet" else orc.write_table(table, path)


def _as_csv(event: tuple[Any, ...]) -> str:
    return ",".join(map(str, event)) + "\n"


def _cut(lines: Iterator[str], rng: np.random.Generator, broken: float) -> Iterator[str]:
    for line in lines:
        yield f"{line[: len(line) // 2]}\n" if broken and rng.random() < broken else line


def ours(folder: Path, log: str) -> dict[str, Any]:
    """The step `events`."""
    with tempfile.TemporaryDirectory(dir=folder) as warehouse:
        context = RunContext(_config(folder, log, warehouse), LAST)
        _ = context.spark
        if log == "next":
            run_steps([(EVENTS, context.on(LAST - timedelta(1)))])
        started = time.perf_counter()
        outcome = run_steps([(EVENTS, context)])
        return {"seconds": time.perf_counter() - started, "rows": dict(outcome.rows)}


def ours_of_a_month(folder: Path, log: str) -> dict[str, Any]:
    """As many ratings, of 30 days."""
    return ours(folder, "month")


def spark_alone(folder: Path, log: str) -> dict[str, Any]:
    """Spark's reader with a given schema, `dropDuplicates` over what we take for the same event, and a write by day."""
    from pyspark.sql import functions as F

    types = {"event_time": "timestamp", "quantity": "double", "price": "double"}
    schema = ", ".join(f"{name} {types.get(name, 'string')}" for name in NAMES)
    with tempfile.TemporaryDirectory(dir=folder) as target:
        config = _config(folder, log, f"{target}/warehouse")
        spark = RunContext(config, LAST).spark
        started = time.perf_counter()
        reader = spark.read.schema(schema).option("recursiveFileLookup", "true")
        path = str(folder / "log")
        rows = _read_by_spark(reader, log, path)
        kept = rows.dropDuplicates([name for name in config.ingest.duplicate_keys if name in NAMES])
        day = F.date_format("event_time", "yyyy-MM-dd")
        kept.withColumn("dt", day).repartition("dt").write.partitionBy("dt").parquet(f"{target}/rows")
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "rows": spark.read.parquet(f"{target}/rows").count()}


def _read_by_spark(reader: Any, log: str, path: str) -> Any:
    if log in TABLES:
        return reader.format(log).load(path)
    return reader.option("header", "true").csv(path) if log == "csv" else reader.json(path)


CONTENDERS: dict[str, Callable[[Path, str], dict[str, Any]]] = {
    "ours": ours,
    "spark": spark_alone,
    "month": ours_of_a_month,
}
DEFAULT_CONTENDERS = {**dict.fromkeys(("json", "csv", "small", "parquet", "orc"), "ours,spark"), "days": "ours,month"}


def _run(name: str, folder: Path, log: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.bench_ingest", "--run", name, "--folder", str(folder), "--log", log]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    say(f"{name}: {found}")
    return found


def _config(folder: Path, log: str, warehouse: str) -> Config:
    source: dict[str, Any] = {"path": "dt={day}/*.jsonl.gz", "columns": {name: name for name in NAMES}}
    if log == "csv":
        source |= {"path": "log.csv", "format": "csv"}
    if log in TABLES:
        source |= {"path": f"dt={{day}}/*.{log}", "format": log}
    if log == "zip":
        source |= {"path": "dt={day}/*.zip"}
    if log == "gbk":
        source |= {"encoding": "gbk"}
    if log == "explode":
        inner = {name: f"events.{name}" for name in NAMES[1:]}
        source |= {"columns": {"user_id": "user_id", **inner}, "explode": "events"}
    if log in RATED_DAYS:
        source = {"path": f"{log}/log.csv", "reader": "movielens"}
    return Config.model_validate(
        {
            "warehouse": warehouse,
            "sources": {"root": str(folder / "log"), "events": source},
            "ingest": {"catch_up_days": DAYS, "max_bad_share": 0.5},
            "spark": {"driver_memory": "6g"},
        }
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", choices=LOGS, default="json")
    parser.add_argument("--lines", type=float)
    parser.add_argument("--broken", type=float, default=0.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contenders", help="of ours, spark and, for days, month")
    parser.add_argument("--folder", help="keeps what is generated, for the next run")
    parser.add_argument("--run", choices=CONTENDERS, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
