"""How long a table's days are kept."""

from collections.abc import Mapping
from datetime import date, timedelta

from interest_spark.schemas.tables import DAYS_KEPT
from interest_spark.storage.commit import remove_slices
from interest_spark.storage.layout import Slice
from interest_spark.storage.snapshot import Snapshot


def expire_days(table: Snapshot, today: date, overrides: Mapping[str, int | None], run_id: str) -> list[Slice]:
    """Take the days out of the table that are older than it keeps, counted back from `today`; returns their slices.

    `overrides` are those of the configuration; None keeps every day.
    """
    kept = overrides.get(table.table, DAYS_KEPT.get(table.table))
    if kept is None:
        return []
    expired = table.slices(through=(today - timedelta(days=kept)).isoformat())
    if expired:
        remove_slices(table, expired, run_id)
    return expired
