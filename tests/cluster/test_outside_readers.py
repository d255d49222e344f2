"""Delta's own reader, Polars and pyarrow read every published table and agree with this project on a day's rows."""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from interest_spark.schemas.tables import SLICED_BY, TABLES
from interest_spark.sources.synthetic import ShopPlan, generate_shop
from interest_spark.storage.warehouse import Warehouse
from tests.cluster.maven import CACHE, fetch_jars
from tests.readme import README, ROOT, files

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
READER = Path(__file__).with_name("outside_reader.py")
LOCK = ROOT / "conf" / "requirements-readers.lock"
DELTA_SPARK = "io.delta:delta-spark_2.12:3.3.2"
DAY = "2026-01-06"

OF_SETTINGS_THAT_ARE_OFF = {
    *("promotions", "comparisons", "restated_sequences"),
    *("campaigns", "coupons", "coupon_figures", "churn_models", "churn", "churn_outcomes", "taste_clusters", "tastes"),
    *("opt_outs", "consents", "seeds"),
}


@pytest.fixture(scope="module")
def readers() -> Path:
    """The Python of an environment with the readers, made once for all tests of the checkout."""
    folder = ROOT / "build" / f"readers-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    folder.parent.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
            done = subprocess.run([*pip, "--no-deps", "-r", str(LOCK)], capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"the readers cannot be installed: {done.stderr.strip().splitlines()[-1]}")
            (folder / "whole").touch()
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """What the daily run leaves after two days of a small shop."""
    folder = tmp_path_factory.mktemp("readers")
    generate_shop(ShopPlan(users=80, items=40, days=6, seed=3), folder / "shop")
    command = [sys.executable, "-m", "jobs.cli", "daily", "--config", "conf/shop.yaml", "--day", DAY]
    settings = [f"warehouse={folder / 'warehouse'}", f"sources.root={folder / 'shop'}", "train.ranks=1"]
    settings += ["train.epochs=1", "evaluate.horizon_days=2"]
    sets = [part for each in settings for part in ("--set", each)]
    done = subprocess.run([*command, *sets], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return Warehouse(folder / "warehouse")


def days_of(warehouse: Warehouse) -> dict[str, str]:
    """The newest day of each table that has any."""
    return {table: days[-1] for table in TABLES if (days := warehouse.days(table))}


def plain(value: Any) -> Any:
    """The same for all readers: maps and structs as pairs, times in UTC."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or timezone.utc).astimezone(timezone.utc).isoformat()
    if isinstance(value, Mapping):
        return tuple(plain(each) for each in value.values())
    if isinstance(value, list | tuple):
        return tuple(map(plain, value))
    return value


def rows_of(table: str, records: list[dict[str, Any]]) -> list[str]:
    names = [*TABLES[table].names, *([SLICED_BY[table]] if table in SLICED_BY else [])]
    return sorted(repr([plain(record[name]) for name in names]) for record in records)


def expected(warehouse: Warehouse, table: str, day: str) -> list[str]:
    found = warehouse.open(table)
    records = []
    for each in found.slices(day=day):
        own = found.read_small(day=day, name=each.name).to_pylist()
        records += [{**record, SLICED_BY.get(table, ""): each.name} for record in own]
    return rows_of(table, records)


def run_reader(python: Path, reader: str, warehouse: Warehouse, out: Path, **environment: str) -> None:
    out.mkdir()
    days = [f"{table}={day}" for table, day in days_of(warehouse).items()]
    command = [str(python), str(READER), reader, str(warehouse.root), str(out), *days]
    plain_environment = {"PATH": os.environ["PATH"], "HOME": str(out), **environment}
    done = subprocess.run(command, env=plain_environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-4000:]


def check(warehouse: Warehouse, out: Path) -> None:
    days = days_of(warehouse)
    assert TABLES.keys() - days.keys() <= OF_SETTINGS_THAT_ARE_OFF
    for table, day in days.items():
        assert rows_of(table, pq.read_table(out / f"{table}.parquet").to_pylist()) == expected(warehouse, table, day)


@pytest.mark.parametrize("reader", ["polars", "pyarrow"])
def test_python_s_readers(readers: Path, warehouse: Warehouse, tmp_path: Path, reader: str) -> None:
    run_reader(readers, reader, warehouse, tmp_path / "out")
    check(warehouse, tmp_path / "out")


def spark_arguments() -> dict[str, str]:
    fetch_jars(DELTA_SPARK, "io.delta:delta-storage:3.3.2")
    settings = {
        "spark.jars.packages": DELTA_SPARK,
        "spark.jars.ivy": str(CACHE),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
    }
    confs = " ".join(f"--conf {key}={value}" for key, value in settings.items())
    return {"PYSPARK_SUBMIT_ARGS": f"--master local[2] --driver-memory 1g {confs} pyspark-shell"}


def test_delta_s_own_reader(warehouse: Warehouse, tmp_path: Path) -> None:
    java = {name: os.environ[name] for name in ("JAVA_HOME",) if name in os.environ}
    environment = {**spark_arguments(), **java, "SPARK_LOCAL_IP": "127.0.0.1"}
    run_reader(Path(sys.executable), "delta_spark", warehouse, tmp_path / "out", **environment)
    check(warehouse, tmp_path / "out")


@pytest.mark.parametrize("name", ["read_polars.py", "read_pyarrow.py", "read_delta_spark.py"])
def test_what_readme_shows_works(readers: Path, warehouse: Warehouse, tmp_path: Path, name: str) -> None:
    (text,) = (block.text for block in files(README.read_text(encoding="utf-8")) if block.title == name)
    assert len(text.splitlines()) <= 5
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "warehouse").symlink_to(warehouse.root)
    program = tmp_path / name
    program.write_text(text.replace("2026-01-30", DAY), encoding="utf-8")
    python, environment = readers, {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    if "spark" in name:
        python, environment = Path(sys.executable), {**environment, **spark_arguments(), "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run(
        [str(python), str(program)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "model_version" in done.stdout
