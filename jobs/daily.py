"""The whole nightly run of a day, in one Spark application; what is committed already is skipped."""

from interest_spark.pipeline.command import main, steps_command
from interest_spark.steps.nightly import nightly

command = steps_command(
    "daily", "Ingest, build sequences, train, score and judge; what is current is skipped.", nightly
)

if __name__ == "__main__":
    main(command)
