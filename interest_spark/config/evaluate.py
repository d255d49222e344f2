"""The section `evaluate` of the configuration."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator

from interest_spark.config.collaborative import AlsConfig, CollaborativeConfig, EaseConfig, ItemToItemConfig
from interest_spark.config.names import choice_of, known_name
from interest_spark.config.section import Count, Days, Section, SomeDays
from interest_spark.metrics.lists.list_metric import LIST_METRICS
from interest_spark.metrics.metric import METRICS
from interest_spark.schemas.behaviors import BEHAVIORS

BASELINES = ("popularity", "own_frequency", "recent_popularity", "als", "item_to_item", "ease")
"""A further baseline is its name here, and a file `evaluation/baselines/<name>.py` whose `suggest` makes its lists."""


_FITTED: dict[str, type[AlsConfig | ItemToItemConfig | EaseConfig]] = {
    "als": AlsConfig,
    "item_to_item": ItemToItemConfig,
    "ease": EaseConfig,
}


class EvaluateConfig(Section):
    """Judging a day's suggestions by what users did in the days after it.

    `fitted` has settings of the baselines that fit a model, by name, as the section `collaborative` has them. Those of
    `als` were chosen on a month before the judged ones of MovieLens-1M and Online Retail (NDCG@10 .0535 and .2402): as
    good, within the noise, as twice the factors and half as many iterations more (.0570 and .2454), for a quarter of
    the time.
    """

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
    fitted: dict[str, dict[str, Any]] = Field(default={"als": {"factors": 32, "iterations": 10, "regularization": 0.1}})
    target_behaviors: Annotated[tuple[str, ...], AfterValidator(choice_of("behavior", BEHAVIORS))] = ()
    backtest: bool = True

    @field_validator("fitted")
    @classmethod
    def _are_settings(cls, fitted: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name, settings in fitted.items():
            section = _FITTED[known_name("baseline that fits a model", name, list(_FITTED))]
            for key in settings:
                known_name(f"setting of {name}", key, list(section.model_fields))
            section.model_validate(settings)
        return fitted

    @property
    def models(self) -> dict[str, CollaborativeConfig]:
        """The settings of the baselines that fit a model, by name."""
        return {name: section.model_validate(self.fitted.get(name, {})) for name, section in _FITTED.items()}
