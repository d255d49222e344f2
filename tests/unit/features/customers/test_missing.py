"""What stands in for missing values: a planted mean comes back where leaving rows out is wrong, from the past alone."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from interest_spark.features.customers.missing import fill, fit
from interest_spark.schemas.customer_features import FEATURES, Feature, Missing

USERS = 20_000
ALWAYS = (
    Feature("events_90d", "total", "never", of="events", days=90),
    Feature("sessions_90d", "total", "never", of="sessions", days=90),
)


def features(missing: Missing, by: str = "") -> tuple[Feature, ...]:
    return (*ALWAYS, Feature("interval", "interval", missing, of="events", days=180, by=by))


def world(seed: int, at_random: bool) -> tuple[pl.DataFrame, float]:
    """Rows in which `interval` falls with the events, and its mean before some were taken away.

    At random: of all users alike; else the more, the fewer events somebody has.
    """
    rng = np.random.default_rng(seed)
    events, sessions = rng.integers(0, 100, USERS), rng.integers(1, 20, USERS)
    interval = 60 - 0.5 * events + 0.3 * sessions + rng.normal(0, 2, USERS)
    missing = rng.random(USERS) < (0.4 if at_random else 0.8 - 0.7 * events / 100)
    columns = {"events_90d": events, "sessions_90d": sessions, "group": np.where(events < 50, "few", "many")}
    rows = pl.DataFrame({**columns, "interval": interval}).with_columns(
        interval=pl.when(~pl.Series(missing)).then("interval")
    )
    return rows, float(interval.mean())


@pytest.mark.parametrize("at_random", [True, False])
def test_the_model_recovers_the_mean_also_where_leaving_rows_out_is_biased(at_random: bool) -> None:
    training, _ = world(1, at_random)
    rows, mean = world(2, at_random)
    filled = fill(rows, fit(training, features("model")), features("model"))
    assert filled["interval"].mean() == pytest.approx(mean, rel=0.02)
    left = fill(rows, fit(training, features("drop")), features("drop"))["interval"].mean()
    assert (left == pytest.approx(mean, rel=0.02)) == at_random
    assert filled["interval_missing"].to_list() == rows["interval"].is_null().to_list()


def test_what_is_judged_has_no_part_in_what_fills_it() -> None:
    training, _ = world(1, at_random=True)
    rows, _ = world(2, at_random=True)
    fills = fit(training, features("mean"))
    other = rows.with_columns(interval=pl.col("interval") * 1_000)
    for each in (rows, other):
        filled = fill(each, fills, features("mean")).filter("interval_missing")["interval"].unique()
        assert filled.to_list() == [pytest.approx(training["interval"].mean())]


ROWS = {"events_90d": [1, 2, 3, 4, 5], "sessions_90d": [1] * 5, "interval": [1.0, 1.0, 2.0, 8.0, None]}
GROUPS = {"group": ["a", "a", "b", "b", "b"]}


@pytest.mark.parametrize(
    ("missing", "by", "value"),
    [("zero", "", 0.0), ("mean", "", 3.0), ("median", "", 1.5), ("mode", "", 1.0), ("group", "group", 5.0)],
)
def test_each_declared_choice_by_hand(missing: Missing, by: str, value: float) -> None:
    rows = pl.DataFrame({**ROWS, **GROUPS})
    declared = features(missing, by)
    filled = fill(rows, fit(rows, declared), declared)
    assert filled["interval"].to_list() == [1.0, 1.0, 2.0, 8.0, value]
    assert filled["interval_missing"].to_list() == [False] * 4 + [True]


def test_a_group_that_training_did_not_see_gets_the_mean_of_all() -> None:
    declared, rows = features("group", "group"), pl.DataFrame({**ROWS, **GROUPS})
    unseen = rows.tail(1).with_columns(group=pl.lit("z"))
    assert fill(unseen, fit(rows, declared), declared)["interval"].to_list() == [3.0]


def test_every_declaration_can_be_fitted() -> None:
    values: dict[str, Any] = {}
    for each in FEATURES:
        of_text = str(each.type) == "string"
        values[each.name] = ["x", None, "y"] if of_text else [1, None, 3]
        if each.missing == "never":
            values[each.name] = ["x", "x", "y"] if of_text else [1, 2, 3]
    rows = pl.DataFrame(values, strict=False)
    filled = fill(rows, fit(rows))
    assert [each.name for each in FEATURES if filled[each.name].null_count()] == []
