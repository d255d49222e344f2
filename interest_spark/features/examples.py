"""Bad lines to show to whoever has to mend a delivery: one a reason, with its place and what may be wrong with it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from interest_spark.features.events.days import OUT_OF_RANGE
from interest_spark.features.ingest import is_refused

UNREAD = "unread "
"""How the kinds of examples begin that lost a value; what follows are its columns."""
_SHOWN_CHARACTERS = 160
_UNITS = {"unix_s": 1, "unix_ms": 10**3, "unix_us": 10**6, "unix_ns": 10**9}
_PLAUSIBLE = (946_684_800, 4_102_444_800)  # the years 2000 to 2099, in seconds
_NUMBER = re.compile(r"(?<![0-9.])[0-9]{9,19}(?![0-9])")


@dataclass(frozen=True, order=True)
class Example:
    """A refused line; `text` is its beginning."""

    file: str
    line: int
    text: str

    @property
    def place(self) -> str:
        return f"{self.file} line {self.line}"


Examples = Mapping[str, Example]
"""By reason."""


def examples_in(rows: pl.DataFrame) -> dict[str, Example]:
    """The first row of each reason among typed rows."""
    first = rows.filter(is_refused()).unique("reason", keep="first", maintain_order=True)
    columns = first.select("reason", "source_file", "source_line", pl.col("raw").str.slice(0, _SHOWN_CHARACTERS))
    return {reason: Example(file, line, text or "") for reason, file, line, text in columns.iter_rows()}


def unread_in(rows: pl.DataFrame) -> dict[str, Example]:
    """The first row of each set of columns whose values could not be read."""
    unread = rows.filter(pl.col("unread").is_not_null())
    return examples_in(unread.with_columns(reason=pl.format(UNREAD + "{}", "unread"))) if len(unread) else {}


def first_of(found: Iterable[Examples]) -> dict[str, Example]:
    """Of several tasks' examples those of the first file and line."""
    first: dict[str, Example] = {}
    for examples in found:
        for reason, example in examples.items():
            first[reason] = min(first.get(reason, example), example)
    return first


def in_words(examples: Examples, time_formats: Mapping[str, str], counts: "Counter[str]") -> str:
    """A sentence with a line of each reason, the most frequent first; "" without any. Time formats are by file."""
    reasons = [reason for reason, _ in counts.most_common() if reason in examples]
    told = "; ".join(_in_words(reason, examples[reason], time_formats) for reason in reasons)
    return f"For example {told}" if told else ""


def _in_words(reason: str, example: Example, time_formats: Mapping[str, str]) -> str:
    is_time = reason in (OUT_OF_RANGE, "bad_time")
    hint = likely_unit(example.text, time_formats.get(example.file, "iso")) if is_time else None
    return f"{reason}: {example.place} {example.text!r}" + (f" ({hint})" if hint else "")


def likely_unit(text: str, time_format: str) -> str | None:
    """What a line's numbers are a time in, where that is not how times are read.

    >>> likely_unit("1769767200000,u2,A-2,purchase", "unix_s")
    '1769767200000 looks like milliseconds since 1970: time_format: unix_ms'
    """
    for number in _NUMBER.findall(text):
        for unit, a_second in _UNITS.items():
            if _PLAUSIBLE[0] <= int(number) // a_second < _PLAUSIBLE[1] and unit != time_format:
                return f"{number} looks like {_WORDS[unit]} since 1970: time_format: {unit}"
    return None


_WORDS = {"unix_s": "seconds", "unix_ms": "milliseconds", "unix_us": "microseconds", "unix_ns": "nanoseconds"}
