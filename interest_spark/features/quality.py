"""Whether a delivery is fit to be published at all."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

import polars as pl

from interest_spark.config.ingest import IngestConfig
from interest_spark.features.examples import UNREAD, Examples
from interest_spark.features.ingest import is_refused
from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.log import get_logger
from interest_spark.schemas.reasons import IGNORED

_FAULTS_SHOWN = 5


def check_readable(faults: Iterable[str]) -> None:
    """Raise BadDataError with the faults of raw files that could not be read to their end, if there are any."""
    found = sorted(set(faults))[:_FAULTS_SHOWN]
    if found:
        raise BadDataError("; ".join(found) + ". Nothing was published")


def warn_of(notes: Iterable[str]) -> None:
    """Log what is odd about raw files that could be read, of some of them."""
    found = sorted(set(notes))
    for note in found[:_FAULTS_SHOWN]:
        get_logger().warning(note)
    if len(found) > _FAULTS_SHOWN:
        get_logger().warning("further raw files are as odd", files=len(found) - _FAULTS_SHOWN)


def warn_of_unread(beside: "Counter[tuple[str, ...]]", examples: Examples) -> None:
    """Log how many rows lost an optional number that could not be read, from their counts, and one of each kind."""
    rows = sum(count for (*_, name), count in beside.items() if name == "unread_values")
    shown = [
        f"{kind}: {each.place} {each.text!r}" for kind, each in sorted(examples.items()) if kind.startswith(UNREAD)
    ]
    if rows:
        get_logger().warning(
            "numbers that could not be read were left out; list their columns in the source's strict to refuse them",
            rows=rows,
            examples=shown[:_FAULTS_SHOWN],
        )


def until_too_many_bad_lines(frames: Iterable[pl.DataFrame], ingest: IngestConfig) -> Iterator[pl.DataFrame]:
    """The typed rows that a task reads, up to the frame with which a delivery has over `max_bad_lines` bad ones.

    After that frame comes a row that has nothing but the `file_fault`: few bytes of gzip may hold any number of lines.
    """
    lines: dict[str | None, Counter[tuple[str, str]]] = {}
    for rows in frames:
        yield rows
        bad = rows.filter(is_refused() & pl.col("file_fault").is_null())
        for day, file, reason, count in bad.group_by("delivery_day", "source_file", "reason").len().iter_rows():
            lines.setdefault(day, Counter())[file, reason] += count
        faults = (_too_many_bad_lines(day, lines[day], ingest) for day in bad["delivery_day"].unique())
        if fault := next(filter(None, faults), None):
            yield rows.clear(1).with_columns(file_fault=pl.lit(fault))
            return


ForExample = Callable[["Counter[str]"], str]
"""From the numbers of bad lines by reason to some of these lines, in words."""


def check_bad_lines(
    days: Mapping[str | None, "Counter[tuple[str, str]]"], ingest: IngestConfig, for_example: ForExample
) -> None:
    """BadDataError if a delivery's lines, by file and reason ("" for good ones), hold over `max_bad_lines` bad ones.

    `days` are those of the deliveries; None is the whole history's. A share alone would not bound the work on them.
    """
    for day, lines in days.items():
        if fault := _too_many_bad_lines(day, lines, ingest):
            reasons = Counter[str]()
            for (_, reason), count in lines.items():
                reasons[reason] += count
            raise BadDataError(f"{fault}. Nothing was published. {for_example(_bad_of(reasons, ingest))}".rstrip())


def check_any_good(
    days: Mapping[str | None, "Counter[tuple[str, str]]"], ingest: IngestConfig, for_example: ForExample
) -> None:
    """BadDataError if lines of items or users were read, and every one that is not left out is bad; else a warning.

    Of items and users a share is no measure: few of them are delivered on most days.
    """
    reasons = Counter[str]()
    for lines in days.values():
        for (_, reason), count in lines.items():
            reasons[reason] += count
    bad = _bad_of(reasons, ingest)
    if not bad:
        return
    if bad.total() == reasons.total() - reasons[IGNORED]:
        raise BadDataError(f"not one of {bad.total()} lines can be used. Nothing was published. {for_example(bad)}")
    get_logger().warning("lines were refused", lines=bad.total(), of=reasons.total(), example=for_example(bad))


def _bad_of(lines: "Counter[str]", ingest: IngestConfig) -> "Counter[str]":
    fine = ("", IGNORED, *ingest.tolerated_reasons)
    return Counter({reason: n for reason, n in lines.items() if reason not in fine})


def _too_many_bad_lines(day: str | None, lines: "Counter[tuple[str, str]]", ingest: IngestConfig) -> str | None:
    fine = ("", IGNORED, *ingest.tolerated_reasons)
    bad = {each: count for each, count in lines.items() if each[1] not in fine}
    total = sum(bad.values())
    if total <= ingest.max_bad_lines:
        return None
    of_files: Counter[str] = Counter()
    for (file, _), count in bad.items():
        of_files[file] += count
    worst = min(of_files, key=lambda file: (-of_files[file], file))
    reason = max((each for each in bad if each[0] == worst), key=lambda each: bad[each])[1]
    return (
        f"{worst!r:.300} has {of_files[worst]} bad lines (most of them {reason}) of the {total} that were read of "
        f"{f'day {day}' if day else 'the whole history'}, more than ingest.max_bad_lines {ingest.max_bad_lines}: mend "
        "the log, or raise the limit, or list a reason that is normal for the shop in ingest.tolerated_reasons"
    )


def check_bad_share(
    days: Mapping[str, "Counter[str]"], ingest: IngestConfig, for_example: ForExample, *, whole_history: bool
) -> None:
    """BadDataError if over `max_bad_share` of a delivery's lines, by day and reason ("" for good ones), are bad.

    A delivery is a day's, or the whole history: its lines without a usable time, which stand under the run's own
    day, would weigh on that day alone. Reasons in `tolerated_reasons` are not bad: a shop expects them.
    """
    deliveries = {f"day {day}": lines for day, lines in sorted(days.items())}
    if whole_history:
        deliveries = {"the whole history": sum(days.values(), Counter())}
    for name, lines in deliveries.items():
        _check_delivery(name, lines, ingest, for_example)


def _check_delivery(name: str, lines: "Counter[str]", ingest: IngestConfig, for_example: ForExample) -> None:
    bad = _bad_of(lines, ingest)
    share = bad.total() / max(lines.total() - lines[IGNORED], 1)
    if share > ingest.max_bad_share:
        worst = ", ".join(f"{reason} {n}" for reason, n in bad.most_common(3))
        raise BadDataError(
            f"{name}: {share:.1%} of its lines are bad, more than ingest.max_bad_share {ingest.max_bad_share:.1%} "
            f"({worst}); nothing was published. Mend the log, or raise the limit, or list a reason that is normal "
            f"for the shop in ingest.tolerated_reasons. {for_example(bad)}".rstrip()
        )
