"""Settings of the network tried on what was known before the days that will judge it; the best ones become a file."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from interest_spark.config.search_space import load_search_space
from interest_spark.pipeline.command import job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.report import Outcome
from interest_spark.steps.evaluate import cutoff_of
from interest_spark.steps.nightly import job
from interest_spark.tuning.study import PRUNERS
from interest_spark.tuning.tune import TuningPlan, tune


def run(
    context: RunContext, space: str | None, folder: str | None, held_out_days: int | None, **budget: Any
) -> Outcome:
    """Try settings of the network and write the best ones as a configuration; nothing is published.

    Trials learn from the histories as they were evaluate.horizon_days before --day, so the days after that can judge
    what was chosen. A killed run goes on with the trial that it was at.
    """
    config = context.config
    kind, days = config.train.network.kind, held_out_days or config.evaluate.horizon_days
    at_cutoff = context.on(date.fromisoformat(cutoff_of(context)))
    file = Path(space or f"conf/tune/{kind}.yaml")
    place = Path(folder or f"run/tune/{config.train.model_name}-{at_cutoff.dt}")
    plan = TuningPlan(load_search_space(file, config), file, place, held_out_days=days, **budget)
    return run_steps(job("sequences", at_cutoff)) + tune(at_cutoff, plan)


command = job_command(
    "tune",
    run,
    click.Option(["--space"], help="The search space; by default conf/tune/<train.network.kind>.yaml."),
    click.Option(["--trials"], type=click.IntRange(min=1), default=20, show_default=True, help="In all."),
    click.Option(["--minutes"], type=click.FloatRange(min=0), help="Begin no trial after so long."),
    click.Option(["--folder"], help="Where trials are recorded; by default run/tune/<model>-<day>."),
    click.Option(["--held-out-days"], type=click.IntRange(min=1), help="Validate on so many; default: the horizon."),
    click.Option(["--pruner"], type=click.Choice(list(PRUNERS)), default="median", show_default=True),
    click.Option(["--seed"], type=click.IntRange(min=0), default=0, show_default=True),
)

if __name__ == "__main__":
    main(command)
