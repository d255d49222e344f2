"""`interest backtest` on a small shop: every judged day has a model of its own, and nothing served is touched."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from interest_spark.config.file import load_config
from interest_spark.models.published import model_of
from interest_spark.models.served import load_model
from interest_spark.storage.bundles import read_config
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from jobs.cli import command
from tests.tuned_shop import DAY, write_shop

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NAME = "backtest-compare-rolling-item_to_item"


def run(job: str, config: Path, *options: str) -> Result:
    return CliRunner().invoke(command, [job, "--config", str(config), *options])


def backtest(config: Path, *options: str, first: str = "2026-01-06") -> dict[str, Any]:
    days = ("--from", first, "--to", DAY, "--every", "2d", "--folder", str(config.parent / "plots"))
    done = run("backtest", config, *days, *options)
    assert done.exit_code == 0, (done.stderr[-3000:], done.exception)
    assert "ndcg@10" in done.stdout and "own_frequency" in done.stdout
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


@pytest.mark.slow
def test_days_are_judged_under_names_of_their_own_and_once(spark: "SparkSession", tmp_path: Path) -> None:
    config = write_shop(tmp_path, collaborative={"kind": "item_to_item"}, gates={"enabled": False})
    warehouse = Warehouse(load_config(config).warehouse)
    assert run("ingest", config, "--day", DAY).exit_code == 0
    assert backtest(config, first=DAY)["days"] == {DAY: "done"}
    report = backtest(config)
    assert report["days"] == {"2026-01-06": "done", DAY: "nothing_to_do"}
    assert [Path(each).name for each in report["plots"]] == ["figures.svg", "figures.png"]
    assert all(Path(each).stat().st_size > 5_000 for each in report["plots"])
    for table, days in {"metrics": ("2026-01-06", DAY), "models": ("2026-01-04", "2026-01-06")}.items():
        assert warehouse.open(table).slices() == [Slice(day, NAME) for day in days], table
    judged = warehouse.read_small("metrics", day=DAY, name=NAME).to_pylist()
    (model,) = {row["model_version"] for row in judged}
    assert model.startswith("2026-01-06-")  # trained on what was known at the cutoff alone
    assert backtest(config)["status"] == "nothing_to_do"

    found = model_of(warehouse.files("models", day="2026-01-06")[0], warehouse.root)
    origin = read_config(found.path)["origin"]
    assert origin["data"]["sequences"] in warehouse.files("sequences", day="2026-01-06")[0]
    assert all(len(origin[name]) == 32 for name in ("code", "configuration"))
    assert load_model(found).model_version == found.version


def test_the_distance_of_days_is_written_with_its_unit(tmp_path: Path) -> None:
    config = write_shop(tmp_path)
    done = run("backtest", config, "--from", "2026-01-06", "--to", DAY, "--every", "weekly")
    assert done.exit_code == 2 and "'weekly' is no number of days; write it as 7d" in done.output
    done = run("backtest", config, "--from", DAY, "--to", "2026-01-06")
    assert done.exit_code == 2 and f"--from {DAY} is after" in done.output
