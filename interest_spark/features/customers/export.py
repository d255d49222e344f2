"""A day's customer features without nulls, as files for whoever learns from them, filled by what training days say."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from interest_spark.features.customers.features import FEATURE_TABLE
from interest_spark.features.customers.missing import fill, fit
from interest_spark.foundation.errors import ConfigError
from interest_spark.storage.parts import empty_frame, read_table_pieces
from interest_spark.storage.warehouse import Warehouse

MOST_ROWS = 200_000
"""What is learnt from at most: as many of the first users of each training day as fit. Users lie in buckets by a hash
of their id, so the first ones are a sample."""


def export_filled(warehouse: Warehouse, day: str, training_days: Sequence[str], out: Path) -> int:
    """Write the day's rows to `out/part-<number>.parquet`; returns how many there are.

    Raises ConfigError for a training day after the day, or one without features, and where `out` holds files already.
    """
    for each in (*training_days, day):
        if each > day:
            raise ConfigError(f"training day {each} is after {day}: what fills {day} would come from its future")
        if not warehouse.days(FEATURE_TABLE, day=each):
            raise ConfigError(f"{FEATURE_TABLE} has no day {each}; run `interest profiles --day {each}` first")
    if out.exists() and any(out.iterdir()):
        raise ConfigError(f"folder {out} is not empty; name another one with --out")
    out.mkdir(parents=True, exist_ok=True)
    fills = fit(pl.concat(_first_rows(warehouse, each, MOST_ROWS // len(training_days)) for each in training_days))
    rows = 0
    for number, file in enumerate(warehouse.files(FEATURE_TABLE, day=day)):
        parts = [fill(each, fills) for each in read_table_pieces(file, FEATURE_TABLE)]
        if parts:
            filled = pl.concat(parts)
            filled.write_parquet(out / f"part-{number:05d}.parquet")
            rows += len(filled)
    return rows


def _first_rows(warehouse: Warehouse, day: str, most: int) -> pl.DataFrame:
    parts, rows = [empty_frame(FEATURE_TABLE)], 0
    for file in warehouse.files(FEATURE_TABLE, day=day):
        for each in read_table_pieces(file, FEATURE_TABLE):
            parts.append(each.head(most - rows))
            rows += len(parts[-1])
        if rows >= most:
            break
    return pl.concat(parts)
