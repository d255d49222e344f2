"""The section `bots` of the configuration."""

from pydantic import Field

from interest_spark.config.section import MOST, Count, Section


class BotsConfig(Section):
    """When a user's traffic is a machine's; all thresholds are per user and shop-local day."""

    enabled: bool = True
    max_events_per_day: Count = 500
    max_active_hours: int = Field(default=20, ge=1, le=24)
    min_events_for_rhythm: int = Field(default=50, ge=3, le=MOST)
    min_gap_variation: float = Field(default=0.1, ge=0.0)
