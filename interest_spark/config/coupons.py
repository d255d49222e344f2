"""The section `coupons` of the configuration."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from interest_spark.config.section import MOST, Count, Section, Share, SomeDays, Whole

Money = Annotated[float, Field(gt=0.0, le=MOST)]


class CouponsConfig(Section):
    """Coupons of a day by uplift, under a budget; without the section none are given.

    `costs`: what each coupon costs the shop when a customer gets it, on average; `budget`: what all of a day may cost.
    `control`: what the campaigns' file calls the arm that got nothing. `outcome`: what a coupon is to bring, `spent`
    times `margin`, or `purchases` worth `margin` each, on the day of sending and within `window_days` in all. Campaigns
    sent up to `history_days` ago are learnt from, at most `training_rows` of their rows; of the customers the share
    `held_out` judges. A coupon is given only if its predicted increment is at least `least_return` times its cost,
    and a dearer one in place of another only if the same holds of the differences.
    """

    costs: dict[str, Money] = Field(min_length=1)
    budget: Money
    control: str = "control"
    outcome: Literal["spent", "purchases"] = "spent"
    margin: Money = 1.0
    window_days: SomeDays = 14
    history_days: SomeDays = 150
    learner: Literal["two_models", "transformed_outcome", "doubly_robust"] = "doubly_robust"
    rounds: Count = 100
    depth: Annotated[int, Field(ge=1, le=10)] = 3
    leaf_rows: Count = 100
    held_out: Annotated[Share, Field(gt=0.0, lt=1.0)] = 0.3
    training_rows: Annotated[int, Field(ge=100, le=1_000_000)] = 50_000
    least_return: Money = 1.0
    seed: Whole = 0

    @model_validator(mode="after")
    def _coupons_are_sent(self) -> "CouponsConfig":
        if self.control in self.costs:
            raise ValueError(
                f"control {self.control!r} is the arm that gets nothing, and costs has a coupon of that name; name the "
                "arm as the campaigns' file does"
            )
        if self.window_days >= self.history_days:
            raise ValueError(
                f"window_days {self.window_days} must be below history_days {self.history_days}: what a campaign "
                "brought is known only when its window is over"
            )
        return self
