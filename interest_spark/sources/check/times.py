"""The format of times, told by their values."""

from collections.abc import Sequence

import polars as pl

from interest_spark.config.source import PLAIN_TIMES
from interest_spark.foundation.dates import EARLIEST_INSTANT, LATEST_INSTANT
from interest_spark.sources.instants import to_instant

_PATTERNS = (
    *("yyyy/MM/dd HH:mm:ss", "yyyy/MM/dd HH:mm", "yyyyMMddHHmmss", "yyyyMMdd HH:mm:ss", "dd.MM.yyyy HH:mm:ss"),
    *("dd.MM.yyyy HH:mm", "dd/MM/yyyy HH:mm:ss", "MM/dd/yyyy HH:mm:ss", "M/d/yyyy h:mm:ss a", "M/d/yyyy H:mm"),
    *("dd/MMM/yyyy:HH:mm:ss Z", "yyyy-MM-dd HH:mm:ss.SSS", "yyyy/MM/dd", "dd.MM.yyyy", "d/M/yyyy"),
)
_WITHOUT_YEAR = ("Mdd", "MM-dd HH:mm:ss", "MM/dd HH:mm:ss", "MMM d HH:mm:ss", "MM-dd", "MM/dd")
_LEAP_YEAR = "2024"
_LIKELY_FROM = EARLIEST_INSTANT.replace(year=1995)  # numbers that are no times seldom lie in these years
_MOST_VALUES = 200


def time_format_of(values: Sequence[str]) -> str | None:
    """The format that reads most of the values as times of plausible years; None where none reads the half of them."""
    return _best(values, (*PLAIN_TIMES, *_PATTERNS))


def format_without_year_of(values: Sequence[str]) -> str | None:
    """The pattern of times that have month and day and no year; None where none reads nearly all values."""
    written = [f"{_LEAP_YEAR} {value.strip()}" for value in values]
    found = _best(written, [f"yyyy {each}" for each in _WITHOUT_YEAR], least=0.95)
    return found.removeprefix("yyyy ") if found else None


def _best(values: Sequence[str], formats: Sequence[str], least: float = 0.5) -> str | None:
    text = pl.Series([value.strip() for value in values[:_MOST_VALUES]], dtype=pl.String)
    best, most = None, int(len(text) * least)
    for each in formats:
        instants = to_instant(text, each, "UTC")
        known = int(instants.is_between(_LIKELY_FROM, LATEST_INSTANT, closed="left").fill_null(value=False).sum())
        if known > most or (known == most == len(text) > 0 and best is None):
            best, most = each, known
    return best
