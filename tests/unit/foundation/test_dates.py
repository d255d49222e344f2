"""Days are half-open and shop-local, also where clocks change."""

from datetime import date, timedelta

import pytest

from interest_spark.foundation.dates import day_end, day_range, day_start, parse_day, parse_zone
from interest_spark.foundation.errors import ConfigError


@pytest.mark.parametrize(
    "text", ["2026-1-1", "20260101", "2026-02-30", "today", "", "2026-01-01T00:00", "２０２６-01-01"]
)
def test_malformed_days_are_refused_with_the_form_to_use(text: str) -> None:
    with pytest.raises(ConfigError, match="YYYY-MM-DD") as caught:
        parse_day(text)
    assert repr(text) in str(caught.value)
    assert caught.value.exit_code == 2


def test_days_meet_without_gap_or_overlap_over_a_clock_change() -> None:
    zone = parse_zone("Europe/London")
    days = list(day_range(date(2011, 3, 25), date(2011, 3, 29)))
    assert all(day_end(day, zone) == day_start(day + timedelta(days=1), zone) for day in days)
    assert day_end(date(2011, 3, 27), zone) - day_start(date(2011, 3, 27), zone) == timedelta(hours=23)


def test_unknown_zone() -> None:
    with pytest.raises(ConfigError, match="IANA"):
        parse_zone("Mars/Olympus")
