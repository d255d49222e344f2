"""The daily run at its edges: a shop with one user, a quiet day, a second run."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from interest_spark.config.deployment import Config
from interest_spark.foundation.errors import BadDataError
from interest_spark.pipeline.context import RunContext
from interest_spark.storage.warehouse import Warehouse
from jobs import backfill
from tests.log_files import deliver, event, shop_config
from tests.runs import run_daily

pytestmark = [pytest.mark.usefixtures("spark"), pytest.mark.slow]
SMALL = {"epochs": 1, "batch_blocks": 2, "network": {"dim": 8, "feed_forward": 8}}


def one_user_shop(root: Path, **evaluate: Any) -> Config:
    return shop_config(
        root, blocks={"tokens": 8}, train=SMALL, score={"k": 2, "exclude_seen": False}, evaluate={"k": 2, **evaluate}
    )


def visits(day: str, items: str) -> list[dict[str, Any]]:
    return [event(event_time=f"{day}T{hour:02}:00:00Z", item_id=item) for hour, item in enumerate(items)]


def test_one_single_user_is_served_and_a_quiet_day_after_it_too(tmp_path: Path) -> None:
    config = one_user_shop(tmp_path, horizon_days=1)
    deliver(tmp_path, "2026-01-01", visits("2026-01-01", "abc"))
    deliver(tmp_path, "2026-01-02", [])
    done = backfill.run(RunContext(config, date(2026, 1, 2)), first_day="2026-01-01")
    assert done.details["days"] == {"2026-01-01": "done", "2026-01-02": "done"}
    warehouse = Warehouse(config.warehouse)
    for day in ("2026-01-01", "2026-01-02"):
        served = warehouse.read_small("recommendations", day=day).to_pylist()
        assert sorted(row["rank"] for row in served) == [1, 2]
        assert {row["user_id"] for row in served} == {"u1"}
        assert {row["item_id"] for row in served} <= set("abc")
    again = backfill.run(RunContext(config, date(2026, 1, 2)), first_day="2026-01-01")
    assert again.status == "nothing_to_do"


def test_the_days_suggestions_are_judged_by_the_days_after_them(tmp_path: Path) -> None:
    config = one_user_shop(tmp_path, horizon_days=1)
    deliver(tmp_path, "2026-01-01", visits("2026-01-01", "abab"))
    deliver(tmp_path, "2026-01-02", visits("2026-01-02", "ab"))
    backfill.run(RunContext(config, date(2026, 1, 2)), first_day="2026-01-01")
    metrics = Warehouse(config.warehouse).read_small("metrics", day="2026-01-02").to_pylist()
    recall = {row["slice"]: row["value"] for row in metrics if row["metric"] == "recall@2"}
    assert recall["model"] == recall["popularity"] == recall["own_frequency"] == 1.0  # two items, two places


def test_a_user_with_a_single_event_gives_nothing_to_train_on(tmp_path: Path) -> None:
    config = one_user_shop(tmp_path, backtest=False)
    deliver(tmp_path, "2026-01-01", visits("2026-01-01", "a"))
    with pytest.raises(BadDataError, match="nothing to train on"):
        run_daily(RunContext(config, date(2026, 1, 1)))
    assert Warehouse(config.warehouse).version("recommendations") == -1
