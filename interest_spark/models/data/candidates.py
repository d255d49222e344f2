"""The items a model may suggest: written by Spark's tasks, for the catalogue is not to pass through the driver."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.locations import Location, Url
from interest_spark.schemas.behaviors import FIRST_ITEM_INDEX
from interest_spark.storage.damage import read_bytes
from interest_spark.storage.file_stores import readable
from interest_spark.storage.folder_files import write_file
from interest_spark.storage.frame_files import write_frame

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_SCHEMA = pa.schema(
    [
        ("item_index", pa.int32()),
        ("item_id", pa.string()),
        ("category", pa.int32()),
        ("events", pa.int64()),
        ("attributes", pa.map_(pa.string(), pa.string())),
    ]
)


_FILES = "files.json"
_MOST_BYTES = 1 << 24


def write_candidates(rows: "DataFrame", folder: Location) -> None:
    """Write rows as `read_candidates` gives them, in any order."""
    written = write_frame(rows, folder, _SCHEMA)
    if isinstance(folder, Url):  # what a task that failed has left there is not to be read
        write_file(folder / _FILES, json.dumps([path.rpartition("/")[2] for path in written]).encode())


def read_candidates(folder: Location) -> pa.Table:
    """`item_index` (int32, ascending), `item_id`, `category` (0: none), `events`, how often histories hold it, and
    `attributes`, a text for each of those that the network names and that are known.

    `folder` holds Parquet files, and nobody else writes to it. Raises BadDataError when there is no item or an index
    stands for two.
    """
    table = pa.concat_tables([_SCHEMA.empty_table(), *(_read(folder / name) for name in _names(folder))])
    table = table.sort_by("item_index").combine_chunks()
    index = table["item_index"].to_numpy()
    if not len(index):
        raise BadDataError("there is no item to learn; check that the day has sequences of known items")
    if (np.diff(index) <= 0).any() or index[0] < FIRST_ITEM_INDEX:
        raise BadDataError("the vocabulary gives one item_index to two items; restore it, or start a new warehouse")
    return table


def _names(folder: Location) -> list[str]:
    if isinstance(folder, Path):
        return sorted(file.name for file in folder.glob("*.parquet"))
    names: list[str] = json.loads(read_bytes(folder / _FILES, _MOST_BYTES))
    return names


def _read(file: Location) -> pa.Table:
    with readable(str(file)) as source, pq.ParquetFile(source) as opened:
        return opened.read().cast(_SCHEMA)
