"""How a deployment stands, on one screen: its last days, what runs, its tables, and errors that nobody has mended."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rich import box
from rich.columns import Columns
from rich.table import Table
from rich.text import Text

from interest_spark.foundation.shown import shown
from interest_spark.foundation.streams import terminal
from interest_spark.operations.entry import RunEntry
from interest_spark.operations.failures import Failure, lost_runs, open_failures
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.warehouse import Warehouse

_MOST_OF_AN_ERROR = 300
_SHORT = {"made": "ok", "running": "runs"}
_COLORS = {"": "dim", "made": "green", "running": "cyan"}


@dataclass(frozen=True)
class DailyStep:
    """A step, the table that tells on which days it is made, and what its slices there are called (None: any name)."""

    step: str
    table: str
    slice_name: str | None


@dataclass(frozen=True)
class TableState:
    """A table's newest version: `newest_day` and the `days` it holds, its files and their bytes."""

    table: str
    version: int
    newest_day: str
    days: int
    files: int
    bytes: int


@dataclass(frozen=True)
class State:
    """`days`: those looked at, newest first; `steps`: by step, on which of them it is made, or is running or failed."""

    days: Sequence[str]
    steps: Mapping[str, Mapping[str, str]]
    tables: Sequence[TableState]
    running: Sequence[RunEntry]
    lost: Sequence[RunEntry]
    failures: Sequence[Failure]


def look(
    warehouse: Warehouse, entries: Sequence[RunEntry], steps: Sequence[DailyStep], days: int, now: datetime
) -> State:
    """Look at the newest `days` days of the tables and at the journal's `entries`; nothing is read but logs."""
    made = {each.step: {*warehouse.days(each.table, name=each.slice_name)} for each in steps}
    newest = max((day for found in made.values() for day in found), default=None)
    seen = [] if newest is None else _last(date.fromisoformat(newest), days)
    running = [each for each in entries if each.status_at(now) == "running"]
    failures = open_failures(entries)
    marks = {(failure.step, failure.day): failure.status for failure in failures}
    marks |= {at: "running" for run in running for at in run.current}
    return State(
        seen,
        {step: _of_days(step, seen, found, marks) for step, found in made.items()},
        [state for table in TABLES if (state := _state_of(warehouse, table))],
        running,
        lost_runs(entries, now),
        failures,
    )


def _last(newest: date, days: int) -> list[str]:
    return [(newest - timedelta(days=back)).isoformat() for back in range(days)]


def _of_days(
    step: str, days: Sequence[str], made: Collection[str], marks: Mapping[tuple[str, str], str]
) -> dict[str, str]:
    found = {day: marks.get((step, day)) or ("made" if day in made else "") for day in days}
    return {day: mark for day, mark in found.items() if mark}


def _state_of(warehouse: Warehouse, table: str) -> TableState | None:
    found = warehouse.open(table)
    days = found.days()
    if not days:
        return None
    sizes = found.sizes_of(found.paths)
    return TableState(table, found.version, days[-1], len(days), len(sizes), sum(sizes.values()))


# For people --------------------------------------------------------------------------------------


def print_state(state: State, now: datetime) -> None:
    """The screen, on standard output."""
    console = terminal()
    console.print(Columns([_steps_table(state), _tables_table(state)], padding=(0, 4)))
    for what, runs, style in (("running", state.running, "green"), ("lost", state.lost, "red")):
        for run in runs:
            at = ", ".join(f"{step} of {day}" for step, day in run.current) or "between steps"
            text = f"{what}: {run.job} for {run.day} on {run.host}, {_age(now - run.started)} ago begun, at {at}"
            console.print(Text(shown(text, _MOST_OF_AN_ERROR), style=style))
    for failure in state.failures:
        where = f"{failure.step} of {failure.day}" if failure.step else f"{failure.job} for {failure.day}"
        text = f"{failure.status}: {where}, {_age(now - failure.at)} ago: {failure.error}"
        console.print(Text(shown(text, _MOST_OF_AN_ERROR), style="red"))
    if not (state.running or state.lost or state.failures):
        console.print("nothing runs, and no failure is left to mend")


def _steps_table(state: State) -> Table:
    table = Table("step", *(day[5:] for day in state.days), box=box.SIMPLE_HEAD, pad_edge=False)
    for step, marks in state.steps.items():
        cells = (marks.get(day, "") for day in state.days)
        table.add_row(step, *(Text(_SHORT.get(cell, cell), style=_COLORS.get(cell, "red")) for cell in cells))
    return table


def _tables_table(state: State) -> Table:
    table = Table("table", "newest day", box=box.SIMPLE_HEAD, pad_edge=False)
    for header in ("behind", "days", "files", "size", "version"):
        table.add_column(header, justify="right")
    newest = max((each.newest_day for each in state.tables), default="")
    for each in state.tables:
        behind = (date.fromisoformat(newest) - date.fromisoformat(each.newest_day)).days
        cells = (f"{behind} d" if behind else "", f"{each.days:,}", f"{each.files:,}", _size(each.bytes))
        table.add_row(each.table, each.newest_day, *cells, str(each.version))
    return table


def _size(count: int) -> str:
    size, unit = float(count), "B"
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def _age(past: timedelta) -> str:
    seconds = max(int(past.total_seconds()), 0)
    for length, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
