"""Several models trained and judged on the same days; nothing that was published or served is touched."""

import click

from interest_spark.pipeline.command import FORCE, job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.report import Outcome
from interest_spark.reports.comparison import print_comparison
from interest_spark.steps.compare import compared_as, comparison
from interest_spark.steps.contenders import find_contenders


def run(context: RunContext, models: str, seeds: int) -> Outcome:
    """Train models on what was known evaluate.horizon_days before --day, and judge them by the days since.

    The first model is what the others are compared with, for the same users. What is trained already is not trained
    again.
    """
    contenders = find_contenders(context.config, [name.strip() for name in models.split(",")], seeds)
    outcome = run_steps(comparison(context, contenders))
    print_comparison(context.warehouse.read_small("comparisons", day=context.dt, name=compared_as(contenders)))
    return outcome


command = job_command(
    "compare",
    run,
    click.Option(
        ["--models"],
        required=True,
        metavar="A,B,…",
        help="Names in compare.models, kinds of networks, baselines, or configuration files.",
    ),
    click.Option(
        ["--seeds"],
        type=click.IntRange(1, 20),
        default=1,
        show_default=True,
        help="Trainings of each model, from its own seed on; judged by their mean.",
    ),
    FORCE,
)

if __name__ == "__main__":
    main(command)
