"""The wall clock of a zone, on every side of every change of its rules."""

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.features.clock import local_seconds

ZONES = st.sampled_from(
    [
        "UTC",
        "Asia/Shanghai",
        "Asia/Kathmandu",
        "America/New_York",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "Pacific/Apia",
    ]
)
INSTANTS = st.lists(st.integers(0, 4_102_444_800), max_size=40)  # to 2100


def shown(instant: int, zone: ZoneInfo) -> int:
    clock = datetime.fromtimestamp(instant, zone).replace(tzinfo=timezone.utc)
    return int(clock.timestamp())


@given(INSTANTS, ZONES)
def test_it_shows_what_a_clock_there_shows(instants: list[int], name: str) -> None:
    zone = ZoneInfo(name)
    found = local_seconds(np.array(instants, np.int64), zone)
    assert found.tolist() == [shown(instant, zone) for instant in instants]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("America/New_York", "2026-03-08T07:00:00+00:00"),
        ("America/New_York", "2026-11-01T06:00:00+00:00"),
        ("America/St_Johns", "2010-03-14T03:31:00+00:00"),  # at one minute past midnight
        ("Australia/Lord_Howe", "2026-04-04T15:00:00+00:00"),  # by half an hour
        ("Pacific/Apia", "2011-12-30T10:00:00+00:00"),  # by a day
    ],
)
def test_each_second_around_a_change(name: str, change: str) -> None:
    zone, middle = ZoneInfo(name), int(datetime.fromisoformat(change).timestamp())
    instants = np.arange(middle - 4000, middle + 4000)
    found = local_seconds(instants, zone)
    assert found.tolist() == [shown(instant, zone) for instant in instants.tolist()]
    assert (np.diff(found) != 1).sum() == 1
