"""The items a model may suggest."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.foundation.errors import BadDataError
from interest_spark.schemas.behaviors import FIRST_ITEM_INDEX

_SCHEMA = pa.schema(
    [("item_index", pa.int32()), ("item_id", pa.string()), ("category", pa.int32()), ("events", pa.int64())]
)


def read_candidates(folder: Path) -> pa.Table:
    """`item_index` (int32, ascending), `item_id`, `category` (0: none) and `events`, how often histories hold it.

    `folder` holds Parquet files, and nobody else writes to it. Raises BadDataError when there is no item or an index
    stands for two.
    """
    files = sorted(folder.glob("*.parquet"))
    table = pa.concat_tables([_SCHEMA.empty_table(), *(pq.ParquetFile(file).read().cast(_SCHEMA) for file in files)])
    table = table.sort_by("item_index").combine_chunks()
    index = table["item_index"].to_numpy()
    if not len(index):
        raise BadDataError("there is no item to learn; check that the day has sequences of known items")
    if (np.diff(index) <= 0).any() or index[0] < FIRST_ITEM_INDEX:
        raise BadDataError("the vocabulary gives one item_index to two items; restore it, or start a new warehouse")
    return table
