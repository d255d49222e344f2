"""Small training worlds: histories as block files, and plans over them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.config import NetworkConfig, TrainConfig
from interest_spark.model.plan import TrainPlan
from interest_spark.schemas import TABLES
from interest_spark.stages.packing import pack_histories
from interest_spark.stages.targets import next_events

Histories = Sequence[np.ndarray]

TINY = NetworkConfig(dim=16, layers=2, heads=2, feed_forward=32, dropout=0.0)


def random_histories(users: int, items: int, longest: int, seed: int = 0) -> list[np.ndarray]:
    """Histories of 2 … `longest` items 2 … `items` + 1, the last item always among them."""
    random = np.random.default_rng(seed)
    lengths = random.integers(2, longest + 1, users)
    histories = [random.integers(2, items + 2, length).astype(np.int32) for length in lengths]
    histories[0][0] = items + 1
    return histories


def pack(histories: Histories, tokens: int) -> dict[str, np.ndarray]:
    offsets = np.cumsum([0, *map(len, histories)])
    items = np.concatenate([np.zeros(0, np.int32), *histories])
    return pack_histories(
        {"item": items, "target": next_events(items, offsets), "behavior": np.ones_like(items)}, offsets, tokens
    )


def write_blocks(path: Path, columns: dict[str, np.ndarray], first_id: int, row_group: int) -> str:
    """One file of `train_blocks` in row groups of `row_group` blocks; returns its path."""
    count, tokens = columns["item"].shape
    offsets = np.arange(count + 1, dtype=np.int32) * tokens
    lists = [pa.ListArray.from_arrays(offsets, columns[name].ravel()) for name in TABLES["train_blocks"].names[1:]]
    ids = pa.array(np.arange(count, dtype=np.int64) + first_id)
    table = pa.table([ids, *lists], TABLES["train_blocks"].names).cast(TABLES["train_blocks"])
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=row_group)
    return str(path)


def empty_blocks(count: int, tokens: int = 4) -> dict[str, np.ndarray]:
    """Blocks whose items are the block's number: enough to follow a block through the reader."""
    numbers = np.repeat(np.arange(count, dtype=np.int32)[:, None], tokens, axis=1)
    return dict.fromkeys(TABLES["train_blocks"].names[1:], numbers)


def make_plan(folder: Path, histories: Histories, tokens: int, files: int = 2, **train: Any) -> TrainPlan:
    """A plan of a fresh folder over `files` files, with the histories' items as candidates."""
    parts = [pack(histories[part::files], tokens) for part in range(files)]
    paths = [write_blocks(folder / f"part-{n}.parquet", part, n << 28, row_group=7) for n, part in enumerate(parts)]
    settings = {"launcher": "local", "batch_blocks": 8, "streams": 4, "network": TINY, "start_seconds": 300, **train}
    return plan_over(folder, paths, np.unique(np.concatenate(histories)), tokens, settings)


def plan_over(folder: Path, files: Sequence[str], items: np.ndarray, tokens: int, train: dict[str, Any]) -> TrainPlan:
    """A plan over files of blocks that are there already; `items`, ascending, are the candidates."""
    plan = TrainPlan(
        model_version="tested",
        trained_through="2024-05-01",
        files=tuple(files),
        tokens=tokens,
        train=TrainConfig.model_validate(train),
        bundle=folder / "bundle",
        work=folder / "work",
    )
    plan.candidates.mkdir(parents=True)
    ids = [f"item-{item}" for item in items]
    pq.write_table(pa.table({"item_index": items.astype(np.int32), "item_id": ids}), plan.candidates / "part-0.parquet")
    return plan
