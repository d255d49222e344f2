"""Conditions on customers as Spark columns, two-valued: what is not known makes a comparison false."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from interest_spark.config.conditions import Compared, Condition, Every, Interested, Negated, Some, leaves
from interest_spark.schemas.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

FEATURE_TABLE, PROFILES = "customer_features", "profiles"


def interests_of(conditions: Iterable[Condition]) -> list[Interested]:
    """The different interests that the conditions ask for, in their order."""
    found = (leaf for condition in conditions for leaf in leaves(condition) if isinstance(leaf, Interested))
    return list(dict.fromkeys(found))


def columns_of(conditions: Iterable[Condition]) -> list[str]:
    """The customer features that the conditions compare, in their order."""
    found = (leaf.column for condition in conditions for leaf in leaves(condition) if isinstance(leaf, Compared))
    return list(dict.fromkeys(found))


def with_interests(features: "DataFrame", profiles: "DataFrame", interests: Sequence[Interested]) -> "DataFrame":
    """The features with a truth value for each interest, as `holds` wants them; one exchange for all of them."""
    from pyspark.sql import functions as F

    if not interests:
        return features
    rows = {_flag(place): _of_row(each) for place, each in enumerate(interests)}
    found = profiles.groupBy("user_id").agg(*(F.max(held).alias(name) for name, held in rows.items()))
    joined = features.join(found, "user_id", how="left")
    return joined.withColumns({name: F.coalesce(name, F.lit(False)) for name in rows})


def holds(condition: Condition, interests: Sequence[Interested]) -> "Column":
    """Whether the condition holds of a row of `with_interests`; never null."""
    from pyspark.sql import functions as F

    if isinstance(condition, Every | Some):
        found = [holds(part, interests) for part in condition.parts]
        whole = found[0]
        for each in found[1:]:
            whole = whole & each if isinstance(condition, Every) else whole | each
        return whole
    if isinstance(condition, Negated):
        return ~holds(condition.part, interests)
    if isinstance(condition, Interested):
        return F.col(_flag(interests.index(condition)))
    return _compared(FEATURE_TABLE, condition)


def _flag(place: int) -> str:
    return f"interest {place}"


def _of_row(interest: Interested) -> "Column":
    """Whether a row of `profiles` is the interest that is asked for."""
    from pyspark.sql import functions as F

    found = F.col("interest") == interest.kind
    if interest.names:
        found = found & F.col("name").isin(*interest.names)
    for each in interest.bounds:
        found = found & _compared(PROFILES, each)
    return F.coalesce(found, F.lit(False))


def _compared(table: str, compared: Compared) -> "Column":
    from pyspark.sql import functions as F

    column = F.col(compared.column)
    if pa.types.is_floating(TABLES[table].field(compared.column).type):
        column = F.nanvl(column, F.lit(None))  # what is no number is not known, and above all numbers for Spark
    value = compared.value
    if compared.operator == "is_null":
        return column.isNull() if value else column.isNotNull()
    found = {
        "less_than": lambda: column < value,
        "at_most": lambda: column <= value,
        "more_than": lambda: column > value,
        "at_least": lambda: column >= value,
        "in": lambda: column.isin(*value),
    }[compared.operator]()
    return F.coalesce(found, F.lit(False))
