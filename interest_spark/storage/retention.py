"""How long a table's days are kept."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from interest_spark.config.names import BACKTEST, COMPARED
from interest_spark.schemas.tables import COMPARED_DAYS_KEPT, DAYS_KEPT, OF_MODELS_COMPARED
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


def expire_compared(table: Snapshot, now: datetime, run_id: str) -> list[Slice]:
    """Take out models, and their lists, that were made more than COMPARED_DAYS_KEPT days ago to be compared and were
    never served; returns their slices. Their own days say nothing here: a backtest makes models of days long past.
    """
    if table.table not in OF_MODELS_COMPARED:
        return []
    oldest = now - timedelta(days=COMPARED_DAYS_KEPT)
    compared = [each for each in table.slices() if each.name.startswith(f"{BACKTEST}{COMPARED}")]
    expired = [each for each in compared if table.written(each) < oldest]
    if expired:
        remove_slices(table, expired, run_id)
    return expired
