"""Past campaigns as trials: outcomes by their windows, features of the day before, and nothing from afterwards."""

import random
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from interest_spark.applications.coupons.trials import (
    COLUMNS,
    Sends,
    TrialRules,
    assemble,
    count_sends,
    features_before,
    outcomes_since,
    propensities,
    sample_sends,
)
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.parts import empty_frame, write_part

DAY = date(2026, 1, 20)
SENT = date(2026, 1, 10)
FEATURE_DAYS = frozenset(SENT + timedelta(days) for days in range(-4, 4))


def rules(**changes: Any) -> TrialRules:
    given: dict[str, Any] = {
        "day": DAY,
        "zone": "Asia/Shanghai",
        "coupons": ("ten_off", "gift"),
        "control": "control",
        "outcome": "spent",
        "margin": 0.5,
        "window_days": 5,
        "history_days": 15,
        "feature_days": FEATURE_DAYS,
        "salt": "s",
    }
    return TrialRules(**{**given, **changes})


def send(user: str, day: date = SENT, coupon: str = "ten_off", campaign: str = "c1", hour: int = 4) -> dict[str, Any]:
    at = datetime(day.year, day.month, day.day, hour, tzinfo=timezone.utc)
    return {"user_id": user, "campaign": campaign, "coupon": coupon, "sent_at": at}


def write(folder: Path, table: str, rows: list[dict[str, Any]], day: date = DAY) -> str:
    """Columns that a row does not give are 0, or false."""
    types = empty_frame(table).schema
    blank = {name: "" if kind == pl.String else False if kind == pl.Boolean else 0 for name, kind in types.items()}
    frame = pl.DataFrame([{**blank, **row} for row in rows], schema=types)
    return write_part(str(folder), table, day.isoformat(), frame.to_arrow().cast(TABLES[table]), 0)


def assembled(
    folder: Path, sends: list[dict[str, Any]], bought: list[tuple[str, date, int]], given: TrialRules
) -> Sends:
    """Everybody's `events_7d` is 7 plus how many days before SENT the features are of."""
    campaigns = write(folder, "campaigns", sends)
    sampled = sample_sends([campaigns], given, 1.0)
    users = sorted({each["user_id"] for each in sends})
    features = []
    for day in sorted(given.feature_days):
        rows = [{"user_id": user, "events_7d": 7 + (SENT - day).days} for user in users]
        features += list(features_before(write(folder, "customer_features", rows, day), day, sampled))
    days = [{"user_id": user, "event_day": day, "spent": amount, "purchase": 1} for user, day, amount in bought]
    outcomes = list(outcomes_since(write(folder, "customer_days", days), given, sampled))
    return assemble(sampled, features, outcomes, given, 0.3)


def test_an_outcome_is_what_was_bought_within_the_window_and_features_are_of_the_day_before(tmp_path: Path) -> None:
    bought = [
        ("ann", SENT - timedelta(1), 1_000_000),  # before
        ("ann", SENT, 30_000),
        ("ann", SENT + timedelta(4), 50_000),  # the last day of five
        ("ann", SENT + timedelta(5), 1_000_000),  # after
        ("zoe", SENT, 1_000_000),  # in no campaign
    ]
    found = assembled(tmp_path, [send("ann"), send("bob", coupon="control")], bought, rules())
    assert found.arm.tolist() == ["ten_off", "control"]
    assert found.outcome.tolist() == [0.5 * 8.0, 0.0]
    assert found.features[:, COLUMNS.index("events_7d")].tolist() == [8, 8]
    assert assembled(tmp_path, [send("ann")], bought, rules(outcome="purchases")).outcome.tolist() == [0.5 * 2]


def test_a_day_is_the_shops(tmp_path: Path) -> None:
    late = send("ann", SENT, hour=17)  # is the next day in Shanghai
    found = assembled(tmp_path, [late], [("ann", SENT, 10_000), ("ann", SENT + timedelta(5), 20_000)], rules())
    assert found.outcome.tolist() == [1.0]
    assert found.features[:, COLUMNS.index("events_7d")].tolist() == [7]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (send("ann", DAY - timedelta(3)), "its window is not over"),
        (send("ann", DAY - timedelta(15)), "it is older than the history"),
        (send("ann", coupon="another"), "it is a coupon that has no cost"),
        (send("ann", SENT + timedelta(5)), "no features of the day before were made"),
    ],
)
def test_what_cannot_be_learnt_from_is_passed_over(tmp_path: Path, given: dict[str, Any], why: str) -> None:
    found = assembled(tmp_path, [given, send("bob")], [], rules())
    assert len(found) == 1, why


def test_customers_of_whom_nothing_was_known_are_passed_over(tmp_path: Path) -> None:
    sampled = sample_sends([write(tmp_path, "campaigns", [send("ann"), send("new")])], rules(), 1.0)
    known = write(tmp_path, "customer_features", [{"user_id": "ann"}], SENT - timedelta(1))
    features = list(features_before(known, SENT - timedelta(1), sampled))
    bought = list(outcomes_since(write(tmp_path, "customer_days", []), rules(), sampled))
    assert len(assemble(sampled, features, bought, rules(), 0.3)) == 1


def test_odds_are_those_of_all_sends_whatever_the_sample(tmp_path: Path) -> None:
    sends = [send(f"u{n}", coupon=("ten_off", "control", "control", "gift")[n % 4]) for n in range(4_000)]
    sends += [send(f"u{n}", campaign="c2") for n in range(10)]  # everybody got it
    file = write(tmp_path, "campaigns", sends)
    counts = count_sends([file], rules())
    assert propensities(counts, "ten_off", "control") == {"c1": pytest.approx(1 / 3)}
    assert propensities(counts, "gift", "control") == {"c1": pytest.approx(1 / 3)}
    sampled = sample_sends([file], rules(), 0.25)
    assert len(sampled) == pytest.approx(1_000, abs=120)
    both = set(sampled.filter(pl.col("campaign") == "c2")["user_id"])
    assert both <= set(sampled.filter(pl.col("campaign") == "c1")["user_id"])


def test_200_random_later_campaigns_and_purchases_change_nothing(tmp_path: Path) -> None:
    rng = random.Random(5)
    users = [f"u{n}" for n in range(60)]
    arms = ("ten_off", "gift", "control")
    sends = [send(user, SENT + timedelta(rng.randrange(-2, 3)), rng.choice(arms)) for user in users]
    bought = [(rng.choice(users), DAY - timedelta(rng.randrange(12)), rng.randrange(1, 99_999)) for _ in range(150)]
    before = assembled(tmp_path / "before", sends, bought, rules())
    assert len(before) == 60
    assert before.outcome.any()
    later = [
        send(rng.choice(users), DAY + timedelta(rng.randrange(1, 30)), rng.choice(arms), f"later{n}")
        for n in range(200)
    ]
    after_days = frozenset(DAY + timedelta(days) for days in range(30)) | FEATURE_DAYS
    bought_later = [(rng.choice(users), DAY + timedelta(rng.randrange(1, 30)), 99_999) for _ in range(200)]
    after = assembled(tmp_path / "after", sends + later, bought + bought_later, rules(feature_days=after_days))
    for name, values in vars(before).items():
        assert np.array_equal(values, getattr(after, name)), name
    files = [write(tmp_path / folder, "campaigns", rows) for folder, rows in (("a", sends), ("b", sends + later))]
    first, second = (count_sends([file], rules()).sort("campaign", "coupon") for file in files)
    assert first.equals(second)
