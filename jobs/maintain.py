"""Housekeeping: days that are no longer kept, small files, and what killed or replaced runs have left behind."""

from interest_spark.pipeline.command import job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import Outcome
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.bundles import BUNDLES, remove_orphan_bundles
from interest_spark.storage.compaction import compact
from interest_spark.storage.orphans import linked_folders, remove_orphans
from interest_spark.storage.retention import expire_days

_ROW_GROUPS_MATTER = {"train_blocks"}  # they are the units that training deals out to its ranks


def run(context: RunContext) -> Outcome:
    """Expire days that are no longer kept, compact small files, delete what no version needs, report strange files."""
    warehouse, settings = context.warehouse, context.config.maintain
    expired, compacted, deleted, left = {}, {}, {}, []
    for table in TABLES:
        if links := linked_folders(warehouse.root / table):  # what they lead to is somebody else's
            left += links
            continue
        expired[table] = len(expire_days(warehouse.open(table), context.day, settings.keep_days, context.run_id))
        if table not in _ROW_GROUPS_MATTER:
            compacted[table] = compact(warehouse.open(table), context.run_id)
        cleaned = remove_orphans(warehouse.open(table), settings.retention_hours)
        deleted[table] = len(cleaned.deleted)
        left += cleaned.left
    models = warehouse.open("models")
    if models.version < 0:  # nobody can say which bundles are needed
        left += [str(path) for path in (warehouse.root / BUNDLES,) if path.exists()]
    else:
        named = {path.rpartition("/")[2] for path in models.read_small()["path"].to_pylist()}
        bundles = remove_orphan_bundles(warehouse.root, named, settings.retention_hours)
        deleted[BUNDLES] = len(bundles.deleted)
        left += bundles.left
    counts = {"expired": expired, "compacted": compacted, "deleted": deleted}
    details = {what: {table: n for table, n in by_table.items() if n} for what, by_table in counts.items()}
    done = any(details.values())
    return Outcome("done" if done else "nothing_to_do", details={**details, "left_alone": left})


command = job_command("maintain", run)

if __name__ == "__main__":
    main(command)
