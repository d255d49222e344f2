"""What publishing the audiences of a day would publish, on the terminal: sizes, forecasts, and what they share."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from interest_spark.foundation.streams import terminal

_COUNTS = ("matched", "opted_out", "without_consent", "eligible", "capped", "held_out", "addressed")
_LONGEST_NAME = 14

Row = Mapping[str, Any]


def print_plan(dt: str, sizes: Sequence[Row], overlaps: Sequence[Row]) -> None:
    """Print rows of `audience_sizes` and `audience_overlaps`."""
    console = terminal()
    console.print(Text(f"Audiences of {dt}, of which nothing is published", style="bold"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("audience", no_wrap=True)
    for name in (*_COUNTS, "expected", "forecast", "auc"):
        table.add_column(name.replace("_", " "), justify="right")
    for row in sizes:
        table.add_row(row["audience"], *(str(row[name]) for name in _COUNTS), *_foretold(row))
    console.print(table)
    for row in sizes:
        if row["reason"]:
            console.print(Text(f"{row['audience']} is empty: {row['reason']}"))
    if len(sizes) > 1:
        console.print(Text("People who are eligible for two", style="bold"))
        console.print(_matrix([row["audience"] for row in sizes], sizes, overlaps))


def _foretold(row: Row) -> list[str]:
    """What the day before expected, what is expected of the next one, and how good the model is; "" for none."""
    auc = "" if row["auc"] is None else f"{row['auc']:.3f} ({row['auc_low']:.3f}–{row['auc_high']:.3f})"
    return [*("" if row[name] is None else f"{row[name]:.0f}" for name in ("expected", "forecast")), auc]


def _matrix(names: Sequence[str], sizes: Sequence[Row], overlaps: Sequence[Row]) -> Table:
    """People by two audiences, on the diagonal those of one."""
    shared = {frozenset((row["audience"], row["other"])): row["users"] for row in overlaps}
    shared |= {frozenset((row["audience"],)): row["eligible"] for row in sizes}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for name in names:
        table.add_column(name[:_LONGEST_NAME], justify="right", no_wrap=True)
    for name in names:
        table.add_row(name, *(str(shared.get(frozenset((name, other)), 0)) for other in names))
    return table
