"""Days that learn and days that judge."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.evaluation.splits import fold_of, rolling_folds

DAYS = st.integers(1, 30)


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), DAYS, st.integers(0, 9))
def test_learning_ends_before_judging_begins(last: date, horizon: int, gap: int) -> None:
    fold = fold_of(last, horizon, gap)
    assert (fold.last - fold.first).days + 1 == horizon
    assert (fold.first - fold.cutoff).days - 1 == gap


@given(DAYS, DAYS, st.integers(0, 9), st.integers(0, 200))
def test_no_event_judges_twice_where_folds_are_as_far_apart_as_they_are_long(
    every: int, horizon: int, gap: int, days: int
) -> None:
    first = date(2026, 1, 1)
    folds = list(rolling_folds(first, first + timedelta(days), every, horizon, gap))
    assert len(folds) == days // every + 1
    judged = [each.first + timedelta(n) for each in folds for n in range(horizon)]
    assert every < horizon or len(set(judged)) == len(judged)


def test_by_hand() -> None:
    with pytest.raises(ValueError, match="0 days apart"):
        list(rolling_folds(date(2026, 1, 1), date(2026, 1, 2), 0, 1))
    assert not list(rolling_folds(date(2026, 1, 2), date(2026, 1, 1), 1, 1))
