"""The section `profiles` of the configuration."""

from typing import Annotated

from pydantic import Field

from interest_spark.config.behavior_weights import BehaviorWeights
from interest_spark.config.section import MOST_DAYS, Count, Section, SomeDays, Whole
from interest_spark.schemas.customer_features import LONGEST_DAYS

Positive = Annotated[float, Field(gt=0.0, le=MOST_DAYS)]


class TastesConfig(Section):
    """Clusters of items by the serving network's vectors, and every user's share of its softmax in them.

    `clusters`: how many, where the items have as many directions. `top`: how many of them a user has at most, by share.
    `named_by`: how many items name a cluster. `seed`: draws the first centres.
    """

    clusters: int = Field(default=50, ge=2, le=1000)
    top: Count = 5
    named_by: int = Field(default=3, ge=1, le=20)
    seed: Whole = 0


class ProfilesConfig(Section):
    """Customer features and interest profiles of every user; without the section none are made.

    Events older than `window_days` count for nothing. Long-term interest loses half of its weight in `half_life_days`,
    short-term interest in `short_half_life_days` and as much in `short_half_life_events` later events of the user.
    `trend_days`: what is compared with the days before. `prior_events`: how many events make the confidence one half.
    `top`: how many interests of each kind a profile lists at most. `tastes`: see there; without it there are none.
    """

    window_days: int = Field(default=180, ge=LONGEST_DAYS, le=MOST_DAYS)
    half_life_days: Positive = 45.0
    short_half_life_days: Positive = 14.0
    short_half_life_events: Positive = 5.0
    trend_days: SomeDays = 30
    prior_events: Positive = 5.0
    top: Count = 10
    behavior_weights: BehaviorWeights = Field(
        default={
            "view": 1.0,
            "click": 1.0,
            "search": 1.0,
            "check_in": 1.0,
            "share": 2.0,
            "favorite": 3.0,
            "cart": 3.0,
            "rate": 3.0,
            "purchase": 5.0,
        }
    )
    tastes: TastesConfig | None = None
