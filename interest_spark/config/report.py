"""The section `report` of the configuration."""

from interest_spark.config.section import Section
from interest_spark.config.warehouse import WarehousePlace
from interest_spark.foundation.locations import Location, Url


class ReportConfig(Section):
    """Where reports lie: null for the folder `<warehouse>-reports`, beside the warehouse; in `reports` where that is a
    whole bucket.
    """

    folder: WarehousePlace | None = None

    def place(self, warehouse: Location, dt: str) -> Location:
        """The file of a day's report."""
        return (self.folder or _default(warehouse)) / f"report-{dt}.html"


def _default(warehouse: Location) -> Location:
    if isinstance(warehouse, Url) and warehouse.is_whole_store:
        return warehouse / "reports"
    return warehouse.parent / f"{warehouse.name}-reports"
