"""Rows of a table for people to read; of a user's recommendations also what they follow from, or a user's profile."""

import sys
from datetime import date

import click
import pyarrow as pa

from interest_spark.config.deployment import Config
from interest_spark.config.file import load_config
from interest_spark.config.profiles import ProfilesConfig
from interest_spark.evaluation.verdict import sentences
from interest_spark.foundation.dates import parse_day, parse_zone
from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.shown import shown
from interest_spark.foundation.streams import print_line
from interest_spark.pipeline.command import main, with_exit_code
from interest_spark.reports.lookup import check_day, day_rows, last_events, refused_rows, some_users, tastes_of, titles
from interest_spark.reports.profile import LANGUAGES, print_profile
from interest_spark.reports.show import print_rows
from interest_spark.schemas.interests import KINDS
from interest_spark.storage.refused import refusals_of
from interest_spark.storage.warehouse import Warehouse

PAGE = "profile"
"""What is shown as a page, and no table."""


@click.command(name="show", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("table")
@click.option("--config", "config_path", required=True, help="The deployment's YAML file.")
@click.option("--day", required=True, help="The day to show, YYYY-MM-DD; never implied.")
@click.option("--user", help="Only this user's rows; with recommendations also the user's last events.")
@click.option("--model", help="Of tables with several models a day, this one's rows; by default the served one's.")
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default=LANGUAGES[0],
    show_default=True,
    help="Of the page that `profile --user` prints.",
)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Rows to show at most.")
@click.option("--set", "overrides", multiple=True, metavar="A.B=VALUE", help="Override one configuration key.")
def command(
    table: str,
    config_path: str,
    day: str,
    user: str | None,
    model: str | None,
    language: str,
    limit: int,
    overrides: tuple[str, ...],
) -> None:
    """Print rows of TABLE on a day, with titles of items; `profile --user U` prints a user's interests as a page."""
    if table == PAGE:
        with_exit_code(lambda: _show_profile(load_config(config_path, overrides), parse_day(day), user, language))
        return
    with_exit_code(lambda: _show(load_config(config_path, overrides), table, parse_day(day), user, model, limit))


def _show(config: Config, table: str, day: date, user: str | None, model: str | None, limit: int) -> None:
    warehouse, dt = Warehouse(config.warehouse), day.isoformat()
    if table == "quarantine" and _show_refusals(config, warehouse, dt, limit) and dt not in warehouse.days(table):
        return
    name = check_day(warehouse, table, dt, model or config.model_name)
    if table == "recommendations" and user is not None:
        _show_user(config, warehouse, dt, user, name, limit)
        return
    if table == "metrics":
        for sentence in sentences(warehouse.read_small(table, day=dt, name=name).to_pylist()):
            print_line(sentence, sys.stdout)
    rows = day_rows(warehouse, table, dt, limit, user, name)
    if user is not None and rows.num_rows == 0:
        raise _unknown_user(warehouse, table, dt, user)
    _print(config, warehouse, dt, rows, f"{table} on {dt}")


def _show_refusals(config: Config, warehouse: Warehouse, dt: str, limit: int) -> bool:
    """Bad lines of deliveries of which nothing was published; whether there are any."""
    refusals = refusals_of(warehouse.root, dt)
    for refusal in refusals:
        rows = refused_rows(refusal.files, limit)
        _print(config, warehouse, dt, rows, f"Bad {refusal.kind} on {dt}, of which nothing was published")
        print_line(f"refused because {shown(refusal.reason, 1_000)}", sys.stdout)
    return bool(refusals)


def _show_profile(config: Config, day: date, user: str | None, language: str) -> None:
    """The user's interests as a page."""
    if user is None:
        raise ConfigError("whose profile? Give --user; rows of many users are in `interest show profiles`")
    warehouse, dt = Warehouse(config.warehouse), day.isoformat()
    for table in ("customer_features", "profiles"):
        check_day(warehouse, table, dt, config.model_name)
    features = day_rows(warehouse, "customer_features", dt, 1, user).to_pylist()
    if not features:
        raise _unknown_user(warehouse, "customer_features", dt, user)
    rules = config.profiles or ProfilesConfig()
    found = day_rows(warehouse, "profiles", dt, rules.top * len(KINDS), user)
    tastes = tastes_of(warehouse, dt, user)
    print_profile(user, dt, features[0], found.sort_by("rank").to_pylist(), tastes, rules, language)


def _show_user(config: Config, warehouse: Warehouse, dt: str, user: str, name: str | None, limit: int) -> None:
    """What the user did last, what was suggested, and why if that is little or nothing."""
    events = last_events(warehouse, dt, user, limit)
    suggested = day_rows(warehouse, "recommendations", dt, limit, user, name)
    reasons = day_rows(warehouse, "unserved", dt, 1, user, name)["reason"].to_pylist()
    if not (events.num_rows or suggested.num_rows or reasons):
        raise _unknown_user(warehouse, "recommendations", dt, user)
    who = shown(user, 60)
    _print(config, warehouse, dt, events, f"Last events of {who} up to {dt}")
    heading = f"Suggestions for {who} on {dt}"
    if suggested.num_rows:
        heading += f" by model {suggested['model_version'][0]}"
    columns = ["rank", "item_id", "score", "source"]
    _print(config, warehouse, dt, suggested.sort_by("rank").select(columns), heading)
    for reason in reasons:
        print_line(f"fewer than {config.score.k} suggestions for the reason {shown(reason)}", sys.stdout)


def _print(config: Config, warehouse: Warehouse, dt: str, rows: pa.Table, heading: str) -> None:
    items = rows["item_id"].to_pylist() if "item_id" in rows.column_names else []
    named = titles(warehouse, dt, [item for item in items if item is not None])
    print_rows(rows, heading, parse_zone(config.shop.time_zone), named)


def _unknown_user(warehouse: Warehouse, table: str, dt: str, user: str) -> ConfigError:
    users = ", ".join(map(shown, some_users(warehouse, table, dt))) or "nobody"
    return ConfigError(f"user '{shown(user)}' is not in {table} on {dt}; users there are for example {users}")


if __name__ == "__main__":
    main(command)
