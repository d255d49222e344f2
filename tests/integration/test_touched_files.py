"""Files that were copied or restored, with other times and equal bytes, make nothing anew; other bytes do."""

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from interest_spark.pipeline.context import RunContext
from interest_spark.storage.warehouse import Warehouse
from tests.log_files import deliver, event, shop_config, write_lines
from tests.runs import run_job

pytestmark = pytest.mark.usefixtures("spark")
DAY, NEXT = "2026-01-02", "2026-01-03"


def touch(path: Path) -> None:
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1_000_000_000))


def run(config: Any, day: str = DAY) -> Any:
    return run_job("ingest", RunContext(config, date.fromisoformat(day)))


@pytest.mark.parametrize("path", ["events/dt={day}/*", "events/*/*"])
def test_a_touched_log_makes_nothing_anew(tmp_path: Path, path: str) -> None:
    config = shop_config(tmp_path, sources={"events": {"path": path}, "items": {"path": "goods.jsonl"}})
    log = deliver(tmp_path, DAY, [event(), event(item_id="i2")])
    goods = write_lines(tmp_path / "raw/goods.jsonl", [{"item_id": "i1", "title": "old"}])
    assert run(config).status == "done"
    for _ in range(2):  # what was known stays known
        touch(log)
        touch(goods)
        assert run(config).status == "nothing_to_do"
    other = deliver(tmp_path, DAY, [event(item_id="i3")], name="part-1.jsonl")
    assert run(config).rows["events"] == 3
    touch(log)
    touch(other)
    assert run(config).status == "nothing_to_do"
    log.write_text(log.read_text().replace("i2", "i9"))  # as long as before
    touch(log)
    assert run(config).status == "done"
    warehouse = Warehouse(config.warehouse)
    assert {row["item_id"] for row in warehouse.read_small("events", day=DAY).to_pylist()} == {"i1", "i9", "i3"}


def test_a_touched_file_of_a_past_day_came_not_late(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = shop_config(tmp_path)
    log = deliver(tmp_path, DAY, [event()])
    deliver(tmp_path, NEXT, [event(event_time=f"{NEXT}T10:00:00Z")])
    run(config)
    touch(log)
    run(config, NEXT)
    assert "came or changed after" not in "".join(capsys.readouterr())
    log.write_text(json.dumps(event(item_id="i7")) + "\n")
    touch(log)
    run(config, NEXT)
    assert "came or changed after" in "".join(capsys.readouterr())
