"""Whether a delivery is fit to be published at all."""

from collections import Counter
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from interest_spark.config import IngestConfig
from interest_spark.errors import BadDataError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_FAULTS_SHOWN = 5


def check_readable(rows: "DataFrame") -> None:
    """Raise BadDataError naming the raw files that could not be read to their end."""
    faults = rows.where(F.col("file_fault").isNotNull()).select("file_fault").distinct().sort("file_fault")
    found = [row.file_fault for row in faults.take(_FAULTS_SHOWN)]
    if found:
        raise BadDataError("; ".join(found) + ". Nothing was published")


def check_bad_share(rows: "DataFrame", ingest: IngestConfig) -> dict[str, dict[str, int]]:
    """Lines per day and reason ("" for good ones); BadDataError for a day with more than `max_bad_share` bad lines.

    Reasons in `tolerated_reasons` do not count as bad: a shop expects them.
    """
    # One row a day and reason: small whatever the log's size.
    counts = rows.groupBy("dt", F.coalesce("reason", F.lit("")).alias("reason")).count().collect()
    days: dict[str, dict[str, int]] = {}
    for row in counts:
        days.setdefault(row["dt"], {})[row["reason"]] = row["count"]
    for day, reasons in sorted(days.items()):
        bad = Counter({reason: n for reason, n in reasons.items() if reason and reason not in ingest.tolerated_reasons})
        share = bad.total() / sum(reasons.values())
        if share > ingest.max_bad_share:
            worst = ", ".join(f"{reason} {n}" for reason, n in bad.most_common(3))
            raise BadDataError(
                f"day {day}: {share:.1%} of its lines are bad, more than ingest.max_bad_share "
                f"{ingest.max_bad_share:.1%} ({worst}); nothing was published. Mend the log, or raise the limit, "
                "or list a reason that is normal for the shop in ingest.tolerated_reasons"
            )
    return days
