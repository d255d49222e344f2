"""Does the scoring job's driver grow with the users? Peak resident memory for a few numbers of users.

python tests/bench/bench_score_memory.py [users ...]

The driver is a process of its own against a standalone master with two one-core workers on the loopback
interface; its memory is that of Python and of the JVM it starts, not that of executors.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from interest_spark.config.spark import SparkConfig
from interest_spark.platform.session import start_session
from interest_spark.storage.warehouse import Warehouse
from tests.integration.warehouse_world import commit, commit_model, popularity
from tests.standalone_cluster import Cluster, standalone_cluster

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ITEMS, HISTORY = 5_000, 5
DRIVER_MEMORY = "1g"


def main() -> None:
    sizes = [int(argument) for argument in sys.argv[1:]] or [20_000, 200_000]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        days = {users: f"2026-01-{place:02}" for place, users in enumerate(sizes, start=1)}
        prepare(root, days)
        with standalone_cluster(root / "cluster") as cluster:
            measured = {users: score(cluster, root, users, day) for users, day in days.items()}
    peaks = [figures["peak_mib"] for figures in measured.values()]
    print(json.dumps({"bench": "score_memory", "runs": measured, "growth": round(max(peaks) / peaks[0] - 1, 4)}))


def prepare(root: Path, days: dict[int, str]) -> None:
    """A day a number of users, each with a short history, and one model."""
    spark = start_session(SparkConfig(master="local[2]"), "prepare")
    candidates = list(range(2, ITEMS + 2))
    for users, day in days.items():
        write_sequences(spark, root, day, users)
        commit(spark, root, "popularity", day, popularity({item: ITEMS - item + 10 for item in candidates}))
    commit_model(spark, root, min(days.values()), candidates, ITEMS + 2)
    spark.stop()


def write_sequences(spark: "SparkSession", root: Path, day: str, users: int) -> None:
    from pyspark.sql import functions as F

    places = F.array(*[F.lit(place) for place in range(HISTORY)])
    items = F.transform(places, lambda place: (F.pmod(F.hash("id", place), F.lit(ITEMS)) + 2).cast("int"))
    frame = spark.range(users, numPartitions=8).select(
        F.format_string("user-%09d", "id").alias("user_id"),
        items.alias("item_index"),
        F.transform(places, lambda _: F.lit(1)).alias("behavior"),
        F.transform(places, lambda place: F.timestamp_seconds(F.lit(1_767_225_600) + place)).alias("event_time"),
        F.transform(places, lambda _: F.lit(1.0)).alias("price"),
        F.transform(places, lambda place: place + 1).alias("category"),
        F.array_sort(F.array_distinct(items)).alias("seen"),
        F.lit(HISTORY).cast("long").alias("events"),
        F.lit(day).alias("dt"),
    )
    Warehouse(root).put(frame, "sequences", [day], f"bench-{users}")


def score(cluster: Cluster, root: Path, users: int, day: str) -> dict[str, float]:
    """Run the job and watch its driver."""
    config = root / "bench.yaml"
    config.write_text(f"warehouse: {root}\nsources: {{events: {{path: unused}}}}\n", encoding="utf-8")
    settings = {
        "spark.master": cluster.master,
        "spark.driver_memory": DRIVER_MEMORY,
        "spark.conf": '{"spark.driver.host": "127.0.0.1", "spark.executor.memory": "1g"}',
    }
    overrides = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    command = [sys.executable, "-m", "jobs.cli", "score", "--config", str(config), "--day", day, *overrides]
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peaks: list[int] = [0]
    watcher = threading.Thread(target=watch, args=(process, peaks))
    watcher.start()
    out, _ = process.communicate()
    watcher.join()
    report = json.loads(out.splitlines()[-1])
    assert process.returncode == 0 and report["rows"]["recommendations"] == 10 * users, report
    return {"peak_mib": round(peaks[0] / 2**20, 1), "seconds": round(time.monotonic() - started, 1)}


def watch(process: "subprocess.Popen[str]", peaks: list[int]) -> None:
    while process.poll() is None:
        peaks[0] = max(peaks[0], sum(map(resident, [process.pid, *descendants(process.pid)])))
        time.sleep(0.2)


def descendants(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return []
    return [found for child in map(int, children) for found in (child, *descendants(child))]


def resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


if __name__ == "__main__":
    main()
