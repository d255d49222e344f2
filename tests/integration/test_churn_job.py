"""Churn warnings by the job, in a small shop whose churners are planted."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from interest_spark.config.deployment import Config
from interest_spark.pipeline.context import RunContext
from interest_spark.storage.warehouse import Warehouse
from jobs import churn
from tests.churn_world import FIRST, ChurnShop, days_for, planted, put_buckets
from tests.integration.warehouse_world import config_of

pytestmark = pytest.mark.usefixtures("spark")

LAST = FIRST + timedelta(139)
SETTINGS: Mapping[str, Any] = {
    "gap_days": 7,
    "horizon_days": 14,
    "rhythm_least_days": 7,
    "rhythm_most_days": 21,
    "active_days": 45,
    "cutoffs": 2,
    "trees": 40,
}
DAYS = days_for(LAST, 28, 2, 7)


@pytest.fixture(scope="module")
def shop() -> tuple[ChurnShop, Mapping[str, date | None]]:
    return planted(700, 140, seed=1)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, shop: tuple[ChurnShop, Any]) -> Path:
    found = tmp_path_factory.mktemp("churn")
    shop[0].put(Warehouse(found), DAYS, LAST)
    return found


def config(root: Path, **settings: Any) -> Config:
    return config_of(root, profiles={}, churn={**SETTINGS, **settings})


def rows(root: Path, table: str, day: date = LAST) -> pl.DataFrame:
    return pl.DataFrame(Warehouse(root).read_small(table, day=day.isoformat()))


@pytest.fixture(scope="module")
def made(root: Path, spark: Any) -> Path:
    outcome = churn.run(RunContext(config(root), LAST))
    assert outcome.status == "done"
    assert set(outcome.details["churn_model"]) >= {"model_version", "auc", "recall"}
    return root


def test_planted_churners_are_warned_of(made: Path, shop: tuple[ChurnShop, Mapping[str, date | None]]) -> None:
    (model,) = rows(made, "churn_models").to_dicts()
    assert model["reason"] is None
    assert model["cutoffs"] == [each.isoformat() for each in DAYS[:2]]
    assert model["validated_on"] == DAYS[2].isoformat()
    assert model["auc"] > 0.7
    found = rows(made, "churn")
    left = shop[1]
    fading = [user for user in found["user_id"] if left[user] and left[user] <= LAST + timedelta(14)]
    staying = [user for user in found["user_id"] if not left[user] or left[user] > LAST + timedelta(50)]
    bands = dict(found.select("user_id", "band").iter_rows())
    assert np.mean([bands[user] == "high" for user in fading]) > 0.7
    assert np.mean([bands[user] == "high" for user in staying]) < 0.3


def test_each_warning_has_its_reasons_and_nobody_else_has(made: Path) -> None:
    found = rows(made, "churn").with_columns(number=pl.col("reasons").list.len())
    assert found.filter(pl.col("band") == "high")["number"].min() >= 1
    assert found.filter(pl.col("band") == "high")["number"].max() == 3
    assert found.filter(pl.col("band") != "high")["number"].max() == 0
    sentences = found["reasons"].explode().drop_nulls().to_list()
    assert all(" (+" in each for each in sentences)


def test_the_second_run_does_nothing(made: Path) -> None:
    assert churn.run(RunContext(config(made), LAST)).status == "nothing_to_do"


def test_made_again_it_is_the_same(made: Path) -> None:
    before = rows(made, "churn"), rows(made, "churn_models")
    assert churn.run(RunContext(config(made), LAST, force=True)).status == "done"
    assert before[1].equals(rows(made, "churn_models"))
    assert before[0].sort("user_id").equals(rows(made, "churn").sort("user_id"))


def columns_of(found: pl.DataFrame) -> pl.DataFrame:
    return found.sort("user_id").drop("model_version")


def test_no_later_event_changes_a_warning(made: Path, shop: tuple[ChurnShop, Any], tmp_path: Path) -> None:
    rng, known = np.random.default_rng(7), shop[0]
    lines = known.events.sample(200, seed=2)
    happened = [LAST + timedelta(int(each)) for each in rng.integers(1, 60, 200)]
    noon = pl.Series(happened).cast(pl.Datetime("us", "UTC")) + timedelta(hours=12)
    later = ChurnShop(pl.concat([known.events, lines.with_columns(event_time=noon)]), known.catalogue)
    assert later.features(LAST).equals(known.features(LAST))
    warehouse = Warehouse(tmp_path)
    later.put(warehouse, DAYS, LAST)
    for ahead in (7, 60):  # what later days know is there, too
        later.put(warehouse, [LAST + timedelta(ahead)], LAST + timedelta(ahead))
    assert churn.run(RunContext(config(tmp_path), LAST)).status == "done"
    assert columns_of(rows(tmp_path, "churn")).equals(columns_of(rows(made, "churn")))
    assert rows(tmp_path, "churn_models").equals(rows(made, "churn_models"))


def test_labels_of_other_people_tell_nothing(shop: tuple[ChurnShop, Any], tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    shop[0].put(warehouse, DAYS, LAST)
    days, judging = shop[0].state(LAST)[0], pl.col("event_day") > DAYS[2]
    users = days["user_id"].unique().sort()
    # Other people in training and in judging: those of the same ones would come back as often in either.
    moved = [
        days.filter(which).with_columns(pl.col("user_id").replace(users, users.shuffle(seed=seed)))
        for seed, which in enumerate((judging, ~judging))
    ]
    put_buckets(warehouse, "customer_days", LAST, pl.concat(moved).sort("user_id", "event_day"))
    # By the plain definition: an own rhythm that is shorter makes churn likelier whoever's events decide.
    churn.run(RunContext(config(tmp_path, definition="plain"), LAST))
    (model,) = rows(tmp_path, "churn_models").to_dicts()
    error = 0.5 / np.sqrt(min(model["judged_churners"], model["judged_rows"] - model["judged_churners"]))
    assert abs(model["auc"] - 0.5) < 2 * error


def test_a_run_whose_validation_rows_are_resampled_fails_by_name(shop: tuple[ChurnShop, Any], tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    shop[0].put(warehouse, DAYS, LAST)
    features = shop[0].features(DAYS[2])
    put_buckets(warehouse, "customer_features", DAYS[2], pl.concat([features, features.head(150)]))
    with pytest.raises(Exception, match=r"validation of churn model .* holds resampled rows"):
        churn.run(RunContext(config(tmp_path), LAST))
    assert not warehouse.days("churn_models")


@pytest.mark.parametrize(
    "settings",
    [
        {"learner": "logistic", "imbalance": "smotenc", "calibration": "isotonic"},
        {"learner": "trees", "imbalance": "oversample", "workers": 2, "target": "visit", "definition": "plain"},
    ],
)
def test_every_learner_and_what_it_learns_from(
    shop: tuple[ChurnShop, Any], settings: dict[str, Any], tmp_path: Path
) -> None:
    shop[0].put(Warehouse(tmp_path), DAYS, LAST)
    assert churn.run(RunContext(config(tmp_path, **settings), LAST)).status == "done"
    (model,) = rows(tmp_path, "churn_models").to_dicts()
    assert model["reason"] is None
    assert model["auc"] > 0.7
    assert model["resampled_rows"] == model["training_rows"] - 2 * model["training_churners"] > 0
    assert set(rows(tmp_path, "churn")["band"]) <= {"high", "middle", "low"}
    assert rows(tmp_path, "churn")["reasons"].list.len().max() == 3


def test_a_shop_that_is_too_young_is_told_what_it_lacks(shop: tuple[ChurnShop, Any], tmp_path: Path) -> None:
    shop[0].put(Warehouse(tmp_path), DAYS[-1:], LAST)
    outcome = churn.run(RunContext(config(tmp_path), LAST))
    assert "interest backfill --from DAY --day 2026-05-20 --steps sequences" in outcome.details["churn_model"]["reason"]
    assert len(rows(tmp_path, "churn")) == 0
    (model,) = rows(tmp_path, "churn_models").to_dicts()
    assert (model["model_version"], model["model"]) == (None, None)


def test_without_the_section_nothing_is_made_and_the_reason_is_told(tmp_path: Path) -> None:
    outcome = churn.run(RunContext(config_of(tmp_path), LAST))
    assert outcome.status == "nothing_to_do"
    assert "add `churn: {}`" in outcome.details["reason"]


def test_a_young_model_goes_on_serving_until_it_is_old(made: Path, shop: tuple[ChurnShop, Any]) -> None:
    next_day = LAST + timedelta(1)
    shop[0].put(Warehouse(made), [next_day], next_day)
    outcome = churn.run(RunContext(config(made), next_day))
    assert set(outcome.rows) == {"churn"}
    assert set(rows(made, "churn", next_day)["model_version"]) == set(rows(made, "churn_models")["model_version"])
    assert set(churn.run(RunContext(config(made, retrain_days=1), next_day)).rows) == {"churn_models", "churn"}
