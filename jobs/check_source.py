"""What the mapping of a deployment makes of the first lines of its logs, and a mapping that may fit; without Spark."""

import glob
from datetime import date
from typing import Any

import click
from pydantic import ValidationError

from interest_spark.config.deployment import Config
from interest_spark.config.file import load_config
from interest_spark.config.source import SourceConfig
from interest_spark.config.sources import SOURCES
from interest_spark.foundation.dates import parse_day
from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.streams import print_report
from interest_spark.pipeline.command import main, with_exit_code
from interest_spark.reports.source_check import print_proposal, print_trial
from interest_spark.sources.check.fields import layout_of
from interest_spark.sources.check.head import Head, read_head
from interest_spark.sources.check.proposal import propose
from interest_spark.sources.check.trial import Trial, try_source
from interest_spark.sources.deliveries import Delivery, find_deliveries
from interest_spark.sources.faults import UnreadableFileError
from interest_spark.sources.reader import get_reader


@click.command(name="check-source", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "config_path", required=True, help="The deployment's YAML file.")
@click.option("--day", required=True, help="The day whose delivery is looked at, YYYY-MM-DD; never implied.")
@click.option("--set", "overrides", multiple=True, metavar="A.B=VALUE", help="Override one configuration key.")
def command(config_path: str, day: str, overrides: tuple[str, ...]) -> None:
    """Look at the first lines of each source: columns, bad lines, and a mapping that may fit. Nothing is written."""
    with_exit_code(lambda: _check(load_config(config_path, overrides), parse_day(day)))


def _check(config: Config, day: date) -> None:
    sources = config.sources
    named = [("events", sources.key_of(place), source) for place, source in enumerate(sources.of_events)]
    named += [(kind, f"sources.{kind}", each) for kind in SOURCES[1:] if (each := getattr(sources, kind))]
    found = {key: _check_source(kind, key, source, day, config) for kind, key, source in named}
    print_report({"job": "check-source", "day": day.isoformat(), "status": "done", "sources": found})


def _check_source(kind: str, key: str, source: SourceConfig, day: date, config: Config) -> dict[str, Any]:
    delivery = _first_file(source, key, day)
    limit = config.ingest.max_line_bytes
    try:
        head = read_head(delivery, limit)
    except UnreadableFileError as error:
        raise BadDataError(str(error)) from None
    settled = get_reader(source.reader).settings(kind, source)
    trial = try_source(kind, settled, head, delivery.day, limit)
    print_trial(key, head, settled, trial)
    proposed = None
    if kind == "events" and source.reader == "mapped" and trial.good_share < 1:
        path = source.path.removeprefix(f"{glob.escape(config.sources.root.rstrip('/'))}/")
        proposed = _propose(key, propose(layout_of(head), source, path, day), head, delivery, trial, limit)
    return {"rows": dict(trial.reasons), "proposal": proposed}


def _propose(
    key: str, keys: dict[str, Any], head: Head, delivery: Delivery, configured: Trial, limit: int
) -> dict[str, Any] | None:
    """The keys if they are a better mapping, printed, with the path below `sources.root`; else None."""
    try:
        proposed = SourceConfig.model_validate(keys)
    except ValidationError:  # what was found is nothing that a source may say
        return None
    trial = try_source("events", proposed, head, delivery.day, limit)
    if trial.fault is not None or trial.good_share <= configured.good_share:
        return None
    print_proposal(key, proposed, trial)
    return proposed.model_dump(mode="json", exclude_unset=True)


def _first_file(source: SourceConfig, key: str, day: date) -> Delivery:
    found = find_deliveries(source, key, last=day)
    return next((each for each in found if each.size), found[0])


if __name__ == "__main__":
    main(command)
