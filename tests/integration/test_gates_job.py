"""Quality gates through the real jobs: what is blocked goes no further, and goes on once somebody lets it pass."""

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from interest_spark.config.deployment import Config
from interest_spark.foundation.errors import BadDataError
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import plan_steps
from interest_spark.pipeline.report import NOTHING_TO_DO
from interest_spark.steps.nightly import nightly
from interest_spark.storage.warehouse import Warehouse
from jobs import backfill, gates, show
from tests.integration.warehouse_world import commit, commit_model, config_of, popularity, sequence
from tests.log_files import deliver, event, shop_config, write_config
from tests.runs import run_daily, run_job

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.usefixtures("spark"), pytest.mark.slow]

FIRST = date(2026, 1, 1)
GATES = {"warm_up_days": 4, "least_events": 50}
USERS = 40


def day(number: int) -> str:
    return (FIRST + timedelta(days=number)).isoformat()


def deliver_day(root: Path, number: int, **changes: Any) -> None:
    """Two visits of two events by each user, evenly over the day; `changes` to every line."""
    lines = [
        event(
            **{
                "user_id": f"u{user}",
                "item_id": f"i{(user + step) % 15}",
                "event_time": f"{day(number)}T{(user + 6 * step) % 24:02}:{user % 60:02}:0{step}Z",
                "price": 10.0 + user,
                **changes,
            }
        )
        for user in range(USERS)
        for step in range(4)
    ]
    deliver(root, day(number), lines)


def small_shop(root: Path, **sections: Any) -> Config:
    return shop_config(
        root,
        gates=GATES,
        ingest={"catch_up_days": 10},
        blocks={"tokens": 16},
        train={"epochs": 1, "batch_blocks": 2, "network": {"dim": 8, "feed_forward": 8}},
        score={"k": 3, "exclude_seen": False},
        evaluate={"backtest": False},
        **sections,
    )


def context_of(config: Config, number: int) -> RunContext:
    return RunContext(config, FIRST + timedelta(days=number))


