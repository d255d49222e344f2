"""Whether a delivery is fit to be published at all."""

from collections import Counter
from collections.abc import Iterable, Mapping

from interest_spark.config.ingest import IngestConfig
from interest_spark.foundation.errors import BadDataError

_FAULTS_SHOWN = 5


def check_readable(faults: Iterable[str]) -> None:
    """Raise BadDataError with the faults of raw files that could not be read to their end, if there are any."""
    found = sorted(set(faults))[:_FAULTS_SHOWN]
    if found:
        raise BadDataError("; ".join(found) + ". Nothing was published")


def check_bad_share(days: Mapping[str, "Counter[str]"], ingest: IngestConfig, *, whole_history: bool) -> None:
    """BadDataError if over `max_bad_share` of a delivery's lines, by day and reason ("" for good ones), are bad.

    A delivery is a day's, or the whole history: its lines without a usable time, which stand under the run's own
    day, would weigh on that day alone. Reasons in `tolerated_reasons` are not bad: a shop expects them.
    """
    deliveries = {f"day {day}": lines for day, lines in sorted(days.items())}
    if whole_history:
        deliveries = {"the whole history": sum(days.values(), Counter())}
    for name, lines in deliveries.items():
        _check_delivery(name, lines, ingest)


def _check_delivery(name: str, lines: "Counter[str]", ingest: IngestConfig) -> None:
    bad = Counter({reason: n for reason, n in lines.items() if reason and reason not in ingest.tolerated_reasons})
    share = bad.total() / max(lines.total(), 1)
    if share > ingest.max_bad_share:
        worst = ", ".join(f"{reason} {n}" for reason, n in bad.most_common(3))
        raise BadDataError(
            f"{name}: {share:.1%} of its lines are bad, more than ingest.max_bad_share {ingest.max_bad_share:.1%} "
            f"({worst}); nothing was published. Mend the log, or raise the limit, or list a reason that is normal "
            "for the shop in ingest.tolerated_reasons"
        )
