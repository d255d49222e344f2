"""Raw logs and the configuration to ingest them, for tests that start from what a shop would deliver."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from interest_spark.config.deployment import Config

EVENT = {
    "user_id": "u1",
    "item_id": "i1",
    "behavior": "view",
    "event_time": "2026-01-02T10:00:00.000Z",
    "price": 9.5,
}


def event(**changes: Any) -> dict[str, Any]:
    """A good event; a change to None takes the field away."""
    return {key: value for key, value in {**EVENT, **changes}.items() if value is not None}


def write_lines(path: Path, lines: Iterable[Any]) -> Path:
    """Objects as JSON, text and bytes as they are; gzip where the name says so."""
    encoded = [
        line if isinstance(line, bytes) else (line if isinstance(line, str) else json.dumps(line)).encode()
        for line in lines
    ]
    content = b"".join(line + b"\n" for line in encoded)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


def deliver(root: Path, day: str, lines: Iterable[Any], kind: str = "events", name: str = "part-0.jsonl") -> Path:
    """One file of a day's delivery in the native layout."""
    return write_lines(root / "raw" / kind / f"dt={day}" / name, lines)


def shop_config(root: Path, **sections: Any) -> Config:
    """A by-day deployment in the native format below `root`, thresholds relaxed so that a test sets its own."""
    document = {
        "warehouse": str(root / "warehouse"),
        "spark": {"shuffle_partitions": 2},
        "sources": {"root": str(root / "raw"), "events": {"path": "events/dt={day}/*"}},
        "ingest": {"max_bad_share": 1.0},
    }
    for section, keys in sections.items():
        inner = document.setdefault(section, {})
        document[section] = {**inner, **keys} if isinstance(inner, dict) else keys
    return Config.model_validate(document)


def write_config(path: Path, config: Config) -> Path:
    """The configuration as the YAML file that a command line names."""
    keys = config.model_dump(mode="json", exclude_unset=True)
    keys.get("sources", {}).pop("root", None)  # its paths are below it already
    path.write_text(yaml.safe_dump(keys), encoding="utf-8")
    return path
