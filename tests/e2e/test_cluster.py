"""The jobs on a real two-worker standalone cluster, from the built artefact, away from the source tree."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from interest_spark.platform.distribution import build_code
from interest_spark.sources.synthetic import ShopPlan, generate_shop
from interest_spark.storage.warehouse import Warehouse
from tests.listeners import listeners_noted
from tests.standalone_cluster import Cluster, standalone_cluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
ROOT = Path(__file__).parents[2]
DAY = "2026-01-05"
WHERE = """
from pyspark.sql import SparkSession
import interest_spark
session = SparkSession.builder.getOrCreate()
def found(_):
    import interest_spark
    return [interest_spark.__file__]
files = {interest_spark.__file__, *session.sparkContext.parallelize(range(2), 2).mapPartitions(found).collect()}
print("FOUND", *files)
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cluster")
    generate_shop(ShopPlan(users=200, items=80, days=5, seed=3), root / "shop")
    config = yaml.safe_load((ROOT / "conf" / "shop.yaml").read_text(encoding="utf-8"))
    config["warehouse"] = str(root / "warehouse")
    config["sources"]["root"] = str(root / "shop")
    config["train"] = {"ranks": 2, "launcher": "spark", "epochs": 2, "batch_blocks": 4, "start_seconds": 300}
    config["spark"] = {"shuffle_partitions": 2}
    (root / "cluster.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with standalone_cluster(tmp_path_factory.mktemp("standalone")) as running:
        yield running


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("artefact") / "dist"
    build_code(target)
    return target


def submit(cluster: Cluster, artefact: Path, script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (archive,) = artefact.glob("interest_spark-*.zip")
    elsewhere = artefact.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    return cluster.submit(["--py-files", str(archive), str(script), *arguments], elsewhere, timeout=600)


def test_the_code_comes_from_the_artefact_on_driver_and_executors(cluster: Cluster, artefact: Path) -> None:
    script = artefact.parent / "where.py"
    script.write_text(WHERE, encoding="utf-8")
    done = submit(cluster, artefact, script)
    assert done.returncode == 0, done.stderr[-3000:]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("FOUND")]
    assert all(".zip/interest_spark/" in path for path in line.split()[1:]), line


@pytest.mark.parametrize("job", ["ingest", "sequences", "train", "score"])
def test_each_job_runs_through_spark_submit(cluster: Cluster, artefact: Path, shop: Path, job: str) -> None:
    with listeners_noted() as found:
        done = submit(
            cluster, artefact, artefact / "jobs" / f"{job}.py", "--config", str(shop / "cluster.yaml"), "--day", DAY
        )
    assert done.returncode == 0, done.stderr[-5000:]
    assert [each for each in found if not each.on_loopback] == []  # master, workers, driver, executors and ranks
    report = json.loads(done.stdout.splitlines()[-1])
    assert (report["job"], report["status"], report["day"]) == (job, "done", DAY)
    if job == "score":
        warehouse = Warehouse(shop / "warehouse")
        served = warehouse.read_small("recommendations", day=DAY)
        users = warehouse.read_small("sequences", day=DAY).num_rows
        assert served.num_rows == users * 10
        assert set(served["source"].to_pylist()) == {"model"}


def test_a_master_that_does_not_answer_is_temporary(shop: Path, tmp_path: Path) -> None:
    overrides = ("spark.master=spark://127.0.0.1:9", f"warehouse={tmp_path}/warehouse")
    command = [sys.executable, "-m", "jobs.ingest", "--config", str(shop / "cluster.yaml"), "--day", DAY]
    command += [part for override in overrides for part in ("--set", override)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 75, done.stderr
    assert "spark://127.0.0.1:9 does not answer" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.glob("warehouse/*")] == ["_journal"]  # which tells of it
