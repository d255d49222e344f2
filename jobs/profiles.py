"""Daily counts to customer features and interest profiles of every user."""

from interest_spark.pipeline.command import FORCE, job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.report import Outcome
from interest_spark.steps.nightly import job

_OFF = "the section `profiles` is not in the configuration; add `profiles: {}` to have profiles made"


def run(context: RunContext) -> Outcome:
    """Make customer features and interest profiles as of the end of the day, from the events ingested up to it."""
    if context.config.profiles is None:
        return Outcome("nothing_to_do", details={"reason": _OFF})
    return run_steps(job("profiles", context))


command = job_command("profiles", run, FORCE)

if __name__ == "__main__":
    main(command)
