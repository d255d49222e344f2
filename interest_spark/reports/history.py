"""How long a step took, how much it published, and what of memory and exchange it took, run by run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from interest_spark.foundation.resource_use import ResourceUse
from interest_spark.foundation.shown import shown
from interest_spark.foundation.streams import terminal
from interest_spark.operations.entry import RunEntry

_BAR_WIDTH = 24
_MOST_OF_AN_ERROR = 80
_TAKEN = ("driver MiB", "executor MiB", "shuffled MiB")


@dataclass(frozen=True)
class StepRun:
    """One run of a step: when it began (UTC), seconds, rows of all its tables, and how it ended."""

    started: datetime
    day: str
    job: str
    run_id: str
    status: str
    seconds: float
    rows: int
    error: str | None
    use: ResourceUse

    @property
    def rows_per_second(self) -> float:
        return self.rows / max(self.seconds, 1e-3)


def runs_of(step: str, entries: Iterable[RunEntry]) -> list[StepRun]:
    """The runs of a step that did something, oldest first."""
    runs = [
        StepRun(
            each.started,
            each.day,
            entry.job,
            entry.run_id,
            each.status,
            each.seconds,
            each.total_rows,
            each.error,
            each.use,
        )
        for entry in entries
        for each in entry.steps
        if each.step == step
    ]
    return sorted(runs, key=lambda run: run.started)


def print_runs(runs: Sequence[StepRun], zone: ZoneInfo) -> None:
    """One line a run, with a bar of its seconds."""
    table = Table(f"started ({zone.key})", "day", "job", "end", "seconds", "", "rows", "rows/s", *_TAKEN, "error")
    for name in ("seconds", "rows", "rows/s", *_TAKEN):
        next(column for column in table.columns if column.header == name).justify = "right"
    longest = max((run.seconds for run in runs), default=1.0)
    for run in runs:
        table.add_row(
            f"{run.started.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            run.day,
            run.job,
            Text(run.status, style="green" if run.error is None else "red"),
            f"{run.seconds:.1f}",
            "█" * max(round(_BAR_WIDTH * run.seconds / longest), 1),
            f"{run.rows:,}",
            f"{run.rows_per_second:,.0f}",
            _mib(run.use.driver_memory_mb),
            _mib(run.use.executor_memory_mb),
            _mib(None if run.use.shuffle_bytes is None else run.use.shuffle_bytes / 2**20, ".1f"),
            Text(shown(run.error or "", _MOST_OF_AN_ERROR)),
        )
    terminal().print(table)


def _mib(size: float | None, form: str = ".0f") -> str:
    return "" if size is None else f"{size:,{form}}"
