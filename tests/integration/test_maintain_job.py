"""Maintain: what no table version and no model names goes, once it is old; the rest stays."""

import os
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from interest_spark.pipeline.context import RunContext
from jobs import maintain
from tests.integration.warehouse_world import commit, commit_model, config_of, event

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DAY = "2026-01-10"


def run(root: Path, **sections: object) -> dict[str, int]:
    outcome = maintain.run(RunContext(config_of(root, **sections), date.fromisoformat(DAY)))
    removed: dict[str, int] = outcome.details["deleted"]
    return removed


def age(path: Path, hours: float) -> None:
    """Make the path and all below it that much older."""
    then = time.time() - hours * 3600
    for each in (path, *path.rglob("*")):
        os.utime(each, (then, then))


def test_replaced_and_abandoned_files_go_when_they_are_old(spark: "SparkSession", tmp_path: Path) -> None:
    for items in (["a"], ["b"]):
        commit(spark, tmp_path, "events", DAY, [event("u", item, DAY) for item in items])
    killed = tmp_path / "events" / "run=20260110T010203-0123abcd"  # release 0.1's
    abandoned = killed / f"dt={DAY}"
    abandoned.mkdir(parents=True)
    (abandoned / "part-0.parquet").write_bytes(b"half")
    assert run(tmp_path) == {}
    age(killed, hours=200)
    assert run(tmp_path) == {"events": 1}
    assert not abandoned.parent.exists()
    assert run(tmp_path) == {}


def test_bundles_of_models_stay_also_where_the_warehouse_is_mounted_elsewhere(
    spark: "SparkSession", tmp_path: Path
) -> None:
    root = tmp_path / "warehouse"
    commit_model(spark, root, DAY, [2, 3], 4)
    orphan = root / "bundles" / ".killed.work"
    orphan.mkdir()
    for path in (root / "bundles").iterdir():
        age(path, hours=200)
    elsewhere = tmp_path / "mount"
    elsewhere.symlink_to(root)
    assert run(elsewhere) == {"bundles": 1}
    assert [path.name for path in (root / "bundles").iterdir()] == [f"m-{DAY}"]
