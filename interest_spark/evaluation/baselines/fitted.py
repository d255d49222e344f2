"""Lists of a collaborative model, fitted on the histories that the judged lists were made from.

They are made as scoring makes those that are published: what the model cannot fill is filled up with popular items.
"""

from collections.abc import Iterator
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import pyarrow as pa

from interest_spark.evaluation.baselines.baseline import LISTS, Known
from interest_spark.models.collaborative.card import CollaborativeCard
from interest_spark.models.collaborative.fit import FitPlan, fit
from interest_spark.models.published import Model
from interest_spark.models.served import lists_of, load_model
from interest_spark.platform.python_worker import settled
from interest_spark.serving.popularity import read_popularity
from interest_spark.serving.recommender import Lists, Recommender
from interest_spark.serving.score import list_column
from interest_spark.serving.topk import NO_ITEM

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def suggest_by(kind: str, users: "DataFrame", known: Known, k: int) -> "DataFrame":
    """The lists of the model of that kind, with the settings that the evaluation has for it."""
    config = known.models[kind]
    bundle = known.bundle_of(kind)
    card = CollaborativeCard(
        model_version=bundle.name, collaborative=config, trained_through=known.until.date().isoformat()
    )
    plan = FitPlan(card, known.until, known.buckets, bundle, known.work_of(kind))
    model = Model(bundle.name, str(bundle), fit(plan, known.histories).manifest_sha256)
    histories = known.histories.sequences.select("user_id", *lists_of(model))
    asked = users.select("user_id", "excluded").join(histories, "user_id", how="inner")
    fill = partial(_suggest, model, known.popularity_files, known.blocked_items, k)
    return asked.mapInArrow(settled(fill), LISTS)


def _suggest(
    model: Model,
    popularity_files: tuple[str, ...],
    blocked_items: tuple[str, ...],
    k: int,
    batches: Iterator[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    recommender = _recommender(model, popularity_files, blocked_items, k)
    for batch in batches:
        choices = recommender.suggest(batch, Lists.of_column(batch["excluded"])).choices
        chosen = choices != NO_ITEM
        items = list_column(chosen.sum(axis=1), recommender.item_ids.take(pa.array(choices[chosen])))
        yield pa.RecordBatch.from_pydict({"user_id": batch["user_id"], "items": items})


@lru_cache(maxsize=2)  # a worker has tasks of two baselines in turn
def _recommender(
    model: Model, popularity_files: tuple[str, ...], blocked_items: tuple[str, ...], k: int
) -> Recommender:
    popularity = read_popularity(popularity_files, blocked_items)
    # What a user may not be suggested is said user by user; where seen items may be, nobody's is anything.
    return Recommender(load_model(model), popularity, k, exclude_seen=True, blocked_items=blocked_items)
