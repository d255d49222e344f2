"""What the nightly run of a day would do, step by step, and why; nothing is touched."""

from dataclasses import asdict

from interest_spark.pipeline.command import FORCE, job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import plan_steps
from interest_spark.pipeline.report import Outcome
from interest_spark.reports.prospects import print_prospects
from interest_spark.steps.nightly import nightly


def run(context: RunContext) -> Outcome:
    """Print each step of `daily` with what it would do, and why; nothing is touched."""
    prospects = list(plan_steps(nightly(context)))
    print_prospects(prospects)
    status = "would_run" if any(each.would_run for each in prospects) else "nothing_to_do"
    return Outcome(status, details={"steps": [asdict(each) for each in prospects]})


command = job_command("plan", run, FORCE, recorded=lambda options: False)

if __name__ == "__main__":
    main(command)
