"""The day's histories to packed blocks, to a trained model, to a bundle that scoring can load."""

from functools import partial

from interest_spark.pipeline.command import main, steps_command
from interest_spark.steps.nightly import job

command = steps_command(
    "train",
    "Pack the day's sequences into training blocks, train on them, and publish the model.",
    partial(job, "train"),
)

if __name__ == "__main__":
    main(command)
