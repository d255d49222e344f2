"""Text to typed values as column expressions; text that is no such value becomes null."""

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column

EARLIEST = datetime(1970, 1, 1, tzinfo=timezone.utc)
"""No shop logged anything before it, and Parquet readers disagree on instants of older calendars."""

_ISO = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s?(Z|[+-]\d{2}:?\d{2})?$"
_ISO_WITH_ZONE = r"(Z|[+-]\d{2}:?\d{2})$"
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_UNIX = {"unix_s": 1, "unix_ms": 1_000}
_MICROSECONDS = 1_000_000


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

    Text without an offset is local time of `time_zone`.
    """
    if time_format in _UNIX:
        return _from_unix(text, _UNIX[time_format])
    if time_format != "iso":
        return F.to_utc_timestamp(F.to_timestamp(text, time_format), time_zone)
    instant = F.when(text.rlike(_ISO), F.to_timestamp(text))
    return F.when(text.rlike(_ISO_WITH_ZONE), instant).otherwise(F.to_utc_timestamp(instant, time_zone))


def _from_unix(text: "Column", units_per_second: int) -> "Column":
    units = F.when(text.rlike(r"^-?\d{1,14}(\.\d{1,6})?$"), text.cast("decimal(20,6)"))
    return F.timestamp_micros((units * (_MICROSECONDS // units_per_second)).cast("bigint"))
