"""Housekeeping: files that killed or replaced runs left behind, and bundles that no model names."""

import shutil
import time
from pathlib import Path

from interest_spark.pipeline.job import JobContext, Outcome, job_command, main
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.bundles import BUNDLES

_HOUR = 3600.0


def run(context: JobContext) -> Outcome:
    """Delete what no table version of the last maintain.retention_hours names."""
    hours = context.config.maintain.retention_hours
    removed = {table: len(context.warehouse.vacuum(table, hours)) for table in TABLES}
    removed[BUNDLES] = _remove_bundles(context, hours)
    done = any(removed.values())
    return Outcome("done" if done else "nothing_to_do", details={"removed": {k: n for k, n in removed.items() if n}})


def _remove_bundles(context: JobContext, hours: int) -> int:
    """Bundles, and drafts of them, that are older than `hours` and stand in no committed row of `models`."""
    # By name: the same folder may be mounted elsewhere than where its models were trained.
    named = {Path(path).name for path in context.warehouse.read_small("models")["path"].to_pylist()}
    oldest = time.time() - hours * _HOUR
    folder = context.warehouse.root / BUNDLES
    orphans = [path for path in folder.glob("*") if path.name not in named and path.stat().st_mtime < oldest]
    for path in orphans:
        shutil.rmtree(path)
    return len(orphans)


command = job_command("maintain", run)

if __name__ == "__main__":
    main(command)
