"""Text to instants: every time that can be read lies in the years 1 to 9999, and none fails or wraps around."""

import polars as pl
import pytest

from interest_spark.config.source import SourceConfig
from interest_spark.sources.instants import to_instant, to_known_since

PATTERN = "yyyy-MM-dd HH:mm:ss"
FIRST, LAST = "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"


def texts(instants: pl.Series) -> list[str | None]:
    return [None if each is None else str(each.replace(tzinfo=None)).removesuffix("000") for each in instants.to_list()]


@pytest.mark.parametrize(
    ("time_format", "expected"),
    [
        (
            "unix_s",
            {
                "99999999999999": LAST,
                "1767348000000": LAST,  # milliseconds
                "-99999999999999": FIRST,
                "-62135596800": FIRST,
                "-1": "1969-12-31 23:59:59",
                "1767348000": "2026-01-02 10:00:00",
            },
        ),
        ("unix_ms", {"99999999999999": "5138-11-16 09:46:39.999", "-1": "1969-12-31 23:59:59.999"}),
        ("iso", {"0001-01-01T00:00:00Z": FIRST, "0000-00-00T00:00:00Z": None, "9999-12-31T23:59:59-12:00": LAST}),
        (
            PATTERN,
            {
                "0001-01-01 00:00:00": FIRST,
                "0000-00-00 00:00:00": None,
                "+294247-01-10 23:00:00": None,
                "+999999999-01-01 00:00:00": None,
                "-999999999-01-01 00:00:00": None,
                "+12345-01-01 00:00:00": LAST,
            },
        ),
    ],
)
def test_times_at_the_ends(time_format: str, expected: dict[str, str | None]) -> None:
    found = texts(to_instant(pl.Series(list(expected)), time_format, "UTC"))
    assert dict(zip(expected, found, strict=True)) == expected


@pytest.mark.parametrize(
    ("time_format", "written"),
    [
        ("yyyy/MM/dd HH:mm:ssXXX", {"2026/01/30 10:00:00+08:00": "02:00:00", "2026/01/30 10:00:00Z": "10:00:00"}),
        ("yyyy/MM/dd HH:mm:ss[XXX]", {"2026/01/30 10:00:00-01:00": "11:00:00", "2026/01/30 10:00:00": "02:00:00"}),
        ("dd/MMM/yyyy:HH:mm:ss Z", {"30/Jan/2026:10:00:00 +0000": "10:00:00"}),
        ("iso", {"2026-01-30T10:00:00Z": "10:00:00", "2026-01-30T10:00:00": "02:00:00"}),
    ],
)
def test_an_offset_in_the_text_wins_over_the_zone(time_format: str, written: dict[str, str]) -> None:
    found = texts(to_instant(pl.Series(list(written)), time_format, "Asia/Shanghai"))
    assert found == [f"2026-01-30 {time}" for time in written.values()]


@pytest.mark.parametrize(
    ("time_format", "written"),
    [
        ("iso", "2026-01-30T10:00:00Z 2026-01-30t10:00:00z 20260130T100000Z 20260130T1000 2026-01-30T10:00:00,0"),
        ("iso", "2026-01-30T10:00:00+00 2026-01-30T10:00:00UTC 2026-01-30T10:00 20260130T120000+0200"),
        ("unix_s", "1769767200 1769767200.0000009 1.769767200000000e+09 1.7697672E9 1769767200.000000000"),
        ("unix_ms", "1769767200000 1769767200000.0004 1.7697672E12"),
        ("unix_us", "1769767200000000 1769767200000000.9"),
        ("unix_ns", "1769767200000000999"),
    ],
)
def test_the_usual_spellings_are_one_time(time_format: str, written: str) -> None:
    assert set(texts(to_instant(pl.Series(written.split()), time_format, "UTC"))) == {"2026-01-30 10:00:00"}


def test_a_date_alone_is_midnight_in_the_zone() -> None:
    found = texts(to_instant(pl.Series(["2026-01-30", "20260130"]), "iso", "Asia/Shanghai"))
    assert found == ["2026-01-29 16:00:00"] * 2


def known_since(written: list[str | None], zone: str) -> tuple[pl.Series, pl.Series]:
    text = pl.Series(written, dtype=pl.String)
    return to_known_since(text, to_instant(text, "iso", zone))


def test_a_zero_time_of_an_attribute_is_since_ever() -> None:
    zero = ["0001-01-01T00:00:00Z", "0000-00-00", "0000-00-00 00:00:00", "1899-12-30T00:00:00", "1969-12-31T23:59:59Z"]
    known, is_none = known_since(zero, "Asia/Shanghai")
    assert set(texts(known)) == {"1970-01-01 00:00:00"} and not is_none.any()
    known, is_none = known_since(["2026-01-02T10:00:00Z", "soon", None], "Asia/Shanghai")
    assert texts(known) == ["2026-01-02 10:00:00", None, None]
    assert is_none.to_list() == [False, True, False]


def test_an_attribute_is_not_known_since_a_time_that_will_never_come() -> None:
    known, is_none = known_since(["9999-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "2099-12-31T23:59:59Z"], "UTC")
    assert texts(known) == [None, None, "2099-12-31 23:59:59"] and not is_none.any()


def test_a_year_that_no_timestamp_holds_is_the_last_instant() -> None:
    assert texts(to_instant(pl.Series(["999999999-1-1", "9999999999-1-1"]), "y-M-d", "UTC")) == [LAST, None]


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("EEE d MMM yyyy", "the letter E is not supported"),
        ("yyyy-MM-dd VV", "the letter V is not supported"),
        ("yyyy-MM-ddd", "ddd has more than 2 letters"),
        ("yyyyMMddHHmmssSSS", "digits follow digits"),
        ("HH hh", "several letters for the hour"),
        ("yyyy-MM-dd 'at", "a ' outside of quotes"),
        ("yyyy]", "a ] without a ["),
        ("-", "no letter of a date or time"),
    ],
)
def test_a_pattern_that_is_not_read_is_refused_with_what_is_supported(pattern: str, why: str) -> None:
    with pytest.raises(
        ValueError, match=r"cannot be read: .*Supported are iso, unix_s, unix_ms, unix_us, unix_ns, and patterns"
    ) as raised:
        SourceConfig(path="", time_format=pattern)
    assert repr(pattern) in str(raised.value) and why in str(raised.value)


def test_an_unknown_zone_of_a_source_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone 'Mars' is unknown"):
        SourceConfig(path="", time_zone="Mars")
