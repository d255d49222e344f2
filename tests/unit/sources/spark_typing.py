"""Typing as Spark's own expressions do it: what the vectorised way is compared with."""

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from interest_spark.foundation.dates import EARLIEST_INSTANT, LATEST_INSTANT

if TYPE_CHECKING:
    from pyspark.sql import Column
_ISO = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s?(Z|[+-]\d{2}:?\d{2})?$"
_ISO_WITH_ZONE = r"(Z|[+-]\d{2}:?\d{2})$"
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_ZERO_DATE = r"^0000-00-00"  # as MySQL writes a date that is none
_UNIX = {"unix_s": 1, "unix_ms": 1_000}
_MICROSECONDS = 1_000_000
# Spark fails on years that its microseconds since 1970 cannot hold.
_YEAR_BEYOND_SPARK = r"^-|\+(\d{7,}|[2-9]\d{5})"
_YEAR_1 = -62_135_596_800 * _MICROSECONDS
_YEAR_10000 = 253_402_300_800 * _MICROSECONDS


def blank_to_null(text: "Column") -> "Column":
    """Text without its surrounding white space; nothing left means no value."""
    trimmed = F.trim(text)
    return F.when(trimmed != "", trimmed)


def to_number(text: "Column") -> "Column":
    """A finite double, else null: `NaN`, `Infinity` and `1e400` are no numbers here."""
    number = F.when(text.rlike(_NUMBER), text.cast("double"))
    return F.when(~F.isnan(number) & (F.abs(number) < float("inf")), number)


def to_instant(text: "Column", time_format: str, time_zone: str) -> "Column":
    """A UTC instant from `iso`, `unix_s`, `unix_ms` or a Spark date-time pattern.

    Text without an offset is local time of `time_zone`. Instants outside the years 1 to 9999 become the first or the
    last one within.
    """
    if time_format in _UNIX:
        return _within_four_digits(_from_unix(text, _UNIX[time_format]))
    if time_format != "iso":
        local = F.to_timestamp(F.when(~text.rlike(_YEAR_BEYOND_SPARK), text), time_format)
        return _within_four_digits(F.unix_micros(F.to_utc_timestamp(local, time_zone)))
    instant = F.when(text.rlike(_ISO), F.to_timestamp(text))
    instant = F.when(text.rlike(_ISO_WITH_ZONE), instant).otherwise(F.to_utc_timestamp(instant, time_zone))
    return _within_four_digits(F.unix_micros(instant))


def to_known_since(text: "Column", time_format: str, time_zone: str) -> "Column":
    """An instant like `to_instant`'s; those before 1970 and zero dates mean "since ever" and become 1970's first.

    One that will never come (9999-12-31) says nothing and becomes null, as text that is no instant does.
    """
    first, last = F.lit(EARLIEST_INSTANT), F.lit(LATEST_INSTANT)
    instant = to_instant(text, time_format, time_zone)
    return F.when(text.rlike(_ZERO_DATE) | (instant < first), first).when(instant < last, instant)


def _from_unix(text: "Column", units_per_second: int) -> "Column":
    units = F.when(text.rlike(r"^-?\d{1,14}(\.\d{1,6})?$"), text.cast("decimal(20,6)"))
    return units * (_MICROSECONDS // units_per_second)


def _within_four_digits(microseconds: "Column") -> "Column":
    # A cast to bigint would wrap around, so the bounds come first; `greatest` and `least` would skip nulls.
    bounded = F.when(microseconds < _YEAR_1, F.lit(_YEAR_1)).when(microseconds >= _YEAR_10000, F.lit(_YEAR_10000 - 1))
    return F.timestamp_micros(bounded.otherwise(microseconds.cast("bigint")))
