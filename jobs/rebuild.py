"""The sequences and profiles of a day and all they are made of, from the events alone, with nothing of earlier days."""

from dataclasses import replace

from interest_spark.pipeline.command import job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.report import Outcome
from interest_spark.steps.nightly import job


def run(context: RunContext) -> Outcome:
    """Make the day's sequences, bots, counts and profiles from scratch; numbers that items have stay theirs."""
    anew = replace(context, force=True, rebuild=True)
    return run_steps(work for name in ("sequences", "profiles") for work in job(name, anew))


command = job_command("rebuild", run)

if __name__ == "__main__":
    main(command)
