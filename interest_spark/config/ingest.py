"""The section `ingest` of the configuration."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from interest_spark.config.names import choice_of, known_name
from interest_spark.config.section import MOST, Days, Section, Share
from interest_spark.schemas.reasons import REASONS
from interest_spark.schemas.tables import TABLES


class IngestConfig(Section):
    """What a raw line must satisfy to become an event."""

    max_bad_share: Share = 0.05
    max_bad_lines: int = Field(default=1_000_000, ge=0)
    tolerated_reasons: Annotated[tuple[str, ...], AfterValidator(choice_of("reason", REASONS))] = ()
    max_late_days: Days = 7
    max_early_seconds: int = Field(default=0, ge=0, le=86_400)
    missing_days: Literal["refuse", "pass"] = "refuse"
    catch_up_days: Days = 0
    as_of: Literal["arrival", "now"] = "arrival"
    first_day: date | None = None
    last_day: date | None = None
    max_line_bytes: int = Field(default=1_000_000, ge=1_000, le=MOST)
    duplicate_keys: tuple[str, ...] = (
        "user_id",
        "item_id",
        "behavior",
        "event_time",
        "quantity",
        "price",
        "session_id",
        "query",
    )

    @field_validator("duplicate_keys")
    @classmethod
    def _event_columns(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if not keys:
            raise ValueError(f"empty: name columns of events, one of {', '.join(TABLES['events'].names)}")
        for key in keys:
            known_name("column", key, TABLES["events"].names)
        return keys
