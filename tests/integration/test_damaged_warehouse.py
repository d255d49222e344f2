"""A damaged or tampered warehouse under the jobs themselves: exit code 3 and one line that says what to do."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner, Result

from interest_spark.foundation.errors import BadDataError
from interest_spark.platform.failures import expected_failure
from interest_spark.platform.tasks import each_in_a_task
from interest_spark.storage.layout import Slice
from interest_spark.storage.parts import read_columns, read_pieces
from interest_spark.storage.snapshot import Snapshot
from interest_spark.storage.warehouse import Warehouse
from jobs import maintain, plan, show
from tests.fuzz import fuzz_bundles, fuzz_delta_log, fuzzing
from tests.small_tables import put_rows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DAY = "2026-01-05"
ROWS = [{"item_id": f"i{number}", "item_index": 2 + number} for number in range(2000)]


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path / "warehouse")
    put_rows(warehouse, "popularity", "1", {Slice(DAY): [{**row, "events": 1, "rank": 1} for row in ROWS]})
    return warehouse


def file_of(warehouse: Warehouse) -> Path:
    return warehouse.root / "popularity" / "run-1" / f"dt={DAY}" / "part-0.parquet"


def changed(first: int, last: int) -> Callable[[bytes], bytes]:
    return lambda content: content[:first] + bytes(b ^ 0xFF for b in content[first:last]) + content[last:]


def other_types(content: bytes) -> bytes:
    table = pa.table({"item_index": ["x"], "item_id": [1], "events": ["many"], "rank": [0.5]})
    file = pa.BufferOutputStream()
    pq.write_table(table, file)
    written: bytes = file.getvalue().to_pybytes()
    return written


CONTENTS: dict[str, Callable[[bytes], bytes]] = {
    "no Parquet": lambda content: b"x" * len(content),
    "cut": lambda content: content[: len(content) // 2],
    "cut to a byte": lambda content: content[:1],
    "the first page": changed(20, 400),
    "the middle": changed(2000, 2400),
    "the footer's length": changed(-8, -4),
    "the last bytes": changed(-4, 10**9),
    "other types": other_types,
}


def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the file had been damaged after the driver has looked at it."""
    monkeypatch.setattr(
        Snapshot, "located", lambda table, paths: [f"{table.folder}/{path}" for path in paths], raising=True
    )


def told(error: Exception) -> str:
    """What the job would print."""
    failure = error if isinstance(error, BadDataError) else expected_failure(error)
    assert isinstance(failure, BadDataError), error
    assert f"interest sequences --day {DAY} --force" in str(failure)
    return str(failure)


@pytest.mark.parametrize("content", [name for name in CONTENTS if name != "the middle"])
def test_what_sparks_own_reader_says_of_damage_is_one_line(
    spark: "SparkSession", warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    file = file_of(warehouse)
    file.write_bytes(CONTENTS[content](file.read_bytes()))
    unchecked(monkeypatch)
    with pytest.raises(Exception) as raised:
        warehouse.open("popularity").read(spark).collect()
    if content == "the footer's length":
        failure = expected_failure(raised.value)
        assert isinstance(failure, BadDataError)
        assert "a data file is damaged, of which Spark says only: RuntimeException: corrupted file" in str(failure)
    else:
        assert f"data file {file} cannot be read" in told(raised.value)


def test_a_file_that_goes_while_spark_reads(
    spark: "SparkSession", warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    unchecked(monkeypatch)
    rows = warehouse.open("popularity").read(spark)
    file_of(warehouse).unlink()
    with pytest.raises(Exception) as raised:
        rows.collect()
    assert str(file_of(warehouse)) in told(raised.value)
    with pytest.raises(Exception) as raised:
        warehouse.open("popularity").read(spark).collect()
    assert str(file_of(warehouse)) in told(raised.value)


def read_all_ways(file: str) -> Iterator[int]:
    yield read_columns([file], item_id=pl.String, item_index=pl.Int32).height
    yield sum(piece.height for piece in read_pieces(file, ["item_id", "events"]))


@pytest.mark.parametrize("content", [name for name in CONTENTS if name != "the middle"])
def test_a_worker_names_a_damaged_file(spark: "SparkSession", warehouse: Warehouse, content: str) -> None:
    file = file_of(warehouse)
    good = file.read_bytes()
    assert each_in_a_task(spark, [str(file)], read_all_ways) == [2000, 2000]
    file.write_bytes(CONTENTS[content](good))
    with pytest.raises(Exception) as raised:
        each_in_a_task(spark, [str(file)], read_all_ways)
    assert str(file) in told(raised.value)


# Whole commands ------------------------------------------------------------------------------


def run(command: Any, warehouse: Warehouse, *arguments: str) -> Result:
    config = warehouse.root.parent / "shop.yaml"
    config.write_text(yaml.safe_dump({"warehouse": str(warehouse.root), "sources": {"events": {"path": "unused"}}}))
    return CliRunner().invoke(command, [*arguments, "--config", str(config), "--day", DAY])


def cut_log(warehouse: Warehouse) -> None:
    log = warehouse.root / "popularity" / "_delta_log" / f"{0:020}.json"
    for each in log.parent.glob("*checkpoint*"):
        each.unlink()
    log.write_bytes(log.read_bytes()[:-20])


def lead_elsewhere(warehouse: Warehouse) -> None:
    log = warehouse.root / "popularity" / "_delta_log" / f"{0:020}.json"
    for each in log.parent.glob("*checkpoint*"):
        each.unlink()
    outside = warehouse.root.parent / f"dt={DAY}"
    shutil.copytree(file_of(warehouse).parent, outside)
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    for entry in entries:
        if "add" in entry:
            entry["add"]["path"] = f"{outside}/part-0.parquet"
    log.write_text("\n".join(map(json.dumps, entries)))


def cut_file(warehouse: Warehouse) -> None:
    file = file_of(warehouse)
    file.write_bytes(file.read_bytes()[:-20])


def link_file(warehouse: Warehouse) -> None:
    file = file_of(warehouse)
    shutil.move(file, warehouse.root.parent / "moved.parquet")
    file.symlink_to(warehouse.root.parent / "moved.parquet")


DAMAGES = [cut_log, lead_elsewhere, cut_file, link_file]


@pytest.mark.parametrize("damage", DAMAGES)
def test_show_ends_with_3(warehouse: Warehouse, damage: Callable[[Warehouse], None]) -> None:
    assert run(show.command, warehouse, "popularity").exit_code == 0
    damage(warehouse)
    result = run(show.command, warehouse, "popularity")
    assert result.exit_code == 3, result.output
    (line,) = result.output.strip().splitlines()
    assert line.startswith("error: ") and "popularity" in line and "restore" in line


@pytest.mark.parametrize("damage", [cut_log, lead_elsewhere])
@pytest.mark.parametrize("command", [maintain.command, plan.command], ids=["maintain", "plan"])
def test_other_commands_end_with_3(warehouse: Warehouse, damage: Callable[[Warehouse], None], command: Any) -> None:
    damage(warehouse)
    result = run(command, warehouse)
    assert result.exit_code == 3, result.output
    assert "Traceback" not in result.output


@pytest.mark.slow
@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize("fuzzer", [fuzz_bundles, fuzz_delta_log])
def test_fuzzing_for_some_seconds_finds_nothing(fuzzer: Any) -> None:
    found = fuzzing.fuzz(fuzzer.NAME, fuzzer.CASES, fuzzer.exit_code_of, seconds=10)
    assert found["faults"] == 0, found["first_faults"]
    assert found["cases"] > 20
