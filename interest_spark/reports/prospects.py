"""What runs would do, as a table for a person."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from interest_spark.foundation.shown import shown
from interest_spark.foundation.streams import terminal
from interest_spark.pipeline.graph import Prospect

_MOST_OF_A_REASON = 1_000


def print_prospects(prospects: Sequence[Prospect]) -> None:
    """Each step with its day, what it would do, and why."""
    table = Table("step", "day", "state", "reason")
    for each in prospects:
        table.add_row(each.step, each.day, each.state, Text(shown(each.reason, _MOST_OF_A_REASON)))
    terminal().print(table)
