"""Targets trained on a second, beside RecTools' SASRec on the same cores: same sizes, data, loss and precision.

python -m tests.bench.bench_throughput [--data ml-1m] [--epochs 2] [--repeats 3] [--rows FILE] [--peer-python PYTHON]

The peer first tries memory settings, batch sizes, loader processes and threads, and goes on with the fastest. Then all
contenders take turns, so that a busy minute of the machine meets each of them. For the comparison of losses the
peer runs with a batch of as many targets as ours. `make bench-peer` sets up the peer's environment.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.reports import figure, report, say
from tests.bench.rows import Rows
from tests.bench.training_world import (
    DATA_SETS,
    NETWORK,
    ROOT,
    DataSet,
    Run,
    ranks_of_one_thread,
    read_data_set,
    train,
    training_plan,
)

LEARNING_RATE = 1e-3
TRIAL_STEPS = 8
TRIAL_USERS = (32, 64, 128, 256)  # beside a batch of as many targets as ours
# PyTorch otherwise asks the system for the memory of every large tensor, page by page, and gives it back at once.
LARGE_PAGES = {"THP_MEM_ALLOC_ENABLE": "1", "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**34)}
OURS = {"2 ranks of 1 thread": ranks_of_one_thread(2), "1 rank of 2 threads": {**ranks_of_one_thread(1), "threads": 2}}
PEER, PEER_EQUAL_BATCH = "RecTools", "RecTools, batch as ours"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", choices=DATA_SETS, default="ml-1m")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer-python", default=str(ROOT / ".venv-peer/bin/python"))
    parser.add_argument("--rows", type=Path, help="a file of finished runs, from which an interrupted one goes on")
    options = parser.parse_args()
    rows = Rows(options.rows, {"data": options.data, "epochs": options.epochs})
    data = read_data_set(options.data)
    equal = PeerSettings(batch_users=users_of_a_batch(data))
    trials = try_settings(data, options.peer_python, equal)
    best = max(trials, key=lambda settings: trials[settings])
    peers = {PEER: best, PEER_EQUAL_BATCH: replace(best, batch_users=equal.batch_users)}
    if best.batch_users == equal.batch_users:
        del peers[PEER]
    contenders: dict[str, Callable[[int], Run]] = {
        **{name: partial(train_ours, data, options.epochs, ranks) for name, ranks in OURS.items()},
        **{name: partial(train_peer, data, options.peer_python, each, options.epochs) for name, each in peers.items()},
    }
    runs = take_turns(contenders, options.repeats, rows)
    runs.setdefault(PEER, runs[PEER_EQUAL_BATCH])
    report(
        "throughput",
        data.name,
        [
            *(figure(name, "targets/s", rates(each), 0) for name, each in runs.items()),
            *(
                figure(f"{name} to {PEER}", "ratio", np.divide(rates(runs[name]), rates(runs[PEER])), 3)
                for name in OURS
            ),
            *(figure(f"{name}, loss", "nats", losses(each)) for name, each in runs.items()),
        ],
        epochs=options.epochs,
        targets=int(runs[PEER][0].targets.sum()),
        targets_a_step={name: round(float(np.mean(each[0].targets))) for name, each in runs.items()},
        loss_to_peer={
            name: float(np.mean(losses(runs[name])) / np.mean(losses(runs[PEER_EQUAL_BATCH])) - 1) for name in OURS
        },
        peer_trials={str(settings): round(rate) for settings, rate in trials.items()},
        peer_settings=str(best),
    )


@dataclass(frozen=True)
class PeerSettings:
    """What the peer may choose for speed."""

    batch_users: int
    workers: int = 0  # loader processes
    threads: int = 2
    large_pages: bool = False


def users_of_a_batch(data: DataSet) -> int:
    """How many users have as many targets as a batch of full blocks."""
    targets = [len(history) - 1 for history in data.training]
    return round(data.batch_blocks * data.tokens / float(np.mean(targets)))


def try_settings(data: DataSet, python: str, start: PeerSettings) -> dict[PeerSettings, float]:
    """Targets a second of some settings: one thing after another, each time with the best of the others."""
    trials: dict[PeerSettings, float] = {}

    def try_all(settings: Sequence[PeerSettings]) -> PeerSettings:
        for each in settings:
            if each not in trials:
                run = train_peer(data, python, each, epochs=-1, seed=0, steps=TRIAL_STEPS)
                trials[each] = run.targets_per_second_of_a_step
                say(f"trial of {each}: {trials[each]:.0f} targets/s")
        return max(trials, key=lambda one: trials[one])

    best = try_all([start, replace(start, large_pages=True)])
    best = try_all([replace(best, batch_users=users) for users in TRIAL_USERS])
    try_all([replace(best, workers=1), replace(best, workers=1, threads=1), replace(best, workers=2)])
    return trials


def take_turns(contenders: Mapping[str, Callable[[int], Run]], repeats: int, rows: Rows) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {name: [] for name in contenders}
    for seed in range(repeats):
        for name, contender in contenders.items():
            row = rows.get(f"{name}, round {seed}", lambda: contender(seed).as_row())  # noqa: B023  (called at once)
            run = Run.of_row(row)
            runs[name].append(run)
            say(f"{name}: {run.targets_per_second:.0f} targets/s, loss {run.loss_at_end():.4f}")
    return runs


def train_ours(data: DataSet, epochs: int, ranks: Mapping[str, Any], seed: int) -> Run:
    settings = {**ranks, "batch_blocks": data.batch_blocks, "epochs": epochs, "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        plan = training_plan(
            Path(folder), data.training, data.tokens, optimizer={"learning_rate": LEARNING_RATE}, **settings
        )
        run, _ = train(plan)
    return run


def train_peer(data: DataSet, python: str, settings: PeerSettings, epochs: int, seed: int, steps: int = -1) -> Run:
    if not Path(python).exists():
        sys.exit(f"the peer's Python {python} is not there: run `make bench-peer`, or name another with --peer-python")
    order = {
        "histories": [history.tolist() for history in data.training],
        "tokens": data.tokens,
        "batch_users": settings.batch_users,
        "threads": settings.threads,
        "workers": settings.workers,
        "epochs": epochs,
        "max_steps": steps,
        **NETWORK.model_dump(include={"dim", "layers", "heads"}),
        "dropout": NETWORK.dropout.embedding,
        "learning_rate": LEARNING_RATE,
        "seed": seed,
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "order.json"
        path.write_text(json.dumps(order), encoding="utf-8")
        command = [python, str(Path(__file__).with_name("peer_rectools.py")), str(path)]
        environment = {**os.environ, **(LARGE_PAGES if settings.large_pages else {})}
        done = subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return Run.of_steps(json.loads(done.stdout.splitlines()[-1])["steps"])


def rates(runs: Sequence[Run]) -> list[float]:
    return [run.targets_per_second for run in runs]


def losses(runs: Sequence[Run]) -> list[float]:
    return [run.loss_at_end() for run in runs]


if __name__ == "__main__":
    main()
