"""How much of what was planted in a synthetic shop the daily run has found, from the shop's truth tables."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.storage.warehouse import Warehouse


def truth(shop: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a truth table."""
    files = sorted((shop / "truth").glob(f"{table}*"))
    return [row for path in files for row in pq.read_table(path).to_pylist()]


def fault_table(shop: Path, warehouse: Warehouse) -> dict[str, dict[str, int]]:
    """Per planted fault kind: lines planted, and under which reasons they lie in quarantine ("" = nowhere)."""
    found = {
        (row["source_file"], row["source_line"]): row["reason"]
        for row in warehouse.read_small("quarantine").to_pylist()
    }
    kinds: dict[str, Counter[str]] = {}
    for line in truth(shop, "broken_lines"):
        reason = found.pop((str(shop / line["source_file"]), line["source_line"]), "")
        verdict = "as planted" if reason == line["reason"] else f"as {reason!r}, planted {line['reason']!r}"
        kinds.setdefault(line["kind"], Counter())[verdict] += 1
    if found:
        kinds["not planted"] = Counter(found.values())
    return {kind: dict(counts) for kind, counts in sorted(kinds.items())}


def bot_figures(shop: Path, warehouse: Warehouse, day: str) -> dict[str, float]:
    """Precision and recall of the users that were set apart as bots by `day`."""
    planted = {row["user_id"] for row in truth(shop, "bots")}
    found = set(warehouse.read_small("bots", day=day)["user_id"].to_pylist())
    hits = len(planted & found)
    return {"planted": len(planted), "found": len(found), "precision": hits / len(found), "recall": hits / len(planted)}


def interest_shares(shop: Path, warehouse: Warehouse, day: str) -> dict[str, float]:
    """The share inside the user's planted top-3 categories, of what was published and of the ten most popular items."""
    category = {row["item_id"]: row["category"] for row in truth(shop, "item_categories")}
    top = {}
    for row in truth(shop, "top_categories"):
        if row["rank"] <= 3:
            top.setdefault(row["user_id"], set()).add(row["category"])
    published = warehouse.read_small("recommendations", day=day)
    popular = [row["item_id"] for row in _by_rank(warehouse.read_small("popularity", day=day))[:10]]
    pairs = zip(published["user_id"].to_pylist(), published["item_id"].to_pylist(), strict=True)
    known = [(user, item) for user, item in pairs if user in top]
    users = {user for user, _ in known}
    inside = sum(category[item] in top[user] for user, item in known)
    popular_inside = sum(category[item] in top[user] for user in users for item in popular)
    return {"model": inside / len(known), "popularity": popular_inside / (len(users) * len(popular))}


def lost_lines(warehouse: Warehouse) -> int:
    """Raw lines that the ledger does not account for."""
    ledger = warehouse.read_small("ingest_ledger").to_pylist()
    return sum(row["raw_lines"] - row["accepted"] - row["duplicates"] - row["quarantined"] for row in ledger)


def metrics(warehouse: Warehouse, day: str) -> dict[str, float]:
    """The day's figures, by `slice metric`."""
    rows = warehouse.read_small("metrics", day=day).to_pylist()
    return {f"{row['slice']} {row['metric']}": row["value"] for row in rows if row["against"] is None}


def _by_rank(table: pa.Table) -> list[dict[str, Any]]:
    return sorted(table.to_pylist(), key=lambda row: row["rank"])
