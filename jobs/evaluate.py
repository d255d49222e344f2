"""How good the suggestions were that were made `evaluate.horizon_days` before the day."""

from functools import partial

from interest_spark.pipeline.command import main, steps_command
from interest_spark.steps.nightly import job

command = steps_command(
    "evaluate",
    "Judge the suggestions made evaluate.horizon_days ago by the events since, beside baselines.",
    partial(job, "evaluate"),
)

if __name__ == "__main__":
    main(command)
