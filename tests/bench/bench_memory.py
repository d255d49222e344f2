"""What a large catalogue costs a rank: peak resident memory, and bytes a step that the ranks have to exchange.

python -m tests.bench.bench_memory [--items 1000000] [--users 5000] [--train memory_1m_items.yaml]

The gradient of the item table can travel whole, or as the rows that a step touched. Both sizes are worked out from
the very batches that are trained on; what the run says of its own traffic stands beside them.
"""

import argparse
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import yaml

from interest_spark.model.plan import TrainPlan, TrainResult
from interest_spark.model.reader import BlockReader
from interest_spark.model.train import reader_settings
from interest_spark.schemas import FIRST_ITEM_INDEX
from tests.bench.reports import figure, report, say
from tests.bench.training_world import train, training_plan

TOKENS = 50
POLL_SECONDS = 0.1
MIB = 2**20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--users", type=int, default=5_000)
    parser.add_argument("--train", type=Path, default=Path(__file__).with_name("memory_1m_items.yaml"))
    options = parser.parse_args()
    settings = yaml.safe_load(options.train.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        histories = popular_histories(options.users, options.items)
        items = np.arange(options.items, dtype=np.int32) + FIRST_ITEM_INDEX
        plan = training_plan(Path(folder), histories, TOKENS, items, **settings)
        rows = touched_rows(plan)
        with peaks_of_ranks() as peaks:
            run, result = train(plan)
    say(f"peak of each rank in MiB: { {rank: round(peak / MIB) for rank, peak in peaks.items()} }")
    dense, sparse = exchanged_bytes(rows, options.items, plan.train.network.dim)
    report(
        "memory",
        f"{options.items} items",
        [
            figure("peak memory of a rank", "MiB", [peak / MIB for peak in peaks.values()], 0),
            figure("item gradient, whole", "MiB a step and rank", [dense / MIB], 1),
            figure("item gradient, rows of a step", "MiB a step and rank", sparse / MIB, 3),
            figure("training", "targets/s", [run.targets_per_second], 0),
            *reported_traffic(result),
        ],
        item_table_mib=round(options.items * plan.train.network.dim * 4 / MIB, 1),
        train=settings,
        result=result.model_dump(mode="json"),
    )


def popular_histories(users: int, items: int, seed: int = 0) -> list[np.ndarray]:
    """Histories of full blocks over all items, item i about 1 / i as popular as the first."""
    drawn = np.exp(np.random.default_rng(seed).uniform(0, np.log(items), (users, TOKENS + 1)))
    return list(drawn.astype(np.int32) - 1 + FIRST_ITEM_INDEX)


def touched_rows(plan: TrainPlan) -> np.ndarray:
    """Distinct items among inputs and targets, int64[steps, ranks]; what a loss draws besides is not counted."""
    ranks = range(plan.train.ranks)
    readers = [BlockReader(plan.files, reader_settings(plan), rank, len(ranks)).epoch(1) for rank in ranks]
    steps = zip(*readers, strict=True)
    return np.array(
        [[len(np.unique([part.tokens["item"], part.tokens["target"]])) for part in step] for step in steps]
    )[: plan.train.max_steps]


def exchanged_bytes(rows: np.ndarray, items: int, dim: int) -> tuple[int, np.ndarray]:
    """What every rank holds after an exchange: the whole table, and per step all ranks' rows with their indexes."""
    return items * dim * 4, rows.sum(axis=1) * (dim + 1) * 4


@contextmanager
def peaks_of_ranks() -> Iterator[dict[int, int]]:
    """Yields each rank's peak resident bytes, which grow until the block ends."""
    peaks: dict[int, int] = {}
    over = threading.Event()
    watcher = threading.Thread(target=watch, args=(peaks, over), name="watch-ranks")
    watcher.start()
    try:
        yield peaks
    finally:
        over.set()
        watcher.join()


def watch(peaks: dict[int, int], over: threading.Event) -> None:
    while not over.wait(POLL_SECONDS):
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if is_rank(process):
                    rank = int(process.environ().get("HOROVOD_RANK", "0"))
                    peaks[rank] = max(peaks.get(rank, 0), process.memory_info().rss)


def is_rank(process: psutil.Process) -> bool:
    """The ranks themselves, not the shells and launchers that carry their command line."""
    return process.cmdline()[1:3] == ["-m", "interest_spark.model.rank_main"]


def reported_traffic(result: TrainResult) -> Iterator[Any]:
    """What the run itself says about bytes, where it does."""
    figures: Mapping[str, Any] = result.model_dump()
    for name, value in figures.items():
        if "bytes" in name and isinstance(value, int | float):
            yield figure(f"reported {name}", "MiB", [value / MIB], 2)


if __name__ == "__main__":
    main()
