"""The section `gates` of the configuration."""

from datetime import date
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from interest_spark.config.names import known_name
from interest_spark.config.section import Section, SomeDays, Whole
from interest_spark.schemas.figures import FIGURES, Action

_NAMES = tuple(each.name for each in FIGURES)


class GatesConfig(Section):
    """Quality gates: a day's figures against those of the last `history_days`.

    A figure alarms beyond `deviations` robust standard deviations once `warm_up_days` are known. `actions` say by
    figure, `nulls` or `nulls:price`, what an alarm does; by default it blocks. Where fewer than `least_events` events,
    or users of lists, are usual, chance moves much, and an alarm warns at most. On `expected_days`, each with a word
    for it, there may be five times as much or as little of anything, and other bounds are twice as wide.
    """

    enabled: bool = True
    history_days: SomeDays = 56
    warm_up_days: SomeDays = 14
    deviations: Annotated[float, Field(ge=1.0, le=1_000.0)] = 6.0
    least_events: Whole = 1_000
    actions: dict[str, Action] = Field(default={})
    expected_days: dict[date, str] = Field(default={})

    @field_validator("actions")
    @classmethod
    def _known_figures(cls, actions: dict[str, Action]) -> dict[str, Action]:
        for name in actions:
            known_name("figure", name if name in _NAMES else name.split(":", 1)[0], _NAMES)
        return actions

    @model_validator(mode="after")
    def _history_is_longer_than_the_warm_up(self) -> "GatesConfig":
        if self.warm_up_days > self.history_days:
            raise ValueError(
                f"gates.warm_up_days {self.warm_up_days} exceeds gates.history_days {self.history_days}: no day would "
                "ever be judged; lower it"
            )
        return self

    def action_of(self, figure: str) -> Action:
        """What an alarm of the figure does: its own entry counts before its family's."""
        return self.actions.get(figure, self.actions.get(figure.split(":", 1)[0], "block"))
