"""The section `sequences` of the configuration."""

from pydantic import Field, field_validator

from interest_spark.config.section import MOST, Count, Days, Section, SomeDays
from interest_spark.schemas.behaviors import BEHAVIORS


class SequencesConfig(Section):
    """One ordered history per user."""

    behaviors: tuple[str, ...] = ("view", "cart", "favorite", "purchase", "rate", "check_in", "click")
    max_length: int = Field(default=201, ge=2, le=MOST)
    history_days: SomeDays | None = None
    popularity_days: SomeDays = 30
    restate_days: Days = 0
    session_gap_minutes: Count = 30

    @field_validator("behaviors")
    @classmethod
    def _known(cls, behaviors: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [behavior for behavior in behaviors if behavior not in BEHAVIORS]
        if unknown or not behaviors:
            raise ValueError(f"{unknown or 'empty'}: name some of {', '.join(BEHAVIORS)}")
        return behaviors
