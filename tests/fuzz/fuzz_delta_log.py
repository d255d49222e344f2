"""Warehouses whose logs, data files and run records were changed: readers end with 3 and one line, or read on.

Nothing outside the warehouse is read or deleted, and housekeeping deletes nothing that is committed.

    python -m tests.fuzz.fuzz_delta_log --minutes 20
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from interest_spark.config.spark import SparkConfig
from interest_spark.pipeline.command import with_exit_code
from interest_spark.pipeline.context import RunContext
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from jobs import maintain, show
from tests.fuzz import fuzzing
from tests.fuzz.mutations import JSON_CHANGES, JSON_VALUES, WHOLE_FILE, BytesChange, JsonChange, byte_changes
from tests.integration.warehouse_world import config_of
from tests.small_tables import put_rows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NAME = "delta_log"
DAYS = ("2026-01-04", "2026-01-05")
SECRET = "a secret of somebody else"
_OUTSIDE = "outside"
_MODEL = "sasrec"
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Change:
    """Of one file of a table: the newest of its kind. `agrees`: the log is told of the data file's new size."""

    table: str
    kind: str
    what: BytesChange | JsonChange | str
    agrees: bool = False


@dataclass(frozen=True)
class Case:
    """What is changed, and who looks at the first table of them then."""

    changes: tuple[Change, ...]
    reader: str


_PATHS = st.sampled_from(
    [
        "../outside/dt=2026-01-05/part-0.parquet",
        "%2e%2e/outside/dt=2026-01-05/part-0.parquet",
        "{outside}/dt=2026-01-05/part-0.parquet",
        "file://{outside}/dt=2026-01-05/part-0.parquet",
        "run-1/../../outside/dt=2026-01-05/part-0.parquet",
        "run-1/dt=2026-01-05/part-*.parquet",
        "run-link/dt=2026-01-05/part-0.parquet",
        "s3://bucket/run-1/dt=2026-01-05/part-0.parquet",
        "",
        "\0",
    ]
)
_TABLES = st.sampled_from(["vocab", "popularity", "sequences", "models", "recommendations"])
_LOG_LINES = st.tuples(
    st.sampled_from(["add", "remove", "metaData", "protocol", "commitInfo", "txn", "cdc", "sidecar", "x"]),
    JSON_VALUES | st.fixed_dictionaries({"path": _PATHS, "size": st.integers(0, 9), "dataChange": st.booleans()}),
).map(lambda line: json.dumps(dict([line])))
_KINDS = st.sampled_from(["commit", "checkpoint", "data", "record", "hint"])
_CHANGES = st.one_of(
    st.builds(Change, _TABLES, st.sampled_from(["commit", "checkpoint", "data", "record"]), byte_changes()),
    st.builds(Change, _TABLES, st.just("data"), byte_changes(), st.just(True)),
    st.builds(Change, _TABLES, st.just("commit"), JSON_CHANGES | _PATHS.map("path ".__add__) | _LOG_LINES),
    st.builds(Change, _TABLES, st.just("record"), JSON_CHANGES),
    st.builds(Change, _TABLES, _KINDS, st.sampled_from(list(WHOLE_FILE))),
)
_READERS = st.sampled_from(["show"] * 6 + ["read_small"] * 6 + ["maintain"] * 6 + ["spark"])
CASES = st.builds(Case, changes=st.lists(_CHANGES, min_size=1, max_size=3).map(tuple), reader=_READERS)


def exit_code_of(case: Case, folder: Path) -> int:
    """The reader's exit code; AssertionError where it read or deleted what it must not."""
    shutil.copytree(_good(), folder, dirs_exist_ok=True, symlinks=True)
    warehouse = Warehouse(folder / "warehouse")
    for change in case.changes:
        _apply(change, warehouse.root / change.table, folder / _OUTSIDE)
    before = _files_of(folder / _OUTSIDE)
    printed: list[str] = []
    committed = _committed(warehouse, case)
    code = _exit_code(lambda: printed.extend(_READ[case.reader](warehouse, case.changes[0].table)))
    assert SECRET not in "".join(printed), "a file outside the warehouse was read"
    assert _files_of(folder / _OUTSIDE) == before, "a file outside the warehouse was changed or deleted"
    gone = [path for path in committed if not os.path.lexists(path)]
    assert not gone, f"housekeeping deleted {gone}"
    return code


def _apply(change: Change, table: Path, outside: Path) -> None:
    file = _newest(table, change.kind)
    if file is None or not file.is_file() or file.stat().st_size > _MOST_BYTES:  # an earlier change has taken it
        return
    if isinstance(change.what, BytesChange):
        file.write_bytes(change.what.apply(file.read_bytes()))
    elif isinstance(change.what, JsonChange):
        lines = _json_lines(file)
        place = change.what.way[0] % len(lines) if change.what.way else 0
        lines[place] = JsonChange(change.what.way[1:], change.what.kind, change.what.new).apply(lines[place])
        file.write_text("\n".join(map(json.dumps, lines)))
    elif change.what.startswith("path "):
        _change_adds(file, path=change.what.removeprefix("path ").format(outside=outside))
    elif change.what in WHOLE_FILE:
        WHOLE_FILE[change.what](file)
    else:
        file.write_text(f"{file.read_text(errors='replace')}\n{change.what.replace('{outside}', str(outside))}")
    commit = _newest(table, "commit")
    if change.agrees and commit is not None and commit.is_file():
        _change_adds(commit, size=file.stat().st_size)


