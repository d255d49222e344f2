"""What the gates have said of a day, as a table for a person."""

from collections.abc import Mapping

from rich import box
from rich.table import Table
from rich.text import Text

from interest_spark.features.gates.judge import Judged
from interest_spark.foundation.shown import shown
from interest_spark.foundation.streams import terminal


def print_gate(gate: str, day: str, rows: Mapping[str, Judged]) -> None:
    """Each figure with its bounds and what is said of it, the gravest first."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, justify in (("figure", "left"), ("value", "right"), ("low", "right"), ("high", "right")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for heading, justify in (("usual", "right"), ("days", "right"), ("state", "left"), ("reason", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for row in rows.values():
        numbers = [_number(value) for value in (row.value, row.low, row.high, row.median)]
        table.add_row(shown(row.figure), *numbers, str(row.history), row.state, Text(_reason(row)))
    console = terminal()
    console.print(Text(f"gate {gate} of {day}", style="bold"))
    console.print(table)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _reason(row: Judged) -> str:
    accepted = f"; accepted by {row.accepted_by}: {row.accepted_because}" if row.accepted_by else ""
    return shown(f"{row.reason or ''}{accepted}", 300)
