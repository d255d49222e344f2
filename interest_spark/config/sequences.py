"""The section `sequences` of the configuration."""

from typing import Annotated

from pydantic import AfterValidator, Field

from interest_spark.config.names import choice_of
from interest_spark.config.section import MOST, Count, Days, Section, SomeDays
from interest_spark.schemas.behaviors import BEHAVIORS


class SequencesConfig(Section):
    """One ordered history per user."""

    behaviors: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(choice_of("behavior", BEHAVIORS))] = (
        "view",
        "cart",
        "favorite",
        "purchase",
        "rate",
        "check_in",
        "click",
    )
    max_length: int = Field(default=201, ge=2, le=MOST)
    history_days: SomeDays | None = None
    popularity_days: SomeDays = 30
    restate_days: Days = 0
    session_gap_minutes: Count = 30
