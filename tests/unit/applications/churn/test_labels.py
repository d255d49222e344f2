"""Labels of churn, computed by hand, and blind to whatever comes after their horizon."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interest_spark.applications.churn.labels import LabelRules, at_risk, labelled, purchases_of

CUTOFF = date(2026, 3, 1)
RULES = LabelRules(
    target="purchase",
    definition="rhythm",
    active_days=30,
    gap_days=7,
    horizon_days=10,
    rhythm_times=2.0,
    rhythm_least_days=5,
    rhythm_most_days=20,
)
FEATURES = pl.DataFrame(
    [
        ("daily", 0, 20, 1.0),  # 2 days, at least 5
        ("weekly", 3, 24, 7.0),  # 14 days
        ("monthly", 29, 89, 30.0),  # at most 20
        ("once", 2, 2, None),  # the plain 10
        ("gone", 30, 60, 10.0),  # no purchase within 30 days
        ("never", None, None, None),
    ],
    schema={
        "user_id": pl.String,
        "days_since_purchase": pl.Int64,
        "buyer_days": pl.Int64,
        "purchase_interval_mean": pl.Float64,
    },
    orient="row",
)


def days(*came: tuple[str, int]) -> pl.DataFrame:
    """Purchases, by user and days after the cut-off."""
    rows = [{"user_id": user, "event_day": CUTOFF + timedelta(after), "purchase": 1} for user, after in came]
    return pl.DataFrame(rows, schema={"user_id": pl.String, "event_day": pl.Date, "purchase": pl.Int64})


def labels(*came: tuple[str, int]) -> dict[str, tuple[bool, bool]]:
    found = labelled(at_risk(FEATURES, RULES), days(*came), CUTOFF, RULES)
    assert found["churned"].to_list() == found["churned_rhythm"].to_list()
    return {user: rest for user, *rest in found.select("user_id", "churned_plain", "churned_rhythm").iter_rows()}


def test_who_is_at_risk_and_how_long_each_may_stay_away() -> None:
    assert at_risk(FEATURES, RULES).select("user_id", "rhythm_days").rows() == [
        ("daily", 5),
        ("weekly", 14),
        ("monthly", 20),
        ("once", 10),
    ]


def test_nobody_has_come_back() -> None:
    assert set(map(tuple, labels().values())) == {(True, True)}


@pytest.mark.parametrize(
    ("user", "after", "plain", "rhythm"),
    [
        ("daily", 7, True, True),  # in the gap: nobody looks
        ("daily", 8, False, False),
        ("daily", 12, False, False),
        ("daily", 13, False, True),  # later than the own 5 days
        ("weekly", 17, False, False),
        ("weekly", 18, True, False),
        ("weekly", 21, True, False),
        ("weekly", 22, True, True),
        ("monthly", 27, True, False),
        ("monthly", 28, True, True),
        ("once", 17, False, False),
        ("once", 18, True, True),
    ],
)
def test_the_day_of_coming_back_decides(user: str, after: int, plain: bool, rhythm: bool) -> None:
    assert tuple(labels((user, after), (user, 200))[user]) == (plain, rhythm)


def test_the_plain_definition_decides_where_it_is_asked_for() -> None:
    rules = LabelRules(**{**vars(RULES), "definition": "plain"})
    found = labelled(at_risk(FEATURES, rules), days(("daily", 13)), CUTOFF, rules)
    assert found["churned"].to_list() == found["churned_plain"].to_list() == [False, True, True, True]


def test_repeat_purchases_follow_from_the_features() -> None:
    of = purchases_of(at_risk(FEATURES, RULES), RULES.of)
    assert [each.tolist() for each in (of.x, of.t_x, of.T)] == [[20, 3, 2, 0], [20, 21, 60, 0], [20, 24, 89, 2]]


USERS = st.sampled_from(FEATURES["user_id"].to_list())
EVENTS: Any = st.lists(st.tuples(USERS, st.integers(28, 400)), max_size=20)


@given(st.lists(st.tuples(USERS, st.integers(-50, 27)), max_size=20), EVENTS)
@settings(max_examples=200)
def test_no_event_after_the_horizon_changes_a_label(known: list[tuple[str, int]], later: list[tuple[str, int]]) -> None:
    assert labels(*known) == labels(*known, *later)
