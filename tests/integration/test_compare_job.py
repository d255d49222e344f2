"""`interest compare` on a small shop: each model judged as `evaluate` judges it, and nothing served is touched."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from interest_spark.config.file import load_config
from interest_spark.storage.warehouse import Warehouse
from jobs.cli import command
from tests.tuned_shop import CUTOFF, DAY, write_shop

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

MODELS = "sasrec,narrow,item_to_item,popularity"
NARROW = {"models": {"narrow": {"train.network.dim": 4, "train.epochs": 1}}}


def run(job: str, config: Path, *options: str, day: str = DAY) -> Result:
    return CliRunner().invoke(command, [job, "--config", str(config), "--day", day, *options])


def report_of(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, (done.stderr[-3000:], done.exception)
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def rows(warehouse: Warehouse, names: str) -> dict[tuple[str, str], dict[str, Any]]:
    found = warehouse.read_small("comparisons", day=DAY, name=names.replace(",", "+")).to_pylist()
    return {(row["model"], row["metric"]): row for row in found}


@pytest.fixture(scope="module")
def shop(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop that served a model of the cutoff, which was judged already."""
    config = write_shop(tmp_path_factory.mktemp("compared"), compare=NARROW)
    report_of(run("ingest", config))
    for job in ("sequences", "train", "score"):
        report_of(run(job, config, day=CUTOFF))
    for job in ("sequences", "evaluate"):
        report_of(run(job, config))
    return config


@pytest.fixture(scope="module")
def compared(shop: Path) -> Result:
    return run("compare", shop, "--models", MODELS)


@pytest.fixture
def warehouse(shop: Path) -> Warehouse:
    return Warehouse(load_config(shop).warehouse)


def test_models_get_the_figures_that_evaluation_gives_them(compared: Result, warehouse: Warehouse) -> None:
    report_of(compared)
    found = rows(warehouse, MODELS)
    rows_of_day = warehouse.read_small("metrics", day=DAY).to_pylist()
    judged = {(row["slice"], row["metric"]): row for row in rows_of_day if row["against"] is None}
    assert list(found) == [(model, f"{metric}@10") for model in MODELS.split(",") for metric in ("recall", "ndcg")]
    for model, slice_name in (("sasrec", "model"), ("popularity", "popularity")):
        for metric in ("recall@10", "ndcg@10"):
            row, expected = found[model, metric], judged[slice_name, metric]
            assert (row["value"], row["users"]) == (pytest.approx(expected["value"], abs=2e-9), expected["users"])
            assert row["low"] <= row["value"] <= row["high"]
            # Bootstrap and normal approximation agree but for some percent of their width.
            assert row["low"] == pytest.approx(expected["low"], abs=0.2 * (expected["high"] - expected["low"]))


def test_differences_are_to_the_first_and_paired(compared: Result, warehouse: Warehouse) -> None:
    found = rows(warehouse, MODELS)
    for (model, metric), row in found.items():
        first = found["sasrec", metric]
        if model == "sasrec":
            assert (row["difference"], row["difference_low"], row["difference_high"]) == (None, None, None)
            continue
        assert row["difference"] == pytest.approx(row["value"] - first["value"], abs=3e-9)
        assert row["difference_low"] <= row["difference"] <= row["difference_high"]


def test_what_training_took_stands_beside_it(compared: Result, warehouse: Warehouse) -> None:
    found = rows(warehouse, MODELS)
    trained, narrow, neighbours, popularity = (found[model, "ndcg@10"] for model in MODELS.split(","))
    assert trained["parameters"] > 3 * narrow["parameters"] > 0
    assert 100 < narrow["peak_memory_mb"] < 4_000 and narrow["train_seconds"] > 0
    assert neighbours["parameters"] > 0 and neighbours["peak_memory_mb"] is None  # fitted inside Spark's tasks
    told_by_training = ("model_version", "parameters", "train_seconds", "peak_memory_mb")
    assert [popularity[name] for name in told_by_training] == [None] * 4
    assert "narrow" in compared.stdout and "users were judged" in compared.stdout


def test_nothing_that_was_served_is_touched(compared: Result, warehouse: Warehouse) -> None:
    for table in ("models", "recommendations", "user_vectors"):
        names = {each.name for each in warehouse.open(table).slices(day=CUTOFF)}
        assert names == {"sasrec", *(f"backtest-compare-{each}" for each in MODELS.split(",")[:3])}, table
    assert {each.name for each in warehouse.open("gates").slices()} == {"ingest", "publish-sasrec"}


def test_what_is_trained_is_not_trained_again(shop: Path, compared: Result, warehouse: Warehouse) -> None:
    before = warehouse.version("models")
    assert report_of(run("compare", shop, "--models", MODELS))["status"] == "nothing_to_do"
    again = run("compare", shop, "--models", "narrow,sasrec")  # only the judgement is new
    assert report_of(again)["rows"] == {"comparisons": 4}
    assert warehouse.version("models") == before
    turned, found = rows(warehouse, "narrow,sasrec"), rows(warehouse, MODELS)
    there, back = found["narrow", "ndcg@10"], turned["sasrec", "ndcg@10"]
    assert back["difference"] == pytest.approx(-there["difference"], abs=3e-9)


def test_several_seeds_are_judged_by_their_mean_for_each_user(
    shop: Path, compared: Result, warehouse: Warehouse
) -> None:
    one = rows(warehouse, MODELS)["narrow", "ndcg@10"]
    done = run("compare", shop, "--models", "narrow,item_to_item", "--seeds", "2")
    assert report_of(done)["rows"]["models"] == 1  # of the second seed; the first one is there
    found = rows(warehouse, "narrow,item_to_item-2-seeds")
    narrow, neighbours = found["narrow", "ndcg@10"], found["item_to_item", "ndcg@10"]
    assert (narrow["seeds"], neighbours["seeds"], neighbours["seed_deviation"]) == (2, 1, None)
    second = 2 * narrow["value"] - one["value"]
    assert narrow["seed_deviation"] == pytest.approx(abs(second - one["value"]) / 2**0.5, abs=1e-8) and second > 0
    assert neighbours["difference"] == pytest.approx(neighbours["value"] - narrow["value"], abs=3e-9)
    assert "2, ±" in done.stdout


def test_mistakes_end_before_anything_is_made(shop: Path) -> None:
    done = run("compare", shop, "--models", "sasrec,wide")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "unknown model 'wide'" in done.stderr
