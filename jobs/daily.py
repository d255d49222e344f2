"""The whole nightly run of a day, in one Spark application; what is committed already is skipped."""

from collections.abc import Sequence

import click

from interest_spark.pipeline.command import FORCE, job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.report import Outcome
from interest_spark.steps.nightly import JOBS, nightly, only


def run(context: RunContext, jobs: Sequence[str] = ()) -> Outcome:
    """Ingest, build sequences, train, score and judge; what is current is skipped.

    One job after another with --steps, each in a process of its own, does the same as all of them in one.
    """
    return run_steps(only(jobs, nightly(context)))


command = job_command(
    "daily",
    run,
    click.Option(
        ["--steps", "jobs"],
        multiple=True,
        type=click.Choice(list(JOBS)),
        help="Only the steps of this job; repeatable.",
    ),
    FORCE,
)

if __name__ == "__main__":
    main(command)
