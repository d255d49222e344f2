"""How good this configuration would have been, day after day; nothing that was published or served is touched."""

import re
from dataclasses import replace
from pathlib import Path

import click

from interest_spark.foundation.dates import parse_day
from interest_spark.pipeline.backfill import check_days, run_days
from interest_spark.pipeline.command import FORCE, job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import Outcome
from interest_spark.reports.backtest import figures_of, plot_days, print_days
from interest_spark.steps.rolling import days_to_judge, rolled, rolling


def run(context: RunContext, first_day: str, every: int, folder: str | None) -> Outcome:
    """Train on what was known evaluate.horizon_days before each judged day, and judge by the days since.

    Judged are --from and every so many days after it, up to --to; days that are done are skipped. Prints a table and
    draws the figures over time.
    """
    first, model = parse_day(first_day), context.config.model_name
    check_days(first, context.day)
    days = days_to_judge(first, context.day, every)
    outcome = run_days(rolling(context, days), what="backtest")
    metrics = [f"{metric}@{context.config.evaluate.k}" for metric in context.config.evaluate.metrics]
    judged = (day.isoformat() for day in days)
    figures = figures_of(context.warehouse, rolled(context).backtest_model, metrics, judged)
    if not figures:
        return outcome
    print_days(figures)
    place = Path(folder or f"run/backtest/{model}-{first}-{context.dt}")
    title = f"{model}, trained {context.config.evaluate.horizon_days} days before each judged day"
    plots = [str(path) for path in plot_days(figures, title, place)]
    return replace(outcome, details={**outcome.details, "plots": plots})


class _Days(click.ParamType):
    """So many days, written `7d`."""

    name = "days"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"([1-9]\d{0,4})d", str(value))
        if found is None:
            self.fail(f"{value!r} is no number of days; write it as 7d", param, ctx)
        return int(found[1])


command = job_command(
    "backtest",
    run,
    click.Option(["--from", "first_day"], required=True, help="The first day to judge, YYYY-MM-DD."),
    click.Option(["--every"], type=_Days(), default="7d", show_default=True, help="Days from one to the next."),
    click.Option(["--folder"], help="Where the plots go; by default run/backtest/<model>-<from>-<to>."),
    FORCE,
)
_last = click.Option(["--to", "day"], required=True, help="The last day that may be judged, YYYY-MM-DD.")
command.params = [_last if each.name == "day" else each for each in command.params]

if __name__ == "__main__":
    main(command)
