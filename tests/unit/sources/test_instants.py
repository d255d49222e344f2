"""Text to instants: every time that can be read lies in the years 1 to 9999, and none fails or wraps around."""

from typing import TYPE_CHECKING

import pytest
from pyspark.sql import functions as F

from interest_spark.sources.values import to_instant, to_known_since

if TYPE_CHECKING:
    from pyspark.sql import Column, SparkSession

PATTERN = "yyyy-MM-dd HH:mm:ss"
FIRST, LAST = "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"


def texts(spark: "SparkSession", column: "Column", values: list[str]) -> list[str | None]:
    rows = spark.createDataFrame([(value,) for value in values], "text string")
    return [row[0] for row in rows.select(column.cast("string")).collect()]


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
def test_times_at_the_ends(spark: "SparkSession", time_format: str, expected: dict[str, str | None]) -> None:
    found = texts(spark, to_instant(F.col("text"), time_format, "UTC"), list(expected))
    assert dict(zip(expected, found, strict=True)) == expected


def test_a_zero_time_of_an_attribute_is_since_ever(spark: "SparkSession") -> None:
    zero = ["0001-01-01T00:00:00Z", "0000-00-00", "0000-00-00 00:00:00", "1899-12-30T00:00:00", "1969-12-31T23:59:59Z"]
    known = to_known_since(F.col("text"), "iso", "Asia/Shanghai")
    assert set(texts(spark, known, zero)) == {"1970-01-01 00:00:00"}
    assert texts(spark, known, ["2026-01-02T10:00:00Z", "soon"]) == ["2026-01-02 10:00:00", None]


def test_an_attribute_is_not_known_since_a_time_that_will_never_come(spark: "SparkSession") -> None:
    never = ["9999-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "2099-12-31T23:59:59Z"]
    found = texts(spark, to_known_since(F.col("text"), "iso", "UTC"), never)
    assert found == [None, None, "2099-12-31 23:59:59"]
