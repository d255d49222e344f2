"""The popularity list as scoring reads it."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.schemas.tables import TABLES
from interest_spark.serving.popularity import read_popularity


def _write(path: Path, rows: list[tuple[int, str, int, int]]) -> str:
    columns = dict(zip(("item_index", "item_id", "events", "rank"), map(list, zip(*rows, strict=True)), strict=True))
    pq.write_table(pa.table(columns, TABLES["popularity"]), path)
    return str(path)


def test_ranked_over_all_files_and_shares_of_all_events(tmp_path: Path) -> None:
    files = [
        _write(tmp_path / "b.parquet", [(2, "茶", 1, 3), (9, "b", 5, 1)]),
        _write(tmp_path / "a.parquet", [(4, "c", 4, 2)]),
    ]
    popular = read_popularity(files, blocked_items=["b"])
    assert popular.item_index.tolist() == [4, 2]
    assert popular.item_id.to_pylist() == ["c", "茶"]
    np.testing.assert_allclose(popular.share, [0.4, 0.1])
    assert popular.best(2, without=np.array([4])).tolist() == [1]


def test_a_day_without_popularity() -> None:
    popular = read_popularity([])
    assert len(popular.item_index) == len(popular.item_id) == 0
    assert popular.best(3, without=np.array([1, 2])).tolist() == []
