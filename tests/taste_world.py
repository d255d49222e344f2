"""A network whose item vectors are planted in four groups, and users whose vectors point to one of them each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from interest_spark.config.training.networks import SasRecConfig
from interest_spark.models.card import ModelCard, build_network
from interest_spark.storage.bundles import Bundle, write_bundle
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from tests.integration.warehouse_world import item_id, popularity
from tests.small_tables import put_rows

DAY, LATER, MODEL = "2026-01-10", "2026-01-11", "sasrec"
GROUPS, EACH, WIDTH, USERS = 4, 10, 8, 300
ITEMS = tuple(range(2, 2 + GROUPS * EACH))
"""The group of an item is its number modulo GROUPS, of a user too."""


def item_vectors(seed: int = 1) -> np.ndarray:
    """float32[items, d], about one axis a group, which another seed has another order of."""
    rng = np.random.default_rng(seed)
    axes = rng.permutation(np.eye(WIDTH, dtype=np.float32))[:GROUPS]
    around = axes[np.array(ITEMS) % GROUPS] + rng.normal(0, 0.05, (len(ITEMS), WIDTH))
    return around.astype(np.float32)


def user_vectors(seed: int = 1) -> np.ndarray:
    """float32[users, d], which point to their group and a little to others."""
    rng = np.random.default_rng(seed)
    axes = rng.permutation(np.eye(WIDTH, dtype=np.float32))[:GROUPS]
    noise = np.random.default_rng(seed + 1).normal(0, 0.5, (USERS, WIDTH))
    return (4 * axes[np.arange(USERS) % GROUPS] + noise).astype(np.float32)


def put_catalogue(warehouse: Warehouse, day: str, title: str = "T") -> None:
    """Group 0 is tea but for two teapots, group 1 shoes; of group 2 every item has a category of its own, and of
    group 3 nothing is known. The lower its number, the more popular is an item.
    """
    categories = {0: "tea", 1: "shoes"}
    known = [item for item in ITEMS if item % GROUPS < 3]
    rows = [
        {
            "item_id": item_id(item),
            "title": f"{title}{item}",
            "category": "kitchen"
            if item in ITEMS[-GROUPS * 2 :] and item % GROUPS == 0
            else categories.get(item % GROUPS, f"c{item}"),
        }
        for item in known
    ]
    put_rows(warehouse, "items", f"items-{day}-{title}", {Slice(day): rows})
    ranked = popularity({item: 1000 - item for item in ITEMS})
    columns = ("item_index", "item_id", "events", "rank")
    ranks = [dict(zip(columns, row, strict=True)) for row in ranked]
    put_rows(warehouse, "popularity", f"popularity-{day}-{title}", {Slice(day): ranks})


def put_model(warehouse: Warehouse, day: str, seed: int = 1, **card: Any) -> Mapping[str, Any]:
    """Publish the network of the planted vectors, with a real bundle; returns its row of `models`."""
    version = f"m-{day}-{seed}"
    network = card.pop("network", SasRecConfig(dim=WIDTH, layers=1, heads=2, feed_forward=8))
    written = ModelCard(
        **{
            **{"model_version": version, "network": network, "vocabulary_size": ITEMS[-1] + 1, "max_length": 16},
            **{"trained_through": day, "seed": 0, "epochs": 1, "steps": 1, "loss": 1.0, "score_scale": 1.0},
            **card,
        }
    )
    weights = dict(build_network(network, written.vocabulary_size, written.max_length).parameters.values())
    weights["items"] = weights["items"].copy()
    weights["items"][list(ITEMS)] = item_vectors(seed)
    known = pa.table({"item_index": pa.array(ITEMS, pa.int32()), "item_id": [item_id(item) for item in ITEMS]})
    manifest = write_bundle(
        warehouse.root / "bundles" / version, Bundle(weights, written.model_dump(mode="json"), known)
    )
    row = {"model_version": version, "path": f"bundles/{version}", "manifest_sha256": manifest}
    row |= {"item_count": len(ITEMS), "parameters": 1, "loss": 1.0, "train_seconds": 1.0, "trained_through": day}
    put_rows(warehouse, "models", f"models-{version}", {Slice(day, MODEL): [row]})
    return row


def put_users(warehouse: Warehouse, day: str, version: str, seed: int = 1) -> None:
    """The users' vectors, as scoring publishes them."""
    rows = [
        {"user_id": f"用户-{user}", "vector": vector.tolist(), "model_version": version}
        for user, vector in enumerate(user_vectors(seed))
    ]
    put_rows(warehouse, "user_vectors", f"users-{day}-{seed}", {Slice(day, MODEL): rows})


def put_world(root: Path, **card: Any) -> Warehouse:
    """All that tastes of DAY are made from."""
    warehouse = Warehouse(root)
    put_catalogue(warehouse, DAY)
    put_users(warehouse, DAY, str(put_model(warehouse, DAY, **card)["model_version"]))
    return warehouse
