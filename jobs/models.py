"""The models of a deployment: versions, kinds, figures, sizes, and which of them serves."""

import time
from dataclasses import asdict

import click

from interest_spark.config.deployment import Config
from interest_spark.config.file import load_config
from interest_spark.foundation.streams import print_report
from interest_spark.pipeline.command import main, with_exit_code
from interest_spark.reports.models import list_models, print_models
from interest_spark.storage.warehouse import Warehouse


@click.command(name="models", help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "config_path", required=True, help="The deployment's YAML file.")
@click.option("--model", help="The name that they were published under; by default the served one's.")
@click.option("--limit", type=click.IntRange(min=1), default=30, show_default=True, help="Models at most, the newest.")
@click.option("--set", "overrides", multiple=True, metavar="A.B=VALUE", help="Override one configuration key.")
def command(config_path: str, model: str | None, limit: int, overrides: tuple[str, ...]) -> None:
    with_exit_code(lambda: _show(load_config(config_path, overrides), model, limit))


def _show(config: Config, model: str | None, limit: int) -> None:
    started, name = time.monotonic(), model or config.model_name
    has_champion = config.promote is not None and name == config.model_name
    found = list_models(Warehouse(config.warehouse), name, has_champion=has_champion, limit=limit)
    print_models(found)
    seconds = round(time.monotonic() - started, 3)
    models = [asdict(each) for each in found]
    print_report({"job": "models", "status": "done", "seconds": seconds, "model": name, "models": models})


if __name__ == "__main__":
    main(command)
