"""Typing, days and duplicates as Spark's own expressions have them: what the vectorised way is compared with."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pyspark.sql import Window
from pyspark.sql import functions as F

from interest_spark.config.ingest import IngestConfig
from interest_spark.config.source import SourceConfig
from interest_spark.foundation.dates import EARLIEST_INSTANT, LATEST_INSTANT, day_end, day_start
from interest_spark.schemas.behaviors import BEHAVIORS
from interest_spark.schemas.tables import TABLES
from interest_spark.sources.piece_rows import LINE_COLUMNS
from interest_spark.sources.reader import get_reader
from interest_spark.sources.typing_rules import ATTRIBUTE_PREFIX, OLDEST_AGE

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

Columns = dict[str, "Column"]
Problems = list[tuple[str, "Column"]]
TypingRule = Callable[[Columns, SourceConfig], tuple[Columns, Problems]]

OUT_OF_RANGE = "time_out_of_range"
_SERVICE_CODES = r"^(POST|DOT|C2|M|m|D|S|B|CRUK|BANK CHARGES|AMAZONFEE)$"
_OFFSET = r"(Z|z|UTC|[+-]\d{2}(:?\d{2})?)"
_ISO = rf"^\d{{4}}-\d{{2}}-\d{{2}}([Tt ]\d{{2}}:\d{{2}}(:\d{{2}}([.,]\d{{1,9}})?)?\s?{_OFFSET}?)?\s?$"
_ISO_WITH_ZONE = rf"(?s)[Tt ]\d{{2}}:\d{{2}}.*{_OFFSET}\s?$"  # a line end may stand before the offset
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_ZERO_DATE = r"^0000-00-00"  # as MySQL writes a date that is none
_UNIX = {"unix_s": 1, "unix_ms": 1_000, "unix_us": 1_000_000, "unix_ns": 1_000_000_000}
_MICROSECONDS = 1_000_000
# Spark fails on years that its microseconds since 1970 cannot hold.
_YEAR_BEYOND_SPARK = r"^-|\+(\d{7,}|[2-9]\d{5})"
_YEAR_1 = -62_135_596_800 * _MICROSECONDS
_YEAR_10000 = 253_402_300_800 * _MICROSECONDS


def to_value(text: "Column", name: str, source: SourceConfig) -> "Column":
    """Text without the white space around it; nothing left, and what is written for nothing, means no value."""
    spaces = r"[\s\x1c-\x1f\x85\xa0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]+"
    trimmed = F.regexp_replace(text, rf"^{spaces}|{spaces}\z", "")
    words = ("\\N",) if name in ("title", "description", "query") else ("\\N", "NULL", "null")
    nulls = [each for each in source.nulls if name.endswith("_id") or each in words]
    return F.when(~trimmed.isin("", *nulls), trimmed)


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
    text = _extended(text)
    instant = F.when(text.rlike(_ISO), F.to_timestamp(_as_spark_reads(text)))
    instant = F.when(text.rlike(_ISO_WITH_ZONE), instant).otherwise(F.to_utc_timestamp(instant, time_zone))
    return _within_four_digits(F.unix_micros(instant))


def to_known_since(text: "Column", time_format: str, time_zone: str) -> "Column":
    """An instant like `to_instant`'s; those before 1970 and zero dates mean "since ever" and become 1970's first.

    One that will never come (9999-12-31) says nothing and becomes null, as text that is no instant does.
    """
    first, last = F.lit(EARLIEST_INSTANT), F.lit(LATEST_INSTANT)
    instant = to_instant(text, time_format, time_zone)
    return F.when(text.rlike(_ZERO_DATE) | (instant < first), first).when(instant < last, instant)


def _extended(text: "Column") -> "Column":
    """The basic format with its signs: 20260102T1000 as 2026-01-02T10:00."""
    date, time = r"^(\d{4})(\d{2})(\d{2})", r"[Tt](\d{2})(\d{2})"
    seconds = F.regexp_replace(text, rf"{date}{time}(\d{{2}})", "$1-$2-$3T$4:$5:$6")
    minutes = F.regexp_replace(seconds, rf"{date}{time}", "$1-$2-$3T$4:$5")
    return F.when(text.rlike(rf"{date}(\s?$|{time})"), F.regexp_replace(minutes, rf"{date}\s?$", "$1-$2-$3")).otherwise(
        text
    )


def _as_spark_reads(text: "Column") -> "Column":
    """With capital letters, a full stop before the fraction, and seconds before an offset."""
    capital = F.regexp_replace(F.upper(text), ",", ".")
    return F.regexp_replace(capital, r"^(.{10}[T ]\d{2}:\d{2})(\s?[Z+U-])", "$1:00$2")


def _from_unix(text: "Column", units_per_second: int) -> "Column":
    seconds = text.cast("double") / units_per_second
    of_exponent = F.round(F.greatest(F.least(seconds, F.lit(1e12)), F.lit(-1e12)) * _MICROSECONDS)
    with_exponent = F.when(text.rlike(r"^-?\d+(\.\d+)?[eE][+-]?\d{1,2}$"), of_exponent.cast("decimal(38,6)"))
    return F.coalesce(_from_plain_unix(text, units_per_second).cast("decimal(38,6)"), with_exponent)


def _from_plain_unix(text: "Column", units_per_second: int) -> "Column":
    number = F.regexp_replace(text, r"(\.\d{6})\d+", "$1")
    units = F.when(number.rlike(r"^-?\d{1,19}(\.\d{1,6})?$"), number.cast("decimal(26,6)"))
    if units_per_second > _MICROSECONDS:
        exact = F.regexp_replace(text, r"\..*", "").cast("decimal(20,0)") / (units_per_second // _MICROSECONDS)
        return F.when(units.isNotNull(), F.when(exact < 0, F.ceil(exact)).otherwise(F.floor(exact)))
    return units * (_MICROSECONDS // units_per_second)


def _within_four_digits(microseconds: "Column") -> "Column":
    # A cast to bigint would wrap around, so the bounds come first; `greatest` and `least` would skip nulls.
    bounded = F.when(microseconds < _YEAR_1, F.lit(_YEAR_1)).when(microseconds >= _YEAR_10000, F.lit(_YEAR_10000 - 1))
    return F.timestamp_micros(bounded.otherwise(microseconds.cast("bigint")))


def typed_rows(raw: "DataFrame", kind: str, source: SourceConfig) -> "DataFrame":
    """Rows of `read_piece` as `CanonicalReader.read` has them."""
    retail = source.reader == "online_retail"
    source = get_reader(source.reader).settings(kind, source)
    wanted = source.columns | {ATTRIBUTE_PREFIX + name: field for name, field in source.attributes.items()}
    fields = sorted(set(wanted.values()))
    text: Columns = {name: F.lit(None).cast("string") for name in TABLES[kind].names if name not in LINE_COLUMNS}
    text |= {name: F.lit(value) for name, value in source.constants.items()}
    text |= {name: to_value(F.col(f"field_{fields.index(field)}"), name, source) for name, field in wanted.items()}
    text = _cancellations_are_returns(text) if retail else text
    typed, problems = TYPING_RULES[kind](text, source)
    if retail:
        problems += [("service_item", _is_service(text)), ("missing_user", _is_stock_correction(text))]
    reason = F.coalesce(F.col("reason"), *(F.when(bad, F.lit(name)) for name, bad in _ids_first(problems)))
    rows = raw.withColumn("new_reason", F.when(F.col("file_fault").isNull(), reason))
    places = [F.col(name) for name in (*LINE_COLUMNS[:3], *LINE_COLUMNS[5:])]
    values = [typed[name].alias(name) for name in typed]
    return rows.select(*places, "raw", F.col("new_reason").alias("reason"), *values)


def _ids_first(problems: Problems) -> Problems:
    ids = ("missing_user", "missing_item", "service_item")
    return sorted(problems, key=lambda problem: ids.index(problem[0]) if problem[0] in ids else len(ids))


def _cancellations_are_returns(columns: Columns) -> Columns:
    """An invoice number that starts with C cancels goods: a return of the positive quantity."""
    if "session_id" not in columns:  # items and users have no invoice
        return columns
    cancelled = columns["session_id"].startswith("C")
    quantity = F.when(cancelled, F.ltrim(F.regexp_replace(columns["quantity"], "^-", ""))).otherwise(
        columns["quantity"]
    )
    return {**columns, "behavior": F.when(cancelled, "return").otherwise("purchase"), "quantity": quantity}


def _is_service(columns: Columns) -> "Column":
    return columns["item_id"].rlike(_SERVICE_CODES) if "item_id" in columns else F.lit(False)


def _is_stock_correction(columns: Columns) -> "Column":
    """Lines without a customer describe a correction ("damages", "?") where a title should be."""
    return columns["buyer"].isNull() if "buyer" in columns else F.lit(False)


def type_event(text: Columns, source: SourceConfig) -> tuple[Columns, Problems]:
    """Columns of `events` except the line's place; numbers must be finite, prices and quantities not negative."""
    words = source.behaviors or dict(zip(BEHAVIORS, BEHAVIORS, strict=True))
    canonical = F.create_map(*(F.lit(part) for pair in words.items() for part in pair))
    typed = {name: text[name] for name in TABLES["events"].names if name in text}
    typed["behavior"] = canonical[text["behavior"]]
    typed["event_time"] = to_instant(text["event_time"], source.time_format, source.time_zone)
    for name in ("quantity", "price", "rating"):
        typed[name] = to_number(text[name])
    return typed, [
        ("missing_user", text["user_id"].isNull()),
        ("missing_item", text["item_id"].isNull() & ~F.coalesce(typed["behavior"] == "search", F.lit(False))),
        ("missing_behavior", text["behavior"].isNull()),
        ("unknown_behavior", typed["behavior"].isNull()),
        ("missing_time", text["event_time"].isNull()),
        ("bad_time", typed["event_time"].isNull()),
        ("bad_quantity", _is_bad(text["quantity"], typed["quantity"], typed["quantity"] >= 0)),
        ("bad_price", _is_bad(text["price"], typed["price"], typed["price"] >= 0)),
        ("bad_rating", _is_bad(text["rating"], typed["rating"], F.lit(True))),
    ]


