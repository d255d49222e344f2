"""The section `audiences` of the configuration: whom a shop may address, declared and never programmed."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from interest_spark.config.conditions import Condition, parse_condition
from interest_spark.config.names import known_name
from interest_spark.config.section import Count, Rate, Section, Share, SomeDays
from interest_spark.schemas.behaviors import BEHAVIORS

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,50}")


def _is_condition(given: Any) -> Any:
    if given != {}:
        parse_condition(given)
    return given


def _audience_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("an audience's name is made of a-z, 0-9, '_' and '-'")
    return name


def _known_behavior(name: str) -> str:
    return known_name("behavior", name, BEHAVIORS)


class HoldOut(Section):
    """The share of people who are never addressed, so that the others' response can be compared with theirs.

    Who they are follows from their ids and the `salt` alone: the same on all days and in all audiences; a larger share
    keeps those of a smaller one.
    """

    share: Rate = 0.0
    salt: str = Field(default="hold-out", min_length=1)


class Cap(Section):
    """Nobody is in more than `times` audiences of any `days` days in a row, whichever these are."""

    times: Count = 1
    days: SomeDays = 7


class LookAlike(Section):
    """People like those on the list `seeds` of `sources.seeds`, and not on it themselves.

    Learnt from the list and a `sample` of the others.
    """

    seeds: str = Field(min_length=1)
    sample: Annotated[Count, Field(ge=100, le=200_000)] = 20_000


class Propensity(Section):
    """How likely somebody shows the `behavior` within the next `within_days` days.

    Learnt from what people did as many days after each of so many earlier `cut_offs`, of those who did not from a
    `sample`.
    """

    behavior: Annotated[str, AfterValidator(_known_behavior)] = "purchase"
    within_days: Annotated[SomeDays, Field(le=180)] = 7
    cut_offs: Annotated[Count, Field(le=12)] = 3
    sample: Annotated[Count, Field(ge=100, le=200_000)] = 20_000


class AudienceConfig(Section):
    """People whom the condition `where` holds of, everybody without it; of these with a model the `top` by score.

    `at_least`: the lowest score that is in.
    """

    name: Annotated[str, AfterValidator(_audience_name)]
    where: Annotated[dict[str, Any], BeforeValidator(_is_condition)] = Field(default={})
    look_alike: LookAlike | None = None
    propensity: Propensity | None = None
    top: Annotated[Count, Field(le=10_000_000)] = 1_000
    at_least: Share = 0.0

    @model_validator(mode="after")
    def _of_somebody(self) -> "AudienceConfig":
        models = [each for each in (self.look_alike, self.propensity) if each is not None]
        if len(models) > 1:
            raise ValueError(f"{self.name} has look_alike and propensity; make two audiences of it")
        if not models and not self.where:
            raise ValueError(f"{self.name} says nothing of whom it is made; give where, look_alike or propensity")
        if not models and self.model_fields_set & {"top", "at_least"}:
            raise ValueError(f"{self.name} has no scores that top and at_least could choose by; leave them out")
        return self

    @property
    def kind(self) -> Literal["rule", "look_alike", "propensity"]:
        """What the audience is made by."""
        if self.look_alike is not None:
            return "look_alike"
        return "rule" if self.propensity is None else "propensity"

    @property
    def condition(self) -> Condition | None:
        """The condition; None where it holds of everybody."""
        return parse_condition(self.where) if self.where else None


class AudiencesConfig(Section):
    """Audiences in the order of their priority: where a `cap` lets somebody be in some only, the first ones.

    `retrain_days`: how old a look-alike's or a propensity's model is at most.
    """

    groups: tuple[AudienceConfig, ...] = Field(min_length=1, max_length=100)
    cap: Cap | None = None
    hold_out: HoldOut = HoldOut()
    retrain_days: SomeDays = 7

    @field_validator("groups")
    @classmethod
    def _each_named_once(cls, groups: tuple[AudienceConfig, ...]) -> tuple[AudienceConfig, ...]:
        names = [each.name for each in groups]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"two audiences are called {twice!r}; give each a name of its own")
        return groups
