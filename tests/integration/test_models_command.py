"""`interest models`: every model with what is known of it, and which one serves."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from interest_spark.foundation.digest import digest
from interest_spark.models.champion import Candidate, decision_for, write_decisions
from interest_spark.storage.layout import Slice, data_folder
from interest_spark.storage.run_record import MadeFrom, RunRecord
from interest_spark.storage.warehouse import Warehouse
from jobs.models import command
from tests.promotion_world import CUTOFF, DAY, FIRST, ITEMS, NAME, plant_model, promoting
from tests.small_tables import put_rows


def models(root: Path, *options: str) -> list[dict[str, Any]]:
    config = root.parent / "shop.yaml"
    config.write_text(yaml.safe_dump(promoting(root).model_dump(mode="json")), encoding="utf-8")
    done = CliRunner().invoke(command, ["--config", str(config), *options], catch_exceptions=False)
    assert done.exit_code == 0
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])["models"]
    return found


def put_decision(warehouse: Warehouse, day: str, champion: str) -> None:
    base, run_id = warehouse.open("promotions"), f"p-{day}"
    candidate = Candidate(champion, f"bundles/{champion}", digest(champion), FIRST)
    rows = [decision_for(candidate, "first", "by the test")]
    file = write_decisions(f"{base.folder}/{data_folder(run_id, NAME)}", NAME, day, rows)
    record = RunRecord(run_id, {day: MadeFrom("test", 1)}, {})
    warehouse.commit(warehouse.stage_files([file], base, [Slice(day, NAME)], record), base)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    found = Warehouse(tmp_path / "w")
    for version, day in (("a", FIRST), ("b", CUTOFF)):
        plant_model(found, day, ITEMS, version)
    for day, value in (("2026-01-09", 0.25), (DAY, 0.5)):
        row = {"model_version": "a", "slice": "model", "metric": "ndcg@3", "value": value, "users": 9}
        put_rows(found, "metrics", f"e-{day}", {Slice(day, NAME): [row, {**row, "slice": "popularity", "value": 0.1}]})
    return found


def test_each_model_has_its_kind_size_and_newest_figures(warehouse: Warehouse) -> None:
    put_decision(warehouse, FIRST, "a")
    first, second = models(Path(str(warehouse.root)))
    assert (first["version"], first["kind"], first["trained_through"]) == ("a", NAME, FIRST)
    assert (first["figures"], first["judged_on"], first["mark"]) == ({"ndcg@3": 0.5}, DAY, "champion")
    assert (second["figures"], second["judged_on"], second["mark"]) == ({}, None, "")
    assert 1_000 < first["bytes"] < 100_000 and first["parameters"] == len(ITEMS)


def test_without_a_champion_the_newest_one_serves(warehouse: Warehouse) -> None:
    assert [each["mark"] for each in models(Path(str(warehouse.root)), "--set", "promote=null")] == ["", "newest"]
    assert [each["version"] for each in models(Path(str(warehouse.root)), "--limit", "1")] == ["b"]
    assert models(Path(str(warehouse.root)), "--model", "nobody") == []


def test_a_champion_whose_row_is_gone_is_listed_and_so_is_a_bundle_that_is(warehouse: Warehouse) -> None:
    put_decision(warehouse, FIRST, "gone")
    found = models(Path(str(warehouse.root)))
    lost = found[0]
    assert (lost["version"], lost["kind"], lost["bytes"], lost["mark"]) == ("gone", "", None, "champion")
    assert [each["version"] for each in found] == ["gone", "a", "b"]
