"""Whoever has opted out is in no audience, whatever is declared; who is held out follows from the id alone."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interest_spark.applications.addressees import Addressees
from interest_spark.applications.audiences.forecast import expected_next
from interest_spark.applications.audiences.members import (
    Permissions,
    by_rule,
    by_score,
    capped,
    is_held_out,
    matching,
    permitted,
    together,
)
from interest_spark.config.audiences import AudienceConfig, Cap, HoldOut
from interest_spark.storage.table_schemas import spark_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

USERS = [f"u{n}" for n in range(12)]
_users = st.sets(st.sampled_from([*USERS, "stranger"]))
_where = st.sampled_from(
    [
        {"events_30d": {"at_least": 0}},
        {"not": {"events_30d": {"at_least": 2}}},
        {"any": [{"events_30d": {"is_null": True}}, {"interest": {"kind": "category"}}]},
        {"not": {"interest": {"kind": "category", "at_least": 0.5}}},
    ]
)


def frame(spark: "SparkSession", table: str, rows: list[Mapping[str, Any]]) -> "DataFrame":
    schema = spark_schema(table)
    return spark.createDataFrame([tuple(each.get(name) for name in schema.names) for each in rows], schema)


SHOPS = 20
_shop = st.fixed_dictionaries(
    {
        "events": st.lists(st.none() | st.integers(0, 3), min_size=len(USERS), max_size=len(USERS)),
        "interested": _users,
        "opt_outs": _users,
        "consents": _users,
        "before": _users,
    }
)


@pytest.mark.slow
@given(
    shops=st.lists(_shop, min_size=SHOPS, max_size=SHOPS),
    wheres=st.lists(_where, min_size=1, max_size=3),
    needs_consent=st.booleans(),
    times=st.none() | st.integers(1, 3),
)
@settings(max_examples=10)
def test_opt_outs_never_appear(
    spark: "SparkSession", shops: list[dict[str, Any]], wheres: list[Any], needs_consent: bool, times: int | None
) -> None:
    """Two hundred random shops, of which twenty at once have the same audiences: Spark takes a second for each run."""
    features = [
        {"user_id": f"{shop}/{user}", "events_30d": count}
        for shop, each in enumerate(shops)
        for user, count in zip(USERS, each["events"], strict=True)
    ]

    def listed(what: str) -> set[str]:
        return {f"{shop}/{user}" for shop, each in enumerate(shops) for user in each[what]}

    def listed_frame(table: str, what: str) -> "DataFrame":
        return frame(spark, table, [{"user_id": user} for user in sorted(listed(what))])

    likes = [
        {"user_id": user, "interest": "category", "name": "tea", "value": 0.6} for user in sorted(listed("interested"))
    ]
    groups = [AudienceConfig(name=f"a{place}", where=where) for place, where in enumerate(wheres)]
    consents = listed_frame("consents", "consents") if needs_consent else None
    allowed = Permissions(listed_frame("opt_outs", "opt_outs"), consents)
    people = matching(frame(spark, "customer_features", features), frame(spark, "profiles", likes), groups, allowed)
    scored = permitted(people, 0).selectExpr("user_id", "0.5D AS score")
    chosen = together([by_rule(people, range(len(groups))), by_score(scored, len(groups), 50, 0.0)])
    cap = None if times is None else Cap(times=times, days=7)
    rows = capped(chosen, cap, listed_frame("audiences", "before")).collect()
    found = Counter(row["user_id"] for row in rows if not row["is_capped"])
    assert not found.keys() & listed("opt_outs")
    assert found.keys() <= {row["user_id"] for row in features}
    assert not needs_consent or found.keys() <= listed("consents")
    before = listed("before")
    assert times is None or all(count <= times - (user in before) for user, count in found.items())


def test_who_is_held_out_follows_from_salt_and_id_and_a_larger_share_keeps_them(spark: "SparkSession") -> None:
    rows = spark.createDataFrame([(f"user-{n}",) for n in range(4_000)], "user_id string")
    shares = (0.0, 0.05, 0.2)
    held = {
        share: {row["user_id"] for row in rows.where(is_held_out(HoldOut(share=share, salt="s"))).collect()}
        for share in shares
    }

    def number(user: str) -> float:
        return int(hashlib.sha256(f"s\x1f{user}".encode()).hexdigest()[:13], 16) / 16**13

    assert held == {share: {f"user-{n}" for n in range(4_000) if number(f"user-{n}") < share} for share in shares}
    users = [f"user-{n}" for n in range(4_000)]
    for share in shares:  # told in a task, as for coupons
        kept = Addressees((), None, HoldOut(share=share, salt="s")).among(pl.DataFrame({"user_id": users}))
        assert set(users) - set(kept["user_id"]) == held[share]
    assert held[0.0] == set()
    assert held[0.05] < held[0.2]
    assert 700 < len(held[0.2]) < 900
    other = {row["user_id"] for row in rows.where(is_held_out(HoldOut(share=0.2, salt="t"))).collect()}
    assert 80 < len(other & held[0.2]) < 240, "another salt draws others, of whom a fifth are the same by chance"


def test_a_forecast_follows_the_line_of_the_last_week_and_never_falls_below_nobody() -> None:
    day = date(2026, 1, 10)
    steady = {day - timedelta(n): 1_000 - 10 * n for n in range(20)}
    assert expected_next(steady, day) == 1_010
    assert expected_next({day: 7}, day) == 7
    assert expected_next({day - timedelta(1): 100, day: 10}, day) == 0
    assert expected_next({day - timedelta(30): 5, day: 10}, day) == 10, "what is older than a week says nothing"
    assert expected_next({day + timedelta(1): 99, day: 10}, day) == 10, "later days say nothing"
