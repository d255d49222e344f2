"""The section `sequences` of the configuration."""

from pydantic import Field, field_validator

from interest_spark.config.section import Section
from interest_spark.schemas.behaviors import BEHAVIORS


class SequencesConfig(Section):
    """One ordered history per user."""

    behaviors: tuple[str, ...] = ("view", "cart", "favorite", "purchase", "rate", "check_in", "click")
    max_length: int = Field(default=201, ge=2)
    history_days: int | None = Field(default=None, ge=1)
    popularity_days: int = Field(default=30, ge=1)
    restate_days: int = Field(default=0, ge=0)
    session_gap_minutes: int = Field(default=30, ge=1)

    @field_validator("behaviors")
    @classmethod
    def _known(cls, behaviors: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [behavior for behavior in behaviors if behavior not in BEHAVIORS]
        if unknown or not behaviors:
            raise ValueError(f"{unknown or 'empty'}: name some of {', '.join(BEHAVIORS)}")
        return behaviors
