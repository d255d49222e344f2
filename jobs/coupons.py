"""Past campaigns and customer features to the day's coupons."""

import click

from interest_spark.pipeline.command import FORCE, job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.report import Outcome
from interest_spark.steps.coupons import plan_coupons, why_off
from interest_spark.steps.nightly import job


def run(context: RunContext, plan: bool = False) -> Outcome:
    """Choose who gets which coupon, by what coupons of past campaigns have brought, within the day's budget."""
    off = why_off(context)
    if off:
        return Outcome("nothing_to_do", details={"reason": off})
    return plan_coupons(context) if plan else run_steps(job("coupons", context))


command = job_command(
    "coupons",
    run,
    click.Option(["--plan"], is_flag=True, help="Learn, judge and choose, and write nothing."),
    FORCE,
    recorded=lambda options: not options["plan"],
)

if __name__ == "__main__":
    main(command)
