"""What a run on one machine listens on, is on the loopback interface: nobody outside reaches any of its ports."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from interest_spark.models.launch.launch import launch
from interest_spark.pipeline.context import RunContext
from interest_spark.storage.warehouse import Warehouse
from tests.listeners import Listening, listeners_noted
from tests.log_files import deliver, event, shop_config
from tests.runs import run_job
from tests.unit.models.worlds import make_plan, random_histories

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest.importorskip("horovod", reason="Horovod is not installed")
pytestmark = pytest.mark.slow

DAY = "2026-01-02"
NETWORK = {"dim": 8, "feed_forward": 8}


def exposed(found: set[Listening]) -> list[Listening]:
    return [each for each in found if not each.on_loopback]


def test_ingest_training_with_two_ranks_and_scoring_listen_on_loopback_only(
    spark: "SparkSession", tmp_path: Path
) -> None:
    training = {"epochs": 1, "batch_blocks": 2, "ranks": 2, "network": NETWORK}
    config = shop_config(
        tmp_path, blocks={"tokens": 8}, train=training, score={"k": 1, "exclude_seen": False}, evaluate={"k": 1}
    )
    users = [event(user_id=f"u{user}", item_id=item) for user in range(6) for item in "abc"]
    deliver(tmp_path, DAY, [{**each, "event_time": f"{DAY}T{n % 24:02}:00:00Z"} for n, each in enumerate(users)])
    with listeners_noted() as found:
        for job in ("ingest", "sequences", "train", "score"):
            run_job(job, RunContext(config, date.fromisoformat(DAY)))
    assert Warehouse(config.warehouse).read_small("recommendations", day=DAY).num_rows == 6
    assert {each.process for each in found}  # Spark's and the rendezvous
    assert exposed(found) == []


@pytest.mark.parametrize(("launcher", "ranks"), [("local", 1), ("horovodrun", 2), ("spark", 2)])
def test_ranks_of_every_launcher_listen_on_loopback_only(
    spark: "SparkSession", tmp_path: Path, launcher: str, ranks: int
) -> None:
    settings: dict[str, Any] = {"launcher": launcher, "ranks": ranks, "epochs": 20, "max_steps": 20}
    plan = make_plan(tmp_path, random_histories(60, 40, 15), 10, **settings)
    with listeners_noted() as found:
        launch(plan, spark)
    assert exposed(found) == []
