"""A real Airflow runs a small shop's nights by the DAGs of the built artefact, with real spark-submit."""

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from interest_spark.platform.distribution import build_code
from interest_spark.platform.java import ensure_java
from interest_spark.sources.synthetic import ShopPlan, generate_shop
from interest_spark.storage.warehouse import Warehouse
from tests.checkout import plain_environment
from tests.cluster.airflow_server import AIRFLOW, MISSING, Airflow, running_airflow, wait_until
from tests.readme import README, blocks
from tests.standalone_cluster import SPARK_HOME
from tests.warehouse_contents import contents

pytestmark = [
    pytest.mark.release,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not AIRFLOW.exists(), reason=MISSING),
]
ROOT = Path(__file__).parents[2]
FIRST, LAST_OF_SCHEDULE, LAST_OF_BACKFILL, BAD = "2026-01-01", "2026-01-03", "2026-01-06", "2026-01-07"
BLOCKED = "2026-01-08"
OF_README = "2026-01-09"
ZONE, OFFSET = "America/New_York", "-05:00"
NIGHT_SECONDS = 600
NOBODY = "spark://127.0.0.1"
CONFIG = {
    "ingest": {"catch_up_days": 0},
    "sequences": {"max_length": 17},
    "blocks": {"tokens": 16, "files": 1},
    "train": {"ranks": 1, "launcher": "local", "epochs": 1, "network": {"dim": 8, "layers": 1, "feed_forward": 8}},
    "score": {"k": 5},
    "evaluate": {"horizon_days": 2, "k": 5, "backtest": False},
    "spark": {"shuffle_partitions": 2, "driver_memory": "1g"},
}


@dataclass(frozen=True)
class Nights:
    """The shop, its warehouse that Airflow fills, and Airflow."""

    root: Path
    airflow: Airflow
    deployment: dict[str, Any]

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(str(self.root / "warehouse"))

    def deploy(self, **changes: Any) -> None:
        """Set the variable that the DAGs are configured by, and wait until they have been read with it."""
        self.airflow.command("variables", "set", "interest", json.dumps({**self.deployment, **changes}))
        since = datetime.now(timezone.utc).isoformat()

        def read() -> bool:
            found = {each["dag_id"]: each["last_parsed_time"] for each in self.airflow.get("dags")["dags"]}
            return found.get("interest_daily", "") > since

        wait_until(read, 120, "DAGs that are read anew")

    def connect(self, master: str) -> None:
        """Make this the Spark master of the connection."""
        if "spark_default" in self.airflow.command("connections", "list", "-o", "plain"):
            self.airflow.command("connections", "delete", "spark_default")
        host, _, port = master.partition("127.0.0.1:")
        where = ["--conn-host", f"{host}127.0.0.1", "--conn-port", port] if port else ["--conn-host", master]
        self.airflow.command("connections", "add", "spark_default", "--conn-type", "spark", *where)

    def backfill(self, first: str, last: str) -> None:
        """`airflow backfill create`; a night's interval begins on its day in the shop's zone."""
        span = between(first, last, "from", "to")
        self.airflow.command("backfill", "create", "--dag-id", "interest_daily", *span, "--max-active-runs", "1")

    def delivery(self, day: str) -> Path:
        return self.root / "shop" / "events" / f"dt={day}" / "broken.jsonl"


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    ensure_java()
    root = tmp_path_factory.mktemp("airflow")
    generate_shop(ShopPlan(users=60, items=40, days=9, seed=5), root / "shop")
    build_code(root / "dist")
    (archive,) = (root / "dist").glob("*.zip")
    for name, zone in (("warehouse", ZONE), ("backfilled", ZONE), ("readme", "UTC")):
        keys = yaml.safe_load((ROOT / "conf" / "shop.yaml").read_text(encoding="utf-8"))
        keys |= {**CONFIG, "warehouse": str(root / name), "shop": {"time_zone": zone}}
        keys["sources"]["root"] = str(root / "shop")
        (root / f"{name}.yaml").write_text(yaml.safe_dump(keys), encoding="utf-8")
    deployment = {
        "jobs": str(root / "dist" / "jobs"),
        "config": str(root / "warehouse.yaml"),
        "first_day": FIRST,
        "last_day": LAST_OF_SCHEDULE,
        "at": "00:30",
        "catchup": True,
        "retry_minutes": 0.1,
        "weekday": "thursday",  # the week from 2026-01-01 on
        "spark": {
            "submit": str(SPARK_HOME / "bin" / "spark-submit"),
            "py_files": str(archive),
            "driver_memory": "1g",
            "conf": {"spark.log.level": "WARN"},
            "env": {"PYSPARK_PYTHON": sys.executable, "SPARK_HOME": str(SPARK_HOME), "SPARK_LOCAL_IP": "127.0.0.1"},
        },
    }
    with running_airflow(root / "airflow", root / "dist" / "dags", plain_environment()) as airflow:
        found = Nights(root, airflow, deployment)
        found.connect("local[2]")
        found.deploy()
        yield found


