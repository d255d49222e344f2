"""What ingest makes of small logs without Spark: typed rows, and the counts of the ledger with the rows behind them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from interest_spark.config.deployment import Config
from interest_spark.config.ingest import IngestConfig
from interest_spark.config.source import SourceConfig
from interest_spark.config.sources import SourcesConfig
from interest_spark.features.events.build import Account, EventBuild, _ledger
from interest_spark.features.events.days import DayRules
from interest_spark.foundation.dates import parse_zone
from interest_spark.sources.canonical import CanonicalReader
from interest_spark.sources.event_sources import EventReader, find_event_deliveries
from interest_spark.sources.pieces import Piece

DAY = "2026-01-30"


def write(path: Path, lines: Iterable[Any], header: str | None = None) -> Path:
    """Objects as JSON, texts as they are."""
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{text}\n" for text in ([header] if header else []) + texts), encoding="utf-8")
    return path


def typed(path: Path, kind: str = "events", **source: Any) -> pl.DataFrame:
    """The rows of one file, as a source of these keys reads them."""
    reader = CanonicalReader(kind, SourceConfig.model_validate({"path": "x", **source}), 10_000)
    return pl.concat(reader.read([Piece(DAY, str(path))]))


class Ingested:
    """What becomes of the files of `sources.events`: `ledger` by file, and the `events` and `refused` lines."""

    def __init__(
        self,
        root: Path,
        events: Mapping[str, Any] | Sequence[Any],
        day: str = DAY,
        time_zone: str = "UTC",
        into: Path | None = None,
        **ingest: Any,
    ) -> None:
        sources = SourcesConfig.model_validate({"root": str(root), "events": events})
        settings = IngestConfig(**ingest)
        reader = EventReader(sources, settings.max_line_bytes)
        folders = {name: str((into or root) / name) for name in ("events", "quarantine", "ingest_ledger")}
        zone = parse_zone(sources.delivery_zone) if sources.delivery_zone else None
        rules = DayRules(settings, parse_zone(time_zone), date.fromisoformat(day), delivery_zone=zone)
        build = EventBuild(reader.read, rules, settings.duplicate_keys, folders)
        found = find_event_deliveries(sources, last=date.fromisoformat(day))
        told = list(build.prepare([Piece(each.day, each.path, source=each.source) for each in found]))
        frames = [each for each in told if isinstance(each, pl.DataFrame)]
        self.accounts = [each for each in told if isinstance(each, Account)]
        fates = list(build.combine(0, frames))
        self.ledger = _ledger(self.accounts, fates)
        self.events = self._rows("events", [path for each in fates for path in each.files])
        self.refused = self._rows("quarantine", [path for each in self.accounts for path in each.refused])

    def totals(self) -> dict[str, int]:
        """The sums of the ledger's counts."""
        return self.ledger.select(pl.col(pl.Int64).sum()).row(0, named=True)

    @staticmethod
    def _rows(table: str, paths: Sequence[str]) -> pl.DataFrame:
        return (
            pl.concat([pl.read_parquet(path, hive_partitioning=False) for path in paths]) if paths else pl.DataFrame()
        )


def valid(sources: Mapping[str, Any]) -> Config:
    return Config.model_validate({"warehouse": "wh", "sources": sources})
