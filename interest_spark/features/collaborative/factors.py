"""Item factors of an implicit matrix factorisation, by Spark MLlib's alternating least squares."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from interest_spark.config.collaborative import AlsConfig
from interest_spark.features.collaborative.interactions import NOTHING_TO_LEARN, InteractionRule, interactions, rule_of
from interest_spark.foundation.errors import BadDataError
from interest_spark.platform.python_worker import settled

if TYPE_CHECKING:
    from pyspark.ml.recommendation import ALSModel
    from pyspark.sql import DataFrame

_CHECKPOINT_EVERY = 2  # iterations; a task of the tenth in one lineage overflowed the stack of the thread that reads it
_MOST_USERS = 2**31  # MLlib numbers users by 32-bit integers
_RATINGS = pa.schema([("user", pa.int32()), ("item", pa.int32()), ("rating", pa.float32())])


def item_factors(model: "ALSModel", vocab: "DataFrame") -> "DataFrame":
    """`item_index, item_id, factors` of every item that somebody used."""
    factors = model.itemFactors.withColumnRenamed("id", "item_index").withColumnRenamed("features", "factors")
    return factors.join(vocab, "item_index", how="inner").select("item_index", "item_id", "factors")


def fit_factors(sequences: "DataFrame", config: AlsConfig, checkpoints: str) -> "ALSModel":
    """Factors of users and items of the day's `sequences`; users are numbered as in `ratings`.

    `checkpoints`: a folder that all nodes reach, for the item factors of some iterations, whose lineage ends there.

    Raises BadDataError where nobody has used a known item.
    """
    from pyspark.ml.recommendation import ALS

    blocks = int(sequences.sparkSession.conf.get("spark.sql.shuffle.partitions") or 1)
    als = ALS(
        rank=config.factors,
        maxIter=config.iterations,
        regParam=config.regularization,
        alpha=config.alpha,
        implicitPrefs=True,
        seed=config.seed,
        numUserBlocks=blocks,
        numItemBlocks=blocks,
        checkpointInterval=_CHECKPOINT_EVERY,
        userCol="user",
        itemCol="item",
        ratingCol="rating",
    )
    rated = ratings(sequences, rule_of(config), blocks)
    if rated.isEmpty():
        raise BadDataError(NOTHING_TO_LEARN)
    sequences.sparkSession.sparkContext.setCheckpointDir(checkpoints)
    return als.fit(rated)


def ratings(sequences: "DataFrame", rule: InteractionRule, partitions: int) -> "DataFrame":
    """`user int, item int, rating float`: each user's distinct items, rated by their weight.

    Users are numbered within partitions, by the order of their ids: without a table of numbers and without collisions.
    """
    columns = sequences.select("user_id", *rule.lists)
    by_user = columns.repartition(partitions, "user_id").sortWithinPartitions("user_id").drop("user_id")

    def rate(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        context = TaskContext.get()
        span = _MOST_USERS // partitions
        first = (0 if context is None else context.partitionId()) * span
        last = first + span
        for batch in batches:
            if first + batch.num_rows > last:
                raise BadDataError(f"more than {span} users in a partition; raise spark.shuffle_partitions")
            yield _rated(batch, rule, first)
            first += batch.num_rows

    return by_user.mapInArrow(settled(rate), "user int, item int, rating float")


def _rated(batch: pa.RecordBatch, rule: InteractionRule, first_user: int) -> pa.RecordBatch:
    found = interactions(batch, rule)
    columns = [(found.owner + first_user).astype(np.int32), found.item, found.weight.astype(np.float32)]
    return pa.RecordBatch.from_arrays([pa.array(column) for column in columns], schema=_RATINGS)
