"""Jobs on YARN with the warehouse on HDFS: the same rows as on this machine, and the same exit codes.

The first night meets a DataNode that stops, and is made on nodes that have nothing but Python, from the packed
environment; the second, in client mode, dynamic allocation and an executor that is killed.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from interest_spark.platform.distribution import build_code, pack_environment
from interest_spark.sources.synthetic import ShopPlan, generate_shop
from interest_spark.storage.warehouse import Warehouse
from tests.cluster.hadoop import HOST, Hadoop
from tests.readme import ROOT
from tests.standalone_cluster import PATIENCE, SPARK_HOME
from tests.warehouse_contents import Contents, contents

pytestmark = [pytest.mark.release, pytest.mark.timeout(1800)]
DAYS = ("2026-01-05", "2026-01-06")
PACKED = "env.tar.gz"
TRAIN = {"ranks": 2, "epochs": 1, "batch_blocks": 4, "start_seconds": 300}


@dataclass
class Nights:
    """What was seen: how each run ended, and what the warehouse held after the first."""

    url: str
    done: dict[str, "subprocess.CompletedProcess[str]"] = field(default_factory=dict)
    kept: Contents = field(default_factory=dict)
    killed: int = 0

    def report(self, name: str) -> dict[str, Any]:
        """The JSON object of a run that went well."""
        done = self.done[name]
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-5000:]
        report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return report


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    generate_shop(ShopPlan(users=150, items=60, days=6, seed=3), folder / "shop")
    return folder / "shop"


@pytest.fixture(scope="module")
def local(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse on this machine with both days."""
    folder = tmp_path_factory.mktemp("local")
    config = _config(folder, str(folder / "warehouse"), shop)
    done = _interest(["backfill", "--from", DAYS[0], "--day", DAYS[1], "--config", str(config)], {})
    assert done.returncode == 0, done.stderr[-5000:]
    return folder / "warehouse"


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the code as `make dist` builds it, and this environment as `make dist-env` packs it."""
    folder = tmp_path_factory.mktemp("submitted")
    build_code(folder / "dist")
    pack_environment(folder / "dist" / PACKED, Path(sys.prefix))
    return folder


@pytest.fixture(scope="module")
def nights(hdfs_and_yarn: Hadoop, shop: Path, submitted: Path) -> Nights:
    url = f"{hdfs_and_yarn.url}/nights/warehouse"
    seen = Nights(url)
    config = _config(submitted, url, shop)

    def daily(day: str, **cluster: Any) -> "subprocess.CompletedProcess[str]":
        return _submit(hdfs_and_yarn, submitted, cluster, "daily", "--config", str(config), "--day", day)

    warehouse = Warehouse(url)
    with _once(partial(_has_day, warehouse, "sequences", DAYS[0]), hdfs_and_yarn.datanode_stopped):
        seen.done["stopped"] = daily(DAYS[0])
    seen.kept = contents(Warehouse(url), str(shop))
    seen.done["again"] = daily(DAYS[0], packed=True)
    with _once(partial(_has_day, warehouse, "events", DAYS[1]), partial(_executor_killed, seen)):
        seen.done["next"] = daily(DAYS[1], deploy_mode="client", most=3)
    print(hdfs_and_yarn.container_logs(800))
    return seen


def _has_day(warehouse: Warehouse, table: str, day: str) -> bool:
    return day in {each.day for each in warehouse.open(table).slices()}


def _config(folder: Path, warehouse: str, logs: Path) -> Path:
    config = yaml.safe_load((ROOT / "conf" / "shop.yaml").read_text(encoding="utf-8"))
    config["warehouse"], config["sources"]["root"], config["train"] = warehouse, str(logs), TRAIN
    config["spark"] = {"shuffle_partitions": 2}
    (folder / "shop.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder / "shop.yaml"


def _submit(
    hadoop: Hadoop, folder: Path, cluster: dict[str, Any], job: str, *arguments: str
) -> "subprocess.CompletedProcess[str]":
    description = _cluster(hadoop, folder, **cluster)
    return _interest(["submit", job, "--cluster", str(description), *arguments], hadoop.environment)


def _cluster(
    hadoop: Hadoop,
    folder: Path,
    deploy_mode: str = "cluster",
    most: int | None = None,
    packed: bool = False,
) -> Path:
    """The description of this YARN, on whose nodes this environment lies at its own path, or is unpacked."""
    # YARN starts its processes with an environment of its own; another kernel of OpenBLAS rounds otherwise.
    kernels = {name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")}
    node = {
        "SPARK_LOCAL_IP": HOST,
        "HADOOP_CONF_DIR": str(hadoop.client),
        "PYTHONPATH": "" if packed else ":".join(_libraries()),
    } | kernels
    variables = {
        f"{prefix}{name}": value
        for prefix in ("spark.yarn.appMasterEnv.", "spark.executorEnv.")
        for name, value in {**node, **kernels}.items()
        if value
    }
    if deploy_mode == "client":
        variables |= {"spark.driver.host": HOST, "spark.driver.bindAddress": HOST}
    description = {
        "kind": "yarn",
        "deploy_mode": deploy_mode,
        "code": str(folder / "dist"),
        "environment": str(folder / "dist" / PACKED) if packed else None,
        "python": "./env/bin/python" if packed else sys.executable,
        "driver_memory": "1g",
        "executors": {"count": 2, "most": most, "memory": "1g", "overhead": "512m"},
        "conf": {
            "spark.yarn.jars": f"local:{SPARK_HOME}/jars/*",
            "spark.network.timeout": PATIENCE,
            "spark.ui.enabled": "false",
            **variables,
        },
    }
    (folder / "yarn.yaml").write_text(yaml.safe_dump(description), encoding="utf-8")
    return folder / "yarn.yaml"


def _libraries() -> list[str]:
    """Where libraries lie beside those of the environment, without this source tree."""
    return [path for path in sys.path if path.startswith("/") and Path(path, "obstore").is_dir()]


def _interest(arguments: list[str], environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "jobs.cli", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=1200, check=False
    )


@contextmanager
def _once(ready: Callable[[], object], disturb: Callable[[], Any]) -> Iterator[None]:
    """While the context lasts: as soon as it is `ready`, enter the context that `disturb` makes."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.3):
            if ready():
                with disturb():
                    over.wait()
                return

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def _executor_killed(nights: Nights) -> Iterator[None]:
    for process in psutil.process_iter(["cmdline"]):
        if "org.apache.spark.executor.YarnCoarseGrainedExecutorBackend" in (process.info["cmdline"] or ()):
            process.kill()
            nights.killed += 1
            break
    yield


