"""Canonical text columns to typed ones, with the conditions under which a row is refused."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from interest_spark.config.sources import SourceConfig
from interest_spark.schemas.behaviors import BEHAVIORS
from interest_spark.schemas.tables import TABLES
from interest_spark.sources.reader import Columns
from interest_spark.sources.values import to_instant, to_known_since, to_number

if TYPE_CHECKING:
    from pyspark.sql import Column

Problems = list[tuple[str, "Column"]]
TypingRule = Callable[[Columns, SourceConfig], tuple[Columns, Problems]]

OLDEST_AGE = 150
ATTRIBUTE_PREFIX = "attribute "


def type_event(text: Columns, source: SourceConfig) -> tuple[Columns, Problems]:
    """Columns of `events` except the line's place; numbers must be finite, prices and quantities not negative."""
    words = source.behaviors or dict(zip(BEHAVIORS, BEHAVIORS, strict=True))
    canonical = F.create_map(*(F.lit(part) for pair in words.items() for part in pair))
    typed = {name: text[name] for name in TABLES["events"].names if name in text}
    typed["behavior"] = canonical[text["behavior"]]
    typed["event_time"] = to_instant(text["event_time"], source.time_format, source.time_zone)
    for name in ("quantity", "price", "rating"):
        typed[name] = to_number(text[name])
    return typed, [
        ("missing_user", text["user_id"].isNull()),
        ("missing_item", text["item_id"].isNull()),
        ("missing_behavior", text["behavior"].isNull()),
        ("unknown_behavior", typed["behavior"].isNull()),
        ("missing_time", text["event_time"].isNull()),
        ("bad_time", typed["event_time"].isNull()),
        ("bad_quantity", _is_bad(text["quantity"], typed["quantity"], typed["quantity"] >= 0)),
        ("bad_price", _is_bad(text["price"], typed["price"], typed["price"] >= 0)),
        ("bad_rating", _is_bad(text["rating"], typed["rating"], F.lit(True))),
    ]


def type_item(text: Columns, source: SourceConfig) -> tuple[Columns, Problems]:
    """Columns of `items`."""
    typed = {name: text[name] for name in TABLES["items"].names if name in text}
    typed |= _common_attributes(text, source)
    typed["price"] = to_number(text["price"])
    return typed, [
        ("missing_item", text["item_id"].isNull()),
        ("bad_price", _is_bad(text["price"], typed["price"], typed["price"] >= 0)),
    ]


def type_user(text: Columns, source: SourceConfig) -> tuple[Columns, Problems]:
    """Columns of `users`."""
    typed = {name: text[name] for name in TABLES["users"].names if name in text}
    typed |= _common_attributes(text, source)
    typed["age"] = to_number(text["age"]).cast("int")
    return typed, [
        ("missing_user", text["user_id"].isNull()),
        ("bad_age", _is_bad(text["age"], typed["age"], typed["age"].between(0, OLDEST_AGE))),
    ]


TYPING_RULES: dict[str, TypingRule] = {"events": type_event, "items": type_item, "users": type_user}


def _is_bad(text: "Column", value: "Column", allowed: "Column") -> "Column":
    """There is text, but no value or one that is not allowed."""
    return text.isNotNull() & (value.isNull() | ~allowed)


def _common_attributes(text: Columns, source: SourceConfig) -> Columns:
    pairs = [part for name in sorted(source.attributes) for part in (F.lit(name), text[ATTRIBUTE_PREFIX + name])]
    present = F.map_filter(F.create_map(*pairs), lambda _, value: value.isNotNull()) if pairs else F.lit(None)
    return {
        "attributes": present.cast("map<string,string>"),
        "updated_at": to_known_since(text["updated_at"], source.time_format, source.time_zone),
    }
