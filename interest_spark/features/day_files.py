"""Committed files that tasks read themselves."""

from collections.abc import Iterable
from dataclasses import dataclass

from interest_spark.storage.layout import Slice
from interest_spark.storage.snapshot import Snapshot


@dataclass(frozen=True)
class DayFile:
    """A committed file, its bytes, and the day that it is part of."""

    path: str
    size: int
    day: str


def day_files(table: Snapshot, slices: Iterable[Slice]) -> list[DayFile]:
    """The files of these slices, in their order."""
    return [
        DayFile(f"{table.folder}/{path}", table.size_of(path), each.day)
        for each in slices
        for path in table.files_of(each)
    ]
