"""A small shop whose history is backfilled by the command line, as operators do it: also killed, and side by side."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
import yaml

from interest_spark.sources.synthetic import ShopPlan, generate_shop
from interest_spark.steps.nightly import JOBS
from interest_spark.storage.warehouse import Warehouse
from tests.checkout import ROOT
from tests.warehouse_contents import Contents, contents

FIRST = date(2026, 1, 1)
KILLS = 5
RUN_SECONDS = 1800


@dataclass(frozen=True)
class Backfill:
    """One warehouse of the shop, which is filled up to the last of so many days; each `every` days it is served."""

    config: Path
    warehouse: Warehouse
    days: int
    every: int

    @property
    def all_days(self) -> list[date]:
        """From the first to the last."""
        return [FIRST + timedelta(number) for number in range(self.days)]

    def start(self, *options: str) -> "subprocess.Popen[bytes]":
        """The backfill in a process group of its own; its report goes beside the warehouse."""
        command = [sys.executable, "-m", "jobs.backfill", "--config", str(self.config)]
        days = ["--from", FIRST.isoformat(), "--day", self.all_days[-1].isoformat(), "--every", str(self.every)]
        with self.report.open("wb") as output, self.log.open("ab") as log:
            return subprocess.Popen(
                [*command, *days, *options], cwd=ROOT, stdout=output, stderr=log, start_new_session=True
            )

    def finish(self, *options: str) -> dict[str, Any]:
        """Run it to its end, undisturbed; returns its report."""
        assert self.start(*options).wait(timeout=RUN_SECONDS) == 0, self.log.read_text(encoding="utf-8")[-5000:]
        report: dict[str, Any] = json.loads(self.report.read_text(encoding="utf-8").splitlines()[-1])
        return report

    @property
    def report(self) -> Path:
        """Where standard output goes."""
        return self.config.with_suffix(".out")

    @property
    def log(self) -> Path:
        """Where standard error goes."""
        return self.config.with_suffix(".log")

    def commits(self) -> dict[str, int]:
        """How often each step has made its last table, by which a rerun knows that it is done."""
        last = {step.writes[-1] for steps in JOBS.values() for step in steps}
        return {table: self.warehouse.version(table) + 1 for table in sorted(last)}

    def contents(self) -> Contents:
        """The digests of all committed slices."""
        return contents(self.warehouse)


def generate(root: Path, days: int) -> None:
    """The log of so many days, all delivered."""
    generate_shop(ShopPlan(users=20, items=20, days=days, seed=5), root / "shop")


def backfill_of(root: Path, name: str, days: int, every: int, **sections: Any) -> Backfill:
    """A warehouse of that name beside the log. Served days are judged by the next one."""
    paths = {kind: {"path": f"{kind}/dt={{day}}/*.jsonl*"} for kind in ("events", "items", "users")}
    keys = {
        "warehouse": str(root / name),
        "sources": {"root": str(root / "shop"), **paths},
        "sequences": {"max_length": 17, "restate_days": 2},
        "blocks": {"tokens": 16, "files": 1},
        "train": {"ranks": 1, "epochs": 1, "network": {"dim": 8, "layers": 1, "feed_forward": 8}},
        "score": {"k": 5},
        "evaluate": {"k": 5, "horizon_days": every},
        "spark": {"shuffle_partitions": 2, "driver_memory": "1g"},
        **sections,
    }
    config = root / f"{name}.yaml"
    config.write_text(yaml.safe_dump(keys), encoding="utf-8")
    return Backfill(config, Warehouse(root / name), days, every)


def kill_at_random_moments(backfill: Backfill, undisturbed_seconds: float, *options: str) -> list[int]:
    """Start the backfill, and kill it with all its processes, KILLS times; returns how many days were whole by then."""
    chance, whole = random.Random(20260131), list[int]()
    while len(whole) < KILLS:
        process = backfill.start(*options)
        try:
            process.wait(timeout=chance.uniform(0.08, 0.3) * undisturbed_seconds)
            raise AssertionError(f"it ended with {process.returncode} before it could be killed {KILLS} times")
        except subprocess.TimeoutExpired:
            _kill_group(process)
            whole.append(len(backfill.warehouse.days("sequences")))
    return whole


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    family = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _end(family)


def _end(family: Iterable[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(list(family), timeout=120)
    assert not alive, f"still there two minutes after the group was killed: {alive}"


def check_killed_and_side_by_side(root: Path, days: int, every: int) -> dict[str, Any]:
    """Interrupted or not, one step at a time or two: the same tables, and nothing is made twice. Returns figures."""
    generate(root, days)
    whole, killed, parallel = (backfill_of(root, name, days, every) for name in ("whole", "killed", "parallel"))
    started = time.monotonic()
    report = whole.finish()
    seconds = time.monotonic() - started
    assert set(report["days"].values()) == {"done"}
    expected, commits = whole.contents(), whole.commits()
    assert {"recommendations", "metrics", "restated_sequences"} <= {table for table, _, _ in expected}

    resumed_after = kill_at_random_moments(killed, seconds)
    killed.finish()
    assert killed.contents() == expected
    assert killed.commits() == commits

    started = time.monotonic()
    assert parallel.finish("--parallel", "2")["days"] == report["days"]
    parallel_seconds = time.monotonic() - started
    assert parallel.contents() == expected
    assert parallel.commits() == commits

    versions = {table: whole.warehouse.version(table) for table, _, _ in expected}
    assert whole.finish("--parallel", "2")["status"] == "nothing_to_do"
    assert {table: whole.warehouse.version(table) for table in versions} == versions
    return {
        "slices": len(expected),
        "seconds": round(seconds),
        "parallel_seconds": round(parallel_seconds),
        "days_whole_at_each_kill": resumed_after,
    }
