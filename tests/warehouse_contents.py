"""What a warehouse holds, in a form in which two warehouses can be compared."""

import hashlib

from interest_spark.schemas.tables import TABLES
from interest_spark.storage.warehouse import Warehouse

# Paths, durations and the names that follow from paths belong to an attempt.
OF_THE_ATTEMPT = ("path", "train_seconds", "model_version", "manifest_sha256")


def contents(warehouse: Warehouse) -> dict[tuple[str, str], str]:
    """The digest of every committed day of every table."""
    return {(table, day): digest(warehouse, table, day) for table in TABLES for day in warehouse.days(table)}


def digest(warehouse: Warehouse, table: str, day: str) -> str:
    """Of the day's rows in any order; what belongs to the attempt is left out."""
    columns = [name for name in TABLES[table].names if name not in OF_THE_ATTEMPT]
    rows = warehouse.read_small(table, day=day).select(columns).to_pylist()
    return hashlib.sha256("\n".join(sorted(map(repr, rows))).encode()).hexdigest()
