"""What was known of the shop's items when lists were made, as tasks read it themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from interest_spark.metrics.hits import Integers
from interest_spark.metrics.lists.shown import UNKNOWN, Catalogue
from interest_spark.storage.committed_files import read_committed

_VOCAB = pa.schema([("item_id", pa.string()), ("item_index", pa.int32()), ("first_day", pa.string())])
_ITEMS = pa.schema([("item_id", pa.string()), ("category", pa.string())])
_POPULARITY = pa.schema([("item_id", pa.string()), ("events", pa.int64())])


@dataclass(frozen=True)
class ItemFiles:
    """Files of the tables `vocab`, `items` and `popularity`, the last two as of the day `cutoff`, and blocked ids."""

    vocab: tuple[str, ...]
    items: tuple[str, ...]
    popularity: tuple[str, ...]
    cutoff: str
    blocked: tuple[str, ...]


@dataclass(frozen=True)
class KnownItems:
    """Items by their permanent numbers, in columns of length V.

    `days`: since the item was first seen, as of the cutoff; negative where that came later, or the number is nobody's.
    `suggestable`: whether a list of the cutoff could hold it.
    """

    ids: pa.Array
    numbers: Integers  # of `ids`
    catalogue: Catalogue
    days: Integers
    suggestable: NDArray[np.bool_]

    def numbers_of(self, ids: pa.Array, strange: dict[str, int]) -> Integers:
        """The number of each id. Those without one get numbers from V on, which `strange` keeps for further calls."""
        coded = ids.dictionary_encode()  # a list's ids are many times the same
        place = pc.index_in(coded.dictionary, value_set=self.ids)
        known = place.is_valid().to_numpy(zero_copy_only=False)
        number = np.empty(len(known), np.int64)
        number[known] = self.numbers[place.drop_null().to_numpy()]
        for at in np.flatnonzero(~known).tolist():
            number[at] = strange.setdefault(coded.dictionary[at].as_py(), len(self.days) + len(strange))
        return number[coded.indices.to_numpy()]


@lru_cache(maxsize=1)
def read_items(files: ItemFiles) -> KnownItems:
    """Raises BadDataError where a file is damaged."""
    vocab = _read(files.vocab, _VOCAB)
    numbers = vocab["item_index"].to_numpy().astype(np.int64)
    ids = _joined(vocab["item_id"])
    size = int(numbers.max(initial=0)) + 1
    days = np.full(size, -1, np.int64)
    days[numbers] = _days_since(_joined(vocab["first_day"]), files.cutoff)
    catalogue = _catalogue(files, ids, numbers, size)
    allowed = np.zeros(size, bool)
    allowed[numbers] = pc.invert(pc.is_in(ids, pa.array(files.blocked, pa.string()))).to_numpy(zero_copy_only=False)
    # An item of a day that was filled in later has got its number later than its first event.
    return KnownItems(ids, numbers, catalogue, days, allowed & ((days >= 0) | (catalogue.events > 0)))


def _catalogue(files: ItemFiles, ids: pa.Array, numbers: Integers, size: int) -> Catalogue:
    popularity, items = _read(files.popularity, _POPULARITY), _read(files.items, _ITEMS)
    events, category = np.zeros(size), np.full(size, UNKNOWN, np.int64)
    place, counted = _places(popularity["item_id"], ids)
    events[numbers[place]] = popularity["events"].to_numpy()[counted]
    place, described = _places(items["item_id"], ids)
    codes = _joined(items["category"]).dictionary_encode()
    category[numbers[place]] = pc.fill_null(codes.indices, UNKNOWN).to_numpy().astype(np.int64)[described]
    return Catalogue(events, category, float(events.sum()))


def _days_since(first: pa.Array, cutoff: str) -> Integers:
    """Release 0.1 did not say when an item was first seen: such items are long known."""
    days = pc.fill_null(first, "1970-01-01").dictionary_encode()
    end = date.fromisoformat(cutoff).toordinal()
    since = np.array([end - date.fromisoformat(day).toordinal() for day in days.dictionary.to_pylist()], np.int64)
    return since[days.indices.to_numpy()]


def _places(wanted: pa.ChunkedArray, ids: pa.Array) -> tuple[Integers, Integers]:
    """Where the wanted ids are among `ids`, and which of them are there at all."""
    place = pc.index_in(_joined(wanted), value_set=ids)
    there: Integers = np.flatnonzero(place.is_valid().to_numpy(zero_copy_only=False))
    return place.drop_null().to_numpy().astype(np.int64), there


def _read(files: Sequence[str], schema: pa.Schema) -> pa.Table:
    return pa.concat_tables([schema.empty_table(), *(read_committed(path, schema) for path in files)])


def _joined(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays([pa.array([], column.type), *column.chunks])
