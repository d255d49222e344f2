"""The section `shop` of the configuration."""

from interest_spark.config.names import ZoneName
from interest_spark.config.section import Section


class ShopConfig(Section):
    """What holds for the whole shop."""

    time_zone: ZoneName = "UTC"
