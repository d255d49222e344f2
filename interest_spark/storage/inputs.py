"""What a job reads from the warehouse, pinned at one version a table, and what to type when it is not there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from interest_spark.foundation.errors import ConfigError
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.warehouse import Warehouse

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True)
class Inputs:
    """Tables at the versions they had when the job began: a commit made meanwhile changes nothing."""

    warehouse: Warehouse
    versions: Mapping[str, int]

    @classmethod
    def of(cls, warehouse: Warehouse, tables: Iterable[str]) -> "Inputs":
        return cls(warehouse, {table: warehouse.version(table) for table in tables})

    def files(self, table: str, **selection: Any) -> list[str]:
        return self.warehouse.files(table, **self._pinned(table, selection))

    def read(self, spark: "SparkSession", table: str, **selection: Any) -> "DataFrame":
        return self.warehouse.read(spark, table, **self._pinned(table, selection))

    def content_id(self, table: str, **selection: Any) -> str:
        return self.warehouse.content_id(table, **self._pinned(table, selection))

    def _pinned(self, table: str, selection: dict[str, Any]) -> dict[str, Any]:
        version = self.versions[table]
        return selection if version < 0 else {**selection, "version": version}


def require_day(warehouse: Warehouse, table: str, dt: str, remedy: str) -> None:
    """Raise ConfigError, naming `remedy`, unless the day of the table is committed, with the columns of this code."""
    if warehouse.committed(table, dt) is None:
        raise ConfigError(
            f"table {table} has no committed day {dt} in {warehouse.root}; run `{remedy} --day {dt}` first"
        )
    for path in warehouse.files(table, day=dt)[:1]:
        lacking = [name for name in TABLES[table].names if name not in pq.read_schema(path).names]
        if lacking:
            raise ConfigError(
                f"day {dt} of table {table} was made by an older version of this code and lacks {', '.join(lacking)}; "
                f"run `{remedy} --day {dt}` again"
            )
