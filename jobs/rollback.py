"""A former model serves again: it becomes the champion, and the day's lists are those that it makes."""

import click

from interest_spark.pipeline.command import job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.report import Outcome
from interest_spark.steps.nightly import job
from interest_spark.steps.promote import rollback, rules_of


def run(context: RunContext, version: str, reason: str) -> Outcome:
    """Make --to the champion from --day on, and the day's suggestions with it; what it gave before is there again.

    Of models that were judged, none takes its place by itself; newer ones have to show that they are better.
    """
    rules_of(context)
    return run_steps([(rollback(version, reason), context), *job("score", context)])


command = job_command(
    "rollback",
    run,
    click.Option(
        ["--to", "version"], required=True, metavar="VERSION", help="The version, as `interest models` has it."
    ),
    click.Option(["--reason"], default="by hand", show_default=True, help="Why; it is recorded."),
)

if __name__ == "__main__":
    main(command)
