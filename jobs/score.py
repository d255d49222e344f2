"""Recommendations and vectors for every user of a day, and a reason for each who has fewer than K."""

from functools import partial

from interest_spark.pipeline.command import main, steps_command
from interest_spark.steps.nightly import job

command = steps_command(
    "score",
    "Score every user of the day with the newest model and publish K suggestions each, or a reason.",
    partial(job, "score"),
)

if __name__ == "__main__":
    main(command)
