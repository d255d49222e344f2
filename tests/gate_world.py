"""Days of a generated shop, ingested without Spark by the product's own functions, and faults put into its raw logs.

The shop delivers its whole catalogue every day, and its events in two files, as two servers would.
"""

import copy
import gzip
import json
import random
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from interest_spark.config.gates import GatesConfig
from interest_spark.config.ingest import IngestConfig
from interest_spark.config.source import SourceConfig
from interest_spark.features.events.days import DayRules
from interest_spark.features.events.duplicates import mark_duplicates
from interest_spark.features.gates.events import (
    EventRules,
    measure_events,
    measure_lines,
    sum_events,
    sum_of_day_before,
)
from interest_spark.features.gates.judge import BLOCKED, OK, WARNED, Judged, Measured, judge_day
from interest_spark.foundation.dates import parse_zone
from interest_spark.sources.canonical import CanonicalReader
from interest_spark.sources.pieces import Piece
from interest_spark.sources.synthetic import ShopPlan, generate_shop

ZONE, INGEST = "UTC", IngestConfig()
RULES = EventRules(ZONE)
SERVERS = ("web-{}.jsonl", "app-{}.jsonl")

Event = dict[str, Any]


@dataclass
class RawDay:
    """What a shop delivers: events, of which a server wrote each second one, lines that are none, and the catalogue."""

    day: date
    events: list[Event]
    broken: list[str] = field(default_factory=list)
    catalogue: dict[str, str | None] = field(default_factory=dict)
    items_lines: int = 0
    copies: int = 1
    servers: tuple[str, ...] = SERVERS

    def files(self) -> Iterator[tuple[str, list[str]]]:
        """Names and lines of the raw files."""
        lines = [json.dumps(event) for event in self.events] + self.broken
        for number in range(self.copies):
            for place, server in enumerate(SERVERS):
                if server in self.servers:
                    yield server.format(f"{self.day:%Y%m%d}{number or ''}"), lines[place :: len(SERVERS)]


Spoil = Callable[[RawDay, random.Random], None]
"""Puts a fault into a raw day."""


@dataclass(frozen=True)
class Ingested:
    """A day's good events, and the figures of the gate."""

    events: pl.DataFrame
    measured: list[Measured]


class World:
    """The days of one shop, in order; `history` is what an uninterrupted run of days knows before the next one."""

    def __init__(self, folder: Path, plan: ShopPlan, settings: GatesConfig) -> None:
        self.plan, self.settings = plan, settings
        self._shop = generate_shop(plan, folder).path
        self._catalogue: dict[str, str | None] = {}
        self._recent: deque[pl.DataFrame] = deque(maxlen=INGEST.max_late_days)
        self.history: dict[date, dict[str, Judged]] = {}

    def days(self) -> Iterator[RawDay]:
        """Each day as it was delivered."""
        for number in range(self.plan.days):
            yield self._raw_day(self.plan.day(number))

    def judge(self, raw: RawDay) -> tuple[list[Judged], Ingested]:
        """What the gate says of a day; nothing of it is remembered."""
        ingested = self._ingest(raw)
        return judge_day(raw.day, ingested.measured, self.history, self.settings, {}), ingested

    def remember(self, raw: RawDay, judged: list[Judged], ingested: Ingested) -> None:
        """The day is done: later ones follow it."""
        self.history[raw.day] = {row.figure: row for row in judged}
        self._recent.append(ingested.events)

    def _raw_day(self, day: date) -> RawDay:
        for line in _lines(self._shop / f"items/dt={day}/items.jsonl.gz"):
            item = json.loads(line)
            self._catalogue[str(item["item_id"])] = item.get("category")
        events, broken = [], []
        for path in sorted((self._shop / f"events/dt={day}").iterdir()):
            for line in _lines(path):
                (events if _is_object(line) else broken).append(line)
        catalogue = dict(self._catalogue)
        return RawDay(day, [json.loads(line) for line in events], broken, catalogue, len(catalogue))

    def _ingest(self, raw: RawDay) -> Ingested:
        rows = _typed(raw)
        good = rows.filter(pl.col("reason").is_null())
        keys = list(INGEST.duplicate_keys)
        known = pl.concat([good.select(keys).clear(), *(each.select(keys) for each in self._recent)])
        copy = mark_duplicates(good, known, keys)
        events = good.filter(~copy)
        ledger = (
            rows.group_by("source_file").len("raw_lines")
            .join(good.with_columns(copy=copy).group_by("source_file").agg(duplicates=pl.col("copy").sum()),
                  on="source_file", how="left")
            .select(pl.lit("events").alias("kind"), "source_file", pl.col("raw_lines").cast(pl.Int64),
                    pl.col("duplicates").fill_null(0).cast(pl.Int64))
        )  # fmt: skip
        items = {"kind": "items", "source_file": "items.jsonl", "raw_lines": raw.items_lines, "duplicates": 0}
        ledger = pl.concat([ledger, pl.DataFrame([items], schema=ledger.schema)])
        catalogue = pl.DataFrame(
            {"item_id": list(raw.catalogue), "category": list(raw.catalogue.values())},
            schema={"item_id": pl.String, "category": pl.String},
        )
        sums = [sum_events(events, raw.day.isoformat(), RULES)]
        sums += [sum_of_day_before(each, RULES) for each in list(self._recent)[-1:]]
        measured = [
            *measure_lines(ledger, rows.filter(pl.col("reason").is_not_null()).select("reason")),
            *measure_events(pl.concat(sums), catalogue, RULES),
        ]
        return Ingested(events, measured)


def _typed(raw: RawDay) -> pl.DataFrame:
    """The lines as the product types them, with the day's rules applied."""
    reader = CanonicalReader(
        "events", SourceConfig(path="unused/{day}", strict=("quantity", "price")), INGEST.max_line_bytes
    )
    rules = DayRules(INGEST, parse_zone(ZONE), raw.day)
    with tempfile.TemporaryDirectory() as folder:
        pieces = []
        for name, lines in raw.files():
            path = Path(folder) / name
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", errors="surrogateescape")
            pieces.append(Piece(raw.day.isoformat(), str(path)))
        return pl.concat([rules.assign(rows) for rows in reader.read(pieces)])


def _lines(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode("utf-8", errors="surrogateescape").splitlines()


def _is_object(line: str) -> bool:
    try:
        line.encode("utf-8")
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


@dataclass
class Trial:
    """What became of a shop's days: `alarms` on clean ones, by day; of the `faults`, by name, what was blocked."""

    judged_days: int = 0
    alarms: dict[str, list[str]] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)


def try_gate(world: World, faults: Mapping[str, Spoil], seed: int) -> Trial:
    """Judge every day of the shop; each of the last days also once with one of the faults, in an order by `seed`."""
    rng, trial = random.Random(seed), Trial()
    names = sorted(faults)
    rng.shuffle(names)
    first = world.plan.days - len(names)
    for number, raw in enumerate(world.days()):
        if number >= first:
            spoilt, name = copy.deepcopy(raw), names[number - first]
            faults[name](spoilt, rng)
            trial.faults[name] = [row.figure for row in world.judge(spoilt)[0] if row.state == BLOCKED]
        rows, ingested = world.judge(raw)
        world.remember(raw, rows, ingested)
        trial.judged_days += any(row.state == OK for row in rows)
        if refused := [f"{row.figure} {row.reason}" for row in rows if row.state in (BLOCKED, WARNED)]:
            trial.alarms[raw.day.isoformat()] = refused
    return trial
