"""A small warehouse with planted models: how good each of them is for its users is known beforehand.

Items stand in a ring, every user has used one of them, and in the days after the cutoff uses the next one. A model is a
table of neighbours that has the next item right for some items, and else one that nobody wants.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from interest_spark.config.collaborative import ItemToItemConfig
from interest_spark.config.deployment import Config
from interest_spark.models.collaborative.card import CollaborativeCard
from interest_spark.pipeline.context import RunContext
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.bundles import Bundle, write_bundle
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from tests.integration.warehouse_world import config_of, item_id, popularity, sequence
from tests.small_tables import put_rows

NAME = "item_to_item"
FIRST, CUTOFF, DAY, NEXT = "2026-01-05", "2026-01-08", "2026-01-10", "2026-01-11"
"""The first champion's day, the cutoff of DAY, and the two days that decisions are made on."""

ITEMS = tuple(range(2, 42))
USERS = 400
K = 3


def promoting(root: Path, **sections: Any) -> Config:
    """The configuration of a shop that serves its champion."""
    return config_of(
        root,
        **{
            "collaborative": {"kind": NAME},
            "promote": {},
            "score": {"k": K, "exclude_seen": False},
            "evaluate": {"k": K, "horizon_days": 2},
            "spark": {"shuffle_partitions": 2},
            "gates": {"enabled": False},
            **sections,
        },
    )


def run_on(config: Config, day: str) -> RunContext:
    return RunContext(config, date.fromisoformat(day))


def put_world(root: Path) -> Warehouse:
    """Histories of the cutoff and of all days that are scored, and events of the two days after the cutoff."""
    warehouse = Warehouse(root)
    histories = [as_row("sequences", sequence(user, [item])) for user, item in _users()]
    ranks = [as_row("popularity", row) for row in popularity(dict.fromkeys(ITEMS, 1))]
    for day in ("2026-01-04", FIRST, CUTOFF, "2026-01-09", DAY, NEXT):
        put_rows(warehouse, "sequences", f"s{day}", {Slice(day): histories})
        put_rows(warehouse, "popularity", f"p{day}", {Slice(day): ranks})
        put_rows(warehouse, "bots", f"b{day}", {Slice(day): []})
    vocab = [{"item_id": item_id(item), "item_index": item, "first_day": FIRST} for item in ITEMS]
    put_rows(warehouse, "vocab", "v", {Slice(FIRST): vocab})
    for day in ("2026-01-09", DAY, NEXT):
        put_rows(warehouse, "events", f"e{day}", {Slice(day): list(_events(day))})
    return warehouse


def plant_model(warehouse: Warehouse, day: str, right: Collection[int], version: str) -> str:
    """Publish a model of that day that knows the next item for the items `right`; returns its version."""
    path = warehouse.root / "bundles" / version
    card = CollaborativeCard(model_version=version, collaborative=ItemToItemConfig(), trained_through=day)
    neighbour = [_place(_next(item) if item in right else _next(_next(item))) for item in ITEMS]
    weights = {
        "first": np.arange(len(ITEMS) + 1, dtype=np.int64),
        "neighbour": np.array(neighbour, np.int32),
        "similarity": np.ones(len(ITEMS), np.float32),
    }
    known = pa.table({"item_index": pa.array(ITEMS, pa.int32()), "item_id": [item_id(item) for item in ITEMS]})
    sha256 = write_bundle(path, Bundle(weights, card.model_dump(mode="json"), known))
    row = {
        "model_version": version,
        "path": f"bundles/{version}",
        "manifest_sha256": sha256,
        "item_count": len(ITEMS),
        "parameters": len(ITEMS),
        "train_seconds": 1.0,
        "trained_through": day,
    }
    put_rows(warehouse, "models", f"m-{version}", {Slice(day, NAME): [row]})
    return version


def as_row(table: str, values: Iterable[Any]) -> dict[str, Any]:
    return dict(zip(TABLES[table].names, values, strict=True))


def _users() -> list[tuple[str, int]]:
    return [(f"user-{number}", ITEMS[number % len(ITEMS)]) for number in range(USERS)]


def _events(day: str) -> Iterable[dict[str, Any]]:
    """A fifth of the users do something on a day, other ones each day."""
    noon = datetime.fromisoformat(day).replace(tzinfo=timezone.utc) + timedelta(hours=12)
    for number, (user, item) in enumerate(_users()):
        if number // len(ITEMS) % 5 == noon.day % 5:
            wanted = {"user_id": user, "item_id": item_id(_next(item)), "behavior": "view", "event_time": noon}
            yield {**wanted, "source_file": "f", "source_line": number}


def _next(item: int) -> int:
    return ITEMS[(_place(item) + 1) % len(ITEMS)]


def _place(item: int) -> int:
    return item - ITEMS[0]
