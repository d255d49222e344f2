"""What a large catalogue costs a rank: peak resident memory, and bytes a step that the ranks have to exchange.

python -m tests.bench.bench_memory [--items 1000000] [--users 5000] [--train memory_1m_items.yaml]

The gradient of the item table can travel whole, or as the rows that a step touched. Both sizes are worked out from
the very batches that are trained on. Beside them stands what went over the loopback interface while the steps were
taken, everything included, as the kernel counts it; nothing else may use it meanwhile.
"""

import argparse
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import psutil
import tensorflow as tf
import yaml

from interest_spark.models.data.candidates import read_candidates
from interest_spark.models.data.reader import BlockReader
from interest_spark.models.losses.loss import build_loss
from interest_spark.models.losses.sampled import SampledSoftmax
from interest_spark.models.networks.dropout import shared_key
from interest_spark.models.training.plan import TrainPlan
from interest_spark.models.training.train import reader_settings
from interest_spark.schemas.behaviors import FIRST_ITEM_INDEX
from tests.bench.reports import figure, report, say
from tests.bench.training_world import WARM_UP, train, training_plan

TOKENS = 50
MEMORY_SECONDS, STEP_SECONDS = 0.1, 0.01  # between two looks
MIB = 2**20
BYTES = 4  # of a float32


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
        with watched_ranks(plan) as watched:
            run, result = train(plan)
    peaks = watched.peaks
    say(f"peak of each rank in MiB: { {rank: round(peak / MIB) for rank, peak in peaks.items()} }")
    dense, sparse = exchanged_bytes(rows, options.items, plan.train.network.dim)
    wire = watched.bytes_a_step() / plan.train.ranks
    least = np.minimum(dense, sparse).mean()
    others = BYTES * (result.parameters - (options.items + FIRST_ITEM_INDEX) * plan.train.network.dim)
    report(
        "memory",
        f"{options.items} items",
        [
            figure("peak memory of a rank", "MiB", [peak / MIB for peak in peaks.values()], 0),
            figure("item gradient, whole", "MiB a step and rank", [dense / MIB], 1),
            figure("item gradient, rows of a step", "MiB a step and rank", sparse / MIB, 3),
            figure("training", "targets/s", [run.targets_per_second], 0),
            figure("sent, by the kernel's count", "MiB a step and rank", [wire / MIB], 3),
            figure("sent, by the run's own count", "MiB a step and rank", [result.wire_bytes_per_step / MIB], 3),
            figure("gradients of the layers", "MiB a step and rank", [others / MIB], 3),
            figure("sent to the least of all gradients", "ratio", [wire / (least + others)], 3),
            figure("sent to the least item gradient", "ratio", [wire / least], 3),
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
    """Distinct items among a rank's inputs, targets and the step's negatives, int64[steps, ranks]."""
    loss = build_loss(plan.train.loss, read_candidates(plan.candidates))
    assert isinstance(loss, SampledSoftmax)
    seed, nobody = plan.train.seed, tf.zeros([0], tf.int32)  # its sampler looks at no targets
    ranks = range(plan.train.ranks)
    readers = [BlockReader(plan.files, reader_settings(plan), rank, len(ranks)).epoch(1) for rank in ranks]
    rows = []
    for step, parts in enumerate(islice(zip(*readers, strict=True), plan.train.max_steps), start=1):
        drawn = loss.sampler.draw(tf.constant(shared_key(seed, step)), nobody).numpy() + FIRST_ITEM_INDEX
        items = [np.concatenate([*part.tokens["item"], *part.tokens["target"], drawn]) for part in parts]
        rows.append([len(np.unique(each)) for each in items])
    return np.array(rows)


def exchanged_bytes(rows: np.ndarray, items: int, dim: int) -> tuple[int, np.ndarray]:
    """What a rank gives to the others: the whole table, or its rows of a step with their indexes."""
    return items * dim * BYTES, rows.mean(axis=1) * (dim + 1) * BYTES  # an index is as long


@dataclass
class Watched:
    """Peak resident bytes of each rank, and the loopback interface's bytes when a step was first seen to be done."""

    peaks: dict[int, int] = field(default_factory=dict)
    sent_by_step: dict[int, int] = field(default_factory=dict)

    def bytes_a_step(self) -> float:
        """Sent by all ranks together, after the warm-up."""
        (first, before), *_, (last, after) = sorted(step for step in self.sent_by_step.items() if step[0] >= WARM_UP)
        return (after - before) / (last - first)


@contextmanager
def watched_ranks(plan: TrainPlan) -> Iterator[Watched]:
    """Yields what is seen of the plan's ranks until the block ends."""
    watched, over = Watched(), threading.Event()
    watchers = [
        threading.Thread(target=watch, args=(over, MEMORY_SECONDS, lambda: note_memory(watched))),
        threading.Thread(target=watch, args=(over, STEP_SECONDS, lambda: note_traffic(watched, plan))),
    ]
    for watcher in watchers:
        watcher.start()
    try:
        yield watched
    finally:
        over.set()
        for watcher in watchers:
            watcher.join()


def watch(over: threading.Event, seconds: float, look: Callable[[], None]) -> None:
    while not over.wait(seconds):
        look()


def note_memory(watched: Watched) -> None:
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if is_rank(process):
                rank = int(process.environ().get("HOROVOD_RANK", "0"))
                watched.peaks[rank] = max(watched.peaks.get(rank, 0), process.memory_info().rss)


def note_traffic(watched: Watched, plan: TrainPlan) -> None:
    with suppress(FileNotFoundError):
        steps = plan.curve.read_text(encoding="utf-8").count("\n")
        watched.sent_by_step.setdefault(steps, psutil.net_io_counters(pernic=True)["lo"].bytes_sent)


def is_rank(process: psutil.Process) -> bool:
    """The ranks themselves, not the shells and launchers that carry their command line."""
    return process.cmdline()[1:3] == ["-m", "interest_spark.models.launch.rank_main"]


if __name__ == "__main__":
    main()
