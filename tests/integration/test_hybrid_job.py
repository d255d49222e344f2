"""The train job with factors as content: fitted first, on what the network may know, and under a name of their own."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from interest_spark.foundation.errors import ConfigError
from interest_spark.models.training.content import whitened
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import NOTHING_TO_DO
from interest_spark.storage.bundles import read_bundle
from interest_spark.storage.warehouse import Warehouse
from tests.integration.warehouse_world import commit, config_of, item_id, popularity, sequence
from tests.runs import run_job

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

BEFORE, DAY = "2026-01-09", "2026-01-10"


def context_of(root: Path, **blocks: Any) -> RunContext:
    network = {"dim": 8, "layers": 1, "feed_forward": 8, "content": {"als": 3}}
    training = {"launcher": "local", "epochs": 1, "batch_blocks": 4, "network": network}
    return RunContext(
        config_of(root, train=training, blocks={"tokens": 8, "files": 2, **blocks}, score={"k": 3}),
        date.fromisoformat(DAY),
    )


def test_content_is_fitted_before_the_network_and_served_with_it(spark: "SparkSession", tmp_path: Path) -> None:
    commit(spark, tmp_path, "vocab", DAY, [(item_id(item), item, DAY) for item in range(2, 12)])
    commit(spark, tmp_path, "popularity", DAY, popularity({item: 20 - item for item in range(2, 12)}))
    commit(spark, tmp_path, "bots", DAY, [])
    histories = [sequence(f"u{n}", [2 + n % 5, 3, 4 + n % 3, 9]) for n in range(20)]
    commit(spark, tmp_path, "sequences", DAY, histories)
    warehouse = Warehouse(tmp_path)
    with pytest.raises(ConfigError, match=f"no model content-als of a day up to {BEFORE}"):
        run_job("train", context_of(tmp_path, held_out={"kind": "period"}))

    run_job("train", context_of(tmp_path))
    (content,) = warehouse.open("models").read_small(day=DAY, name="content-als").to_pylist()
    (model,) = warehouse.open("models").read_small(day=DAY, name="sasrec").to_pylist()
    factors, weights = (read_bundle(tmp_path / each["path"]) for each in (content, model))
    index = factors.items["item_index"].to_numpy()
    np.testing.assert_allclose(weights.weights["content/als"][index], whitened(factors.weights["items"]), atol=1e-5)
    assert not weights.weights["content/als"][[0, 1]].any()
    assert run_job("train", context_of(tmp_path)) == NOTHING_TO_DO
    assert run_job("score", context_of(tmp_path)).rows["recommendations"] == 3 * len(histories)
    assert not warehouse.open("recommendations").slices(name="content-als")
