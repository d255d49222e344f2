"""The attributes of candidates that a network looks at, as texts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_OTHERS = "attributes."


def with_attributes(candidates: "DataFrame", items: "DataFrame | None", names: Sequence[str]) -> "DataFrame":
    """`candidates` (candidate_items) with `attributes`, a map of the named ones; null without a row in `items`.

    items: rows of that table, as of one day: what was known of items then.
    """
    if items is None or not names:
        return candidates.withColumn("attributes", F.lit(None).cast("map<string,string>"))
    pairs = [F.struct(F.lit(name).alias("key"), attribute_text(name).alias("value")) for name in names]
    known = F.filter(F.array(*pairs), lambda pair: pair["value"].isNotNull())
    described = items.select("item_id", F.map_from_entries(known).alias("attributes"))
    return candidates.join(described, "item_id", how="left").select(*candidates.columns, "attributes")


def attribute_text(name: str) -> "Column":
    """An attribute's value; prices by half octaves, so that those who cost about the same have one in common."""
    if name.startswith(_OTHERS):
        return F.col("attributes")[name.removeprefix(_OTHERS)]
    if name == "price":
        return F.when(F.col("price") > 0, F.floor(2 * F.log2("price")).cast("string"))
    return F.col(name)
