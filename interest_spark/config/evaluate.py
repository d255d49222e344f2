"""The section `evaluate` of the configuration."""

from typing import Annotated

from pydantic import AfterValidator, Field

from interest_spark.config.names import choice_of
from interest_spark.config.section import Count, Days, Section, SomeDays
from interest_spark.metrics.lists.list_metric import LIST_METRICS
from interest_spark.metrics.metric import METRICS
from interest_spark.schemas.behaviors import BEHAVIORS

BASELINES = ("popularity", "own_frequency", "recent_popularity", "als", "item_to_item", "ease")
"""A further baseline is its name here, and a file `evaluation/baselines/<name>.py` whose `suggest` makes its lists."""


class EvaluateConfig(Section):
    """Judging a day's suggestions by what users did in the days after it."""

    horizon_days: SomeDays = 7
    gap_days: Days = 0
    k: Count = 10
    metrics: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(choice_of("metric", METRICS))] = (
        "recall",
        "ndcg",
    )
    list_metrics: Annotated[tuple[str, ...], AfterValidator(choice_of("list metric", LIST_METRICS))] = LIST_METRICS
    baselines: Annotated[tuple[str, ...], AfterValidator(choice_of("baseline", BASELINES))] = (
        "popularity",
        "own_frequency",
        "recent_popularity",
        "item_to_item",
    )
    target_behaviors: Annotated[tuple[str, ...], AfterValidator(choice_of("behavior", BEHAVIORS))] = ()
    backtest: bool = True