def type_item(text: Columns, source: SourceConfig) -> tuple[Columns, Problems]:
    """Columns of `items`."""
    typed = {name: text[name] for name in TABLES["items"].names if name in text}
    typed |= _common_attributes(text, source)
    typed["price"] = to_number(text["price"])
    return typed, [
        ("missing_item", text["item_id"].isNull()),
        *_bad_times(text["updated_at"], source),
        ("bad_price", _is_bad(text["price"], typed["price"], typed["price"] >= 0)),
    ]


def type_user(text: Columns, source: SourceConfig) -> tuple[Columns, Problems]:
    """Columns of `users`."""
    typed = {name: text[name] for name in TABLES["users"].names if name in text}
    typed |= _common_attributes(text, source)
    typed["age"] = to_number(text["age"]).cast("int")
    return typed, [
        ("missing_user", text["user_id"].isNull()),
        *_bad_times(text["updated_at"], source),
        ("bad_age", _is_bad(text["age"], typed["age"], typed["age"].between(0, OLDEST_AGE))),
    ]


TYPING_RULES: dict[str, TypingRule] = {"events": type_event, "items": type_item, "users": type_user}


def _is_bad(text: "Column", value: "Column", allowed: "Column") -> "Column":
    """There is text, but no value or one that is not allowed."""
    return text.isNotNull() & (value.isNull() | ~allowed)