@pytest.fixture(scope="module")
def three_nights(nights: Nights) -> Nights:
    """By the schedule."""
    nights.airflow.command("dags", "unpause", "interest_daily")
    nights.airflow.wait_for_runs("interest_daily", 3, 3 * NIGHT_SECONDS)
    return nights


@pytest.fixture(scope="module")
def six_nights(three_nights: Nights) -> Nights:
    """Three more by Airflow's own backfill."""
    three_nights.backfill("2026-01-04", LAST_OF_BACKFILL)
    three_nights.airflow.wait_for_runs("interest_daily", 6, 3 * NIGHT_SECONDS)
    return three_nights


def test_the_schedule_runs_the_nights_since_the_first_day(three_nights: Nights) -> None:
    assert three_nights.warehouse.days("recommendations") == days(FIRST, 3)
    reports = {path.name for path in (three_nights.root / "warehouse-reports").iterdir()}
    assert reports == {f"report-{day}.html" for day in days(FIRST, 3)}


def test_six_nights_hold_what_a_backfill_gives(six_nights: Nights) -> None:
    run(six_nights.root, "backfill", "backfilled", "--from", FIRST, "--day", LAST_OF_BACKFILL)
    found = contents(six_nights.warehouse)
    assert {day for table, day, _ in found if table == "recommendations"} == set(days(FIRST, 6))
    assert {day for table, day, _ in found if table == "metrics"} == set(days("2026-01-03", 4))
    assert found == contents(Warehouse(str(six_nights.root / "backfilled")))


def test_each_table_is_an_asset_that_its_job_updates(six_nights: Nights) -> None:
    events = six_nights.airflow.get("assets/events?limit=500")["asset_events"]
    found = {(each["name"].removeprefix("interest_"), each["source_task_id"]) for each in events}
    assert {("events", "ingest"), ("sequences", "sequences"), ("models", "train"), ("metrics", "evaluate")} <= found


def test_a_day_of_bad_data_fails_at_once_and_names_the_reason(six_nights: Nights) -> None:
    nights, before = six_nights, contents(six_nights.warehouse)
    nights.deploy(training="weekly")
    nights.delivery(BAD).write_text("broken\n" * 1000, encoding="utf-8")
    nights.backfill(BAD, BAD)
    log = log_of_ingest_that_failed_at_once(nights)
    assert "AirflowFailException" in log and "ingest left with exit code 3" in log and "not_json" in log
    after = contents(nights.warehouse)
    assert before.items() <= after.items()
    # The catalogue that came with the bad log is good, and was taken in before it.
    assert {table for table, _, _ in after.keys() - before.keys()} == {"items", "users", "ingest_ledger", "quarantine"}


def test_a_busy_day_is_retried_and_succeeds(six_nights: Nights) -> None:
    nights = six_nights
    nights.delivery(BAD).unlink(missing_ok=True)
    nights.connect(f"{NOBODY}:9")
    run_id = failed_run(nights)

    def ingest_of(run_id: str) -> Mapping[str, Any]:
        return nights.airflow.tasks("interest_daily", run_id)["ingest"]

    nights.airflow.command("tasks", "clear", "interest_daily", "--yes", *between(BAD, BAD, "start", "end"))
    wait_until(lambda: ingest_of(run_id)["state"] == "up_for_retry", NIGHT_SECONDS, "ingest that waits for its retry")
    nights.connect("local[2]")
    nights.airflow.wait_for_runs("interest_daily", 7, NIGHT_SECONDS)
    log = nights.airflow.log("interest_daily", "ingest", 2)
    assert "ingest left with exit code 75" in log and f"Spark master {NOBODY}:9 does not answer" in log
    assert BAD in nights.warehouse.days("recommendations")


def test_a_blocked_gate_stops_the_night_until_it_is_accepted(six_nights: Nights) -> None:
    nights, gates = six_nights, {"gates.warm_up_days": 4, "gates.least_events": 10}
    nights.deploy(training="weekly", set=gates)
    (delivered,) = nights.delivery(BLOCKED).parent.iterdir()
    events = [json.loads(line) for line in gzip.decompress(delivered.read_bytes()).splitlines()]
    lines = [json.dumps({**each, "price": None}) for each in events]
    delivered.write_bytes(gzip.compress("\n".join(lines).encode()))
    nights.backfill(BLOCKED, BLOCKED)
    log = log_of_ingest_that_failed_at_once(nights)
    assert "ingest left with exit code 3" in log and "nulls:price 1 is above" in log
    assert f"interest gates --accept {BLOCKED}" in log
    assert BLOCKED not in nights.warehouse.days("sequences")
    accepted = ["--accept", BLOCKED, "--reason", "prices are not logged any more"]
    run(nights.root, "gates", "warehouse", *accepted)
    nights.airflow.command("tasks", "clear", "interest_daily", "--yes", *between(BLOCKED, BLOCKED, "start", "end"))
    nights.airflow.wait_for_runs("interest_daily", 8, NIGHT_SECONDS)
    assert BLOCKED in nights.warehouse.days("recommendations")


