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
from tests.churn_world import FIRST, ChurnShop, days_for, planted
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
    print({name: value for name, value in model.items() if name != "model"})
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
    print(sentences[:10])
    assert all(" (adds " in each for each in sentences)


def test_the_second_run_does_nothing(made: Path) -> None:
    assert churn.run(RunContext(config(made), LAST)).status == "nothing_to_do"


def test_made_again_it_is_the_same(made: Path) -> None:
    before = rows(made, "churn"), rows(made, "churn_models")
    assert churn.run(RunContext(config(made), LAST, force=True)).status == "done"
    assert before[1].equals(rows(made, "churn_models"))
    assert before[0].sort("user_id").equals(rows(made, "churn").sort("user_id"))
