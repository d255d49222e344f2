"""The daily run, two ranks, on two workers, with warehouse and logs in S3: as on this machine, and no secret is told.

The server is stopped in the middle of the first day, which then is made again; the second day is counted.
"""

import json
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from interest_spark.platform.connectors import S3A_PACKAGE
from interest_spark.platform.distribution import build_code
from interest_spark.sources.synthetic import ShopPlan, generate_shop
from interest_spark.storage.file_stores import store_of
from interest_spark.storage.warehouse import Warehouse
from tests.cluster.maven import CACHE, S3A_NEEDS, fetch_jars
from tests.cluster.s3_server import BUCKET, Request, S3Server
from tests.readme import ROOT
from tests.standalone_cluster import Cluster, standalone_cluster
from tests.warehouse_contents import Contents, contents

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
DAYS = ("2026-01-05", "2026-01-06")
TRAIN = {"ranks": 2, "epochs": 1, "batch_blocks": 4, "start_seconds": 300}
ROOM = f"s3://{BUCKET}/standalone"
PIECE = 4 << 20


@dataclass
class Runs:
    """What was seen: exit codes and last lines by run, requests of the second day, and where a secret stood.

    `kept`: what the warehouse held when the server came back.
    """

    folder: Path
    done: dict[str, "subprocess.CompletedProcess[str]"] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    kept: Contents = field(default_factory=dict)

    def report(self, name: str) -> dict[str, Any]:
        """The JSON object of a run that went well."""
        done = self.done[name]
        assert done.returncode == 0, done.stderr[-5000:]
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
    config = _config(folder / "shop.yaml", str(folder / "warehouse"), str(shop), "horovodrun", {})
    command = [
        sys.executable,
        "-m",
        "jobs.cli",
        "backfill",
        "--config",
        str(config),
        "--from",
        DAYS[0],
        "--day",
        DAYS[1],
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-5000:]
    return folder / "warehouse"


