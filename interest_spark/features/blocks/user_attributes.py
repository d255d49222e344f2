"""The attributes of users that a network looks at: as texts beside their histories, and as codes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from interest_spark.features.sequences.tokens import Histories
from interest_spark.features.value_codes import value_codes
from interest_spark.schemas.tokens import USER_COLUMNS

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

COLUMN = "user_attributes"
"""Beside a history: a text or null for each attribute, in the network's order; null of a user without a row."""

_OTHERS = "attributes."
_YEARS = 5


def with_user_attributes(histories: "DataFrame", users: "DataFrame | None", names: Sequence[str]) -> "DataFrame":
    """`histories`, rows with `user_id`, with COLUMN where `names` names any attribute.

    users: rows of that table, as of one day: what was known of users then. None: nothing was.
    """
    if not names:
        return histories
    if users is None:
        return histories.withColumn(COLUMN, F.lit(None).cast("array<string>"))
    described = users.select("user_id", F.array(*map(_text, names)).alias(COLUMN))
    return histories.join(described, "user_id", how="left").select(*histories.columns, COLUMN)


def _text(name: str) -> "Column":
    """An attribute's value; ages by five years, so that those who are about as old have one in common."""
    if name.startswith(_OTHERS):
        return F.col("attributes")[name.removeprefix(_OTHERS)]
    return F.floor(F.col("age") / _YEARS).cast("string") if name == "age" else F.col(name)


def user_codes(histories: Histories, names: Sequence[str], codes: int) -> dict[str, np.ndarray]:
    """The named attributes' codes by user column, int32[n] for n histories with COLUMN.

    >>> column = pa.array([["f", "40"], None, ["f", None]], pa.list_(pa.string()))
    >>> found = user_codes(pa.table({COLUMN: column}), ["gender", "region"], 100)
    >>> {name: codes.tolist() for name, codes in found.items()}
    {'user_attribute_1': [32, 0, 32], 'user_attribute_2': [62, 0, 0]}
    """
    if not names:
        return {}
    lists = histories.column(COLUMN)
    lists = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
    known = pa.array(np.flatnonzero(lists.is_valid().to_numpy(zero_copy_only=False)))
    found = {name: np.zeros(len(lists), np.int32) for name in USER_COLUMNS[: len(names)]}
    described = lists.take(known)
    for place, values in enumerate(found.values()):
        values[known] = value_codes(pc.list_element(described, place), codes)
    return found
