"""Nights of a shop that serves its champion: who is decided on is who scores, one day after another or side by side."""

from datetime import date
from pathlib import Path

import pytest

from interest_spark.models.champion import read_decisions
from interest_spark.pipeline.context import RunContext
from interest_spark.storage.warehouse import Warehouse
from jobs import backfill
from tests.log_files import deliver, event, shop_config

pytestmark = [pytest.mark.usefixtures("spark"), pytest.mark.slow]
DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
NAME = "item_to_item"


def test_each_night_is_served_by_the_champion_that_it_decided_on(tmp_path: Path) -> None:
    """Every user goes round a, b, c, and every night fits the same model: no newer one is better."""
    for day in DAYS:
        visits = [
            event(event_time=f"{day}T{hour:02}:00:00Z", item_id=item, user_id=f"u{user}")
            for user in range(6)
            for hour, item in enumerate("abc"[user % 3 :] + "abc"[: user % 3])
        ]
        deliver(tmp_path, day, visits)
    config = shop_config(
        tmp_path,
        collaborative={"kind": NAME},
        promote={},
        score={"k": 2, "exclude_seen": False},
        evaluate={"k": 2, "horizon_days": 1, "backtest": False, "baselines": ["popularity"]},
        gates={"enabled": False},
    )
    done = backfill.run(RunContext(config, date.fromisoformat(DAYS[-1])), first_day=DAYS[0], parallel=2)
    assert set(done.details["days"].values()) == {"done"}
    warehouse = Warehouse(config.warehouse)
    decided = {each: read_decisions(warehouse.open("promotions"), day=each, name=NAME) for each in DAYS}
    assert [each.decided for day in DAYS for each in decided[day]] == ["first", "kept", "kept"]
    (champion,) = {each.champion for day in DAYS for each in decided[day]}
    assert champion.startswith(f"{DAYS[0]}-")
    assert decided[DAYS[1]][0].challenger is None  # the only model up to its cutoff is the champion
    challenger = decided[DAYS[2]][0].challenger
    assert challenger is not None and challenger.startswith(f"{DAYS[1]}-")
    for day in DAYS:
        served = warehouse.read_small("recommendations", day=day)["model_version"].to_pylist()
        assert set(served) == {champion}
    again = backfill.run(RunContext(config, date.fromisoformat(DAYS[-1])), first_day=DAYS[0])
    assert again.status == "nothing_to_do"
