"""Instants on the wall clock of a time zone, many at once."""

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np

from interest_spark.foundation.dates import day_end

_DAY = 86_400


def local_seconds(instants: np.ndarray, zone: ZoneInfo) -> np.ndarray:
    """What a clock in `zone` shows, as seconds since it showed 1970-01-01 00:00: int64[m].

    instants: int64[m], seconds since 1970 in UTC. The zone's rules are asked once a day; on the few days on
    which they change the clock, once an instant. (pyarrow could do it, but only where the system has its own
    copy of the rules.)

    >>> local_seconds(np.array([0, 86_399]), ZoneInfo("Asia/Shanghai")).tolist()
    [28800, 115199]
    """
    if not len(instants):
        return instants
    day = instants // _DAY
    first = int(day.min())
    day = day - first
    days = np.flatnonzero(np.bincount(day))
    begins, ends = np.zeros((2, days[-1] + 1), np.int64)
    begins[days], ends[days] = (_offsets(first + days + step, _DAY, zone) for step in (0, 1))
    shift = begins[day]
    changing = np.flatnonzero((begins != ends)[day])
    shift[changing] = _offsets(instants[changing], 1, zone)
    return instants + shift


def local_days(instants: np.ndarray, zone: ZoneInfo) -> np.ndarray:
    """The day of each instant in `zone`, since 1970-01-01: int64[m]. `instants` as for `local_seconds`."""
    return local_seconds(instants, zone) // _DAY


def day_ends(days: np.ndarray, zone: ZoneInfo) -> np.ndarray:
    """The first instant after each day in `zone`, in microseconds since 1970: int64[m]. `days` count from 1970."""
    if not len(days):
        return days
    first = int(days.min())
    present = np.flatnonzero(np.bincount(days - first))
    ends = np.zeros(present[-1] + 1, np.int64)
    epoch = date(1970, 1, 1)
    ends[present] = [day_end(epoch + timedelta(first + day), zone).timestamp() * 1_000_000 for day in present.tolist()]
    found: np.ndarray = ends[days - first]
    return found


def _offsets(places: np.ndarray, unit: int, zone: ZoneInfo) -> np.ndarray:
    """The zone's seconds ahead of UTC at `places` times `unit` seconds since 1970: int64[m]."""
    clocks = (datetime.fromtimestamp(place * unit, timezone.utc).astimezone(zone) for place in places.tolist())
    seconds = [int(clock.utcoffset().total_seconds()) for clock in clocks]  # type: ignore[union-attr]
    return np.array(seconds, np.int64)
