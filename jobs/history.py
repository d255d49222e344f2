"""How long a step took and how much it published, run by run, as the journal has it."""

import time
from dataclasses import asdict

import click

from interest_spark.config.deployment import Config
from interest_spark.config.file import load_config
from interest_spark.config.names import known_name
from interest_spark.foundation.dates import parse_zone
from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.streams import print_report
from interest_spark.operations.entry import utc_now
from interest_spark.operations.journal import Journal, days_ago
from interest_spark.pipeline.command import main, with_exit_code
from interest_spark.reports.history import print_runs, runs_of
from interest_spark.steps.nightly import JOBS
from interest_spark.storage.warehouse import Warehouse


@click.command(name="history", help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "config_path", required=True, help="The deployment's YAML file.")
@click.option("--step", required=True, help="The step, as `interest plan` names it.")
@click.option("--days", type=click.IntRange(1, 36_525), default=30, show_default=True, help="Days back to look at.")
@click.option("--set", "overrides", multiple=True, metavar="A.B=VALUE", help="Override one configuration key.")
def command(config_path: str, step: str, days: int, overrides: tuple[str, ...]) -> None:
    with_exit_code(lambda: _show(load_config(config_path, overrides), step, days))


def _show(config: Config, step: str, days: int) -> None:
    started = time.monotonic()
    _check(step)
    runs = runs_of(step, Journal(Warehouse(config.warehouse).root).read(days_ago(utc_now(), days)))
    print_runs(runs, parse_zone(config.shop.time_zone))
    found = [{**asdict(run), "started": run.started.isoformat()} for run in runs]
    report = {"job": "history", "step": step, "status": "done", "seconds": round(time.monotonic() - started, 3)}
    print_report({**report, "runs": found})


def _check(step: str) -> None:
    try:
        known_name("step", step, [each.name for steps in JOBS.values() for each in steps])
    except ValueError as error:
        raise ConfigError(str(error)) from None


if __name__ == "__main__":
    main(command)
