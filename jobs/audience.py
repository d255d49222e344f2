"""Customer features and profiles to audiences; with --plan their sizes alone, before anything is published."""

import click

from interest_spark.pipeline.command import FORCE, job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.report import Outcome
from interest_spark.reports.audiences import print_plan
from interest_spark.steps.audiences import plan_audiences
from interest_spark.steps.nightly import job

_OFF = "the section `audiences` is not in the configuration; README.md, Audiences, shows one"
_PLAN = click.Option(["--plan"], is_flag=True, help="Print sizes, forecasts and overlaps, and publish nothing.")


def run(context: RunContext, plan: bool = False) -> Outcome:
    """Make the declared audiences of the day, from its customer features and profiles."""
    if context.config.audiences is None:
        return Outcome("nothing_to_do", details={"reason": _OFF})
    if not plan:
        return run_steps(job("audience", context))
    made = plan_audiences(context)
    for frame in made.persisted:
        frame.unpersist()
    print_plan(context.dt, made.sizes, made.overlaps)
    return Outcome("planned", details={"sizes": list(made.sizes), "overlaps": list(made.overlaps)})


command = job_command("audience", run, _PLAN, FORCE, recorded=lambda options: not options["plan"])

if __name__ == "__main__":
    main(command)