def test_a_datanode_that_stops_ends_the_night_as_temporary_and_nothing_half_made_is_published(
    nights: Nights, local: Path, shop: Path
) -> None:
    stopped = nights.done["stopped"]
    assert stopped.returncode == 75, stopped.stdout[-3000:] + stopped.stderr[-5000:]
    (error,) = [line for line in stopped.stderr.splitlines() if line.startswith("error: ")]
    assert "run the job again" in error
    assert nights.kept and nights.kept.items() <= contents(Warehouse(local), str(shop)).items()
    assert "recommendations" not in {table for table, _, _ in nights.kept}


def test_the_rerun_in_cluster_mode_and_the_next_day_in_client_mode_complete(nights: Nights) -> None:
    for name, day in (("again", DAYS[0]), ("next", DAYS[1])):
        report = nights.report(name)
        assert (report["job"], report["status"], report["day"]) == ("daily", "done", day)
    assert nights.killed == 1


def test_the_warehouse_holds_what_one_on_this_machine_holds(nights: Nights, local: Path, shop: Path) -> None:
    nights.report("next")
    expected, found = contents(Warehouse(local), str(shop)), contents(Warehouse(nights.url), str(shop))
    assert {key for key in expected if expected[key] != found.get(key)} == set()
    assert found.keys() == expected.keys()


def test_a_driver_on_a_node_gives_its_exit_code_and_its_error(
    hdfs_and_yarn: Hadoop, shop: Path, submitted: Path
) -> None:
    config = _config(submitted, f"{hdfs_and_yarn.url}/codes/warehouse", shop)
    arguments = ["--config", str(config), "--day", DAYS[0], "--set", "ingest.max_bad_share=0.0"]
    done = _submit(hdfs_and_yarn, submitted, {}, "ingest", *arguments)
    assert done.returncode == 3, done.stderr[-5000:] + hdfs_and_yarn.container_logs()
    (error,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "max_bad_share" in error
