"""The daily run for every day of a range; a rerun goes on with what is missing or stale."""

from collections.abc import Sequence

import click

from interest_spark.foundation.dates import day_range, parse_day
from interest_spark.pipeline.backfill import check_days, every_nth, plan_days, run_days
from interest_spark.pipeline.command import FORCE, job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import Outcome
from interest_spark.reports.prospects import print_prospects
from interest_spark.steps.nightly import JOBS, backfilled


def run(
    context: RunContext,
    first_day: str,
    plan: bool = False,
    jobs: Sequence[str] = (),
    every: int = 1,
    parallel: int = 1,
) -> Outcome:
    """Run `daily` for each day from --from to --day, both included; what is current is skipped.

    A step that fails stops only what depends on it. With --plan, print what would run and why, and touch nothing.
    """
    first = parse_day(first_day)
    check_days(first, context.day)
    days = list(day_range(first, context.day))
    works = backfilled(context, days, jobs, every_nth(days, every))
    return plan_days(works, print_prospects) if plan else run_days(works, parallel)


_AT_LEAST_ONE = click.IntRange(min=1)
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
    click.Option(
        ["--every"],
        type=_AT_LEAST_ONE,
        default=1,
        help="Train, score, make profiles and evaluate only for --day and every so many days before it.",
    ),
    click.Option(
        ["--parallel"],
        type=_AT_LEAST_ONE,
        default=1,
        help="So many steps at once, where none depends on another.",
    ),
    FORCE,
    recorded=lambda options: not options["plan"],
)

if __name__ == "__main__":
    main(command)
