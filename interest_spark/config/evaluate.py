"""The section `evaluate` of the configuration."""

from pydantic import Field

from interest_spark.config.section import Section


class EvaluateConfig(Section):
    """Judging a day's suggestions by what users did in the days after it."""

    horizon_days: int = Field(default=7, ge=1)
    k: int = Field(default=10, ge=1)
    target_behaviors: tuple[str, ...] = ()
    backtest: bool = True
