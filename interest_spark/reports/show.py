"""Rows for people to read: an aligned table on the terminal, with titles beside item ids."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from rich import box
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from interest_spark.foundation.shown import shown
from interest_spark.foundation.streams import terminal

_SHOWN_ELEMENTS = 6
_LONGEST_CELL = 60

Columns = dict[str, list[Any]]


def print_rows(rows: pa.Table, heading: str, zone: ZoneInfo, titles: Mapping[str, str]) -> None:
    """Print rows on standard output, instants in `zone`; where the lines would not fit, one field a line.

    Columns without any value are left out and named below.
    """
    values: Columns = {name: rows[name].to_pylist() for name in rows.column_names}
    if titles and "title" not in values:
        values = _with_titles(values, titles)
    empty = [name for name, cells in values.items() if rows.num_rows and all(cell is None for cell in cells)]
    filled = {name: cells for name, cells in values.items() if name not in empty}
    console = terminal()
    table = _as_lines(filled, zone)
    if Measurement.get(console, console.options.update(width=10_000), table).maximum > console.width:
        table = _as_records(filled, zone)
    console.print(Text(shown(heading), style="bold"))
    console.print(table if rows.num_rows else "  none\n")
    if empty:
        console.print(f"without a value: {', '.join(empty)}\n", style="dim")


def cell_text(value: Any, zone: ZoneInfo) -> str:
    """One value on one line, shortened."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return _list_text(value, zone)
    return shown(value, _LONGEST_CELL)


def _as_lines(values: Columns, zone: ZoneInfo) -> Table:
    """One line a row, columns side by side."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, cells in values.items():
        number = any(isinstance(cell, int | float) for cell in cells)
        table.add_column(_header(name, cells, zone), justify="right" if number else "left", no_wrap=True)
    for row in zip(*values.values(), strict=True):
        table.add_row(*(Text(cell_text(cell, zone)) for cell in row))
    return table


def _as_records(values: Columns, zone: ZoneInfo) -> Table:
    """One line a field, a rule between rows."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="ellipsis", no_wrap=True)
    headers = [_header(name, cells, zone) for name, cells in values.items()]
    for row in zip(*values.values(), strict=True):
        for header, cell in zip(headers, row, strict=True):
            table.add_row(header, Text(cell_text(cell, zone)))
        table.add_section()
    return table


def _header(name: str, cells: list[Any], zone: ZoneInfo) -> str:
    return f"{name} ({zone.key})" if any(isinstance(cell, datetime) for cell in cells) else name


def _with_titles(values: Columns, titles: Mapping[str, str]) -> Columns:
    widened: Columns = {}
    for name, cells in values.items():
        widened[name] = cells
        if name == "item_id":
            widened["title"] = [titles.get(item) for item in cells]
    return widened


def _list_text(value: list[Any], zone: ZoneInfo) -> str:
    if value and isinstance(value[0], tuple):  # a map
        return " ".join(f"{shown(key, _LONGEST_CELL)}={cell_text(element, zone)}" for key, element in value)
    parts = [cell_text(element, zone) for element in value[:_SHOWN_ELEMENTS]]
    more = f", … {len(value)} in all" if len(value) > _SHOWN_ELEMENTS else ""
    return f"[{', '.join(parts)}{more}]"
