"""Attributes of users through the jobs: read as of the day, packed into blocks, and looked at when users are served."""

from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from interest_spark.foundation.errors import ConfigError
from interest_spark.models.inference import load_encoder
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import NOTHING_TO_DO
from interest_spark.storage.warehouse import Warehouse
from tests.integration.warehouse_world import commit, config_of, item_id, popularity, sequence
from tests.runs import run_job

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

BEFORE, DAY, AFTER = "2026-01-09", "2026-01-10", "2026-01-11"
WHEN = datetime(2026, 1, 1, tzinfo=timezone.utc)
LOOKS_AT = {"user_attributes": ["region"], "user_attribute_codes": 64}
SOURCES = {"events": {"path": "unused"}, "users": {"path": "unused"}}


def context_of(root: Path, **network: Any) -> RunContext:
    training = {
        "launcher": "local",
        "epochs": 1,
        "batch_blocks": 4,
        "network": {"dim": 8, "feed_forward": 8, **network},
    }
    blocks = {"tokens": 8, "files": 2}
    config = config_of(root, sources=SOURCES, train=training, blocks=blocks, score={"k": 3})
    return RunContext(config, date.fromisoformat(DAY))


def describe(spark: "SparkSession", root: Path, day: str, regions: dict[str, str]) -> None:
    commit(spark, root, "users", day, [(user, None, None, region, None, WHEN) for user, region in regions.items()])


def test_users_are_known_as_of_the_day_and_served_by_it(spark: "SparkSession", tmp_path: Path) -> None:
    commit(spark, tmp_path, "vocab", DAY, [(item_id(item), item, DAY) for item in range(2, 20)])
    commit(spark, tmp_path, "popularity", DAY, popularity({item: 30 - item for item in range(2, 20)}))
    commit(spark, tmp_path, "bots", DAY, [])
    histories = [sequence(f"u{n}", [2 + n % 16, 3, 4 + n % 3, 19]) for n in range(20)]
    commit(spark, tmp_path, "sequences", DAY, histories)
    regions = {"u3": "north", "u4": "south", "u7": "north"}
    describe(spark, tmp_path, DAY, regions)
    describe(spark, tmp_path, AFTER, {f"u{n}": "west" for n in range(20)})  # what is known later changes nothing

    run_job("train", context_of(tmp_path, **LOOKS_AT))
    assert run_job("train", context_of(tmp_path, **LOOKS_AT)) == NOTHING_TO_DO
    blocks = Warehouse(tmp_path).open("train_blocks").read_small(day=DAY, name="sasrec")
    codes = {code for row in blocks["user_attribute_1"].to_pylist() for code in row}
    assert len(codes) == 3 and 0 in codes  # two regions, and nothing

    run_job("score", context_of(tmp_path, **LOOKS_AT))
    assert run_job("score", context_of(tmp_path, **LOOKS_AT)) == NOTHING_TO_DO
    (model,) = Warehouse(tmp_path).open("models").read_small(day=DAY, name="sasrec").to_pylist()
    encoder = load_encoder(tmp_path / model["path"], model["manifest_sha256"])
    rows = Warehouse(tmp_path).open("sequences").read_small(day=DAY)
    known = [[regions[user]] if user in regions else None for user in rows["user_id"].to_pylist()]
    expected = encoder.encode(rows.append_column("user_attributes", pa.array(known, pa.list_(pa.string()))))
    served = Warehouse(tmp_path).open("user_vectors").read_small(day=DAY).to_pylist()
    vectors = {row["user_id"]: row["vector"] for row in served}
    found = np.array([vectors[user] for user in rows["user_id"].to_pylist()])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    strangers = encoder.encode(rows.append_column("user_attributes", pa.nulls(len(known), pa.list_(pa.string()))))
    differs = np.abs(strangers - expected).max(axis=1) > 1e-4
    assert differs.tolist() == [each is not None for each in known]

    with pytest.raises(ConfigError, match=r"looks at the users' region, which train.network.user_attributes no longer"):
        run_job("score", context_of(tmp_path))
    describe(spark, tmp_path, DAY, {"u3": "south"})  # delivered anew: all that follows from it is made anew
    assert run_job("train", context_of(tmp_path, **LOOKS_AT)).rows["models"] == 1
    assert run_job("score", context_of(tmp_path, **LOOKS_AT)).rows["user_vectors"] == len(histories)


def test_no_users_are_looked_at_where_none_are_delivered(tmp_path: Path) -> None:
    network = {"network": {"user_attributes": ["region"]}}
    with pytest.raises(ValueError, match=r"train.network.user_attributes names region; say with sources.users where"):
        config_of(tmp_path, train=network)
