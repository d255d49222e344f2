"""Items' attributes and a second stage through the jobs: read as of the day, kept in the bundle, served."""

from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from interest_spark.models.inference import load_encoder
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import NOTHING_TO_DO
from interest_spark.storage.bundles import read_bundle
from interest_spark.storage.warehouse import Warehouse
from tests.integration.warehouse_world import commit, config_of, item_id, popularity, sequence
from tests.runs import run_job

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

DAY, AFTER = "2026-01-10", "2026-01-11"
WHEN = datetime(2026, 1, 1, tzinfo=timezone.utc)


def context_of(root: Path, **train: Any) -> RunContext:
    network = {"kind": "two_towers", "dim": 8, "hidden": 8, "attributes": ["brand"], "attribute_codes": 64}
    training = {"launcher": "local", "epochs": 1, "batch_blocks": 4, "network": network, **train}
    return RunContext(
        config_of(root, train=training, blocks={"tokens": 8, "files": 2}, score={"k": 3}), date.fromisoformat(DAY)
    )


def describe(spark: "SparkSession", root: Path, day: str, brands: dict[int, str]) -> None:
    rows = [(item_id(item), None, None, None, brand, None, None, None, WHEN) for item, brand in brands.items()]
    commit(spark, root, "items", day, rows)


def test_attributes_as_of_the_day_are_trained_on_and_the_second_stage_ranks(
    spark: "SparkSession", tmp_path: Path
) -> None:
    commit(spark, tmp_path, "vocab", DAY, [(item_id(item), item, DAY) for item in range(2, 20)])
    commit(spark, tmp_path, "popularity", DAY, popularity({item: 30 - item for item in range(2, 20)}))
    commit(spark, tmp_path, "bots", DAY, [])
    histories = [sequence(f"u{n}", [2 + n % 16, 3, 4 + n % 3, 19]) for n in range(20)]
    commit(spark, tmp_path, "sequences", DAY, histories)
    describe(spark, tmp_path, DAY, {2: "red", 3: "blue", 5: "red"})
    describe(spark, tmp_path, AFTER, {2: "green", 4: "green"})  # what is known later changes nothing

    stage = {"kind": "din", "candidates": 12, "history": 5, "hidden": 8, "attention": 4}
    run_job("train", context_of(tmp_path, second_stage=stage))
    (model,) = Warehouse(tmp_path).open("models").read_small(day=DAY, name="two_towers").to_pylist()
    codes = read_bundle(tmp_path / model["path"]).weights["attribute/brand"]
    assert codes[2] == codes[5] != codes[3]
    assert np.flatnonzero(codes).tolist() == [2, 3, 5]
    assert run_job("train", context_of(tmp_path, second_stage=stage)) == NOTHING_TO_DO
    assert run_job("score", context_of(tmp_path, second_stage=stage)).rows["recommendations"] == 3 * len(histories)

    encoder = load_encoder(tmp_path / model["path"], model["manifest_sha256"])
    assert encoder.reranker is not None
    place = {name: number for number, name in enumerate(encoder.item_ids.to_pylist())}
    rows = Warehouse(tmp_path).open("sequences").read_small(day=DAY)
    vectors = encoder.encode(rows)
    number_of = {user: number for number, user in enumerate(rows["user_id"].to_pylist())}
    for row in Warehouse(tmp_path).open("recommendations").read_small(day=DAY).to_pylist():
        user, asked = number_of[row["user_id"]], np.array([[place[row["item_id"]]]])
        (score,) = encoder.reranker.rerank(rows.slice(user, 1), vectors[user : user + 1], asked)[0]
        assert row["score"] == pytest.approx(score, rel=1e-4, abs=1e-5)
