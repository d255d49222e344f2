"""Whether what is carried from day to day equals a rebuild of it, for all users or a sample."""

import click

from interest_spark.pipeline.command import job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import Outcome
from interest_spark.steps.verify import verify


def run(context: RunContext, buckets: int, of: int) -> Outcome:
    """Compare the day's carried tables with a rebuild by the content of their rows, and say which users differ."""
    if not 1 <= buckets <= of:
        raise click.UsageError(f"--buckets {buckets} is not between 1 and --of {of}")
    return verify(context, buckets, of)


command = job_command(
    "verify",
    run,
    click.Option(["--buckets"], type=int, default=16, show_default=True, help="How many buckets of users to compare."),
    click.Option(["--of"], type=int, default=16, show_default=True, help="Into how many buckets users are dealt."),
)

if __name__ == "__main__":
    main(command)
