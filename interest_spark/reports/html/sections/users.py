"""Ten users with what they did last and what was suggested to them, side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from interest_spark.foundation.dates import parse_zone
from interest_spark.reports.html.images import read_images
from interest_spark.reports.html.source import AbsentError, ReportSource, Row, collected
from interest_spark.schemas.behaviors import BEHAVIORS

_USERS = 10
_OTHERS = 2
_EVENTS = 8
_LISTS = ("item_index", "behavior", "event_time")


def gather(source: ReportSource) -> Mapping[str, Any]:
    name = source.served
    if name is None or not source.count("recommendations", day=source.dt, name=name):
        raise AbsentError("page.no_rows", table="recommendations", day=source.dt)
    chosen = _choose(source, name)
    suggested = _suggested(source, name, chosen)
    histories = _histories(source, chosen)
    ids = [row["item_id"] for rows in (*suggested.values(), *histories.values()) for row in rows if row["item_id"]]
    items = source.titles(ids)
    images = read_images({each: row["image"] for each, row in items.items()}, source.config.sources.root)
    users = [
        {
            "user_id": user,
            "history": [_with_item(row, items, images) for row in histories.get(user, ())],
            "suggested": [_with_item(row, items, images) for row in suggested[user]],
        }
        for user in chosen
    ]
    return {"users": users, "zone": source.config.shop.time_zone}


def _choose(source: ReportSource, name: str) -> Sequence[str]:
    """Users of the day's first files, as they come: those whom the model serves, then some who get popular items."""
    with source.scan("recommendations", "user_id", "rank", "source", day=source.dt, name=name) as rows:
        first = rows.filter(pl.col("rank") == 1)
        by_model = collected(first.filter(pl.col("source") == "model").head(_USERS))["user_id"].to_list()
        others = collected(first.filter(pl.col("source") != "model").head(_OTHERS))["user_id"].to_list()
    return [*by_model[: _USERS - len(others)], *others]


def _suggested(source: ReportSource, name: str, users: Sequence[str]) -> Mapping[str, list[Row]]:
    columns = ("user_id", "rank", "item_id", "score", "source")
    with source.scan("recommendations", *columns, day=source.dt, name=name) as rows:
        found = collected(rows.filter(pl.col("user_id").is_in(users)).sort("user_id", "rank")).to_dicts()
    return {user: [row for row in found if row["user_id"] == user] for user in users}


def _histories(source: ReportSource, users: Sequence[str]) -> Mapping[str, list[Row]]:
    """The newest events of each, newest first: item_id, behavior and event_time."""
    with source.scan("sequences", "user_id", *_LISTS) as rows:
        tails = [pl.col(column).list.tail(_EVENTS).list.reverse() for column in _LISTS]
        found = collected(rows.filter(pl.col("user_id").is_in(users)).select("user_id", *tails)).to_dicts()
    numbers = sorted({number for row in found for number in row["item_index"]})
    with source.scan("vocab", "item_index", "item_id", after="") as rows:  # numbers of later days, too
        known = collected(rows.filter(pl.col("item_index").is_in(numbers)))
    ids = dict(known.select("item_index", "item_id").iter_rows())
    zone = parse_zone(source.config.shop.time_zone)
    return {
        row["user_id"]: [
            {"item_id": ids.get(number), "behavior": BEHAVIORS[code - 1], "time": f"{at.astimezone(zone):%m-%d %H:%M}"}
            for number, code, at in zip(*(row[column] for column in _LISTS), strict=True)
        ]
        for row in found
    }


def _with_item(row: Row, items: Mapping[str, Row], images: Mapping[str, str]) -> Row:
    item = items.get(row["item_id"], {})
    return {**row, "title": item.get("title"), "category": item.get("category"), "image": images.get(row["item_id"])}
