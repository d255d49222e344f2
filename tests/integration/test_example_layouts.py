"""Layouts of public data sets, services and databases, mapped by YAML alone: every line is accounted for."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from interest_spark.config.file import load_config
from interest_spark.pipeline.context import RunContext
from interest_spark.storage.warehouse import Warehouse
from tests.layouts import data_sets, exports
from tests.layouts.sample import Sample
from tests.readme import README, ROOT, code, table
from tests.runs import run_job

EXAMPLES = ROOT / "conf" / "examples"
WRITERS: dict[str, Callable[[Path], Sample]] = {
    each.__name__: each
    for each in (
        *(data_sets.retailrocket, data_sets.yoochoose, data_sets.otto, data_sets.rees46, data_sets.h_and_m),
        *(data_sets.mind, data_sets.tmall),
        *(exports.ga4, exports.segment, exports.cloudfront, exports.postgresql, exports.hive_parquet),
    )
}


def test_every_example_has_its_layout_and_stands_in_the_readme() -> None:
    named = [code(cell)[0] for _, cell, _ in table(README.read_text(encoding="utf-8"), "layout")]
    assert {path.stem for path in EXAMPLES.glob("*.yaml")} == set(WRITERS)
    assert sorted(named) == sorted(path.name for path in EXAMPLES.glob("*.yaml"))


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize("name", WRITERS)
def test_every_line_is_accounted_for(tmp_path: Path, name: str) -> None:
    sample = WRITERS[name](tmp_path / "data")
    overrides = (f"warehouse={tmp_path}/warehouse", f"sources.root={tmp_path}/data")
    config = load_config(EXAMPLES / f"{name}.yaml", overrides)
    run_job("ingest", RunContext(config, date.fromisoformat(sample.day)))
    warehouse = Warehouse(config.warehouse)
    ledger = Counter[str]()
    for row in warehouse.read_small("ingest_ledger").to_pylist():
        ledger.update({key: count for key, count in row.items() if isinstance(count, int) and row["kind"] == "events"})
    fates = {name: ledger[name] for name in ("accepted", "duplicates", "ignored", "quarantined")}
    assert ledger["raw_lines"] + ledger["exploded"] == sum(fates.values())
    refused = sum(sample.quarantined.values())
    assert fates == {
        **{"accepted": sample.events, "duplicates": sample.duplicates},
        **{"ignored": sample.ignored, "quarantined": refused},
    }
    assert (ledger["raw_lines"], ledger["exploded"]) == (sample.lines, sample.exploded)
    quarantine = [row for row in warehouse.read_small("quarantine").to_pylist() if row["kind"] == "events"]
    assert Counter(row["reason"] for row in quarantine) == sample.quarantined
    events = warehouse.read_small("events").to_pylist()
    assert len(events) == sample.events
    columns = ("user_id", "item_id", "behavior", "event_time", "price")
    assert {*sample.some} <= {tuple(row[column] for column in columns) for row in events}
    check_items(warehouse, sample)


def check_items(warehouse: Warehouse, sample: Sample) -> None:
    if sample.items:
        items = {row["item_id"]: row for row in warehouse.read_small("items", day=sample.day).to_pylist()}
        found = {item: {name: items[item][name] for name in values} for item, values in sample.items.items()}
        assert found == sample.items
