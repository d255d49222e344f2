"""The section `shop` of the configuration."""

from pydantic import field_validator

from interest_spark.config.section import Section
from interest_spark.foundation.dates import parse_zone


class ShopConfig(Section):
    """What holds for the whole shop."""

    time_zone: str = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        return parse_zone(name).key
