"""Jobs run inside the test's own process, in its Spark session."""

from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.report import Outcome
from interest_spark.steps.nightly import job, nightly


def run_job(name: str, context: RunContext) -> Outcome:
    """What `interest <name>` runs."""
    return run_steps(job(name, context))


def run_daily(context: RunContext) -> Outcome:
    """What `interest daily` runs."""
    return run_steps(nightly(context))
