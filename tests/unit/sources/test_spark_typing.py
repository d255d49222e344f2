"""The vectorised typing against Spark's own expressions: the same values and reasons, whatever the text.

An example is a file, or a text; one Spark job judges many of them.
"""

import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from interest_spark.config.mapping import OPTIONAL_NUMBERS
from interest_spark.config.source import SourceConfig
from interest_spark.config.time_pattern import Bracket, Field, Literal, parse_pattern
from interest_spark.sources.canonical import CanonicalReader
from interest_spark.sources.columns import number_fields
from interest_spark.sources.instants import to_instant, to_known_since
from interest_spark.sources.piece_rows import read_piece
from interest_spark.sources.pieces import Piece
from interest_spark.sources.raw_fields import RawFields
from interest_spark.sources.reader import get_reader
from interest_spark.sources.values import to_number
from tests.unit.sources import spark_typing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DAY = "2026-01-02"
ZONES = ("UTC", "Asia/Shanghai", "Europe/London", "America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe")
# Every example is many texts, so a failing one is shown as it is, not shrunk.
BATCHES = settings(
    max_examples=5,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
SEEDS = st.integers(0, 2**32)

ODD = [
    " ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\x0b",
    "\x85",
    "\u2028",
    "-",
    "+",
    ".",
    "e",
    ":",
    "Z",
    "T",
    "0",
    "9",
    "٣",
    "ſ",
    "",
]


def changed(rng: random.Random, text: str, likely: float = 0.4) -> str:
    """Sometimes with one character put in, left out or replaced."""
    if rng.random() > likely:
        return text
    place = rng.randint(0, len(text))
    return text[:place] + rng.choice(ODD) + text[place + rng.randint(0, 1) :]


def a_number(rng: random.Random) -> str:
    odd = [
        "NaN",
        "Infinity",
        "1e400",
        "-1e400",
        "1e-400",
        "5d",
        "0x1",
        "1_0",
        "",
        " ",
        ".",
        "1" * 400,
        "-0",
        "00",
        "+0",
    ]
    digits = "".join(rng.choice("0123456789") for _ in range(rng.choice([1, 2, 5, 17, 25])))
    written = [digits, f"{digits}.", f".{digits}", f"{digits}.{digits}", f"{digits}e{rng.randint(-330, 330)}", *odd]
    return changed(rng, rng.choice(["", "", "-", "+"]) + rng.choice(written))


def an_iso_time(rng: random.Random) -> str:
    year = rng.choice([rng.randint(1970, 2100), rng.randint(0, 9999), 2026])
    date = f"{year:04}-{rng.randint(0, 13):02}-{rng.randint(0, 32):02}"
    time = f"{rng.randint(0, 24):02}:{rng.choice([0, 30, 59, 60]):02}"
    seconds = rng.choice(["", ":00", ":59", ":60", f":07.{rng.randint(0, 10 ** rng.randint(1, 10))}"])
    zone = rng.choice(
        ["", "", "Z", "+08:00", "-0330", " +0100", "+18:00", "-18:30", "+05:60", "+1", "+00", " UTC", "z"]
    )
    text = rng.choice([date + rng.choice("Tt ") + time + seconds + zone] * 6 + [date, date + time])
    return changed(rng, re.sub("[-:]", "", text[:19]) + text[19:] if rng.random() < 0.2 else text, 0.2)


def a_unix_time(rng: random.Random) -> str:
    digits = rng.randint(0, 10 ** rng.randint(1, 19))
    return changed(rng, f"{rng.choice(['', '', '-'])}{digits}{rng.choice(['', '', f'.{rng.randint(0, 10**7)}'])}", 0.2)


def a_pattern(rng: random.Random) -> str:
    """One that is supported; mostly such as people write."""
    usual = [
        "yyyy/MM/dd HH:mm:ss",
        "d.M.yyyy H:m",
        "yyyyMMddHHmmss",
        "ddMMyyyy",
        "dd/MMM/yyyy:HH:mm:ss Z",
        "yyyy-MM-dd",
    ]
    usual += [
        "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]",
        "MM/dd/yy hh:mm a",
        "MMMM d, y",
        "[yyyy-MM-dd][dd.MM.yyyy]",
        "yyyy[-MM]-dd",
    ]
    while rng.random() < 0.7:
        letters = rng.sample(["y", rng.choice("LM"), "d", "a", "S", rng.choice("HhKk"), "m", "s", rng.choice("XxZ")], 5)
        runs = [letter * rng.randint(1, {"a": 1, "y": 6, "M": 4, "L": 4, "S": 9}.get(letter, 2)) for letter in letters]
        pattern = ""
        for run in runs:
            piece = rng.choice(["-", "/", " ", ":", ".", "'T'", "''", "", "'h'"]) + run
            pattern += f"[{piece}]" if rng.random() < 0.2 else piece
        try:
            parse_pattern(pattern)
        except ValueError:
            continue
        return pattern
    return rng.choice(usual)


def a_time(rng: random.Random, pattern: str) -> str:
    text = ""
    optional = 0
    parts = parse_pattern(pattern)
    for part in parts:
        if isinstance(part, Bracket):
            optional = (rng.random() < 0.4) if part.sign == "[" else 0
        elif not optional:
            text += part.text if isinstance(part, Literal) else a_field(rng, part)
    text = changed(rng, text, 0.15)
    any_year = any(isinstance(part, Field) and part.letter == "y" and part.width not in (2, 4) for part in parts)
    # Spark fails on a year that its microseconds cannot hold, instead of giving null.
    too_far = re.search(r"\d{6}" if any_year else r"[+-]\d{6}", text)
    return "-" if too_far or not text else text


def a_field(rng: random.Random, field: Field) -> str:
    if field.letter == "a":
        return rng.choice(["AM", "pm", "Pm", "a", ""])
    if field.letter in "XxZ":
        return rng.choice(
            ["Z", "z", "+01", "-0330", "+08:00", "+00", "+0000", "-00", "+0030", "+19", "+0160", "-18:00"]
        )
    if field.letter in "ML" and field.width > 2:
        return rng.choice(["Jan", "february", "MAY", "Sept", "sep", "December", "Dez"])
    most = {"y": rng.choice([99, 2100, 12_000]), "M": 13, "L": 13, "d": 32, "m": 61, "s": 61, "S": 10**9}
    number = rng.randint(0, most.get(field.letter, 25))
    sign = rng.choice(["+", "-", "", "", "", "", "", "", ""]) if field.letter == "y" else ""
    if field.letter == "S":
        return str(number)[: rng.randint(1, field.width + 1)]
    return sign + str(number).zfill(rng.choice([field.width, field.width, field.width, 1, field.width + 1]))


def judged(spark: "SparkSession", columns: Sequence[Sequence[str | None]], values: Sequence[Any]) -> list[list[Any]]:
    """What Spark makes of each column of texts, in one job; `values` are functions of a column."""
    rows = [(place, *texts) for place, texts in enumerate(zip(*columns, strict=True))]
    schema = ", ".join(["place int", *(f"text_{number} string" for number in range(len(columns)))])
    exprs = [value(F.col(f"text_{number}")).alias(f"value_{number}") for number, value in enumerate(values)]
    found = spark.createDataFrame(rows, schema).select("place", *exprs).collect()
    return [list(column) for column in list(zip(*sorted(found), strict=True))[1:]]


def check_texts(
    columns: Sequence[Sequence[str]], found: Sequence[Any], expected: Sequence[Any], what: Sequence[str]
) -> None:
    different = [
        (name, text, each.to_list()[place], wanted[place])
        for name, texts, each, wanted in zip(what, columns, found, expected, strict=True)
        for place, text in enumerate(texts)
        if repr(each[place]) != repr(wanted[place])
    ]
    assert not different, f"(of, text, found, Spark has): {different[:5]}"


@BATCHES
@given(SEEDS)
def test_numbers_and_plain_times(spark: "SparkSession", seed: int) -> None:
    rng = random.Random(seed)
    numbers = [a_number(rng) for _ in range(400)]
    plain = [("iso", zone, an_iso_time) for zone in ZONES]
    plain += [(kind, rng.choice(ZONES), a_unix_time) for kind in ("unix_s", "unix_ms", "unix_us", "unix_ns")]
    times = [[made(rng) for _ in numbers] for _, _, made in plain]

    def spark_time(time_format: str, zone: str) -> Any:
        return lambda text: F.unix_micros(spark_typing.to_known_since(text, time_format, zone))

    expected = judged(
        spark, [numbers, *times], [spark_typing.to_number, *(spark_time(kind, zone) for kind, zone, _ in plain)]
    )
    series = [pl.Series(texts, dtype=pl.String) for texts in times]
    found = [
        to_known_since(text, to_instant(text, kind, zone))[0].to_physical()
        for text, (kind, zone, _) in zip(series, plain, strict=True)
    ]
    names = ["number", *(f"{kind} in {zone}" for kind, zone, _ in plain)]
    check_texts([numbers, *times], [to_number(pl.Series(numbers)), *found], expected, names)


@BATCHES
@given(SEEDS)
def test_times_of_a_pattern(spark: "SparkSession", seed: int) -> None:
    rng = random.Random(seed)
    # Spark moves a pattern's times by the zone even where they have an offset, which is not wanted here.
    patterns = [
        (each, rng.choice(ZONES) if not set("XxZ") & set(each) else "UTC") for each in map(a_pattern, [rng] * 100)
    ]
    check_patterns(spark, patterns, [[a_time(rng, pattern) for _ in range(60)] for pattern, _ in patterns])


def test_what_is_no_offset_is_left_to_the_fields_that_follow(spark: "SparkSession") -> None:
    patterns = [
        f"yyyy-MM-dd[{offset}]{rest}" for offset in ("X", "XX", "XXX", "x", "Z") for rest in ("[-SSS]", "[-SS:m]")
    ]
    offsets = ["-829", "-0829", "-08", "-08-829", "-6030", "-5959", "-08:60", "-60:10", "-19:30", "+61"]
    texts = [f"2020-01-02{offset}" for offset in offsets]
    check_patterns(spark, [(pattern, "UTC") for pattern in patterns], [texts] * len(patterns))


def check_patterns(spark: "SparkSession", patterns: Sequence[tuple[str, str]], texts: Sequence[Sequence[str]]) -> None:
    """Texts of each pattern in its zone."""

    def spark_time(pattern: str, zone: str) -> Any:
        return lambda text: F.unix_micros(spark_typing.to_known_since(text, pattern, zone))

    expected = judged(spark, texts, [spark_time(*each) for each in patterns])
    found = [
        to_known_since(text, to_instant(text, *pattern))[0].to_physical()
        for text, pattern in zip((pl.Series(each, dtype=pl.String) for each in texts), patterns, strict=True)
    ]
    check_texts(texts, found, expected, [f"{pattern!r} in {zone}" for pattern, zone in patterns])


FIELDS = ("user_id", "item_id", "behavior", "event_time", "quantity", "price", "rating", "session_id")
SOURCES: list[tuple[str, dict[str, Any]]] = [
    ("events", {"format": "jsonl"}),
    (
        "events",
        {"format": "csv", "separator": ";", "behaviors": {"看": "view", " buy": "purchase"}, "time_format": "unix_s"},
    ),
    ("events", {"format": "csv", "constants": {"behavior": "rate", "query": " "}, "time_format": "d/M/yyyy H:m"}),
    ("events", {"format": "csv", "reader": "online_retail"}),
    ("items", {"format": "csv", "reader": "online_retail"}),
    ("items", {"format": "jsonl", "attributes": {"b": "query", "a": "price"}}),
    ("users", {"format": "jsonl", "attributes": {"a": "price"}}),
    ("users", {"format": "csv", "separator": "|", "time_format": "yyyy-MM-dd[ HH:mm]"}),
]


def a_source(number: int) -> tuple[str, SourceConfig, list[str]]:
    """A kind, a source, and the fields that its files have."""
    kind, keys = SOURCES[number]
    source = SourceConfig(path="", **keys, time_zone=ZONES[number % len(ZONES)], strict=OPTIONAL_NUMBERS)
    settled = get_reader(source.reader).settings(kind, source)
    return kind, source, sorted({*settled.columns.values(), *settled.attributes.values()})


def a_value(rng: random.Random, field: str, source: SourceConfig) -> str:
    made = {"time": an_iso_time, "Date": an_iso_time, "updated": an_iso_time}
    made |= dict.fromkeys(("price", "Price", "quantity", "Quantity", "rating", "age"), a_number)
    for name, make in made.items():
        if name in field:
            return rng.choice([make(rng), str(rng.randint(-3, 200)), "2026-01-02 10:00:00", "1/2/2026 9:5", ""])
    known = [
        "view",
        "看",
        "buy",
        "POST",
        "M",
        "C123",
        "536365",
        "用户",
        " u ",
        "",
        " ",
        "a\u00a0",
        "\tb",
        "\\N",
        "None",
        "\u200b u",
    ]
    return rng.choice(known) if rng.random() < 0.9 else changed(rng, "text", 1)


def a_file(rng: random.Random, source: SourceConfig, fields: Sequence[str]) -> bytes:
    lines = [source.separator.join(fields)] if source.format == "csv" else []
    for _ in range(rng.randint(1, 12)):
        values = {
            field: a_value(rng, field, source) for field in fields if source.format == "csv" or rng.random() < 0.9
        }
        line = json.dumps(values, ensure_ascii=rng.random() < 0.5)
        if source.format == "csv":
            kept = (value.replace("\n", "").replace("\r", "") for value in values.values())
            line = source.separator.join(f'"{value}"' if rng.random() < 0.1 else value for value in kept)
        content = line.encode()
        lines.append(content[: len(content) // 2].decode(errors="ignore") if rng.random() < 0.05 else line)
    noise = rng.randbytes(20) if rng.random() < 0.3 else b""
    return "\n".join(lines).encode() + noise


@pytest.mark.parametrize("number", range(len(SOURCES)))
@BATCHES
@given(SEEDS)
def test_files(spark: "SparkSession", tmp_path: Path, number: int, seed: int) -> None:
    rng = random.Random(seed)
    kind, source, fields = a_source(number)
    pieces = []
    for place in range(20):
        path = tmp_path / f"{place}"
        path.write_bytes(a_file(rng, source, fields))
        pieces.append(Piece(rng.choice([DAY, None]), str(path)))
    settled = get_reader(source.reader).settings(kind, source)
    numbers = number_fields(kind, settled)
    wanted = RawFields(fields, numbers)
    raw = pl.concat(rows for piece in pieces for rows in read_piece(piece, settled, wanted, 10_000))
    schema = ", ".join(f"{name} {'bigint' if name in ('source_line', 'element') else 'string'}" for name in raw.columns)
    expected = spark_typing.typed_rows(spark.createDataFrame(raw.rows(), schema), kind, source)
    found = pl.concat(CanonicalReader(kind, source, 10_000).read(pieces))
    columns = [name for name in found.columns if not isinstance(found.schema[name], pl.Datetime)]
    times = [name for name in found.columns if name not in columns]
    wanted = expected.select(*columns, *(F.unix_micros(name).alias(name) for name in times)).collect()
    rows = found.select(*columns, *(pl.col(name).to_physical() for name in times)).rows(named=True)
    by_line = {(row["source_file"], row["source_line"]): row.asDict() for row in wanted}
    for row in rows:
        if row.get("attributes") is not None:
            row["attributes"] = {pair["key"]: pair["value"] for pair in row["attributes"]}
        want = by_line.pop((row["source_file"], row["source_line"]))
        # What a refused row keeps of its values, nobody reads.
        names = list(row) if row["reason"] is None else ["reason", "raw"]
        assert {name: repr(row[name]) for name in names} == {name: repr(want[name]) for name in names}
    assert not by_line
