"""The journal: one small JSON file a run beside the tables, so that nobody needs a server to see how nights went.

    <warehouse>/_journal/<day of its start, UTC>/<run_id>.json

A file takes its place as a whole, so that a reader never sees half of one.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from interest_spark.foundation.locations import Location
from interest_spark.foundation.log import get_logger
from interest_spark.operations.entry import RunEntry
from interest_spark.storage.damage import read_bytes
from interest_spark.storage.folder_files import delete_file, files_below, replace_file

JOURNAL = "_journal"
_ENTRY = re.compile(r"\d{4}-\d{2}-\d{2}/[^./][^/]*\.json")
_MOST_BYTES = 1 << 26


class Journal:
    """The runs of one warehouse."""

    def __init__(self, warehouse: Location) -> None:
        self._folder = warehouse / JOURNAL

    def write(self, entry: RunEntry) -> None:
        """Put the entry in place of what the journal said of the run before. Raises OSError or BusyError."""
        text = json.dumps(asdict(entry), default=datetime.isoformat, ensure_ascii=False)
        replace_file(self._folder / entry.started.date().isoformat() / f"{entry.run_id}.json", text.encode())

    def read(self, since: date) -> Iterator[RunEntry]:
        """The runs that began on that day (UTC) or later, oldest first; what cannot be read is passed over."""
        for path in self._paths():
            if path >= since.isoformat():
                entry = _read(self._folder / path)
                if entry is not None:
                    yield entry

    def forget_before(self, day: date) -> int:
        """Delete the runs that began earlier; returns how many."""
        old = [path for path in self._paths() if path < day.isoformat()]
        for path in old:
            delete_file(self._folder / path)
        if isinstance(self._folder, Path):
            for folder in {(self._folder / path).parent for path in old}:
                with suppress(OSError):  # something else is in it
                    folder.rmdir()
        return len(old)

    def _paths(self) -> list[str]:
        """Of all entries below the journal's folder, oldest first."""
        return [each.path for each in files_below(self._folder) if _ENTRY.fullmatch(each.path)]


def days_ago(now: datetime, days: int) -> date:
    """The day, in UTC, so many days before `now`."""
    return (now - timedelta(days=days)).date()


def _read(file: Location) -> RunEntry | None:
    try:
        return _entries().validate_json(read_bytes(file, _MOST_BYTES))
    except FileNotFoundError:
        return None  # forgotten meanwhile
    except (OSError, ValueError, ValidationError) as error:
        get_logger().warning("an entry of the journal was passed over", file=str(file), reason=str(error)[:200])
        return None


@cache
def _entries() -> TypeAdapter[RunEntry]:
    return TypeAdapter(RunEntry)
