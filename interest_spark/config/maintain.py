"""The section `maintain` of the configuration."""

from typing import Annotated

from pydantic import Field, field_validator

from interest_spark.config.names import nearest
from interest_spark.config.section import MOST_DAYS, Section
from interest_spark.schemas.tables import PERMANENT, TABLES


class MaintainConfig(Section):
    """Housekeeping. A run that takes longer than `retention_hours` would lose the files it is staging.

    `keep_days` says how many days of a table are kept, null for all; tables that are not named keep their default.
    """

    retention_hours: int = Field(default=168, ge=1, le=720)
    keep_days: dict[str, Annotated[int, Field(le=MOST_DAYS)] | None] = Field(default={})

    @field_validator("keep_days")
    @classmethod
    def _known_tables(cls, days: dict[str, int | None]) -> dict[str, int | None]:
        unknown = [table for table in days if table not in TABLES]
        if unknown:
            guess = nearest(unknown[0], TABLES)
            hint = f"did you mean {guess!r}? " if guess else ""
            raise ValueError(f"{unknown}: {hint}name some of {', '.join(TABLES)}")
        permanent = [table for table in days if table in PERMANENT]
        if permanent:
            raise ValueError(f"{permanent}: numbers and models are kept for ever, as are the decisions on them")
        if any(kept is not None and kept < 1 for kept in days.values()):
            raise ValueError("a table keeps 1 day or more, or null for all")
        return days
