"""The section `churn` of the configuration."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from interest_spark.config.section import Count, Section, Share, SomeDays
from interest_spark.schemas.customer_features import LONGEST_DAYS

Imbalance = Literal["none", "weights", "undersample", "oversample", "smote", "smotenc"]
Within = Annotated[int, Field(ge=1, le=LONGEST_DAYS)]


class ChurnConfig(Section):
    """Warnings of who is about to stay away; without the section none are made.

    `target`: what staying away is told by. Looked at are users with a target day within `active_days`. Somebody churns
    who has none in the horizon after the gap: with `definition: plain` in `horizon_days`, with `rhythm` in
    `rhythm_times` times the own mean days between target days, from `rhythm_least_days` to `rhythm_most_days`.
    `cutoffs`: days that are learnt from, at most, `cutoff_days` apart; `retrain_days`: how old a model serves at most.
    `learner`: trees or logistic regression; `imbalance`: how training makes up for the rarer label. `calibration`: how
    scores become probabilities. `recall`: the part of churners whom the band `high` is to hold. `reasons`: how many.
    `max_rows`: what is learnt from at most. `workers`: Spark tasks that grow the trees together.
    """

    target: Literal["purchase", "visit"] = "purchase"
    definition: Literal["rhythm", "plain"] = "rhythm"
    active_days: Within = 90
    gap_days: int = Field(default=7, ge=0, le=LONGEST_DAYS)
    horizon_days: Within = 28
    rhythm_times: float = Field(default=3.0, gt=0.0, le=100.0)
    rhythm_least_days: Within = 14
    rhythm_most_days: Within = 42
    cutoffs: Count = 6
    cutoff_days: SomeDays = 7
    retrain_days: SomeDays = 7
    learner: Literal["trees", "logistic"] = "trees"
    imbalance: Imbalance = "weights"
    calibration: Literal["platt", "isotonic"] = "platt"
    recall: Share = 0.75
    trees: int = Field(default=150, ge=1, le=10_000)
    depth: int = Field(default=4, ge=1, le=12)
    learning_rate: float = Field(default=0.06, gt=0.0, le=1.0)
    reasons: int = Field(default=3, ge=1, le=10)
    max_rows: int = Field(default=100_000, ge=200, le=10_000_000)
    workers: int = Field(default=1, ge=1, le=1_000)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)

    @model_validator(mode="after")
    def _horizons_are_in_order(self) -> "ChurnConfig":
        if self.rhythm_least_days > self.rhythm_most_days:
            raise ValueError(
                f"churn.rhythm_least_days {self.rhythm_least_days} exceeds churn.rhythm_most_days "
                f"{self.rhythm_most_days}; lower the former"
            )
        return self

    @property
    def label_days(self) -> int:
        """How many days after a cut-off it is known who has churned, by either definition."""
        return self.gap_days + max(self.horizon_days, self.rhythm_most_days)
