"""Copies of slow tasks, executors that come and go, and one that is killed: the tables are the same.

Tasks write files themselves, so each attempt leaves its own; only what the driver commits is read.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from interest_spark.platform.distribution import build_code
from interest_spark.sources.synthetic import ShopPlan, generate_shop
from interest_spark.storage.warehouse import Warehouse
from tests.readme import ROOT
from tests.standalone_cluster import Cluster, standalone_cluster
from tests.warehouse_contents import contents

pytestmark = [pytest.mark.release, pytest.mark.timeout(1800)]
DAY = "2026-01-05"
EXECUTOR = "org.apache.spark.executor.CoarseGrainedExecutorBackend"
HALT_SECONDS = 1.0
# Spark starts no copy of a task on the machine that runs the task: each worker has an address, as each machine has.
HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
EAGER = {
    "spark.speculation": "true",
    "spark.speculation.interval": "20ms",
    "spark.speculation.quantile": "0.1",
    "spark.speculation.multiplier": "1.01",
    "spark.speculation.minTaskRuntime": "0ms",
    "spark.speculation.task.duration.threshold": "300ms",
    "spark.speculation.efficiency.enabled": "false",
    "spark.dynamicAllocation.enabled": "true",
    "spark.dynamicAllocation.shuffleTracking.enabled": "true",
    "spark.dynamicAllocation.minExecutors": "2",
    "spark.dynamicAllocation.maxExecutors": "3",
    "spark.dynamicAllocation.executorIdleTimeout": "1s",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attempts")
    generate_shop(ShopPlan(users=150, items=60, days=5, seed=3), folder / "shop")
    build_code(folder / "dist")
    return folder


@pytest.fixture(scope="module")
def quiet(shop: Path) -> Path:
    """The warehouse of a run on this machine in which nothing happens."""
    config = _config(shop, "quiet", "horovodrun")
    command = [sys.executable, "-m", "jobs.daily", "--config", str(config), "--day", DAY]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-5000:]
    return shop / "quiet"


@pytest.fixture(scope="module")
def events(shop: Path) -> list[dict[str, Any]]:
    """What Spark noted of a run with all of it, which went well."""
    config = _config(shop, "eager", "spark")
    (shop / "events").mkdir()
    noted = {"spark.eventLog.enabled": "true", "spark.eventLog.dir": str(shop / "events")}
    settings = [part for key, value in {**EAGER, **noted}.items() for part in ("--conf", f"{key}={value}")]
    (archive,) = (shop / "dist").glob("interest_spark-*.zip")
    job = [str(shop / "dist" / "jobs" / "daily.py"), "--config", str(config), "--day", DAY]
    with standalone_cluster(shop / "cluster", workers=len(HOSTS), worker_hosts=HOSTS) as cluster:
        with _disturbed(cluster, shop / "eager" / "sessions" / "_delta_log"):
            done = cluster.submit(["--py-files", str(archive), *settings, *job], shop, timeout=900)
        assert done.returncode == 0, (done.stdout + done.stderr)[-5000:] + cluster.logs()
    (log,) = (shop / "events").iterdir()
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def _config(shop: Path, warehouse: str, launcher: str) -> Path:
    config = yaml.safe_load((ROOT / "conf" / "shop.yaml").read_text(encoding="utf-8"))
    config["warehouse"], config["sources"]["root"] = str(shop / warehouse), str(shop / "shop")
    config["train"] = {"ranks": 2, "epochs": 1, "batch_blocks": 4, "start_seconds": 300, "launcher": launcher}
    config["spark"] = {"shuffle_partitions": 4}
    file = shop / f"{warehouse}.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return file


@contextmanager
def _disturbed(cluster: Cluster, kill_once: Path) -> Iterator[None]:
    """One executor halts every other second; another one is killed once that folder is there."""
    over = threading.Event()

    def disturb() -> None:
        killed = False
        while not over.is_set():
            killed = killed or (kill_once.exists() and _kill(_executors(cluster.folder, HOSTS[0])))
            with _halted(_executors(cluster.folder, HOSTS[1])):
                over.wait(HALT_SECONDS)
            over.wait(HALT_SECONDS)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _kill(executors: list[psutil.Process]) -> bool:
    """As a machine without memory does; whether there was one."""
    for executor in executors:
        executor.kill()
    return bool(executors)


@contextmanager
def _halted(executors: list[psutil.Process]) -> Iterator[None]:
    """Stop them with their Python workers, as a machine does that has too much to do; ranks go on."""
    processes = [process for executor in executors for process in (executor, *_workers(executor))]
    for how in ("suspend", "resume"):
        for process in processes:
            with suppress(psutil.Error):
                getattr(process, how)()
        if how == "suspend":
            yield


def _executors(folder: Path, host: str) -> list[psutil.Process]:
    """Those of the cluster in that folder that run on the address."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "cwd"])
        if EXECUTOR in (process.info["cmdline"] or ())
        and host in process.info["cmdline"]
        and str(process.info["cwd"]).startswith(str(folder))
    ]


def _workers(executor: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return [child for child in executor.children(recursive=True) if "pyspark.daemon" in child.cmdline()]
    return []


def _of_kind(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["Event"] == f"SparkListener{kind}"]


def _went_well(end: dict[str, Any]) -> bool:
    return bool(end["Task End Reason"]["Reason"] == "Success")


def test_it_happened(events: list[dict[str, Any]]) -> None:
    copies = [event for event in _of_kind(events, "TaskStart") if event["Task Info"]["Speculative"]]
    removed = [event["Removed Reason"] for event in _of_kind(events, "ExecutorRemoved")]
    first = [end for end in _of_kind(events, "TaskEnd") if end["Task Info"]["Speculative"] and _went_well(end)]
    print(f"{len(copies)} copies, {len(first)} were first, removed {removed}")
    assert len(copies) >= 5
    assert first
    assert any("137" in reason or "lost" in reason.lower() for reason in removed)


def test_no_rank_has_a_copy(events: list[dict[str, Any]]) -> None:
    training = {
        stage["Stage Info"]["Stage ID"]
        for stage in _of_kind(events, "StageSubmitted")
        if "spark_launcher" in stage["Stage Info"]["Details"] + stage["Stage Info"]["Stage Name"]
    }
    ranks = [event for event in _of_kind(events, "TaskStart") if event["Stage ID"] in training]
    assert len(ranks) == 2
    assert not any(event["Task Info"]["Speculative"] for event in ranks)


def test_the_tables_are_those_of_a_quiet_run(events: list[dict[str, Any]], shop: Path, quiet: Path) -> None:
    assert events
    expected, found = contents(Warehouse(quiet)), contents(Warehouse(shop / "eager"))
    assert {key for key in expected if expected[key] != found.get(key)} == set()
    assert found.keys() == expected.keys()
