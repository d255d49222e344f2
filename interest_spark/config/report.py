"""The section `report` of the configuration."""

from interest_spark.config.section import Section
from interest_spark.config.warehouse import WarehousePlace
from interest_spark.foundation.locations import Location


class ReportConfig(Section):
    """Where reports lie: null for the folder `<warehouse>-reports`, beside the warehouse."""

    folder: WarehousePlace | None = None

    def place(self, warehouse: Location, dt: str) -> Location:
        """The file of a day's report."""
        folder = self.folder or warehouse.parent / f"{warehouse.name}-reports"
        return folder / f"report-{dt}.html"
