"""Text to instants, whole columns at a time: a regular expression takes the fields out, arithmetic does the rest.

Times come out as Spark's own parser reads them (`to_timestamp`, and a cast for ISO): the tests compare the two.
"""

import re
from collections.abc import Sequence
from functools import reduce
from operator import and_

import polars as pl

from interest_spark.config.time_pattern import Field
from interest_spark.foundation.dates import EARLIEST_INSTANT, LATEST_INSTANT
from interest_spark.sources.time_layout import (
    ISO_BASIC_LAYOUT,
    ISO_LAYOUT,
    LINE_END,
    MONTHS,
    OFFSETS,
    Layout,
    layout_of,
    month_name,
)

INSTANT = pl.Datetime("us", "UTC")

_MICROSECONDS = 1_000_000
_YEAR_1 = -62_135_596_800 * _MICROSECONDS
_YEAR_10000 = 253_402_300_800 * _MICROSECONDS
LAST_INSTANT = pl.Series([_YEAR_10000 - 1]).cast(INSTANT)[0]
"""What instants after the year 9999 become: no clock shows them, so their unit is another one than was said."""
_ZERO_DATE = r"^0000-00-00"  # as MySQL writes a date that is none
# Spark fails on years that its microseconds since 1970 cannot hold.
_YEAR_BEYOND_SPARK = r"^-|\+(?:[0-9]{7,}|[2-9][0-9]{5})"

_UNIX = rf"^(-?)([0-9]{{1,19}})(?:\.([0-9]+))?{LINE_END}$"
_UNIX_WITH_EXPONENT = rf"^-?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{{1,2}}{LINE_END}$"
_UNITS_A_SECOND = {"unix_s": 1, "unix_ms": 1_000, "unix_us": 1_000_000, "unix_ns": 1_000_000_000}
_SECONDS_IN_SIGHT = 1_000_000_000_000  # years beyond four digits are bounded later; they only must not wrap around
_INVALID = 2_000_000_000  # no field has such a value
_LARGEST_YEAR = 999_999_999
_LARGEST_OFFSET = 18 * 3600
_DEFAULTS = {"y": 1970, "M": 1, "d": 1, "m": 0, "s": 0}  # as Spark has them
_HOURS = {"H": (0, 23), "k": (1, 24), "K": (0, 11), "h": (1, 12)}
_LETTER = {"L": "M", "X": "offset", "x": "offset", "Z": "offset"}


def to_instant(text: pl.Series, time_format: str, time_zone: str) -> pl.Series:
    """UTC instants from `iso`, `unix_s`, `_ms`, `_us`, `_ns` or a Spark date-time pattern; null where the text is none.

    Text without an offset is local time of `time_zone`. Instants outside the years 1 to 9999 become the first or the
    last one within.
    """
    if time_format in _UNITS_A_SECOND:
        return _within_four_digits(_from_unix(text, _UNITS_A_SECOND[time_format]))
    parsed = _iso(text) if time_format == "iso" else _of_pattern(text, time_format)
    instants = parsed["local"] - parsed["offset"].fill_null(0) * _MICROSECONDS
    if time_zone != "UTC":
        instants = _to_utc(instants, time_zone).zip_with(parsed["offset"].is_null(), instants)
    return _within_four_digits(instants)


def _of_pattern(text: pl.Series, pattern: str) -> pl.DataFrame:
    return _resolve(text.set(text.str.contains(_YEAR_BEYOND_SPARK), None), layout_of(pattern))


def _iso(text: pl.Series) -> pl.DataFrame:
    """Nearly all write the extended format; what is none is looked at once more."""
    parsed = _resolve(text, ISO_LAYOUT)
    other = parsed["local"].is_null() & text.is_not_null()
    if not other.any():
        return parsed
    basic = _resolve(text.set(~other, None), ISO_BASIC_LAYOUT)
    return pl.DataFrame([column.zip_with(~other, basic[column.name]) for column in parsed])


