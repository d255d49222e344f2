"""`interest columns`: every column of every table is explained, on the terminal and in the Delta log."""

from pathlib import Path

from click.testing import CliRunner

from interest_spark.foundation.errors import EXIT_USAGE
from interest_spark.reports.columns import meaning
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.layout import Slice
from interest_spark.storage.table_schemas import read_schema
from interest_spark.storage.warehouse import Warehouse
from jobs.columns import command
from tests.small_tables import put_rows


def test_every_column_says_what_it_means() -> None:
    unexplained = [(table, field.name) for table in TABLES for field in read_schema(table) if not meaning(field)]
    assert unexplained == []


def test_a_tables_columns_are_printed_with_type_and_meaning() -> None:
    done = CliRunner().invoke(command, ["unserved"])
    rows = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    assert ["rows", "int32", "how many suggestions they have"] in [[cell.strip() for cell in row] for row in rows]
    assert [row[0] for row in rows if row and row[0] in ("model", "dt", "user_id")] == ["user_id", "model", "dt"]


def test_without_a_name_all_tables_are_printed() -> None:
    lines = CliRunner().invoke(command, []).stdout.splitlines()
    assert [line for line in lines if line in TABLES] == list(TABLES)


def test_an_unknown_table_names_the_nearest() -> None:
    done = CliRunner().invoke(command, ["sequence"])
    assert done.exit_code == EXIT_USAGE
    assert "did you mean 'sequences'?" in done.stderr


def test_the_delta_log_carries_the_meanings(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    put_rows(warehouse, "vocab", "one", {Slice("2026-01-02"): [{"item_id": "a", "item_index": 2}]})
    delta = warehouse.open("vocab").delta
    assert delta is not None
    assert {field.name: field.metadata.get("comment") for field in delta.schema().fields} == {
        field.name: meaning(field) for field in read_schema("vocab")
    }
