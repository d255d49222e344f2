"""Which lines are copies: of an earlier line of the delivery, or of an event of an earlier day."""

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interest_spark.features.ingest import mark_duplicates

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

KEYS = ("user_id", "price")
VALUES = st.tuples(st.sampled_from(["a", "a\0", "b", None]), st.sampled_from([0.0, -0.0, 1.5, None]))
DAYS, FILES = st.sampled_from(["2026-01-02", "2026-01-03"]), st.sampled_from(["f", "g"])
LINES = st.lists(st.tuples(VALUES, DAYS, FILES), min_size=4, max_size=12)
KNOWN = "user_id string, price double, dt string"
SCHEMA = f"{KNOWN}, source_file string, source_line bigint"


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, earlier=st.lists(VALUES, max_size=4))
def test_the_first_line_is_the_original_unless_an_earlier_day_has_it(
    spark: "SparkSession", lines: list[Any], earlier: list[Any]
) -> None:
    rows = [(*values, day, file, line) for line, (values, day, file) in enumerate(lines)]
    read = spark.createDataFrame(rows, SCHEMA).selectExpr(
        "*",
        "'raw' AS raw",
        "string(null) AS reason",
        "string(null) AS file_fault",
        "dt AS delivery_day",
    )
    known = spark.createDataFrame([(*values, "2026-01-01") for values in earlier], KNOWN)
    found = {row.source_line: row.duplicate for row in mark_duplicates(read, known, KEYS).collect()}
    seen, expected = set(earlier), {}  # of 0.0 and -0.0 a set holds one, as Spark's equality does
    for user, price, _, _, line in sorted(rows, key=lambda row: row[2:]):
        expected[line] = (user, price) in seen
        seen.add((user, price))
    assert found == expected


def test_a_refused_line_is_no_copy_and_has_none(spark: "SparkSession") -> None:
    schema = f"{SCHEMA}, raw string, reason string, file_fault string, delivery_day string"
    same = ("a", 1.0, "2026-01-02", "f")
    refused = (*same, 1, "raw", "bad_time", None, "2026-01-02")
    read = spark.createDataFrame([refused, (*same, 2, "raw", None, None, "2026-01-02")], schema)
    (row,) = mark_duplicates(read, read.limit(0), KEYS).collect()
    assert (row.source_line, row.duplicate) == (2, False)
