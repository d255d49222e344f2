"""`interest check-source` on the public layouts with nothing but a path: what is proposed is ingested as it stands."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from jobs.check_source import command
from tests.integration.test_example_layouts import EXAMPLES, WRITERS
from tests.unit.sources.mapped_rows import Ingested

FOUND_BY_NAME = {
    "retailrocket": {"user_id": "visitorid", "item_id": "itemid", "behavior": "event", "event_time": "timestamp"},
    "segment": {
        "user_id": ["userId", "anonymousId"],
        "item_id": ["properties.products.product_id", "properties.product_id"],
    },
    "ga4": {"user_id": ["user_id", "user_pseudo_id"], "item_id": "items.item_id"},
    "cloudfront": {
        "event_time": {"join": ["date", "time"]},
        "item_id": {"field": "cs-uri-query", "match": "(?:^|[?&])sku=([^&]+)"},
    },
    "hive_parquet": {"item_id": "product.sku", "event_time": "event_ts"},
    "mind": {"user_id": "column_2", "item_id": "column_5.0", "behavior": "column_5.1"},
    "yoochoose": {"user_id": "column_1", "item_id": "column_3", "event_time": "column_2"},
}


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_proposed_ingests_nearly_all_lines(tmp_path: Path, name: str) -> None:
    sample = WRITERS[name](tmp_path / "data")
    config = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8"))
    events = config["sources"]["events"]
    several = events if isinstance(events, list) else [events]
    paths = [{key: each[key] for key in ("path", "delivery_zone") if key in each} for each in several]
    bare = {"warehouse": str(tmp_path / "warehouse"), "sources": {"root": str(tmp_path / "data"), "events": paths}}
    (tmp_path / "bare.yaml").write_text(yaml.safe_dump(bare), encoding="utf-8")
    done = CliRunner().invoke(command, ["--config", str(tmp_path / "bare.yaml"), "--day", sample.day])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout.splitlines()[-1])["sources"]
    proposed: list[dict[str, Any]] = [each["proposal"] for each in found.values()]
    assert all(proposed), done.stdout
    known = FOUND_BY_NAME.get(name, {})
    assert {column: proposed[0]["columns"].get(column) for column in known} == known
    zone = config.get("shop", {}).get("time_zone", "UTC")
    totals = Ingested(tmp_path / "data", proposed, sample.day, zone, into=tmp_path).totals()
    rows = totals["raw_lines"] + totals["exploded"]
    assert rows == sum(totals[fate] for fate in ("accepted", "duplicates", "quarantined", "ignored"))
    assert totals["ignored"] <= sample.ignored
    assert totals["accepted"] + totals["duplicates"] >= 0.95 * (rows - totals["ignored"])
