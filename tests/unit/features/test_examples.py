"""Which bad lines are shown, and what is said of them."""

from collections import Counter

import polars as pl
import pytest

from interest_spark.features.examples import Example, examples_in, first_of, in_words, likely_unit
from interest_spark.schemas.reasons import REASONS


def test_the_first_line_of_each_reason_is_shown() -> None:
    rows = pl.DataFrame(
        {
            "reason": [None, "bad_time", "not_json", "bad_time"],
            "source_file": ["f"] * 4,
            "source_line": [1, 2, 3, 4],
            "raw": ["good", "x" * 500, "{", "later"],
        }
    )
    found = examples_in(rows)
    assert found == {"bad_time": Example("f", 2, "x" * 160), "not_json": Example("f", 3, "{")}
    earlier = {"not_json": Example("e", 9, "[")}
    assert first_of([found, earlier]) == {**found, **earlier}
    told = in_words(first_of([found, earlier]), {"f": "iso"}, Counter(not_json=3, bad_time=1, unseen=9))
    assert told.startswith("For example not_json: e line 9 '['; bad_time: f line 2 'xxx")
    assert in_words({}, {}, Counter(not_json=3)) == ""


def test_no_reason_goes_without_its_example() -> None:
    known = {reason: Example("f", line, reason.upper()) for line, reason in enumerate(REASONS, start=1)}
    told = in_words(known, {}, Counter(dict.fromkeys(REASONS, 1)))
    assert all(f"{reason}: f line {known[reason].line} {reason.upper()!r}" in told for reason in REASONS)


@pytest.mark.parametrize(
    ("text", "time_format", "unit"),
    [
        ("1769767200000,u2", "unix_s", "unix_ms"),
        ('{"ts":1769767200,"uid":7}', "unix_ms", "unix_s"),
        ("1769767200000000", "iso", "unix_us"),
        ("1769767200123456789|x", "unix_ms", "unix_ns"),
        ("1769767200", "unix_s", None),
        ("2026-01-30,17", "unix_s", None),
        ("id 99999999999999999999 of", "iso", None),
    ],
)
def test_a_time_in_another_unit_is_told(text: str, time_format: str, unit: str | None) -> None:
    hint = likely_unit(text, time_format)
    assert (hint or "").endswith(unit or "") and (hint is None) == (unit is None)
