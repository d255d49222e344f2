"""Item and user attributes: the latest known value of each, as of the day."""

from datetime import datetime
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from interest_spark.schemas.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def latest_attributes(
    rows: "DataFrame", previous: "DataFrame", table: str, key: str, end: datetime, dt: str
) -> "DataFrame":
    """One row a key: each attribute's newest non-null value among `previous` and the delivered rows before `end`.

    Delivered rows without `updated_at` count as known since their delivery. Columns of `table` and `dt`.
    """
    names = TABLES[table].names
    delivered_at = F.coalesce(F.col("updated_at"), F.col("delivery_day").cast("timestamp"))
    delivered_later = F.col("updated_at").isNull() & (F.col("delivery_day") > dt)
    new = rows.where(F.col("reason").isNull() & ~F.coalesce(delivered_later, F.lit(False)))
    new = new.withColumn("updated_at", delivered_at)
    new = new.where(F.col("updated_at").isNull() | (F.col("updated_at") < F.lit(end)))
    old = previous.select(*names, F.lit("").alias("source_file"), F.lit(0).cast("bigint").alias("source_line"))
    both = old.unionByName(new.select(*names, "source_file", "source_line"))
    # The place of a line breaks ties, so that the same deliveries always give the same row.
    age = F.struct(F.coalesce("updated_at", F.lit(0).cast("timestamp")), F.col("source_file"), F.col("source_line"))
    values = [name for name in names if name not in (key, "updated_at")]
    newest = [F.max_by(F.col(name), F.when(F.col(name).isNotNull(), age)).alias(name) for name in values]
    merged = both.groupBy(key).agg(*newest, F.max("updated_at").alias("updated_at"))
    return merged.select(*names).withColumn("dt", F.lit(dt))
