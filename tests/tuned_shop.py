"""A small shop to tune and to compare models on: its events are ingested, nothing is trained yet."""

from pathlib import Path
from typing import Any

import yaml

from interest_spark.sources.synthetic import ShopPlan, generate_shop

CUTOFF, DAY = "2026-01-06", "2026-01-08"
"""Suggestions of the end of CUTOFF are judged by the two days up to DAY."""

SPACE = {
    "train.network.dim": {"kind": "choice", "among": [8, 16]},
    "train.network.dropout": {"kind": "float", "low": 0.05, "high": 0.5},
    "train.optimizer.learning_rate": {"kind": "float", "low": 0.0005, "high": 0.02, "log": True},
    "loss": {
        "kind": "variants",
        "among": {
            "products": {"train.loss": {"kind": "full"}, "train.network.unit_vectors": False},
            "cosines": {"train.loss": {"kind": "full", "score_scale": 20}, "train.network.unit_vectors": True},
        },
    },
}


def write_shop(root: Path, **sections: Any) -> Path:
    """Generate the shop below `root`; returns its configuration, whose warehouse is empty."""
    generate_shop(ShopPlan(users=100, items=60, days=8, seed=5), root / "shop")
    keys: dict[str, Any] = {
        "warehouse": str(root / "warehouse"),
        "sources": {kind: {"path": f"{kind}/dt={{day}}/*.jsonl*"} for kind in ("events", "items", "users")},
        "ingest": {"catch_up_days": 30},
        "sequences": {"max_length": 33},
        "blocks": {"tokens": 32, "files": 1},
        "evaluate": {"horizon_days": 2},
        "spark": {"shuffle_partitions": 2},
        "train": {
            "ranks": 1,
            "launcher": "local",
            "epochs": 2,
            "batch_blocks": 4,
            "network": {"dim": 16, "layers": 1, "feed_forward": 16},
        },
        **sections,
    }
    keys["sources"]["root"] = str(root / "shop")
    path = root / "shop.yaml"
    path.write_text(yaml.safe_dump(keys), encoding="utf-8")
    (root / "space.yaml").write_text(yaml.safe_dump(SPACE), encoding="utf-8")
    return path
