"""Campaigns of the generated shop: coupons by chance, purchases that they bring, and nothing changed without them."""

import json
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from interest_spark.foundation.errors import ConfigError
from interest_spark.sources.synthetic import ShopPlan, generate_shop

from .conftest import PLAN, ShopReading, read_lines

WITH = ShopPlan(users=3_000, items=60, days=10, seed=7, campaigns=4)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> ShopReading:
    return ShopReading(generate_shop(WITH, tmp_path_factory.mktemp("campaigns") / "out"))


def sends(shop: ShopReading) -> list[dict[str, Any]]:
    files = sorted(shop.shop.path.glob("campaigns/*/*"))
    assert len(files) == WITH.days
    return [{**json.loads(line), "day": path.parent.name[3:]} for path in files for line in read_lines(path)]


def test_everybody_who_has_joined_is_in_each_campaign_once_in_an_arm_by_chance(shop: ShopReading) -> None:
    found = sends(shop)
    assert {row["day"] for row in found} == {row["campaign"] for row in found} == {"2026-01-05", "2026-01-09"}
    assert len({(str(row["user_id"]), row["campaign"]) for row in found}) == len(found)
    assert not {str(row["user_id"]) for row in found} & set(shop.truth["bots"]["user_id"])
    arms = Counter(row["coupon"] for row in found)
    for arm, odds in (("ten_off", 0.3), ("free_shipping", 0.3), ("control", 0.4)):
        assert arms[arm] / len(found) == pytest.approx(odds, abs=0.03)
    assert all(row["sent_at"] == f"{row['day']}T08:00:00.000Z" for row in found)


def test_coupons_bring_the_planted_share_of_purchases_within_three_days(shop: ShopReading) -> None:
    truth = pd.read_parquet(shop.shop.path / "truth/coupon_effects.parquet")
    chance = truth.set_index(["user_id", "coupon"])["chance"].to_dict()
    events = shop.events
    bought = events[events["behavior"] == "purchase"]
    day = bought["time"].dt.strftime("%Y-%m-%d")
    after = bought[(day > "2026-01-05") & (day <= "2026-01-08")].groupby("user_id").size()
    by_arm: dict[str, list[float]] = defaultdict(list)
    planted: dict[str, list[float]] = defaultdict(list)
    for row in sends(shop):
        if row["campaign"] == "2026-01-05":
            by_arm[row["coupon"]].append(after.get(str(row["user_id"]), 0))
            planted[row["coupon"]].append(chance.get((str(row["user_id"]), row["coupon"]), 0.0))
    control = pd.Series(by_arm["control"])
    for coupon in ("ten_off", "free_shipping"):
        values = pd.Series(by_arm[coupon])
        error = (values.var() / len(values) + control.var() / len(control)) ** 0.5
        assert values.mean() - control.mean() == pytest.approx(pd.Series(planted[coupon]).mean(), abs=3 * error)
        assert planted[coupon]


def test_every_line_is_accounted_for(shop: ShopReading) -> None:
    files = shop.truth["files"].set_index("source_file")
    of_campaigns = files[files.index.str.startswith("campaigns/")]
    assert of_campaigns["lines"].sum() == of_campaigns["good"].sum() == len(sends(shop))
    counts = shop.shop.counts
    assert counts["event_lines"] == len(shop.lines) == counts["good"] + counts["duplicates"] + counts["broken"]
    assert generate_shop(WITH, shop.shop.path).created is False


def test_everything_else_happens_as_without_campaigns(shop: ShopReading, tmp_path: Path) -> None:
    plain = ShopReading(generate_shop(replace(WITH, campaigns=0), tmp_path / "out"))
    assert not (tmp_path / "out" / "campaigns").exists()
    assert "campaigns" not in PLAN.as_json()
    with_them, without = (
        Counter(each.events[["user_id", "item_id", "behavior", "event_time"]].itertuples(index=False, name=None))
        for each in (shop, plain)
    )
    assert not without - with_them
    brought = with_them - without
    assert {behavior for _, _, behavior, _ in brought} == {"purchase"}
    assert brought.total() > 100


def test_fewer_than_no_campaigns_are_refused() -> None:
    with pytest.raises(ConfigError, match="--campaigns 7"):
        ShopPlan(users=10, items=10, days=3, campaigns=-1)
