"""The sequences of a day and all they are made of, from the events alone: nothing that an earlier day made is used."""

from dataclasses import replace

from interest_spark.pipeline.command import job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.report import Outcome
from interest_spark.steps.nightly import job


def run(context: RunContext) -> Outcome:
    """Make the day's sequences, bots and counts from scratch; numbers that items and categories have stay theirs."""
    return run_steps(job("sequences", replace(context, force=True, rebuild=True)))


command = job_command("rebuild", run)

if __name__ == "__main__":
    main(command)
