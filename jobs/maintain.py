"""Housekeeping: days that are no longer kept, small files, and what killed or replaced runs have left behind."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from interest_spark.foundation.errors import BadDataError
from interest_spark.operations.journal import Journal
from interest_spark.pipeline.command import job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import Outcome
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.bundles import BUNDLES, bundle_path, list_bundles, remove_orphan_bundles
from interest_spark.storage.compaction import compact
from interest_spark.storage.orphans import linked_folders, remove_orphans
from interest_spark.storage.retention import expire_compared, expire_days

_ROW_GROUPS_MATTER = {"train_blocks"}  # they are the units that training deals out to its ranks


@dataclass(frozen=True)
class _Tidied:
    """How many slices of a table were taken out and rewritten, how many files went, and what was left for people."""

    expired: int = 0
    compacted: int = 0
    deleted: int = 0
    left: list[str] = field(default_factory=list)


def run(context: RunContext) -> Outcome:
    """Expire days that are no longer kept, compact small files, delete what no version needs, report strange files.

    What is damaged is told last, when all else is tidy.
    """
    tidied: dict[str, _Tidied] = {}
    damaged: list[BadDataError] = []
    for name in (*TABLES, BUNDLES):
        try:
            tidied[name] = _tidy_bundles(context) if name == BUNDLES else _tidy_table(context, name)
        except BadDataError as error:
            damaged.append(error)
    if damaged:
        more = f" (and {len(damaged) - 1} more are damaged)" if len(damaged) > 1 else ""
        raise BadDataError(f"{damaged[0]}{more}")
    details = {
        what: {name: count for name, each in tidied.items() if (count := getattr(each, what))}
        for what in ("expired", "compacted", "deleted")
    }
    left = [path for each in tidied.values() for path in each.left]
    details["forgotten"] = _forget_runs(context)
    return Outcome("done" if any(details.values()) else "nothing_to_do", details={**details, "left_alone": left})


def _forget_runs(context: RunContext) -> dict[str, int]:
    """Runs that the journal is no longer to tell of."""
    oldest = context.day - timedelta(days=context.config.operations.journal_days)
    gone = Journal(context.warehouse.root).forget_before(oldest)
    return {"runs": gone} if gone else {}


def _tidy_table(context: RunContext, table: str) -> _Tidied:
    warehouse, settings = context.warehouse, context.config.maintain
    if links := linked_folders(warehouse.root / table):  # what they lead to is somebody else's
        return _Tidied(left=links)
    expired = expire_days(warehouse.open(table), context.day, settings.keep_days, context.run_id)
    expired += expire_compared(warehouse.open(table), datetime.now(timezone.utc), context.run_id)
    compacted = 0 if table in _ROW_GROUPS_MATTER else compact(warehouse.open(table), context.run_id)
    cleaned = remove_orphans(warehouse.open(table), settings.retention_hours)
    return _Tidied(len(expired), compacted, len(cleaned.deleted), cleaned.left)


def _tidy_bundles(context: RunContext) -> _Tidied:
    root, models = context.warehouse.root, context.warehouse.open("models")
    if models.version < 0:  # nobody can say which bundles are needed
        return _Tidied(left=[str(root / BUNDLES)] if list_bundles(root) else [])
    # A champion serves even if its day was trained again since, and may be gone back to.
    rows = [*models.read_small()["path"].to_pylist(), *context.warehouse.read_small("promotions")["path"].to_pylist()]
    named = {bundle_path(root, path or "").name for path in rows}
    cleaned = remove_orphan_bundles(root, named, context.config.maintain.retention_hours)
    return _Tidied(deleted=len(cleaned.deleted), left=cleaned.left)


command = job_command("maintain", run)

if __name__ == "__main__":
    main(command)
