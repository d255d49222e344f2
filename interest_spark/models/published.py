"""The models that a warehouse holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from interest_spark.storage.bundles import bundle_path


@dataclass(frozen=True)
class Model:
    """Which bundle to score with."""

    version: str
    path: str
    manifest_sha256: str


def model_of(file: str, warehouse: Path) -> Model:
    """The model of a file of `models`, which has one row."""
    (row,) = pq.ParquetFile(file).read(["model_version", "path", "manifest_sha256"]).to_pylist()
    return Model(row["model_version"], str(bundle_path(warehouse, row["path"])), row["manifest_sha256"])


def version_in(files: Iterable[str]) -> str:
    """The model version that `recommendations` files of one day were made with; "" if they hold no row."""
    for path in files:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=1, columns=["model_version"]):
            return str(batch["model_version"][0])
    return ""
