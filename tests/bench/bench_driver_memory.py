"""Resident memory of the scoring job's driver, Python and JVM, at two numbers of users, on a standalone cluster.

python tests/bench/bench_driver_memory.py [few] [many]
"""

import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import yaml

from interest_spark.distribution import build_code
from interest_spark.sources.synthetic import ShopPlan, generate_shop
from tests.standalone_cluster import Cluster, standalone_cluster

ROOT = Path(__file__).parents[2]
DAY = "2026-01-02"
FEW, MANY, RUNS = 20_000, 200_000, 3


class DriverMemory(threading.Thread):
    """The largest sum of the driver's JVM and Python, in MiB; executors are the workers' children, not its own."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0
        self._done = threading.Event()

    def run(self) -> None:
        me = psutil.Process(os.getpid())
        while not self._done.wait(0.1):
            self.peak = max(
                self.peak, sum(_resident(child) for child in me.children(recursive=True) if _is_driver(child))
            )

    def stop(self) -> float:
        self._done.set()
        self.join()
        return round(self.peak, 1)


def _is_driver(process: psutil.Process) -> bool:
    """The JVM that spark-submit became, and the Python that it started: neither daemons nor executors."""
    try:
        line = " ".join(process.cmdline())
    except psutil.Error:
        return False
    return "score.py" in line


def _resident(process: psutil.Process) -> float:
    try:
        return process.memory_info().rss / 2**20
    except psutil.Error:
        return 0.0


def prepare(root: Path, users: int) -> Path:
    """A two-day shop of `users` and its configuration."""
    generate_shop(ShopPlan(users=users, items=2000, days=2, seed=1), root / "shop")
    config: dict[str, Any] = {
        "warehouse": str(root / "warehouse"),
        "spark": {"shuffle_partitions": 8},
        "sources": {"root": str(root / "shop"), "events": {"path": "events/dt={day}/*"}},
        "ingest": {"catch_up_days": 2},
        "blocks": {"tokens": 50},
        "train": {"epochs": 1, "max_steps": 20, "batch_blocks": 8},
    }
    path = root / "memory.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def submit(cluster: Cluster, dist: Path, config: Path, job: str, *overrides: str) -> float:
    """Seconds of one job; a failed one ends the benchmark with its log."""
    (archive,) = dist.glob("*.zip")
    arguments = ["--py-files", str(archive), str(dist / "jobs" / f"{job}.py"), "--config", str(config), "--day", DAY]
    arguments += [part for override in overrides for part in ("--set", override)]
    started = time.monotonic()
    done = cluster.submit(arguments, cwd=dist, timeout=3000)
    if done.returncode:
        sys.exit(done.stderr[-5000:])
    return time.monotonic() - started


def main() -> None:
    sizes = [int(text) for text in sys.argv[1:]] or [FEW, MANY]
    peaks: dict[int, list[float]] = {}
    seconds: dict[int, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, standalone_cluster(Path(folder) / "cluster") as cluster:
        dist = Path(folder) / "dist"
        build_code(dist)
        for users in sizes:
            config = prepare(Path(folder) / str(users), users)
            for job in ("ingest", "sequences", "train"):
                submit(cluster, dist, config, job)
            for run in range(RUNS):
                memory = DriverMemory()
                memory.start()
                # Another batch size makes it work to do again and changes nothing else.
                took = submit(cluster, dist, config, "score", f"score.batch_users={512 + run}")
                peaks.setdefault(users, []).append(memory.stop())
                seconds.setdefault(users, []).append(round(took, 1))
    medians = {users: sorted(found)[len(found) // 2] for users, found in peaks.items()}
    few, *_, many = medians.values()
    report = {
        "bench": "driver_memory",
        "peak_mib": peaks,
        "seconds": seconds,
        "growth": round(many / few - 1, 4),
        "limit": 0.05,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
