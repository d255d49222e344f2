"""The journal: one small JSON file a run beside the tables, so that nobody needs a server to see how nights went.

    <warehouse>/_journal/<day of its start, UTC>/<run_id>.json

A file is written whole and then takes its place, so that a reader never sees half of one.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from interest_spark.foundation.log import get_logger
from interest_spark.operations.entry import RunEntry
from interest_spark.storage.damage import read_bytes

JOURNAL = "_journal"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOST_BYTES = 1 << 26


class Journal:
    """The runs of one warehouse."""

    def __init__(self, warehouse: Path) -> None:
        self._folder = warehouse / JOURNAL

    def write(self, entry: RunEntry) -> None:
        """Put the entry in place of what the journal said of the run before. Raises OSError."""
        folder = self._folder / entry.started.date().isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{entry.run_id}.draft"
        draft.write_text(json.dumps(asdict(entry), default=datetime.isoformat, ensure_ascii=False), encoding="utf-8")
        draft.replace(folder / f"{entry.run_id}.json")

    def read(self, since: date) -> Iterator[RunEntry]:
        """The runs that began on that day (UTC) or later, oldest first; what cannot be read is passed over."""
        for folder in self._days():
            if folder.name >= since.isoformat():
                for file in sorted(folder.glob("*.json")):
                    entry = _read(file)
                    if entry is not None:
                        yield entry

    def forget_before(self, day: date) -> int:
        """Delete the runs that began earlier; returns how many."""
        gone = 0
        for folder in self._days():
            if folder.name < day.isoformat():
                for file in [*folder.glob("*.json"), *folder.glob(".*.draft")]:
                    file.unlink(missing_ok=True)
                    gone += file.suffix == ".json"
                if not any(folder.iterdir()):
                    folder.rmdir()
        return gone

    def _days(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return sorted(folder for folder in self._folder.iterdir() if _DAY.fullmatch(folder.name) and folder.is_dir())


def days_ago(now: datetime, days: int) -> date:
    """The day, in UTC, so many days before `now`."""
    return (now - timedelta(days=days)).date()


def _read(file: Path) -> RunEntry | None:
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
