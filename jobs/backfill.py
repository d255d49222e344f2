"""The daily run for every day of a range, in order; a rerun goes on with what is missing or stale."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

import click

from interest_spark.foundation.dates import day_range, parse_day
from interest_spark.foundation.errors import BusyError, ConfigError, InterestError
from interest_spark.foundation.log import progress
from interest_spark.pipeline.apart import StepsApart
from interest_spark.pipeline.command import FORCE, job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import Work, plan_steps
from interest_spark.pipeline.report import NOTHING_TO_DO, Outcome
from interest_spark.reports.prospects import print_prospects
from interest_spark.steps.nightly import JOBS, nightly


def run(context: RunContext, first_day: str, plan: bool = False, jobs: Sequence[str] = ()) -> Outcome:
    """Run `daily` for each day from --from to --day, both included; what is current is skipped.

    A step that fails stops only what depends on it. With --plan, print what would run and why, and touch nothing.
    """
    days = list(day_range(_first(first_day, context.day), context.day))
    return _plan(context, days, jobs) if plan else _run(context, days, jobs)


def _plan(context: RunContext, days: Sequence[date], jobs: Sequence[str]) -> Outcome:
    works = (work for day in days for work in _works(context.on(day), jobs))
    missing = [each for each in plan_steps(works) if each.would_run]
    print_prospects(missing)
    by_day: dict[str, dict[str, str]] = {}
    for each in missing:
        by_day.setdefault(each.day, {})[each.step] = each.reason
    return Outcome("would_run" if missing else "nothing_to_do", details={"days": by_day})


def _run(context: RunContext, days: Sequence[date], jobs: Sequence[str]) -> Outcome:
    apart, outcome, by_day = StepsApart(), NOTHING_TO_DO, dict[str, str]()
    with progress("backfill", "days") as shown:
        for done, day in enumerate(days, start=1):
            stopped = len(apart.stops)
            try:
                result = apart.run(_works(context.on(day), jobs))
            except BusyError:
                by_day[day.isoformat()] = "failed"
                break
            outcome += result
            by_day[day.isoformat()] = "failed" if len(apart.stops) > stopped else result.status
            shown.update(done, len(days), day=day.isoformat(), status=by_day[day.isoformat()])
    stops = [{"day": each.day, "step": each.step, "reason": each.reason} for each in apart.stops]
    details = {"days": by_day, **({"not_made": stops} if stops else {})}
    return replace(outcome, details=details, error=_error_of(apart))


def _works(context: RunContext, jobs: Sequence[str]) -> Iterator[Work]:
    """The day's steps, or those of some jobs."""
    chosen = {step.name for name in jobs for step in JOBS[name]}
    return (work for work in nightly(context) if not chosen or work[0].name in chosen)


def _error_of(apart: StepsApart) -> InterestError | None:
    """What ends the job: the first failure that a retry cannot mend, else the first of all."""
    failures = [each.error for each in apart.failures if each.error is not None]
    if not failures:
        return None
    worst = next((each for each in failures if not isinstance(each, BusyError)), failures[0])
    first = next(each for each in apart.failures if each.error is worst)
    waiting = len(apart.stops) - len(failures)
    return type(worst)(
        f"{len(failures)} steps failed and {waiting} wait for them; first {first.step} of {first.day}: {worst}; "
        "then run the same command again"
    )


def _first(text: str, last: date) -> date:
    first = parse_day(text)
    if first > last:
        raise ConfigError(f"--from {first} is after --day {last}; name the earlier day with --from")
    return first


command = job_command(
    "backfill",
    run,
    click.Option(["--from", "first_day"], required=True, help="The first day of the range, YYYY-MM-DD."),
    click.Option(["--plan"], is_flag=True, help="Print what would run and why; touch nothing."),
    click.Option(
        ["--steps", "jobs"],
        multiple=True,
        type=click.Choice(list(JOBS)),
        help="Only the steps of this job; repeatable.",
    ),
    FORCE,
    recorded=lambda options: not options["plan"],
)

if __name__ == "__main__":
    main(command)
