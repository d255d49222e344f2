"""Coupons by the job, in a generated shop whose coupons have a known effect."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from interest_spark.applications.addressees import held_out
from interest_spark.config.audiences import HoldOut
from interest_spark.config.deployment import Config
from interest_spark.foundation.errors import BadDataError
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.report import Outcome
from interest_spark.reports.html.page import build_page
from interest_spark.reports.html.source import ReportSource
from interest_spark.sources.synthetic import ShopPlan, generate_shop
from interest_spark.steps.attributes import CAMPAIGNS, OPT_OUTS
from interest_spark.steps.bots import BOTS
from interest_spark.steps.daily import DAILY
from interest_spark.steps.nightly import nightly
from interest_spark.storage.warehouse import Warehouse
from jobs import coupons
from tests.log_files import deliver, shop_config
from tests.runs import run_job

pytestmark = [pytest.mark.usefixtures("spark"), pytest.mark.slow, pytest.mark.timeout(900)]
PLAN = ShopPlan(users=4_000, items=100, days=13, seed=3, campaigns=3)
FEATURE_DAYS, LAST = (2, 5, 8, 12), PLAN.day(12)  # the days before each campaign whose window is over, and the last
COSTS, MARGIN, BUDGET = {"ten_off": 2.0, "free_shipping": 1.0}, 20.0, 1_500.0
TABLES = ("coupons", "coupon_figures")
EVERYBODY = {"name": "all", "where": {"purchases_90d": {"at_least": 0}}}


def shop(root: Path, shop_root: Path, **changes: Any) -> Config:
    section = {"costs": COSTS, "budget": BUDGET, "outcome": "purchases", "margin": MARGIN, "window_days": 4}
    paths = {kind: {"path": f"{kind}/dt={{day}}/*"} for kind in ("events", "items", "users", "campaigns")}
    given: dict[str, Any] = {
        "sources": {"root": str(shop_root), **paths},
        "ingest": {"catch_up_days": 60, "max_bad_share": 1.0},
        "profiles": {},
        "coupons": {**section, "held_out": 0.5, **changes},
    }
    return shop_config(root, **given)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Path, Outcome]]:
    root = tmp_path_factory.mktemp("coupons")
    generate_shop(PLAN, root / "shop")
    config = shop(root, root / "shop")
    for number in FEATURE_DAYS:
        context = RunContext(config, PLAN.day(number))
        run_job("ingest", context)
        run_steps((step, context) for step in (DAILY, BOTS))
        run_job("profiles", context)
    yield config, root / "shop", coupons.run(RunContext(config, LAST))


def rows(config: Config, table: str, day: date = LAST) -> list[dict[str, Any]]:
    found = Warehouse(config.warehouse).read_small(table, day=day.isoformat()).to_pylist()
    return sorted(found, key=str)


def figure(config: Config, name: str, coupon: str | None = None) -> dict[str, Any]:
    (row,) = (each for each in rows(config, "coupon_figures") if (each["figure"], each["coupon"]) == (name, coupon))
    return row


def test_the_best_customers_by_prediction_hold_far_more_than_the_average_increment(made: Any) -> None:
    config, _, outcome = made
    assert outcome.status == "done"
    found = figure(config, "concentration", "ten_off")
    assert found["share"] == 0.3
    assert found["value"] >= 1.5
    assert found["low"] > 1
    for name in ("qini", "effect"):
        assert figure(config, name, "ten_off")["low"] > 0


def test_average_effects_are_the_planted_ones(made: Any) -> None:
    """Of those of whom something was known the day before: others are no part of a trial."""
    config, root, _ = made
    truth = pl.read_parquet(root / "truth" / "coupon_effects.parquet")
    known = [
        row["user_id"] for number in FEATURE_DAYS[:-1] for row in rows(config, "customer_features", PLAN.day(number))
    ]
    planted = pl.DataFrame({"user_id": known}).join(truth, on="user_id")
    for coupon, chance in planted.group_by("coupon").agg(pl.col("chance").mean()).iter_rows():
        found = figure(config, "effect", coupon)
        assert found["low"] <= MARGIN * chance <= found["high"], coupon


def test_coupons_go_to_whom_they_change_within_the_budget(made: Any) -> None:
    config, root, outcome = made
    given = pl.DataFrame(rows(config, "coupons"))
    assert given["user_id"].n_unique() == len(given) == outcome.rows["coupons"]
    assert BUDGET - max(COSTS.values()) <= given["cost"].sum() <= BUDGET
    assert dict(given.group_by("coupon").len().iter_rows()) == outcome.details["coupons"]
    assert {row["coupon"]: row["cost"] for row in given.to_dicts()}.items() <= COSTS.items()
    truth = pl.read_parquet(root / "truth" / "coupon_effects.parquet")
    planted = given.join(truth, on=["user_id", "coupon"])
    average = truth.filter(pl.col("coupon") == "ten_off")["chance"].mean()
    assert planted.filter(pl.col("coupon") == "ten_off")["chance"].mean() > 1.5 * average
    expected = figure(config, "expected")
    assert expected["low"] <= MARGIN * planted["chance"].sum() <= expected["high"]
    assert figure(config, "bound")["value"] >= figure(config, "predicted")["value"] * (1 - 1e-6)
    assert (given["increment"] >= given["cost"] * figure(config, "price")["value"] * (1 - 1e-5)).all()


def test_every_line_of_a_campaign_is_accounted_for(made: Any) -> None:
    config, root, _ = made
    ledger = [row for row in rows(config, "ingest_ledger") if "campaigns/" in row["source_file"]]
    assert ledger
    for row in ledger:
        assert row["raw_lines"] == row["accepted"] + row["duplicates"] + row["quarantined"] + row["ignored"]
    known = Counter(row["campaign"] for row in rows(config, "campaigns"))
    assert set(known) == {PLAN.day(number).isoformat() for number in (3, 6, 9, 12)}
    lines = pl.read_parquet(root / "truth" / "files.parquet").filter(pl.col("source_file").str.starts_with("campaigns"))
    assert sum(known.values()) == lines["lines"].sum()


def test_the_second_run_does_nothing_and_a_forced_one_gives_the_same(made: Any) -> None:
    config, _, _ = made
    before = {table: rows(config, table) for table in TABLES}
    assert coupons.run(RunContext(config, LAST)).status == "nothing_to_do"
    assert coupons.run(RunContext(config, LAST, force=True)).status == "done"
    assert before == {table: rows(config, table) for table in TABLES}


def test_a_plan_tells_the_same_and_writes_nothing(made: Any) -> None:
    config, _, outcome = made
    warehouse = Path(config.warehouse)
    files = {path for path in warehouse.rglob("*") if path.is_file()}
    planned = coupons.run(RunContext(config, LAST), plan=True)
    assert planned.status == "planned"
    assert {path for path in warehouse.rglob("*") if path.is_file()} == files
    for name in ("coupons", "cost", "expected_increment", "predicted_increment"):
        assert planned.details[name] == outcome.details[name]
    assert json.dumps(planned.details)


def test_200_later_campaigns_change_nothing_before_them(made: Any, tmp_path: Path) -> None:
    config, _, _ = made
    before = {table: rows(config, table) for table in (*TABLES, "campaigns")}
    rng, users = random.Random(7), sorted({row["user_id"] for row in before["campaigns"]})
    later = LAST + timedelta(1)
    lines = [
        {
            "user_id": rng.choice(users),
            "campaign": f"later {number}",
            "coupon": rng.choice([*COSTS, "control"]),
            "sent_at": f"{later}T{rng.randrange(24):02}:00:00Z",
        }
        for number in range(200)
    ]
    deliver(tmp_path, later.isoformat(), lines, "campaigns")
    sources = config.sources.model_copy(
        update={
            "campaigns": config.sources.campaigns.model_copy(update={"path": f"{tmp_path}/raw/campaigns/dt={{day}}/*"})
        }
    )
    run_steps([(CAMPAIGNS, RunContext(config.model_copy(update={"sources": sources}), later))])
    assert len(rows(config, "campaigns", later)) == len(before["campaigns"]) + 200
    coupons.run(RunContext(config, LAST, force=True))
    assert before == {table: rows(config, table) for table in (*TABLES, "campaigns")}


def test_nobody_who_opted_out_or_is_held_out_gets_a_coupon(made: Any, tmp_path: Path) -> None:
    config, root, _ = made
    given = rows(config, "coupons")
    opted_out = {row["user_id"] for row in given[::3]}
    deliver(tmp_path, LAST.isoformat(), [{"user_id": user} for user in sorted(opted_out)], "opt_outs")
    hold_out = {"share": 0.3, "salt": "spring"}
    asked = shop(Path(config.warehouse).parent, root)
    asked = Config.model_validate(
        {
            **asked.model_dump(mode="json", exclude_unset=True),
            "audiences": {
                "hold_out": hold_out,
                "groups": [EVERYBODY],
            },
            "sources": {
                **asked.model_dump(mode="json", exclude_unset=True)["sources"],
                "opt_outs": {"path": f"{tmp_path}/raw/opt_outs/dt={{day}}/*"},
            },
        }
    )
    context = RunContext(asked, LAST)
    with pytest.raises(BadDataError, match=r"sources\.opt_outs is configured, and nothing of it was taken in"):
        coupons.run(context)
    run_steps([(OPT_OUTS, context)])
    assert coupons.run(context).status == "done"
    found = [row["user_id"] for row in rows(asked, "coupons")]
    assert found and not opted_out & set(found)
    assert not any(held_out(found, HoldOut.model_validate(hold_out)))
    coupons.run(RunContext(config, LAST, force=True))  # nobody is held out: others of this file look at it


def test_the_report_shows_curves_and_figures(made: Any) -> None:
    config, _, _ = made
    page = str(build_page(ReportSource(config, LAST.isoformat())))
    section = page[page.index("Qini coefficient") - 3_000 :]
    assert section.count("<svg") >= 2
    assert "ten_off" in section
    assert "优惠券" in page


def test_a_coupon_without_a_trial_is_named_and_nobody_gets_it(made: Any) -> None:
    config, root, _ = made
    alone = shop(Path(config.warehouse).parent, root, costs={**COSTS, "unknown": 1.0})
    planned = coupons.run(RunContext(alone, LAST), plan=True)
    assert "no campaign whose window is over" in planned.details["left_out"]["unknown"]
    assert set(planned.details["coupons"]) == set(COSTS)


def test_why_there_are_no_coupons_is_told(tmp_path: Path) -> None:
    config = shop(tmp_path, tmp_path / "shop")
    without = config.model_copy(update={"coupons": None})
    assert "add it, with a budget" in coupons.run(RunContext(without, LAST)).details["reason"]
    assert all(step.name not in ("coupons",) for step, _ in nightly(RunContext(without, LAST)))
    unmapped = config.model_copy(update={"sources": config.sources.model_copy(update={"campaigns": None})})
    assert "sources.campaigns is not configured" in coupons.run(RunContext(unmapped, LAST)).details["reason"]
    assert "no campaigns were delivered" in coupons.run(RunContext(config, LAST)).details["reason"]
