"""Models side by side, as a table for a person."""

import pyarrow as pa
from rich.table import Table
from rich.text import Text

from interest_spark.foundation.shown import shown
from interest_spark.foundation.streams import terminal


def print_comparison(rows: pa.Table) -> None:
    """A line a model and metric; differences whose whole interval is above or below zero stand out."""
    table = Table(
        "model", "metric", "value", "95 %", "to the first", "paired 95 %", "seeds", "parameters", "seconds", "MiB"
    )
    for row in rows.to_pylist():
        low, high = row["difference_low"], row["difference_high"]
        clear = low is not None and (low > 0 or high < 0)
        table.add_row(
            Text(shown(row["model"])),
            row["metric"],
            _number(row["value"]),
            _interval(row["low"], row["high"]),
            Text(_number(row["difference"], "+"), style="bold" if clear else ""),
            _interval(low, high, "+"),
            _seeds(row["seeds"], row["seed_deviation"]),
            "" if row["parameters"] is None else f"{row['parameters']:,}",
            "" if row["train_seconds"] is None else f"{row['train_seconds']:.0f}",
            "" if row["peak_memory_mb"] is None else f"{row['peak_memory_mb']:.0f}",
        )
    users = max(rows["users"].to_pylist(), default=0)
    terminal().print(table)
    terminal().print(f"{users} users were judged", style="dim")


def _seeds(count: int | None, deviation: float | None) -> str:
    return "" if count is None else str(count) if deviation is None else f"{count}, ± {deviation:.4f}"


def _number(value: float | None, sign: str = "") -> str:
    return "" if value is None else f"{value:{sign}.4f}"


def _interval(low: float | None, high: float | None, sign: str = "") -> str:
    return "" if low is None else f"{_number(low, sign)} … {_number(high, sign)}"
