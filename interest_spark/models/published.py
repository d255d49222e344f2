"""The models that a warehouse holds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq

from interest_spark.foundation.errors import ConfigError
from interest_spark.storage.warehouse import Warehouse


@dataclass(frozen=True)
class Model:
    """Which bundle to score with."""

    version: str
    path: str
    manifest_sha256: str


def newest_model(warehouse: Warehouse, dt: str) -> Model:
    """The model of the last day up to `dt` that has one; never one trained on later days."""
    for row in models_before(warehouse, dt, itself=True):
        return Model(row["model_version"], row["path"], row["manifest_sha256"])
    raise ConfigError(
        f"no model is committed for {dt} or a day before in {warehouse.root}; run `interest train --day {dt}` first"
    )


def models_before(warehouse: Warehouse, dt: str, *, itself: bool = False) -> Iterator[dict[str, Any]]:
    """The rows of `models` for days before `dt`, or up to it, newest first."""
    days = [day for day in warehouse.days("models") if day < dt or (itself and day == dt)]
    for day in reversed(days):
        for path in warehouse.files("models", day=day):
            yield from pq.ParquetFile(path).read().to_pylist()


def published_model(files: Iterable[str]) -> str:
    """The model version that `recommendations` files of one day were made with; "" if they hold no row."""
    for path in files:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=1, columns=["model_version"]):
            return str(batch["model_version"][0])
    return ""
