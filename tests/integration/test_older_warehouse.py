"""A warehouse that release 0.1 wrote is read, scored and continued, wherever it lies now."""

import json
import tarfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars
import pytest

from interest_spark.config.deployment import Config
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import plan_steps
from interest_spark.steps.nightly import job
from interest_spark.storage.warehouse import Warehouse
from jobs import maintain
from tests.runs import run_daily, run_job

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.usefixtures("spark"), pytest.mark.slow]
FIXTURE = Path(__file__).parents[1] / "fixtures" / "warehouse_of_release_0_1.tar.gz"
LAST, NEXT = date(2026, 1, 4), date(2026, 1, 5)
KINDS = ("events", "items", "users")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with tarfile.open(FIXTURE) as packed:
        packed.extractall(tmp_path, filter="data")
    return tmp_path


@pytest.fixture
def config(root: Path) -> Config:
    sources: dict[str, Any] = {kind: {"path": f"{kind}/dt={{day}}/*.jsonl*"} for kind in KINDS}
    network = {"dim": 8, "layers": 1, "feed_forward": 8, "inputs": ["behavior"]}
    training = {"launcher": "local", "epochs": 1, "batch_blocks": 4, "network": network}
    return Config.model_validate(
        {
            "warehouse": str(root / "warehouse"),
            "sources": {"root": str(root / "shop"), **sources},
            "spark": {"shuffle_partitions": 1},
            "sequences": {"max_length": 31},
            "blocks": {"tokens": 30, "files": 1},
            "train": training,
            "score": {"k": 3},
            "evaluate": {"horizon_days": 1, "k": 3, "backtest": False},
        }
    )


def expected(root: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((root / "expected.json").read_text(encoding="utf-8"))
    return values


def recommended(warehouse: Warehouse, day: date) -> dict[str, list[list[str]]]:
    lists: dict[str, list[list[str]]] = {}
    rows = warehouse.read_small("recommendations", day=day.isoformat(), name="sasrec").sort_by("rank").to_pylist()
    for row in rows:
        lists.setdefault(row["user_id"], []).append([row["item_id"], row["source"]])
    return lists


def numbers(warehouse: Warehouse) -> dict[str, int]:
    vocab = warehouse.read_small("vocab")
    return dict(zip(vocab["item_id"].to_pylist(), vocab["item_index"].to_pylist(), strict=True))


def test_an_old_day_is_read_and_scored_anew_with_its_own_model(config: Config, root: Path) -> None:
    warehouse = Warehouse(config.warehouse)
    assert recommended(warehouse, LAST) == expected(root)["recommendations"]
    context = RunContext(config, LAST)
    (planned,) = plan_steps(job("score", context))
    assert (planned.state, planned.reason) == (
        "would run",
        "it was made by release 0.1, which did not record what from",
    )
    assert run_job("score", context).status == "done"
    assert recommended(warehouse, LAST) == expected(root)["recommendations"]
    assert run_job("score", context).status == "nothing_to_do"


def test_the_next_day_continues_it(spark: "SparkSession", config: Config, root: Path) -> None:
    warehouse = Warehouse(config.warehouse)
    before = warehouse.open("events").read(spark, through=LAST.isoformat()).orderBy("source_file", "source_line")
    rows = before.collect()
    run_daily(RunContext(config, NEXT))
    after = warehouse.open("events").read(spark, through=LAST.isoformat()).orderBy("source_file", "source_line")
    assert after.collect() == rows
    old_numbers = expected(root)["vocab"]
    assert old_numbers.items() <= numbers(warehouse).items()
    assert len(set(numbers(warehouse).values())) == len(numbers(warehouse))
    users = {row.user_id for row in warehouse.open("sequences").read(spark, day=NEXT.isoformat()).collect()}
    assert set(recommended(warehouse, NEXT)) == users >= set(expected(root)["recommendations"])
    judged = warehouse.read_small("metrics", day=NEXT.isoformat(), name="sasrec")
    assert judged.num_rows > 0  # by the lists that release 0.1 served the day before
    assert recommended(warehouse, LAST) == expected(root)["recommendations"]
    assert run_daily(RunContext(config, NEXT)).status == "nothing_to_do"


def test_maintain_moves_its_files_to_where_every_reader_takes_them(config: Config, root: Path) -> None:
    warehouse = Warehouse(config.warehouse)
    before = warehouse.read_small("sequences").to_pylist()
    settings = config.maintain.model_copy(update={"keep_days": {"sequences": None}})
    context = RunContext(config.model_copy(update={"maintain": settings}), NEXT)
    assert maintain.run(context).details["compacted"]["sequences"] == 3
    assert warehouse.read_small("sequences").to_pylist() == before
    found = polars.scan_delta(str(warehouse.root / "sequences")).collect()
    assert found.height == len(before)
    assert recommended(warehouse, LAST) == expected(root)["recommendations"]
    again = maintain.run(replace(context, run_id="again"))
    assert "compacted" not in again.details or again.details["compacted"] == {}
