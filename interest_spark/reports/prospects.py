"""What runs would do, as a table for a person."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from interest_spark.pipeline.graph import Prospect


def print_prospects(prospects: Sequence[Prospect]) -> None:
    """Each step with its day, what it would do, and why."""
    table = Table("step", "day", "state", "reason")
    for each in prospects:
        table.add_row(each.step, each.day, each.state, each.reason)
    console = Console()
    (console if console.is_terminal else Console(width=160)).print(table)