def _newest(table: Path, kind: str) -> Path | None:
    patterns = {
        "commit": "_delta_log/*.json",
        "checkpoint": "_delta_log/*.checkpoint.parquet",
        "hint": "_delta_log/_last_checkpoint",
        "data": "run-*/**/part-0.parquet",
        "record": "run-*/_run.json",
    }
    return max(table.glob(patterns[kind]), default=None)


def _change_adds(commit: Path, **values: Any) -> None:
    lines = _json_lines(commit)
    for line in lines:
        if isinstance(line, dict) and isinstance(line.get("add"), dict):
            line["add"].update(values)
    commit.write_text("\n".join(map(json.dumps, lines)))


def _json_lines(file: Path) -> list[Any]:
    try:
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] or [None]
    except (ValueError, RecursionError):  # an earlier change has damaged it
        return [None]


def _files_of(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_size for path in folder.rglob("*")}


# Readers -------------------------------------------------------------------------------------


def _show(warehouse: Warehouse, table: str) -> list[str]:
    user = ["--user", "u"] if table in ("sequences", "recommendations") else []
    config = _config_file(warehouse)
    show.command.main([table, "--config", config, "--day", DAYS[-1], *user], standalone_mode=False)
    return []


def _config_file(warehouse: Warehouse) -> str:
    file = warehouse.root.parent / "shop.yaml"
    file.write_text(json.dumps({"warehouse": str(warehouse.root), "sources": {"events": {"path": "unused"}}}))
    return str(file)


def _read_small(warehouse: Warehouse, table: str) -> list[str]:
    rows = warehouse.read_small(table).to_pylist()
    snapshot = warehouse.open(table)
    return [str(rows), *(str(snapshot.made_from(each)) for each in snapshot.slices())]


def _maintain(warehouse: Warehouse, table: str) -> list[str]:
    for path in warehouse.root.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    return [str(maintain.run(RunContext(config_of(warehouse.root), date.fromisoformat(DAYS[-1]))))]


def _committed(warehouse: Warehouse, case: Case) -> list[Path]:
    """What good logs name and is there: nothing of it is an orphan. A log may have lost the line that named a file."""
    lost = {each.table for each in case.changes if each.kind == "commit" and not str(each.what).startswith("path ")}
    good = _good() / "warehouse"
    files = [file.relative_to(good) for file in good.glob("*/run-*/**/part-0.parquet")]
    here = [warehouse.root / file for file in files if file.parts[0] not in lost]
    return [file for file in here if os.path.lexists(file)]


def _spark(warehouse: Warehouse, table: str) -> list[str]:
    return [str(warehouse.open(table).read(_session()).collect())]


_READ: dict[str, Callable[[Warehouse, str], list[str]]] = {
    "show": _show,
    "read_small": _read_small,
    "maintain": _maintain,
    "spark": _spark,
}


@cache
def _session() -> "SparkSession":
    from interest_spark.platform.session import start_session

    return start_session(SparkConfig(master="local[1]", shuffle_partitions=1), "fuzz")


def _exit_code(action: Callable[[], object]) -> int:
    try:
        with_exit_code(lambda: action() and None)
    except SystemExit as left:
        return int(left.code or 0)
    return 0


# The warehouse -------------------------------------------------------------------------------


@cache
def _good() -> Path:
    """A folder with a small warehouse, and beside it a file that no reader may open."""
    root = Path(tempfile.mkdtemp(prefix="fuzz-delta-log-"))
    warehouse = Warehouse(root / "warehouse")
    for number, day in enumerate(DAYS):
        rows = [{"item_id": f"i{number}", "item_index": 2 + number}]
        put_rows(warehouse, "vocab", str(number), {Slice(day): rows})
        put_rows(warehouse, "popularity", str(number), {Slice(day): [{**rows[0], "events": 1, "rank": 1}]})
        history = {"item_index": [2], "behavior": [1], "event_time": [0], "price": [None], "category": [0]}
        put_rows(warehouse, "sequences", str(number), {Slice(day): [{"user_id": "u", **history}]})
        model = {"model_version": "v", "path": "bundles/v", "manifest_sha256": "0"}
        put_rows(warehouse, "models", str(number), {Slice(day, _MODEL): [model]})
        list_row = {"user_id": "u", "rank": 1, "item_id": "i0", "score": 1.0, "source": "model", "model_version": "v"}
        put_rows(warehouse, "recommendations", str(number), {Slice(day, _MODEL): [list_row]})
    secret = pa.Table.from_pylist([{"item_id": SECRET, "item_index": 9}], schema=TABLES["vocab"])
    place = root / _OUTSIDE / f"dt={DAYS[-1]}" / "part-0.parquet"
    place.parent.mkdir(parents=True)
    pq.write_table(secret, place)
    (warehouse.root / "vocab" / "run-link").symlink_to(root / _OUTSIDE)
    return root


if __name__ == "__main__":
    fuzzing.main(NAME, CASES, exit_code_of)