def _bad_times(text: "Column", source: SourceConfig) -> Problems:
    """Texts that are no time, or one after the year 9999."""
    instant = to_instant(text, source.time_format, source.time_zone)
    none = text.isNotNull() & instant.isNull() & ~text.rlike(_ZERO_DATE)
    return [("bad_time", none), ("time_out_of_range", F.unix_micros(instant) == _YEAR_10000 - 1)]


def _common_attributes(text: Columns, source: SourceConfig) -> Columns:
    pairs = [part for name in sorted(source.attributes) for part in (F.lit(name), text[ATTRIBUTE_PREFIX + name])]
    present = F.map_filter(F.create_map(*pairs), lambda _, value: value.isNotNull()) if pairs else F.lit(None)
    return {
        "attributes": present.cast("map<string,string>"),
        "updated_at": to_known_since(text["updated_at"], source.time_format, source.time_zone),
    }


def assign_days(rows: "DataFrame", ingest: IngestConfig, zone: ZoneInfo, undatable_day: date) -> "DataFrame":
    """Add `dt` and refuse events whose time is out of range.

    A line of a day's delivery belongs to that day, and its event may be at most `max_late_days` older. A line
    of a whole-history delivery belongs to the day of its event; lines without a usable time to `undatable_day`.
    """
    delivered = F.col("delivery_day").cast("timestamp")
    starts = F.to_utc_timestamp(delivered - F.expr(f"interval {ingest.max_late_days} days"), zone.key)
    ends = F.to_utc_timestamp(delivered + F.expr("interval 1 day"), zone.key)
    in_delivery = F.col("delivery_day").isNull() | ((F.col("event_time") >= starts) & (F.col("event_time") < ends))
    refused = F.when(~(in_delivery & _within(ingest, zone)), F.lit(OUT_OF_RANGE))
    event_day = F.when(_within(ingest, zone), F.date_format(F.from_utc_timestamp("event_time", zone.key), "yyyy-MM-dd"))
    return rows.withColumn("reason", F.coalesce("reason", refused)).withColumn(
        "dt", F.coalesce("delivery_day", event_day, F.lit(undatable_day.isoformat()))
    )


