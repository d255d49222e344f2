"""The day's most popular items: what users get whom the model cannot serve, and what fills short lists."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from interest_spark.schemas.tables import TABLES
from interest_spark.storage.committed_files import read_committed


@dataclass(frozen=True)
class Popularity:
    """Items by descending popularity: aligned columns of length P, blocked items left out.

    `share` is an item's part of all events that the popularity was counted from, in 0 … 1.
    """

    item_index: np.ndarray  # int32
    item_id: pa.StringArray
    share: np.ndarray  # float64

    def best(self, count: int, *, without: np.ndarray) -> np.ndarray:
        """Places of the `count` most popular items whose item_index is not in `without`; fewer if there are no more."""
        head = self.item_index[: count + len(without)]  # at most len(without) of these fall out
        return np.flatnonzero(~np.isin(head, without))[:count]


def read_popularity(files: Iterable[str], blocked_items: Sequence[str] = ()) -> Popularity:
    """The `popularity` table's files of one day; of blocked items only the events are counted."""
    schema = pa.schema([TABLES["popularity"].field(name) for name in ("item_index", "item_id", "events", "rank")])
    parts = [read_committed(path, schema) for path in files]
    ranked = pa.concat_tables([schema.empty_table(), *parts]).sort_by(
        [("rank", "ascending"), ("item_index", "ascending")]
    )
    share = pc.divide(pc.cast(ranked["events"], pa.float64()), max(pc.sum(ranked["events"]).as_py() or 0, 1))
    ranked = ranked.append_column("share", share)
    allowed = ranked.filter(pc.invert(pc.is_in(ranked["item_id"], pa.array(blocked_items, pa.string()))))
    allowed = allowed.combine_chunks()
    item_id = pa.concat_arrays([pa.array([], pa.string()), *allowed["item_id"].chunks])
    return Popularity(allowed["item_index"].to_numpy(), item_id, allowed["share"].to_numpy())
