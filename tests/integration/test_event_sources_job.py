"""Clicks and orders from different files become one history, and what changes in either makes its day anew."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from interest_spark.pipeline.context import RunContext
from interest_spark.storage.warehouse import Warehouse
from tests.log_files import shop_config, write_lines
from tests.runs import run_job

pytestmark = pytest.mark.usefixtures("spark")
DAY = "2026-01-02"
SOURCES = [
    {
        "path": "clicks/{day}.csv",
        "format": "csv",
        "columns": {"user_id": "sid", "item_id": "iid", "event_time": "ts"},
        "constants": {"behavior": "view"},
    },
    {
        "path": "orders/{day}.jsonl",
        "columns": {"user_id": "who", "item_id": "lines.sku", "event_time": "at", "quantity": "lines.n"},
        "constants": {"behavior": "purchase"},
        "cases": [{"negative": "quantity", "set": {"behavior": "return"}}],
        "explode": "lines",
    },
]


def run(config: Any, day: str = DAY, job: str = "ingest") -> Any:
    return run_job(job, RunContext(config, date.fromisoformat(day)))


def an_order(*lines: tuple[str, int]) -> str:
    return json.dumps({"who": "1", "at": f"{DAY}T11:00:00Z", "lines": [{"sku": sku, "n": n} for sku, n in lines]})


def test_both_sources_make_one_history_and_each_is_counted(tmp_path: Path) -> None:
    config = shop_config(tmp_path, sources={"events": SOURCES}, sequences={"behaviors": ["view", "purchase"]})
    clicks = ["sid,iid,ts", *(f"1,{item},{DAY} 10:00:00" for item in "AAB"), ",A,"]
    write_lines(tmp_path / f"raw/clicks/{DAY}.csv", clicks)
    write_lines(tmp_path / f"raw/orders/{DAY}.jsonl", [an_order(("A", 1), ("B", -2)), an_order()])
    outcome = run(config)
    assert outcome.details["sources"] == {
        "sources.events.0": {"good": 3, "missing_user": 1},
        "sources.events.1": {"good": 2, "missing_item": 1},
    }
    warehouse = Warehouse(config.warehouse)
    found = [(row["item_id"], row["behavior"], row["quantity"]) for row in warehouse.read_small("events").to_pylist()]
    assert sorted(found, key=str) == [
        *[("A", "purchase", 1.0), ("A", "view", None), ("B", "return", 2.0), ("B", "view", None)]
    ]
    for row in warehouse.read_small("ingest_ledger").to_pylist():
        rows = sum(row[name] for name in ("accepted", "duplicates", "quarantined", "ignored"))
        assert row["raw_lines"] + row["exploded"] == rows
    run(config, job="sequences")
    (history,) = warehouse.read_small("sequences").to_pylist()
    assert len(history["item_index"]) == 3  # two views and a purchase
    assert run(config).status == "nothing_to_do"
    write_lines(tmp_path / f"raw/orders/{DAY}.jsonl", [an_order(("A", 1), ("C", 1))])
    assert run(config).rows["events"] == 4
    assert {row["item_id"] for row in warehouse.read_small("events").to_pylist()} == {"A", "B", "C"}


def test_searches_without_an_item_are_events_and_no_part_of_a_history(tmp_path: Path) -> None:
    source = {"path": "log/{day}.jsonl", "without_item": ["search", "view"], "behaviors": {"*": "ignore", "v": "view"}}
    source["behaviors"] |= {"q": "search"}
    config = shop_config(tmp_path, sources={"events": source}, sequences={"behaviors": ["view", "search"]})

    def line(word: str, **more: str) -> dict[str, str]:
        return {"user_id": "u", "behavior": word, "event_time": f"{DAY}T10:00:00Z", **more}

    lines = [line("v", item_id="A"), line("v"), line("q", query="red"), line("q", query="blue"), {"behavior": "hover"}]
    write_lines(tmp_path / f"raw/log/{DAY}.jsonl", lines)
    run(config)
    run(config, job="sequences")
    warehouse = Warehouse(config.warehouse)
    queries = [row["query"] for row in warehouse.read_small("events").to_pylist() if row["behavior"] == "search"]
    assert sorted(queries) == ["blue", "red"]  # of one instant, and yet no copies
    assert [row["ignored"] for row in warehouse.read_small("ingest_ledger").to_pylist()] == [1]
    assert [row["item_id"] for row in warehouse.read_small("vocab").to_pylist()] == ["A"]
    (history,) = warehouse.read_small("sequences").to_pylist()
    assert len(history["item_index"]) == 1
