"""The section `score` of the configuration."""

from pydantic import Field

from interest_spark.config.section import Section


class ScoreConfig(Section):
    """Bulk scoring: `k` suggestions for every user with an event."""

    k: int = Field(default=10, ge=1)
    exclude_seen: bool = True
    blocked_items: tuple[str, ...] = ()
    batch_users: int = Field(default=512, ge=1)
