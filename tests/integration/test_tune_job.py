"""`interest tune` on a small shop: what it leaves, and that the days which will judge are none of its business."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
import pytest
import yaml
from click.testing import CliRunner, Result

from interest_spark.config.file import load_config
from interest_spark.storage.warehouse import Warehouse
from jobs.cli import command
from tests.tuned_shop import CUTOFF, DAY, write_shop

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow


def run(job: str, config: Path, *options: str) -> Result:
    return CliRunner().invoke(command, [job, "--config", str(config), "--day", DAY, *options])


def tune(config: Path, folder: Path, trials: int, *options: str) -> Result:
    space = str(config.with_name("space.yaml"))
    return run("tune", config, "--space", space, "--folder", str(folder), "--trials", str(trials), *options)


def report_of(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, (done.stderr[-3000:], done.exception)
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def figures(folder: Path) -> list[tuple[dict[str, Any], Sequence[float]]]:
    """Each trial's settings and its NDCG after every epoch."""
    study = optuna.load_study(study_name="tune", storage=f"sqlite:///{folder / 'study.db'}")
    return [(trial.params, list(trial.intermediate_values.values())) for trial in study.trials]


@pytest.fixture(scope="module")
def shop(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = write_shop(tmp_path_factory.mktemp("tuned"))
    report_of(run("ingest", config))
    return config


@pytest.fixture(scope="module")
def tuned(shop: Path) -> tuple[Path, dict[str, Any]]:
    folder = shop.with_name("study")
    return folder, report_of(tune(shop, folder, 3))


def test_the_best_trial_becomes_a_configuration_that_jobs_take(shop: Path, tuned: tuple[Path, dict[str, Any]]) -> None:
    folder, report = tuned
    found = report["tuning"]
    assert (report["status"], found["day"], found["trials"]) == ("done", CUTOFF, 3)
    assert found["ndcg"] == max(max(values) for _, values in figures(folder)) >= found["first_ndcg"] > 0
    best = load_config(folder / "best.yaml")
    settings, _ = figures(folder)[found["best_trial"] - 1]
    assert best.train.network.dim == settings["train.network.dim"]  # type: ignore[union-attr]
    assert best.train.optimizer.learning_rate == settings["train.optimizer.learning_rate"]
    expected = load_config(shop, found["set"])
    assert best.model_copy(update={"sources": None}) == expected.model_copy(update={"sources": None})
    assert best.sources.events == expected.sources.events  # with the root in its path
    assert (folder / "best.yaml").stat().st_mode & 0o077 == 0
    assert {path.name for path in folder.iterdir() if path.is_file()} == {
        *("best.yaml", "history.svg", "importance.svg", "study.db", "lock")
    }
    (blocks,) = [path.name for path in folder.iterdir() if path.is_dir()]  # packed once; no weights are kept
    assert blocks.startswith("blocks-")


def test_nothing_is_published(shop: Path, tuned: tuple[Path, dict[str, Any]]) -> None:
    warehouse = Warehouse(load_config(shop).warehouse)
    assert [warehouse.version(table) for table in ("models", "train_blocks", "recommendations")] == [-1] * 3
    assert not (shop.with_name("warehouse") / "bundles").exists()


def test_a_finished_study_is_left_alone_and_goes_on_for_more_trials(
    shop: Path, tuned: tuple[Path, dict[str, Any]]
) -> None:
    folder, report = tuned
    before, seen = (folder / "best.yaml").read_bytes(), figures(folder)
    again = report_of(tune(shop, folder, 3))
    assert again["status"] == "nothing_to_do"
    assert again["tuning"] == report["tuning"]
    assert (folder / "best.yaml").read_bytes() == before
    late = report_of(tune(shop, folder, 30, "--minutes", "0.0001"))  # over before it begins
    assert late["tuning"]["trials"] <= 4 and figures(folder)[:3] == seen
    done = tune(shop, folder, 3, "--set", "train.epochs=1")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "begun with another train.epochs" in done.stderr


def test_the_judged_days_are_not_read(
    spark: "SparkSession", shop: Path, tuned: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """Without a single file of the days after the cutoff, raw or committed, the same trials reach the same figures."""
    shutil.copytree(shop.parent, tmp_path / "copy", ignore=shutil.ignore_patterns("study"))
    later = [path for path in (tmp_path / "copy").rglob("dt=*") if path.name.removeprefix("dt=") > CUTOFF]
    assert {"dt=2026-01-07", "dt=2026-01-08"} == {path.name for path in later}
    for path in later:
        shutil.rmtree(path)
    keys = yaml.safe_load(shop.read_text(encoding="utf-8"))
    keys |= {"warehouse": str(tmp_path / "copy/warehouse")}
    keys["sources"]["root"] = str(tmp_path / "copy/shop")
    config = tmp_path / "copy/shop.yaml"
    config.write_text(yaml.safe_dump(keys), encoding="utf-8")
    report_of(tune(config, tmp_path / "study", 2))
    assert figures(tmp_path / "study") == figures(tuned[0])[:2]


def test_mistakes_are_told_before_anything_is_made(shop: Path, tmp_path: Path) -> None:
    done = run("tune", shop, "--set", "train.network.dim=15", "--space", str(tmp_path / "none.yaml"))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "none.yaml" in done.stderr and "--space" in done.stderr
