"""Customer features to warnings of who is about to stay away."""

from interest_spark.pipeline.command import FORCE, job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.report import Outcome
from interest_spark.steps.nightly import job

_OFF = "the section `churn` is not in the configuration; add `churn: {}` (and `profiles: {}`) to have warnings made"


def run(context: RunContext) -> Outcome:
    """Warn of users who are about to stay away, as of the end of the day; trains a model where the last one is old, and
    tells which past warnings came true.
    """
    if context.config.churn is None:
        return Outcome("nothing_to_do", details={"reason": _OFF})
    return run_steps(job("churn", context))


command = job_command("churn", run, FORCE)

if __name__ == "__main__":
    main(command)
