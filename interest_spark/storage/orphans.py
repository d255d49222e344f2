"""Files that no version of a table needs any more, deleted; whatever no run of this product has made is left alone.

Only run folders are looked into, links are never followed, and of the files in them only those are deleted whose
names a run gives. Links and strange files are reported, so that somebody can look at them.
"""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from interest_spark.storage.layout import LOG, RECORD, is_run_folder
from interest_spark.storage.snapshot import Snapshot

_HOUR = 3600.0
_DATA = re.compile(r"part-[^/]*\.parquet")
_TEMPORARY = "_temporary"
_BESIDE_DATA = re.compile(rf"_SUCCESS|\._SUCCESS\.crc|\.part-[^/]*\.crc|{re.escape(RECORD)}")


@dataclass
class Cleaned:
    """Paths that were deleted, and those that are not this product's or are links and were left."""

    deleted: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def remove_orphans(table: Snapshot, retention_hours: int) -> Cleaned:
    """Delete a table's files that no version of the last `retention_hours` names and that are as old.

    A younger file may belong to a run that is at work.
    """
    cleaned = Cleaned()
    if not table.folder.exists():
        return cleaned
    if table.folder.is_symlink():
        cleaned.left.append(str(table.folder))
        return cleaned
    needed, oldest = _needed_files(table, retention_hours), time.time() - retention_hours * _HOUR
    for entry in sorted(os.scandir(table.folder), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False) and is_run_folder(entry.name):
            _clean_run(Path(entry.path), table.folder, needed, oldest, cleaned)
        elif entry.name != LOG:
            cleaned.left.append(entry.path)
    return cleaned


def _needed_files(table: Snapshot, retention_hours: int) -> set[str]:
    """The files of the present version, and those that were removed so lately that a reader may still hold them."""
    if table.delta is None:
        return set()

    def removed(hours: int) -> set[str]:
        paths = table.delta.vacuum(hours, dry_run=True, enforce_retention_duration=False)  # type: ignore[union-attr]
        return {os.path.relpath(table.folder / path, table.folder) for path in paths}

    return set(table.paths) | (removed(0) - removed(retention_hours))


def _clean_run(run: Path, folder: Path, needed: set[str], oldest: float, cleaned: Cleaned) -> None:
    folders_by_age = _old_folders(run, oldest)  # before anything in them is deleted, which makes them young
    files = list(_files_of(run, cleaned))
    data = [path for path in files if _DATA.fullmatch(path.name) or _TEMPORARY in path.parts]
    doomed = [
        path for path in data if path.relative_to(folder).as_posix() not in needed and path.lstat().st_mtime < oldest
    ]
    if len(doomed) == len(data):  # what lies beside data goes with the last of it
        doomed += [path for path in files if _BESIDE_DATA.fullmatch(path.name) and path.lstat().st_mtime < oldest]
    for path in doomed:
        path.unlink(missing_ok=True)
    cleaned.deleted += [str(path) for path in doomed if _DATA.fullmatch(path.name)]
    for each in folders_by_age:
        if not any(each.iterdir()):
            each.rmdir()


def _old_folders(run: Path, oldest: float) -> list[Path]:
    """The run's folders that nobody has changed lately, the inner ones first; a run at work has changed its own."""
    inner_first = [Path(above) for above, _, _ in os.walk(run, topdown=False, followlinks=False)]
    return [folder for folder in inner_first if folder.stat().st_mtime < oldest]


def _files_of(run: Path, cleaned: Cleaned) -> Iterator[Path]:
    """Every file of a run folder that a run gives a name to; links and strange files go on the list of what is left."""
    for above, folders, names in os.walk(run, followlinks=False):
        links = [name for name in folders if (Path(above) / name).is_symlink()]
        cleaned.left += [str(Path(above) / name) for name in links]
        for name in names:
            path = Path(above) / name
            ours = _DATA.fullmatch(name) or _BESIDE_DATA.fullmatch(name) or _TEMPORARY in path.relative_to(run).parts
            if ours and not path.is_symlink():
                yield path
            else:
                cleaned.left.append(str(path))
