"""The models that a warehouse holds."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow.parquet as pq

from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.locations import Location
from interest_spark.storage.bundles import BUNDLES, bundle_path, read_config
from interest_spark.storage.committed_files import check_columns, read_committed
from interest_spark.storage.damage import reading, remedy_for
from interest_spark.storage.file_stores import readable
from interest_spark.storage.folder_files import files_below
from interest_spark.storage.table_schemas import file_schema


@dataclass(frozen=True)
class Model:
    """Which bundle to score with."""

    version: str
    path: str
    manifest_sha256: str


def model_of(file: str, warehouse: Location) -> Model:
    """The model of a file of `models`, which has one row. Raises BadDataError if the file is damaged."""
    rows = read_committed(file, file_schema("models")).select(["model_version", "path", "manifest_sha256"]).to_pylist()
    if len(rows) != 1 or not all(rows[0].values()):
        raise BadDataError(f"data file {file} does not name one model; {remedy_for(file)}")
    (row,) = rows
    return Model(row["model_version"], str(bundle_path(warehouse, row["path"])), row["manifest_sha256"])


def version_in(files: Iterable[str]) -> str:
    """The model version that `recommendations` files of one day were made with; "" if they hold no row."""
    for path in files:
        with reading(path), readable(path) as source, pq.ParquetFile(source) as file:
            check_columns(path, file.schema_arrow)
            for batch in file.iter_batches(batch_size=1, columns=["model_version"]):
                return str(batch["model_version"][0])
    return ""


def trained_through(version: str, warehouse: Location) -> str | None:
    """The last day that a bundle says it has learnt from; None where it is not kept."""
    place = bundle_path(warehouse, f"{BUNDLES}/{version}")
    if not files_below(place):
        return None
    through = read_config(place).get("trained_through")
    return None if through is None else str(through)