@pytest.fixture(scope="module")
def runs(s3: S3Server, shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("standalone-on-s3")
    store, _ = store_of(ROOM)
    for file in (path for path in shop.rglob("*") if path.is_file()):
        store.write(f"standalone/logs/{file.relative_to(shop)}", file)
    build_code(folder / "dist")
    fetch_jars(S3A_PACKAGE, *S3A_NEEDS)
    spark = {"spark.jars.packages": S3A_PACKAGE, "spark.jars.ivy": str(CACHE)}
    spark |= {"spark.eventLog.enabled": "true", "spark.eventLog.dir": str(folder / "events")}
    (folder / "events").mkdir()
    config = _config(folder / "shop.yaml", f"{ROOM}/warehouse", f"{ROOM}/logs", "spark", {})
    seen = Runs(folder)
    with standalone_cluster(folder / "cluster") as cluster, _command_lines_watched(s3.secrets, seen.told):
        with _stopped_after(s3, puts=60):
            seen.done["stopped"] = _submit(cluster, folder, spark, config, DAYS[0])
        s3.start()
        seen.kept = contents(Warehouse(f"{ROOM}/warehouse"), f"{ROOM}/logs")
        seen.done["again"] = _submit(cluster, folder, spark, config, DAYS[0])
        before = len(s3.requests())
        seen.done["next"] = _submit(cluster, folder, spark, config, DAYS[1])
        seen.requests = s3.requests()[before:]
        for name, done in seen.done.items():
            (folder / f"{name}.out").write_text(done.stdout + done.stderr, encoding="utf-8")
        print(cluster.logs())
    return seen


def _config(file: Path, warehouse: str, logs: str, launcher: str, conf: dict[str, str]) -> Path:
    config = yaml.safe_load((ROOT / "conf" / "shop.yaml").read_text(encoding="utf-8"))
    del config["profiles"], config["audiences"]  # the bound on a day's requests is that of a day without them
    config["warehouse"], config["sources"]["root"] = warehouse, logs
    config["train"] = {**TRAIN, "launcher": launcher}
    config["spark"] = {"shuffle_partitions": 2, "conf": conf}
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return file


def _submit(
    cluster: Cluster, folder: Path, spark: dict[str, str], config: Path, day: str
) -> "subprocess.CompletedProcess[str]":
    (archive,) = (folder / "dist").glob("interest_spark-*.zip")
    settings = [part for key, value in spark.items() for part in ("--conf", f"{key}={value}")]
    job = [str(folder / "dist" / "jobs" / "daily.py"), "--config", str(config), "--day", day]
    return cluster.submit(["--py-files", str(archive), *settings, *job], folder, timeout=900)


@contextmanager
def _stopped_after(server: S3Server, puts: int) -> Iterator[None]:
    """Stop the server once so many more files have been written to it."""
    over, until = threading.Event(), server.count()["PutObject"] + puts

    def watch() -> None:
        while not over.wait(0.2):
            if server.count()["PutObject"] >= until:
                server.stop()
                return

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def _command_lines_watched(secrets: tuple[str, ...], told: list[str]) -> Iterator[None]:
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            for process in psutil.process_iter(["cmdline"]):
                line = " ".join(process.info["cmdline"] or ())
                told.extend(f"command line {line[:80]}" for secret in secrets if secret in line)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_server_that_is_stopped_ends_the_run_as_temporary(runs: Runs) -> None:
    stopped = runs.done["stopped"]
    said = stopped.stdout + stopped.stderr  # spark-submit sends all that Python says to its own standard output
    assert stopped.returncode == 75, said[-5000:]
    (error,) = [line for line in said.splitlines() if line.startswith("error: ")]
    assert "nothing unfinished was published" in error and "run the job again" in error


def test_what_was_committed_before_the_stop_is_whole_and_lists_are_not_among_it(
    runs: Runs, local: Path, shop: Path
) -> None:
    expected = contents(Warehouse(local), str(shop))
    assert runs.kept and runs.kept.items() <= expected.items()
    assert not {table for table, _, _ in runs.kept} & {"recommendations", "user_vectors"}


def test_the_rerun_and_the_next_day_complete(runs: Runs) -> None:
    for name, day in (("again", DAYS[0]), ("next", DAYS[1])):
        report = runs.report(name)
        assert (report["status"], report["day"]) == ("done", day)


def test_the_warehouse_holds_what_one_on_this_machine_holds(runs: Runs, local: Path, shop: Path) -> None:
    runs.report("next")
    expected = contents(Warehouse(local), str(shop))
    found = contents(Warehouse(f"{ROOM}/warehouse"), f"{ROOM}/logs")
    assert {key for key in expected if expected[key] != found.get(key)} == set()
    assert found.keys() == expected.keys()


def test_a_day_costs_some_hundred_requests_and_moves_nothing(runs: Runs) -> None:
    runs.report("next")
    operations = Counter(request.operation for request in runs.requests)
    kinds = Counter(f"{request.operation} {_kind(request.key)}" for request in runs.requests)
    print(f"requests of a day: {operations.total()}, {dict(operations.most_common())}, {dict(kinds.most_common())}")
    assert operations["CopyObject"] == 0
    assert operations.total() < 3000


def _kind(key: str) -> str:
    """What a request is about: a table's log, its data, …"""
    of_log = re.search(r"/([a-z_]+)/_delta_log/", key)
    return "log" if of_log else "data" if key.endswith(".parquet") else key.rpartition("/")[2] or "folder"


def test_the_secrets_stand_in_no_file_log_or_command_line(runs: Runs, s3: S3Server) -> None:
    assert runs.told == []
    places = [runs.folder, s3.bucket_folder, ROOT / "build" / "spark"]
    # Other tests' Spark deletes its scratch meanwhile: a walk passes over what has vanished.
    paths = (Path(folder, name) for place in places for folder, _, names in os.walk(place) for name in names)
    files = [path for path in paths if path.is_file() and not path.is_symlink()]
    assert any(path.parent.name == "events" for path in files)
    assert [str(path) for path in files if _holds(path, [secret.encode() for secret in s3.secrets])] == []


def _holds(path: Path, secrets: list[bytes]) -> bool:
    """Whether any stands in the file, also across two pieces of it."""
    rest = b""
    with suppress(FileNotFoundError), path.open("rb") as file:
        while piece := file.read(PIECE):
            if any(secret in rest + piece for secret in secrets):
                return True
            rest = piece[-max(map(len, secrets)) :]
    return False
