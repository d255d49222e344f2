"""Events to bots, vocabulary, popularity and one ordered history per user."""

from functools import partial

from interest_spark.pipeline.command import main, steps_command
from interest_spark.steps.nightly import job

command = steps_command(
    "sequences",
    "Build every user's history as of the end of the day, from the events ingested up to it.",
    partial(job, "sequences"),
)

if __name__ == "__main__":
    main(command)
