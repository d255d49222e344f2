"""Letting a blocked day pass: recorded with who, when and why."""

from dataclasses import replace
from datetime import datetime

from interest_spark.features.gates.judge import ACCEPTED, BLOCKED, Judged
from interest_spark.features.gates.rows import TABLE, blocked, commit_day, read_days
from interest_spark.foundation.errors import ConfigError
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse


def accept_day(
    warehouse: Warehouse, day: str, because: str, who: str, now: datetime, run_id: str
) -> dict[str, list[str]]:
    """Accept what is blocked on a day, for as long as the figures are the same; returns the figures by gate.

    Raises ConfigError where nothing is blocked, BusyError if a gate is judging the day at this moment.
    """
    table = warehouse.open(TABLE)
    accepted: dict[str, list[str]] = {}
    for each in table.slices(day=day):
        (rows,) = read_days(table, each.name, day=day).values()
        refused, made = blocked(rows.values()), table.made_from(each)
        if refused and made:
            passed = [_accepted(row, because, who, now) for row in rows.values()]
            commit_day(warehouse, each.name, day, passed, f"{run_id}-accepted", made)
            accepted[each.name] = [row.figure for row in refused]
    if not accepted:
        raise ConfigError(f"nothing of {day} is blocked{_instead(warehouse)}; see `interest gates --day {day}`")
    return accepted


def _accepted(row: Judged, because: str, who: str, now: datetime) -> Judged:
    if row.state != BLOCKED:
        return row
    return replace(row, state=ACCEPTED, accepted_by=who, accepted_at=now, accepted_because=because)


def _instead(warehouse: Warehouse) -> str:
    """The newest days that are blocked, to name in a message."""
    table = warehouse.open(TABLE)
    found = [each for each in table.slices()[-100:] if _is_blocked(warehouse, each)]
    return f", but {', '.join(sorted({each.day for each in found}))} is" if found else ""


def _is_blocked(warehouse: Warehouse, each: Slice) -> bool:
    (rows,) = read_days(warehouse.open(TABLE), each.name, day=each.day).values()
    return bool(blocked(rows.values()))