def to_known_since(text: pl.Series, instants: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Since when something is known, from texts and the instants that they are, and which texts are no time at all.

    What is before 1970 and zero dates mean "since ever" and become 1970's first instant. One that will never come
    (9999-12-31) says nothing and becomes null.
    """
    time, zero = pl.col("time"), pl.col("text").str.contains(_ZERO_DATE)
    since_ever = zero | (time < EARLIEST_INSTANT)
    known = pl.when(since_ever).then(pl.lit(EARLIEST_INSTANT, INSTANT)).when(time < LATEST_INSTANT).then(time)
    none = pl.col("text").is_not_null() & time.is_null() & ~zero.fill_null(value=False)
    found = pl.select(time=instants, text=text).select(known=known, none=none)
    return found["known"], found["none"]


def _within_four_digits(microseconds: pl.Series) -> pl.Series:
    return microseconds.clip(_YEAR_1, _YEAR_10000 - 1).cast(INSTANT)


def _from_unix(text: pl.Series, units_a_second: int) -> pl.Series:
    """Microseconds; what is smaller is cut off, of a number with an exponent, a double, rounded."""
    minus, whole, fraction = text.str.extract_groups(_UNIX).struct.unnest().get_columns()
    most = min(_SECONDS_IN_SIGHT * units_a_second, 2**62)
    units = whole.cast(pl.UInt64).clip(0, most).cast(pl.Int64)
    parts = fraction.str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int64).fill_null(0) // units_a_second
    if units_a_second > _MICROSECONDS:
        micros = units // (units_a_second // _MICROSECONDS)
    else:
        micros = units * (_MICROSECONDS // units_a_second) + parts
    plain = micros * pl.select(pl.when(minus == "-").then(-1).otherwise(1)).to_series()
    has_exponent = text.str.contains(_UNIX_WITH_EXPONENT)
    if not has_exponent.any():
        return plain
    seconds = text.set(~has_exponent, None).str.strip_chars_end("\r\n").cast(pl.Float64) / units_a_second
    rounded = (seconds.clip(-_SECONDS_IN_SIGHT, _SECONDS_IN_SIGHT) * _MICROSECONDS).round().cast(pl.Int64)
    return plain.zip_with(~has_exponent, rounded)


def _to_utc(local: pl.Series, time_zone: str) -> pl.Series:
    """Microseconds of local times to those of instants: the earlier one where clocks were set back.

    Times that clocks skipped count as if they had not been set forward yet.
    """
    times = local.cast(pl.Datetime("us"))
    found = _localized(times, time_zone)
    if found.null_count() > local.null_count():
        day = pl.duration(days=1)
        before = pl.select(day_before=times - day).to_series()
        moved = pl.select(_localized(before, time_zone) + day).to_series()
        found = found.zip_with(found.is_not_null(), moved)
    return found.cast(pl.Int64)


def _localized(times: pl.Series, time_zone: str) -> pl.Series:
    return times.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")


def _resolve(text: pl.Series, layout: Layout) -> pl.DataFrame:
    """`local`, microseconds since 1970 of date and time as they are written, and `offset`, seconds, where one is."""
    groups, fits = _groups(text, layout)
    values, agree = _values(layout.fields)
    hour, hour_is_valid = _hour(values)
    year, month, day, minute, second = (
        values[letter].fill_null(default) if letter in values else pl.lit(default, pl.Int64)
        for letter, default in _DEFAULTS.items()
    )
    fields = groups.select(
        fits=pl.lit(fits) & reduce(and_, agree, hour_is_valid),
        year=year,
        month=month,
        day=day,
        hour=hour,
        minute=minute,
        second=second,
        fraction=values["S"].fill_null(0) if "S" in values else pl.lit(0, pl.Int64),
        offset=values.get("offset", pl.lit(None, pl.Int64)),
    )
    return fields.select(pl.when(_is_valid()).then(_microseconds()).alias("local"), "offset")


def _is_valid() -> pl.Expr:
    """Whether the columns that `_resolve` makes are those of a date and time that there is."""
    year, month = pl.col("year"), pl.col("month")
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    days_in_month = pl.when(month == 2).then(28 + leap.cast(pl.Int64)).otherwise(30 + (month + month // 8) % 2)
    valid = [
        year.abs() <= _LARGEST_YEAR,
        month.is_between(1, 12),
        pl.col("day").is_between(1, days_in_month),
        pl.col("minute").is_between(0, 59),
        pl.col("second").is_between(0, 59),
        (pl.col("offset").abs() <= _LARGEST_OFFSET).fill_null(value=True),
    ]
    return reduce(and_, valid, pl.col("fits"))


def _microseconds() -> pl.Expr:
    """Since 1970, in the Gregorian calendar."""
    hours = _days(pl.col("year"), pl.col("month"), pl.col("day")) * 24 + pl.col("hour")
    seconds = (hours * 60 + pl.col("minute")) * 60 + pl.col("second")
    return seconds * _MICROSECONDS + pl.col("fraction")


def _groups(text: pl.Series, layout: Layout) -> tuple[pl.DataFrame, pl.Series]:
    """The texts of the fields, named by their places, and which texts fit at all."""
    names = [f"{place}" for place in range(len(layout.fields))]
    if layout.at_once:
        found = text.str.extract_groups(f"^(?:{layout.expression})$").struct.unnest()
        return found.rename(dict(zip(found.columns, names, strict=True))), found.to_series(0).is_not_null()
    fits = re.compile(layout.expression).fullmatch
    matches = [None if each is None else fits(each) for each in text]
    nothing = (None,) * len(names)
    rows = [nothing if match is None else match.groups() for match in matches]
    schema = dict.fromkeys(names, pl.String)
    flags = pl.Series([match is not None for match in matches], dtype=pl.Boolean)
    return pl.DataFrame(rows, schema, orient="row"), flags


def _values(fields: Sequence[Field]) -> tuple[dict[str, pl.Expr], list[pl.Expr]]:
    """The values by letter, null where there is none, and the conditions that fields of one letter agree."""
    values: dict[str, pl.Expr] = {}
    agree = []
    for place, field in enumerate(fields):
        letter, value = _LETTER.get(field.letter, field.letter), _value(pl.col(f"{place}"), field)
        if letter in values:
            agree.append((values[letter] == value).fill_null(value=True))
            value = pl.coalesce(values[letter], value)
        values[letter] = value
    return values, agree


def _value(text: pl.Expr, field: Field) -> pl.Expr:
    """The number that the text of a field stands for; null where there is none."""
    if field.letter in OFFSETS:
        value = _offset(text)
    elif field.letter == "S":
        value = text.str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int64)
    elif field.letter == "a":
        value = (text.str.to_lowercase() == "pm").cast(pl.Int64)
    elif field.is_number:
        value = text.cast(pl.Int64, strict=False).fill_null(_INVALID)
    else:
        numbers = {month_name(name, field): number for number, name in enumerate(MONTHS, start=1)}
        value = text.str.to_lowercase().replace_strict(numbers, default=_INVALID, return_dtype=pl.Int64)
    if field == Field("y", 2):
        value = value + 2_000
    elif field.is_number and field.width != 2:
        value = pl.when((value == 0) & text.str.starts_with("-")).then(_INVALID).otherwise(value)
    return pl.when(text.is_not_null()).then(value)


def _offset(text: pl.Expr) -> pl.Expr:
    """Seconds of an offset such as `Z`, `+01`, `+0130` or `+01:30`."""
    digits = text.str.replace(":", "", literal=True)
    hours, minutes = (digits.str.slice(place, 2).cast(pl.Int64, strict=False).fill_null(0) for place in (1, 3))
    size = pl.when(minutes <= 59).then(hours * 3_600 + minutes * 60).otherwise(_INVALID)
    return pl.when(text.str.starts_with("-")).then(-size).otherwise(size)


def _hour(values: dict[str, pl.Expr]) -> tuple[pl.Expr, pl.Expr]:
    """The hour of the day, and whether it is one. Without AM or PM it is taken for AM; PM alone is noon."""
    half = values.get("a", pl.lit(None, pl.Int64))
    letter = next((each for each in _HOURS if each in values), None)
    if letter is None:
        return half.fill_null(0) * 12, pl.lit(value=True)
    number = values[letter]
    first, last = _HOURS[letter]
    valid = number.is_between(first, last).fill_null(value=True)
    if last < 20:
        return number.fill_null(0) % 12 + half.fill_null(0) * 12, valid
    hour = (number % 24).fill_null(half.fill_null(0) * 12)
    agrees = (hour // 12 == half).fill_null(value=True)
    # Java compares the two only if no field between hour and fraction is missing.
    minute, second, fraction = (values[each].is_not_null() if each in values else pl.lit(value=False) for each in "msS")
    gap = (~minute & (second | fraction)) | (minute & ~second & fraction)
    return hour, valid & (agrees | gap)


def _days(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Days since 1970 in the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms")."""
    # Of years that are bounded later only the place in the calendar's cycle is kept, so that nothing wraps around.
    year = pl.when(year > 9_999).then(10_000 + year % 400).when(year < 0).then(year % 400 - 400).otherwise(year)
    year = year - (month <= 2).cast(pl.Int64)  # years that begin in March
    cycle, of_cycle = year // 400, year - year // 400 * 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return cycle * 146_097 + of_cycle * 365 + of_cycle // 4 - of_cycle // 100 + of_year - 719_468
