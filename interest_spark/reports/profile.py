"""One user's profile as a page that a person understands, in the language asked for."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from rich import box
from rich.table import Table
from rich.text import Text

from interest_spark.config.profiles import ProfilesConfig
from interest_spark.foundation.shown import shown
from interest_spark.foundation.streams import terminal
from interest_spark.schemas.interests import KINDS

LANGUAGES = ("en", "zh")

_STEADY = 0.05  # less is no change that anybody would see
_LONGEST_NAME = 40
_LONGEST_CLUSTER = 100
_NAMED_BY_US = ("price_level", "time_of_day")
_COLUMNS = ("name", "long", "short", "change", "evidence", "last")

Row = Mapping[str, Any]


@cache
def texts(language: str) -> Mapping[str, Any]:
    """The page's words; `{name}` in a text stands for a value. `names` are those of price levels and times of day."""
    found: Mapping[str, Any] = yaml.safe_load(
        files(__package__).joinpath("texts", f"profile.{language}.yaml").read_text(encoding="utf-8")
    )
    return found


def print_profile(
    user: str,
    day: str,
    features: Row,
    interests: Sequence[Row],
    tastes: Sequence[Row],
    rules: ProfilesConfig,
    language: str,
) -> None:
    """Print the page on standard output: who it is in two lines, then a table for each kind of interests.

    `features` is the user's row of `customer_features`, `interests` are those of `profiles`, in the order of rank, and
    `tastes` those of `tastes` with their clusters: without any the page does not speak of them.
    """
    console, words = terminal(), texts(language)
    console.print(Text(words["title"].format(user=shown(user, 60), day=day), style="bold"))
    for line in summary(features, rules, language):
        console.print(Text(line))
    for kind in KINDS:
        own = [row for row in interests if row["interest"] == kind]
        console.print(Text(f"\n{words[kind]}", style="bold"))
        if not own:
            console.print(f"  {words['nothing']}")
            continue
        percent = f"{100 * own[0]['confidence']:.0f}"
        console.print(Text(words["confidence"].format(percent=percent), style="dim"))
        console.print(_table(own, words))
    if tastes:
        console.print(Text(f"\n{words['tastes']}", style="bold"))
        console.print(Text(words["expected"].format(model=shown(tastes[0]["model_version"])), style="dim"))
        console.print(_tastes(tastes, words))
    version = interests[0]["version"] if interests else ""
    how = words["how"].format(half_life=f"{rules.half_life_days:g}", trend=rules.trend_days, version=version)
    console.print(Text(f"\n{how}\n{words['law']}", style="dim"))


def summary(features: Row, rules: ProfilesConfig, language: str) -> list[str]:
    """What the user did, in sentences."""
    words = texts(language)
    seen = {
        "events": features["events_90d"],
        "active": features["active_days_90d"],
        "days": 90,
        "first": features["tenure_days"],
        "last": features["days_since_event"],
    }
    lines = [words["seen"].format(**seen)]
    if features["purchases_90d"]:
        spent = f"{features['spent_90d']:,.2f}"
        lines.append(words["bought"].format(purchases=features["purchases_90d"], spent=spent))
    else:
        lines.append(words["no_purchase"])
    if features["visit_interval_mean"] is not None:
        lines.append(words["usual"].format(interval=f"{features['visit_interval_mean']:.0f}"))
    return lines


def _table(rows: Sequence[Row], words: Mapping[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in _COLUMNS:
        table.add_column(words[column], justify="left" if column in ("name", "change", "last") else "right")
    for row in rows:
        name = words["names"].get(row["name"], row["name"]) if row["interest"] in _NAMED_BY_US else row["name"]
        shares = (f"{100 * row[share]:.0f} %" for share in ("value", "short_term"))
        cells = (shown(name, _LONGEST_NAME), *shares, words[_change(row["trend"])], f"{row['evidence']}")
        table.add_row(*map(Text, (*cells, row["last_seen"].isoformat())))
    return table


def _tastes(rows: Sequence[Row], words: Mapping[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(words["name"])
    table.add_column(words["share"], justify="right")
    for row in rows:
        table.add_row(Text(shown(row["name"], _LONGEST_CLUSTER)), Text(f"{100 * row['value']:.1f} %"))
    return table


def _change(trend: float | None) -> str:
    """The word for a trend."""
    if trend is None:
        return "unknown"
    return "steady" if abs(trend) < _STEADY else "rising" if trend > 0 else "falling"
