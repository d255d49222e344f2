"""Where reports lie."""

import pytest

from interest_spark.config.report import ReportConfig
from interest_spark.foundation.locations import location


@pytest.mark.parametrize(
    ("warehouse", "folder", "place"),
    [
        ("run/shop", None, "run/shop-reports"),
        ("s3://shop/warehouse", None, "s3://shop/warehouse-reports"),
        ("s3://shop", None, "s3://shop/reports"),
        ("hdfs://node:8020", None, "hdfs://node:8020/reports"),
        ("s3://shop", "run/pages", "run/pages"),
    ],
)
def test_beside_the_warehouse_unless_another_folder_is_named(warehouse: str, folder: str | None, place: str) -> None:
    config = ReportConfig.model_validate({"folder": folder})
    assert str(config.place(location(warehouse), "2026-01-05")) == f"{place}/report-2026-01-05.html"
