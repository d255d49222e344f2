"""The section `score` of the configuration."""

from interest_spark.config.section import Count, Section


class ScoreConfig(Section):
    """Bulk scoring: `k` suggestions for every user with an event."""

    k: Count = 10
    exclude_seen: bool = True
    blocked_items: tuple[str, ...] = ()
    batch_users: Count = 512
