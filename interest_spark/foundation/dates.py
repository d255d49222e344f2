"""Days: half-open intervals of one shop-local calendar day."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from interest_spark.foundation.errors import ConfigError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

EARLIEST_INSTANT = datetime(1970, 1, 1, tzinfo=timezone.utc)
LATEST_INSTANT = datetime(2100, 1, 1, tzinfo=timezone.utc)
"""The first instant that a log can tell of, and the first one that is too late. What lies outside stands for "never",
as 0001-01-01 and 9999-12-31 do, or is in another unit: milliseconds taken for seconds lie far in the future. Parquet
writers refuse instants before 1900, and a fifth digit in a year is no day.
"""


def parse_day(text: str) -> date:
    """The day written as `YYYY-MM-DD`, and in no other way, from 1970 to 2099: those that a log can tell of.

    >>> parse_day("2011-11-30")
    datetime.date(2011, 11, 30)
    """
    try:
        if not _DAY.fullmatch(text):
            raise ValueError(text)
        day = date.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"day {text!r} is not a calendar day; write it as YYYY-MM-DD, for example 2026-01-31"
        ) from None
    if not EARLIEST_INSTANT.date() <= day < LATEST_INSTANT.date():
        raise ConfigError(f"day {text} is outside of 1970 to 2099, which no log tells of; name a day within")
    return day


def parse_zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        guess = _nearest_zone(name)
        hint = f"did you mean {guess!r}? " if guess else ""
        raise ConfigError(
            f"time zone {name!r} is unknown; {hint}use an IANA name such as UTC or Asia/Shanghai"
        ) from None


def _nearest_zone(name: str) -> str | None:
    """The zone with the most similar name, else the one of the most similar place."""
    zones = sorted(available_timezones())
    places = {zone.rpartition("/")[2].lower(): zone for zone in zones}
    place = get_close_matches(name.rpartition("/")[2].lower(), places, n=1, cutoff=0.8)
    return next(iter(get_close_matches(name, zones, n=1, cutoff=0.8)), places[place[0]] if place else None)


def days_since_1970(day: date) -> int:
    """How tables count days in lists.

    >>> days_since_1970(date(1970, 1, 11))
    10
    """
    return (day - date(1970, 1, 1)).days


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of `day` in `zone`, in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(timezone.utc)


def day_end(day: date, zone: ZoneInfo) -> datetime:
    """The first instant after `day` in `zone`, in UTC: the excluded end of the day.

    >>> day_end(date(2017, 12, 3), ZoneInfo("Asia/Shanghai")).isoformat()
    '2017-12-03T16:00:00+00:00'
    """
    return day_start(day + timedelta(days=1), zone)


def day_range(first: date, last: date) -> Iterator[date]:
    """Every day from `first` to `last`, both included."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)