def gates_command(config_file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(gates.command, ["--config", str(config_file), *arguments])


def states(config: Config, number: int, gate: str = "ingest") -> dict[str, str]:
    rows = Warehouse(config.warehouse).read_small("gates", day=day(number), name=gate).to_pylist()
    return {row["figure"]: row["state"] for row in rows}


def test_a_blocked_day_stops_everything_until_it_is_accepted(tmp_path: Path) -> None:
    config = small_shop(tmp_path)
    for number in range(6):
        deliver_day(tmp_path, number)
    run_daily(context_of(config, 5))  # six days at once, of which the last two are judged by those before
    assert set(states(config, 5).values()) == {"ok"}
    assert run_daily(context_of(config, 5)).status == "nothing_to_do"

    deliver_day(tmp_path, 6, price=None)
    deliver_day(tmp_path, 7)
    told = "day 2026-01-07 is blocked by its events: nulls:price 1 is above .*interest gates --accept 2026-01-07"
    warehouse = Warehouse(config.warehouse)
    for _ in range(2):  # also where the day's events are in already
        with pytest.raises(BadDataError, match=told) as failure:
            run_daily(context_of(config, 6))
        assert failure.value.exit_code == 3
        assert states(config, 6)["nulls:price"] == "blocked"
    for by_hand in ("sequences", "train", "score"):
        with pytest.raises(BadDataError, match=told):
            run_job(by_hand, context_of(config, 6))
    with pytest.raises(BadDataError, match=told):
        run_job("sequences", context_of(config, 7))  # its histories would hold the blocked events, too
    assert warehouse.days("user_days")[-1] == day(5)
    gone_on = backfill.run(context_of(config, 7), first_day=day(6))
    assert isinstance(gone_on.error, BadDataError) and gone_on.details["days"] == {day(6): "failed", day(7): "failed"}
    assert warehouse.days("user_days")[-1] == warehouse.days("recommendations")[-1] == day(5)

    config_file = write_config(tmp_path / "shop.yaml", config)
    seen = gates_command(config_file, "--day", day(6))
    assert seen.exit_code == 3 and "nulls:price" in seen.stdout and "blocked" in seen.stdout
    accepted = gates_command(config_file, "--accept", day(6), "--reason", "prices are not logged any more")
    assert accepted.exit_code == 0, accepted.output
    (row,) = (row for row in warehouse.read_small("gates", day=day(6)).to_pylist() if row["state"] == "accepted")
    assert row["accepted_because"] == "prices are not logged any more" and row["accepted_by"] and row["accepted_at"]
    run_daily(context_of(config, 6))
    run_daily(context_of(config, 7))  # what has been accepted is the next day's usual, and so are prices
    assert warehouse.days("recommendations")[-1] == day(7)
    for number in (6, 7):
        assert run_daily(context_of(config, number)).status == "nothing_to_do"
    assert gates_command(config_file, "--accept", day(6), "--reason", "again").exit_code == 2


def test_a_day_that_is_delivered_anew_is_judged_anew(tmp_path: Path) -> None:
    config = small_shop(tmp_path)
    for number in range(6):
        deliver_day(tmp_path, number)
    deliver_day(tmp_path, 6, behavior="cart")
    with pytest.raises(BadDataError, match="drift:behavior"):
        run_job("ingest", context_of(config, 6))
    planned = {each.step: each.reason for each in plan_steps(nightly(context_of(config, 6)))}
    assert planned["ingest_gate"] == f"{day(6)} is blocked"
    deliver_day(tmp_path, 6)
    assert run_job("ingest", context_of(config, 6)).rows["gates"] > 20
    assert states(config, 6)["drift:behavior"] == "ok"
    assert run_job("ingest", context_of(config, 6)) == NOTHING_TO_DO


def test_a_blocked_day_before_the_catch_up_window_stops_later_days(tmp_path: Path) -> None:
    config = small_shop(tmp_path)
    for number in range(6):
        deliver_day(tmp_path, number)
    deliver_day(tmp_path, 6, price=None)
    with pytest.raises(BadDataError, match="nulls:price"):
        run_job("ingest", context_of(config, 6))
    deliver_day(tmp_path, 7)
    day_alone = config.model_copy(update={"ingest": config.ingest.model_copy(update={"catch_up_days": 0})})
    for _ in range(2):
        with pytest.raises(BadDataError, match="day 2026-01-07 is blocked"):
            run_job("ingest", context_of(day_alone, 7))
    assert set(states(config, 7).values()) == {"ok"}
    config_file = write_config(tmp_path / "shop.yaml", config)
    assert gates_command(config_file, "--accept", day(6), "--reason", "as it is").exit_code == 0
    run_job("ingest", context_of(day_alone, 7))


def test_the_answer_is_what_it_was_then(tmp_path: Path) -> None:
    """Days ingested one by one, and all of them at once: the rows of each day are the same."""
    rows = []
    for root, runs in ((tmp_path / "daily", range(7)), (tmp_path / "at_once", [6])):
        config = small_shop(root)
        for number in range(7):
            deliver_day(root, number)
        for number in runs:
            run_job("ingest", context_of(config, number))
        rows.append(Warehouse(config.warehouse).read_small("gates").sort_by([("figure", "ascending")]).to_pylist())
    key = [sorted(map(repr, each)) for each in rows]
    assert key[0] == key[1] and len(key[0]) > 7 * 20


def test_warnings_stop_nothing(tmp_path: Path) -> None:
    config = small_shop(tmp_path)
    config = config.model_copy(update={"gates": config.gates.model_copy(update={"actions": {"nulls": "warn"}})})
    for number in range(6):
        deliver_day(tmp_path, number)
    deliver_day(tmp_path, 6, price=None)
    assert run_job("ingest", context_of(config, 6)).status == "done"
    assert states(config, 6)["nulls:price"] == "warned"


def lists_of(spark: "SparkSession", root: Path, number: int, model_items: list[int]) -> Config:
    """Everything that a day's lists are made of, and the configuration of the run that makes them."""
    histories = [sequence(f"u{user}", [2 + (user + step) % 30 for step in range(5)]) for user in range(120)]
    commit(spark, root, "sequences", day(number), histories)
    commit(spark, root, "popularity", day(number), popularity({item: 100 - item for item in range(2, 40)}))
    commit_model(spark, root, day(number), model_items, 45)
    return config_of(root, gates={**GATES, "warm_up_days": 2}, score={"k": 5, "exclude_seen": False})


def test_a_blocked_list_is_never_published(spark: "SparkSession", tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    for number in range(2):
        run_job("score", context_of(lists_of(spark, tmp_path, number, list(range(2, 40))), number))
    config = lists_of(spark, tmp_path, 2, [2, 3])  # a model that has lost nearly all of its items
    with pytest.raises(BadDataError, match=r"day 2026-01-03 is blocked by the lists of model sasrec: .*list_source"):
        run_job("score", context_of(config, 2))
    assert all(warehouse.days(table)[-1] == day(1) for table in ("recommendations", "user_vectors", "unserved"))
    assert states(config, 2, "publish-sasrec")["list_source:popularity"] == "blocked"
    config_file = write_config(tmp_path / "shop.yaml", config)
    assert gates_command(config_file, "--accept", day(2), "--reason", "a clearance sale").exit_code == 0
    assert run_job("score", context_of(config, 2)).rows["recommendations"] == 600
    assert run_job("score", context_of(config, 2)) == NOTHING_TO_DO
    assert set(states(config, 2, "publish-sasrec").values()) <= {"ok", "warm-up", "accepted"}
    shown = CliRunner().invoke(show.command, ["gates", "--config", str(config_file), "--day", day(2)])
    assert shown.exit_code == 0 and "clearance" in shown.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "name one day"),
        (["--day", "2026-01-01", "--accept", "2026-01-01"], "name one day"),
        (["--accept", "2026-01-01"], "--reason"),
        (["--day", "2026-01-01", "--reason", "why"], "--accept"),
    ],
)
def test_a_wrong_command_line_is_told(tmp_path: Path, arguments: list[str], told: str) -> None:
    done = gates_command(write_config(tmp_path / "shop.yaml", small_shop(tmp_path)), *arguments)
    assert done.exit_code == 2 and told in done.output
