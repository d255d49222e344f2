"""The catalogue of customer features; with a day, its features as files without nulls."""

import sys
from pathlib import Path

import click

from interest_spark.config.file import load_config
from interest_spark.features.customers.export import export_filled
from interest_spark.foundation.dates import parse_day
from interest_spark.foundation.streams import print_line
from interest_spark.pipeline.command import main, with_exit_code
from interest_spark.reports.features import catalogue
from interest_spark.storage.warehouse import Warehouse


@click.command(name="features", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "config_path", help="The deployment's YAML file; without it the catalogue is printed.")
@click.option("--day", help="Whose features to write, YYYY-MM-DD.")
@click.option("--training", multiple=True, help="A day that missing values are learnt from, up to the day; repeatable.")
@click.option("--out", type=click.Path(path_type=Path), help="The folder for the files of Parquet.")
@click.option("--set", "overrides", multiple=True, metavar="A.B=VALUE", help="Override one configuration key.")
def command(
    config_path: str | None, day: str | None, training: tuple[str, ...], out: Path | None, overrides: tuple[str, ...]
) -> None:
    """Print the catalogue of customer features in Markdown: formula, unit, window, and what stands in for a null.

    With --config, --day, --training and --out, write the day's features as Parquet, nulls filled as the catalogue says
    by what the training days tell, and marked by their indicator columns.
    """
    if config_path is None:
        with_exit_code(lambda: print_line(catalogue().rstrip("\n"), sys.stdout))
        return
    if day is None or out is None or not training:
        raise click.UsageError("--config goes with --day, --out and at least one --training DAY")
    with_exit_code(lambda: _write(config_path, overrides, day, training, out))


def _write(config_path: str, overrides: tuple[str, ...], day: str, training: tuple[str, ...], out: Path) -> None:
    warehouse = Warehouse(load_config(config_path, overrides).warehouse)
    days = [parse_day(each).isoformat() for each in training]
    rows = export_filled(warehouse, parse_day(day).isoformat(), days, out)
    print_line(f"{rows} rows in {out}", sys.stdout)


if __name__ == "__main__":
    main(command)
