"""The section `maintain` of the configuration."""

from pydantic import Field

from interest_spark.config.section import Section


class MaintainConfig(Section):
    """Housekeeping; a run that takes longer than `retention_hours` would lose the files it is staging."""

    retention_hours: int = Field(default=168, ge=1)
