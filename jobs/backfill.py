"""The daily run for every day of a range, in order; a rerun goes on where the last one stopped."""

from dataclasses import replace
from datetime import date

import click

from interest_spark.foundation.dates import day_range, parse_day
from interest_spark.foundation.errors import ConfigError, InterestError
from interest_spark.foundation.log import get_logger, progress
from interest_spark.pipeline.command import FORCE, job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.report import NOTHING_TO_DO, Outcome
from interest_spark.steps.nightly import nightly


def run(context: RunContext, first_day: str) -> Outcome:
    """Run `daily` for each day from --from to --day, both included, and stop at the first that fails."""
    days = list(day_range(_first(first_day, context.day), context.day))
    outcome, by_day = NOTHING_TO_DO, {}
    with progress("backfill", "days") as shown:
        for done, day in enumerate(days, start=1):
            result = _run_day(context, day)
            by_day[day.isoformat()] = result.status
            outcome += result
            shown.update(done, len(days), day=day.isoformat(), status=result.status)
    return replace(outcome, details={"days": by_day})


def _run_day(context: RunContext, day: date) -> Outcome:
    try:
        return run_steps(nightly(context.on(day)))
    except InterestError:
        get_logger().error(
            "backfill stopped", day=day.isoformat(), hint="mend the cause, then run the same command again"
        )
        raise


def _first(text: str, last: date) -> date:
    first = parse_day(text)
    if first > last:
        raise ConfigError(f"--from {first} is after --day {last}; name the earlier day with --from")
    return first


command = job_command(
    "backfill",
    run,
    click.Option(["--from", "first_day"], required=True, help="The first day of the range, YYYY-MM-DD."),
    FORCE,
)

if __name__ == "__main__":
    main(command)
