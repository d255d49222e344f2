"""Bundles with changed files, sealed again so that all sums are right: what loads them ends with 3 and one line.

python -m tests.fuzz.fuzz_bundles --minutes 20
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from interest_spark.models.card import read_card
from interest_spark.models.inference import load_encoder
from interest_spark.pipeline.command import with_exit_code
from interest_spark.storage.bundles import check_bundle, read_config
from tests.fuzz import fuzzing
from tests.fuzz.mutations import JSON_CHANGES, BytesChange, JsonChange, byte_changes
from tests.histories import as_histories
from tests.integration.warehouse_world import write_model

NAME = "bundles"
FILES = ("config.json", "items.parquet", "weights.npz", "manifest.json")


@dataclass(frozen=True)
class Array:
    """Another array in place of one of the weights, or beside them."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    value: float


Case = tuple[str, BytesChange | JsonChange | Array | dict[str, list[Any]]]

_NAMES = st.sampled_from(["items", "positions", "norm/gain", "input/hour", "layer_0/expand/weight", "more", "../x", ""])
_ARRAYS = st.builds(
    Array,
    name=_NAMES,
    shape=st.lists(st.integers(0, 20), max_size=4).map(tuple),
    dtype=st.sampled_from(["f4", ">f4", "f8", "f2", "i4", "u1", "c8", "U3", "M8[s]", "b1", "V4"]),
    value=st.sampled_from([0.0, 1.0, 1e38, float("nan"), float("inf")]),
)
_ROWS = st.fixed_dictionaries(
    {
        "item_index": st.lists(st.none() | st.integers(-(2**31), 2**31 - 1) | st.integers(0, 7), max_size=4),
        "item_id": st.lists(st.none() | st.text(max_size=4), max_size=4),
    }
)
CASES: st.SearchStrategy[Case] = st.one_of(
    st.tuples(st.sampled_from(FILES), byte_changes()),
    st.tuples(st.sampled_from(["config.json", "manifest.json"]), JSON_CHANGES),
    st.tuples(st.just("weights.npz"), _ARRAYS),
    st.tuples(st.just("items.parquet"), _ROWS),
)


def exit_code_of(case: Case, folder: Path) -> int:
    """Load the changed bundle as scoring does, on the driver and in a worker."""
    name, change = case
    bundle = Path(shutil.copytree(_good(), folder / "v"))
    file = bundle / name
    if isinstance(change, BytesChange):
        file.write_bytes(change.apply(file.read_bytes()))
    elif isinstance(change, JsonChange):
        file.write_text(json.dumps(change.apply(json.loads(file.read_text()))))
    elif isinstance(change, Array):
        _write_array(file, change)
    else:
        _write_items(file, change)
    if name != "manifest.json":
        _seal(bundle)
    for read in (_on_the_driver, _in_a_worker):
        if code := _exit_code(lambda read=read: read(bundle)):
            return code
    return 0


def _on_the_driver(bundle: Path) -> None:
    check_bundle(bundle)
    read_card(read_config(bundle))


def _in_a_worker(bundle: Path) -> None:
    vectors = load_encoder(bundle).encode(as_histories([[2, 3, 2], [9]]))
    assert vectors.shape[0] == 2


def _exit_code(action: Callable[[], None]) -> int:
    try:
        with_exit_code(action)
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def _write_array(file: Path, change: Array) -> None:
    with np.load(file) as held:
        arrays = dict(held)
    try:
        arrays[change.name] = np.full(change.shape, change.value).astype(change.dtype)
    except (TypeError, ValueError):  # there is no such array
        arrays.pop(change.name, None)
    np.savez(file, **arrays)


def _write_items(file: Path, rows: dict[str, list[Any]]) -> None:
    length = min(map(len, rows.values()))
    kinds = {"item_index": pa.int32(), "item_id": pa.string()}
    pq.write_table(pa.table({name: pa.array(rows[name][:length], kind) for name, kind in kinds.items()}), file)


def _seal(bundle: Path) -> None:
    sums = {name: hashlib.sha256((bundle / name).read_bytes()).hexdigest() for name in FILES if name != "manifest.json"}
    (bundle / "manifest.json").write_text(json.dumps({"format": 1, "sha256": sums}))


@cache
def _good() -> Path:
    path = Path(tempfile.mkdtemp(prefix="fuzz-bundles-")) / "v"
    write_model(path, [2, 3, 5], 6, "v", inputs=("hour",))
    return path


if __name__ == "__main__":
    fuzzing.main(NAME, CASES, exit_code_of)
