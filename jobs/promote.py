"""Which model serves from the day on: the champion, or a newer one that served the same users better."""

from interest_spark.pipeline.command import FORCE, job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.report import Outcome
from interest_spark.steps.nightly import job
from interest_spark.steps.promote import rules_of


def run(context: RunContext) -> Outcome:
    """Compare the newest model that was trained evaluate.horizon_days before --day with the champion, by the days
    since; it becomes the champion if it is shown to be better. The first model of all becomes champion as it is.
    """
    rules_of(context)
    return run_steps(job("promote", context))


command = job_command("promote", run, FORCE)

if __name__ == "__main__":
    main(command)
