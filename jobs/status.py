"""How a deployment stands, on one screen: days, running work, tables, and failures that nobody has mended."""

import time
from dataclasses import asdict

import click

from interest_spark.config.deployment import Config
from interest_spark.config.file import load_config
from interest_spark.foundation.streams import print_report
from interest_spark.operations.entry import utc_now
from interest_spark.operations.journal import Journal, days_ago
from interest_spark.pipeline.command import main, with_exit_code
from interest_spark.pipeline.step import Step
from interest_spark.reports.status import DailyStep, look, print_state
from interest_spark.schemas.tables import SLICED_BY
from interest_spark.steps.evaluate import EVALUATE
from interest_spark.steps.nightly import JOBS, steps_of
from interest_spark.storage.warehouse import Warehouse


@click.command(name="status", help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "config_path", required=True, help="The deployment's YAML file.")
@click.option("--days", type=click.IntRange(1, 366), default=7, show_default=True, help="Days to look at.")
@click.option("--set", "overrides", multiple=True, metavar="A.B=VALUE", help="Override one configuration key.")
def command(config_path: str, days: int, overrides: tuple[str, ...]) -> None:
    with_exit_code(lambda: _show(load_config(config_path, overrides), days))


def _show(config: Config, days: int) -> None:
    started, now = time.monotonic(), utc_now()
    warehouse = Warehouse(config.warehouse)
    entries = list(Journal(warehouse.root).read(days_ago(now, days)))
    state = look(warehouse, entries, _steps(config), days, now)
    print_state(state, now)
    runs = {"running": [run.run_id for run in state.running], "lost": [run.run_id for run in state.lost]}
    found = {
        **asdict(state),
        **runs,
        "failures": [{**asdict(each), "at": each.at.isoformat()} for each in state.failures],
    }
    print_report({"job": "status", "status": "done", "seconds": round(time.monotonic() - started, 3), **found})


def _steps(config: Config) -> list[DailyStep]:
    def slice_name(step: Step) -> str | None:
        if step is EVALUATE:  # judges whichever model's lists there were
            return None
        return {"model": config.model_name, "kind": step.name}.get(SLICED_BY.get(step.writes[-1], ""))

    steps = [step for name in JOBS for step in steps_of(name, config)]
    return [DailyStep(step.name, step.writes[-1], slice_name(step)) for step in steps]


if __name__ == "__main__":
    main(command)
