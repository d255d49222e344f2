"""Which days a churn model learns from and is judged by."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from interest_spark.config.churn import ChurnConfig
from interest_spark.steps.churn import cutoff_days

SECTION = ChurnConfig(gap_days=3, horizon_days=7, rhythm_least_days=2, rhythm_most_days=5, cutoffs=3, cutoff_days=4)
FIRST = date(2026, 1, 1)


def day(number: int) -> str:
    return (FIRST + timedelta(number)).isoformat()


def test_with_every_day_the_newest_ones_are_taken() -> None:
    assert cutoff_days(SECTION, day(60), [day(each) for each in range(61)]) == ([day(32), day(36), day(40)], day(50))


def test_a_young_shop_has_no_days_to_learn_from() -> None:
    assert cutoff_days(SECTION, day(19), [day(each) for each in range(20)]) == ([], day(9))
    assert cutoff_days(SECTION, day(9), [day(each) for each in range(10)]) == ([], None)
    assert cutoff_days(SECTION, day(20), [day(each) for each in range(21)]) == ([day(0)], day(10))


@given(st.sets(st.integers(0, 99)), st.integers(0, 99))
def test_every_label_is_known_in_time_and_days_lie_apart(made: set[int], today: int) -> None:
    training, judging = cutoff_days(SECTION, day(today), [day(each) for each in sorted(made) if each <= today])
    assert len(training) <= SECTION.cutoffs
    if judging is not None:
        assert judging <= day(today - SECTION.label_days)
        assert all(each <= (date.fromisoformat(judging) - timedelta(10)).isoformat() for each in training)
    numbers = [date.fromisoformat(each).toordinal() for each in training]
    assert all(later - earlier >= 4 for earlier, later in pairwise(numbers))


def test_days_that_come_later_change_nothing() -> None:
    days = [day(each) for each in range(0, 61, 3)]
    assert cutoff_days(SECTION, day(60), days) == cutoff_days(SECTION, day(60), days[:17])
