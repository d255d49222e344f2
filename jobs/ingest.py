"""Raw logs to accepted events, quarantined lines and the latest item and user attributes."""

from functools import partial

from interest_spark.pipeline.command import main, steps_command
from interest_spark.steps.nightly import job

command = steps_command(
    "ingest",
    "Ingest a day's raw logs, and those of earlier days in the catch-up window that are new or changed.",
    partial(job, "ingest"),
)

if __name__ == "__main__":
    main(command)