def test_a_week_trains_once_and_nights_score_with_the_newest_model(six_nights: Nights) -> None:
    nights = six_nights
    assert trained_for(nights, BAD) == {LAST_OF_BACKFILL}
    nights.airflow.command("dags", "unpause", "interest_weekly")
    nights.airflow.wait_for_runs("interest_weekly", 1, NIGHT_SECONDS)
    assert nights.warehouse.days("models") == days(FIRST, 7)


def test_a_reader_of_the_readme_gets_a_green_night(nights: Nights) -> None:
    """The block that configures an empty Airflow and runs the first night; the shop lies where `make run` puts it."""
    (block,) = (each.text for each in blocks(README.read_text(encoding="utf-8")) if "variables set" in each.text)
    (nights.root / ".venv").symlink_to(sys.prefix)
    (nights.root / "run").mkdir()
    (nights.root / "run" / "shop").symlink_to(nights.root / "shop")
    empty(nights)
    environment = {**nights.airflow.environment, "CONFIG": str(nights.root / "readme.yaml"), "DAY": OF_README}
    command = ["bash", "-euo", "pipefail", "-c", block]
    typed = subprocess.run(command, cwd=nights.root, env=environment, capture_output=True, text=True, timeout=300)
    assert typed.returncode == 0, f"{typed.stdout[-3000:]}{typed.stderr[-3000:]}"
    nights.airflow.wait_for_runs("interest_daily", 1, NIGHT_SECONDS)
    assert Warehouse(str(nights.root / "run" / "nights")).days("recommendations") == [OF_README]


def empty(nights: Nights) -> None:
    """Let Airflow forget the deployment and its nights: a scheduler that still knows the DAG of another time zone makes
    a run without a task where that DAG begins later.
    """
    nights.airflow.command("connections", "delete", "spark_default")
    nights.airflow.command("variables", "delete", "interest")
    wait_until(lambda: nights.airflow.get("importErrors")["import_errors"], 120, "DAGs without a deployment")
    nights.airflow.command("dags", "delete", "interest_daily", "--yes")


def trained_for(nights: Nights, day: str) -> set[str]:
    """The last days of the models that made a day's suggestions."""
    models = nights.warehouse.read_small("models").to_pylist()
    last = {row["model_version"]: row["trained_through"] for row in models}
    return {last[row["model_version"]] for row in nights.warehouse.read_small("recommendations", day=day).to_pylist()}


def log_of_ingest_that_failed_at_once(nights: Nights) -> str:
    """That of the one run that fails, in which ingest was tried once and nothing but the report ran after it."""
    tasks = nights.airflow.tasks("interest_daily", failed_run(nights))
    assert {name: task["state"] for name, task in tasks.items()} == {
        "ingest": "failed",
        **dict.fromkeys(("sequences", "profiles", "audience", "score", "evaluate"), "upstream_failed"),
        "report": "success",
    }
    assert tasks["ingest"]["try_number"] == 1
    return str(nights.airflow.log("interest_daily", "ingest", 1))


def failed_run(nights: Nights) -> str:
    """The id of the one run that has failed, as soon as there is one."""

    def failed() -> list[str]:
        return [key for key, run in nights.airflow.runs("interest_daily").items() if run["state"] == "failed"]

    (run_id,) = wait_until(failed, NIGHT_SECONDS, "failed run")
    return str(run_id)


def between(first: str, last: str, since: str, until: str) -> list[str]:
    """Options for the nights of these days: the shop's midnight, as Airflow takes a time without an offset for UTC."""
    return [f"--{since}-date", f"{first}T00:00:00{OFFSET}", f"--{until}-date", f"{last}T23:59:59{OFFSET}"]


def days(first: str, count: int) -> list[str]:
    return [f"{first[:-2]}{int(first[-2:]) + place:02d}" for place in range(count)]


def run(root: Path, job: str, name: str, *arguments: str) -> None:
    """A job on this machine, from the source tree."""
    command = [sys.executable, "-m", f"jobs.{job}", "--config", str(root / f"{name}.yaml"), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
