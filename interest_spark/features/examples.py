"""Bad lines to show to whoever has to mend a delivery: one a reason, with its place and what may be wrong with it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from interest_spark.features.events.days import OUT_OF_RANGE

_SHOWN_REASONS, _SHOWN_CHARACTERS = 3, 160
_UNITS = {"unix_s": 1, "unix_ms": 10**3, "unix_us": 10**6, "unix_ns": 10**9}
_PLAUSIBLE = (946_684_800, 4_102_444_800)  # the years 2000 to 2099, in seconds
_NUMBER = re.compile(r"(?<![0-9.])[0-9]{9,19}(?![0-9])")


@dataclass(frozen=True, order=True)
class Example:
    """A refused line; `text` is its beginning."""

    file: str
    line: int
    text: str


Examples = Mapping[str, Example]
"""By reason."""


def examples_in(rows: pl.DataFrame) -> dict[str, Example]:
    """The first row of each reason among typed rows."""
    first = rows.filter(pl.col("reason").is_not_null()).unique("reason", keep="first", maintain_order=True)
    columns = first.select("reason", "source_file", "source_line", pl.col("raw").str.slice(0, _SHOWN_CHARACTERS))
    return {reason: Example(file, line, text or "") for reason, file, line, text in columns.iter_rows()}


def first_of(found: Iterable[Examples]) -> dict[str, Example]:
    """Of several tasks' examples those of the first file and line."""
    first: dict[str, Example] = {}
    for examples in found:
        for reason, example in examples.items():
            first[reason] = min(first.get(reason, example), example)
    return first


def in_words(examples: Examples, counts: "Counter[str]", time_format: str) -> str:
    """A sentence with a line of each of the most frequent reasons; "" without any."""
    reasons = [reason for reason, _ in counts.most_common() if reason in examples][:_SHOWN_REASONS]
    told = "; ".join(_in_words(reason, examples[reason], time_format) for reason in reasons)
    return f"For example {told}" if told else ""


def _in_words(reason: str, example: Example, time_format: str) -> str:
    hint = likely_unit(example.text, time_format) if reason in (OUT_OF_RANGE, "bad_time") else None
    return f"{reason}: {example.file} line {example.line} {example.text!r}" + (f" ({hint})" if hint else "")


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