def _within(ingest: IngestConfig, zone: ZoneInfo) -> "Column":
    time = F.col("event_time")
    inside = time.isNotNull() & (time >= F.lit(EARLIEST_INSTANT)) & (time < F.lit(LATEST_INSTANT))
    if ingest.first_day:
        inside &= time >= F.lit(day_start(ingest.first_day, zone))
    if ingest.last_day:
        inside &= time < F.lit(day_end(ingest.last_day, zone))
    return inside


def mark_duplicates(rows: "DataFrame", earlier: "DataFrame", keys: Sequence[str]) -> "DataFrame":
    """The rows without a reason, without `raw`, with `duplicate`: a copy of an earlier line or of an `earlier` event.

    The first line in the order of day, file and line is the original; `earlier` events are of days before all `rows`.
    Nulls in `keys` equal each other.
    """
    good = rows.where(F.col("reason").isNull()).drop("raw", "reason", "file_fault", "delivery_day")
    known = earlier.select(*keys, "dt").withColumn("known", F.lit(True))
    both = good.withColumn("known", F.lit(False)).unionByName(known, allowMissingColumns=True)
    # Spark compares the first eight bytes before anything else: of a hash they decide, of two users' ids hardly ever.
    same = (F.xxhash64(*(_hashable(both, key) for key in keys)), *(F.col(key) for key in keys))
    order = Window.partitionBy(*same).orderBy("dt", "source_file", "source_line")
    return both.withColumn("duplicate", F.row_number().over(order) > 1).where(~F.col("known")).drop("known")


def _hashable(rows: "DataFrame", key: str) -> "Column":
    """0.0 and -0.0 are equal, but not their bits."""
    return F.col(key) + F.lit(0.0) if dict(rows.dtypes)[key] == "double" else F.col(key)
