"""The daily run at its edges: a shop with one user, a quiet day, a second run."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from interest_spark.config.deployment import Config
from interest_spark.foundation.errors import BadDataError
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import plan_steps
from interest_spark.steps.nightly import JOBS, nightly
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from jobs import backfill, daily
from tests.log_files import deliver, event, shop_config
from tests.runs import run_daily
from tests.warehouse_contents import contents

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


def walks(day: str, histories: dict[str, str]) -> list[dict[str, Any]]:
    """Every user's items, one an hour."""
    return [{**visit, "user_id": user} for user, items in histories.items() for visit in visits(day, items)]


def test_the_days_suggestions_are_judged_by_the_days_after_them(tmp_path: Path) -> None:
    """Everybody walks a, b, c, d and again, which a model learns; the next item of eight users judges one place.

    Popular is a. No single item is next for more than three of the eight, so that a constant list reaches 3/8 at most.
    """
    lookers = {f"looker-{number}": "abcdabcda" for number in range(24)}
    judged = {
        **{f"starts-anew-{number}": ("abcdabcd", "a") for number in range(3)},  # model a, own d
        "goes-on": ("abcdabc", "d"),  # model d, own c
        **{f"likes-d-{number}": ("ddddabc", "d") for number in range(2)},  # model d, own d
        **{f"turns-{number}": ("abcdabcd", "c") for number in range(2)},  # model a, own d
    }
    config = shop_config(
        tmp_path,
        blocks={"tokens": 16},
        train={**SMALL, "epochs": 40, "optimizer": {"learning_rate": 0.01}},
        score={"k": 1, "exclude_seen": False},
        evaluate={"k": 1, "horizon_days": 1, "baselines": ["popularity", "own_frequency"]},
    )
    first, second = "2026-01-01", "2026-01-02"
    deliver(tmp_path, first, walks(first, lookers | {user: past for user, (past, _) in judged.items()}))
    deliver(tmp_path, second, walks(second, {user: following for user, (_, following) in judged.items()}))
    backfill.run(RunContext(config, date(2026, 1, 2)), first_day=first)
    metrics = Warehouse(config.warehouse).read_small("metrics", day=second).to_pylist()
    assert {row["model"] for row in metrics} == {"sasrec"}
    for metric in ("recall@1", "ndcg@1"):  # the same for one relevant item and one place
        of_metric = [row for row in metrics if row["metric"] == metric and row["against"] is None]
        figures = {row["slice"]: (row["value"], row["users"]) for row in of_metric}
        parts = ("model:activity=", "model:item_age=", "model:item_events=", "model:behavior=")
        assert {name: figure for name, figure in figures.items() if not name.startswith(parts)} == {
            "model": (6 / 8, 8),
            "model:source=model": (6 / 8, 8),
            "popularity": (3 / 8, 8),
            "own_frequency": (2 / 8, 8),
        }


def test_lists_that_were_served_are_never_replaced_by_a_judgement_of_them(tmp_path: Path) -> None:
    """Late events make the served day stale; the next day's run judges what was shown, and makes nothing anew."""
    config = one_user_shop(tmp_path, horizon_days=1)
    deliver(tmp_path, "2026-01-01", visits("2026-01-01", "abab"))
    run_daily(RunContext(config, date(2026, 1, 1)))
    warehouse = Warehouse(config.warehouse)
    served = warehouse.read_small("recommendations", day="2026-01-01").to_pylist()
    version = warehouse.version("models")
    deliver(tmp_path, "2026-01-02", visits("2026-01-02", "ab"))
    deliver(tmp_path, "2026-01-01", visits("2026-01-01", "abc"), name="late.jsonl")
    caught_up = config.model_copy(update={"ingest": config.ingest.model_copy(update={"catch_up_days": 1})})
    run_daily(RunContext(caught_up, date(2026, 1, 2)))
    assert warehouse.read_small("recommendations", day="2026-01-01").to_pylist() == served
    assert warehouse.version("models") == version + 1  # the new day's alone
    assert {row["model"] for row in warehouse.read_small("metrics").to_pylist()} == {"sasrec"}


def test_a_backtest_has_a_name_of_its_own(tmp_path: Path) -> None:
    config = one_user_shop(tmp_path, horizon_days=1)
    for day in ("2026-01-01", "2026-01-02"):
        deliver(tmp_path, day, visits(day, "abab"))
    caught_up = config.model_copy(update={"ingest": config.ingest.model_copy(update={"catch_up_days": 1})})
    context = RunContext(caught_up, date(2026, 1, 2))
    planned = [(each.step, each.day, each.state) for each in plan_steps(nightly(context))]
    assert ("score", "2026-01-01", "would run") in planned
    assert planned[-1] == ("evaluate", "2026-01-02", "would run")
    run_daily(context)
    warehouse = Warehouse(config.warehouse)
    found = warehouse.open("recommendations").slices()
    assert found == [Slice("2026-01-01", "backtest-sasrec"), Slice("2026-01-02", "sasrec")]
    assert [each.name for each in warehouse.open("metrics").slices()] == ["backtest-sasrec"]
    assert {each.state for each in plan_steps(nightly(context))} <= {"current", "does not apply"}


def test_one_job_after_another_gives_what_they_give_together(tmp_path: Path) -> None:
    """With a backtest: the suggestions of the day before are missing, and every job makes its part of them."""
    before, day = "2026-01-01", "2026-01-02"
    for each in (before, day):
        deliver(tmp_path, each, visits(each, "abcab"))
    config = one_user_shop(tmp_path, horizon_days=1)
    config = config.model_copy(update={"ingest": config.ingest.model_copy(update={"catch_up_days": 1})})
    together, apart = (config.model_copy(update={"warehouse": tmp_path / name}) for name in ("together", "apart"))
    daily.run(RunContext(together, date.fromisoformat(day)))
    for job in JOBS:
        daily.run(RunContext(apart, date.fromisoformat(day)), jobs=[job])
    found = contents(Warehouse(apart.warehouse))
    assert found == contents(Warehouse(together.warehouse))
    assert {("recommendations", before, "backtest-sasrec"), ("metrics", day, "backtest-sasrec")} <= found.keys()


def test_a_user_with_a_single_event_gives_nothing_to_train_on(tmp_path: Path) -> None:
    config = one_user_shop(tmp_path, backtest=False)
    deliver(tmp_path, "2026-01-01", visits("2026-01-01", "a"))
    with pytest.raises(BadDataError, match="nothing to train on"):
        run_daily(RunContext(config, date(2026, 1, 1)))
    assert Warehouse(config.warehouse).version("recommendations") == -1
