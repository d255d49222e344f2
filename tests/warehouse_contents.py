"""What a warehouse holds, in a form in which two warehouses can be compared."""

import hashlib

from interest_spark.schemas.tables import TABLES
from interest_spark.storage.layout import Slice
from interest_spark.storage.snapshot import Snapshot
from interest_spark.storage.warehouse import Warehouse

# Paths, durations and the names that follow from paths belong to an attempt.
OF_THE_ATTEMPT = ("path", "train_seconds", "model_version", "manifest_sha256")


Contents = dict[tuple[str, str, str], str]
"""The digest of every committed slice, by table, day and name: a slice is what one commit replaces."""


def contents(warehouse: Warehouse, logs: str = "") -> Contents:
    """Of all tables, each at one version; `logs`, where raw logs lie, is no part of the names of their files."""
    found: Contents = {}
    for table in TABLES:
        snapshot = warehouse.open(table)
        for each in snapshot.slices():
            found[table, each.day, each.name] = _digest(snapshot, each, logs)
    return found


def _digest(snapshot: Snapshot, part: Slice, logs: str) -> str:
    """Of the rows in any order; what belongs to the attempt is left out."""
    columns = [name for name in TABLES[snapshot.table].names if name not in OF_THE_ATTEMPT]
    rows = snapshot.read_small(day=part.day, name=part.name).select(columns).to_pylist()
    if "source_file" in columns:
        rows = [{**row, "source_file": str(row["source_file"]).removeprefix(logs)} for row in rows]
    return hashlib.sha256("\n".join(sorted(map(repr, rows))).encode()).hexdigest()
