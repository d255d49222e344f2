"""Files that no version of a table needs any more, deleted; whatever no run of this product has made is left alone.

Only folders are looked into that are proven to be a run's: by a generated id, by the record in it, or by the log. Of
what lies in them only that is deleted whose name and place a run gives, and links are never followed. Links and strange
files are reported, so that somebody can look at them.
"""

import os
import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.locations import Location, Url
from interest_spark.schemas.tables import SLICED_BY
from interest_spark.storage.folder_files import delete_file, files_below
from interest_spark.storage.folders import Found, delete, opened, scan
from interest_spark.storage.layout import (
    DATA_FILE,
    LOG,
    RECORD,
    is_data_path,
    is_day_folder,
    is_generated,
    is_run_folder,
    run_folder,
    run_of,
)
from interest_spark.storage.run_record import read_record
from interest_spark.storage.snapshot import Snapshot

_HOUR = 3600.0
_TEMPORARY = "_temporary"
_BESIDE_DATA = re.compile(r"_SUCCESS|\._SUCCESS\.crc")


@dataclass
class Cleaned:
    """Paths that were deleted, and those that are not this product's or are links and were left."""

    deleted: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def linked_folders(table: Location) -> list[str]:
    """Those of a table's folder and its log that are links, by which a table can be moved but not be kept tidy."""
    if isinstance(table, Url):
        return []
    return [str(path) for path in (table, table / LOG) if path.is_symlink()]


def remove_orphans(table: Snapshot, retention_hours: int) -> Cleaned:
    """Delete a table's files that no version of the last `retention_hours` names and that are as old.

    A younger file may belong to a run that is at work. Without a log nobody can say what is needed: nothing is deleted.
    Raises BadDataError, and deletes nothing, where files that the log names do not lie as they were committed: the log
    may be the one that is wrong, and the files that it should name are then not to be told from orphans.
    """
    cleaned = Cleaned(left=linked_folders(table.folder))
    if cleaned.left or (isinstance(table.folder, Path) and not table.folder.is_dir()):
        return cleaned
    table.located(table.paths)
    removed = table.removed(0)
    needed = {*table.paths, *(removed - table.removed(retention_hours))}
    runs = {run_of(path) for path in (*table.paths, *removed)}
    cleaning = _Cleaning(table, needed, time.time() - retention_hours * _HOUR)
    if isinstance(table.folder, Url):
        _clean_stored(cleaning, table.folder, runs, cleaned)
    else:
        _clean_folder(cleaning, table.folder, runs, cleaned)
    return cleaned


def _clean_folder(cleaning: "_Cleaning", folder: Path, runs: Collection[str], cleaned: Cleaned) -> None:
    with opened(folder) as descriptor:
        for entry in sorted(os.scandir(descriptor), key=lambda entry: entry.name):
            name, is_folder = entry.name, entry.is_dir(follow_symlinks=False)
            if is_folder and cleaning.may_clean(name, runs):
                cleaning.clean_run(descriptor, name, cleaned)
            elif name != LOG or not is_folder:
                cleaned.left.append(str(folder / name))


def _clean_stored(cleaning: "_Cleaning", folder: Url, runs: Collection[str], cleaned: Cleaned) -> None:
    """The same of a store, which knows no folders: one listing tells of all files."""
    by_run: dict[str, dict[str, float]] = {}
    for each in files_below(folder):
        run, _, path = each.path.partition("/")
        by_run.setdefault(run, {})[path] = each.written
    for run, files in by_run.items():
        if run == LOG and "" not in files:
            continue
        if "" in files or not cleaning.may_clean(run, runs):
            cleaned.left.append(str(folder / run))
            continue
        data, doomed = cleaning.doomed(run, files)
        for path in doomed:
            delete_file(folder / run / path)
        cleaned.deleted += [str(folder / run / path) for path in doomed if path in data]
        cleaned.left += [str(folder / run / path) for path in sorted(files) if not cleaning.is_ours(path)]


def _is_of_a_run(table: Snapshot, name: str) -> bool:
    """Whether the id or the record says so; somebody else's folder may happen to begin with `run-`."""
    if not is_run_folder(name):
        return False
    if is_generated(name):
        return True
    try:
        record = read_record(table.folder / name)
    except BadDataError:
        return False
    return record is not None and name == run_folder(record.run_id)


@dataclass(frozen=True)
class _Cleaning:
    """What to delete of a table: files that are not `needed` and were last changed before `oldest`."""

    table: Snapshot
    needed: set[str]
    oldest: float

    def may_clean(self, run: str, runs: Collection[str]) -> bool:
        """Whether a folder is a run's, by the log's `runs` or by what it says of itself."""
        return self.table.delta is not None and (run in runs or _is_of_a_run(self.table, run))

    def doomed(self, run: str, files: Mapping[str, float]) -> tuple[set[str], list[str]]:
        """Of a run's files, by when they were last changed, those that hold data, and all that are to go."""
        data = {path for path in files if self._is_data(path)}
        doomed = [path for path in data if f"{run}/{path}" not in self.needed and files[path] < self.oldest]
        if len(doomed) == len(data):  # what lies beside data goes with the last of it
            doomed += [path for path in files if self._is_beside_data(path) and files[path] < self.oldest]
        return data, sorted(doomed)

    def is_ours(self, path: str) -> bool:
        """Whether a run gives such a path to a file, below its own folder."""
        return self._is_data(path) or self._is_beside_data(path)

    def clean_run(self, folder: int, run: str, cleaned: Cleaned) -> None:
        """Delete what is not needed of a run's folder, below that of the descriptor."""
        found = scan(folder, run)
        _, doomed = self.doomed(run, {path: status.st_mtime for path, status in found.files.items()})
        gone = delete(folder, run, {path: found.files[path] for path in doomed}, self._old_folders(found))
        below = f"{self.table.folder}/{run}"
        cleaned.deleted += [f"{below}/{path}" for path in gone if DATA_FILE.fullmatch(path.rpartition("/")[2])]
        strangers = [path for path in found.files if not self.is_ours(path)]
        cleaned.left += [f"{below}/{path}" for path in sorted([*found.strange, *strangers])]

    @property
    def _sliced(self) -> bool:
        return self.table.table in SLICED_BY

    def _is_data(self, path: str) -> bool:
        return is_data_path(path, self._sliced) or (self._is_temporary(path) and _is_sparks(path))

    def _is_beside_data(self, path: str) -> bool:
        above, _, name = path.rpartition("/")
        if path == RECORD:
            return True
        if _BESIDE_DATA.fullmatch(name):
            return not above or (self._sliced and "/" not in above) or self._is_temporary(path)
        checksum_of = f"{above}/{name.removeprefix('.').removesuffix('.crc')}"
        return name.startswith(".") and name.endswith(".crc") and self._is_data(checksum_of)

    def _is_temporary(self, path: str) -> bool:
        """Whether Spark keeps such a path while it writes."""
        return _TEMPORARY in path.split("/")[: 2 if self._sliced else 1]

    def _is_old(self, found: os.stat_result) -> bool:
        return found.st_mtime < self.oldest

    def _old_folders(self, found: Found) -> list[str]:
        """Folders of runs that nobody has changed lately; a run at work has changed its own."""
        ours = {path for path in found.folders if is_day_folder(path, self._sliced) or self._is_temporary(path)}
        ours |= {"", *(path.rpartition("/")[0] for path in ours)}
        return [path for path in ours if self._is_old(found.folders[path])]


def _is_sparks(path: str) -> bool:
    return DATA_FILE.fullmatch(path.rpartition("/")[2]) is not None
